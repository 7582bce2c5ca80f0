"""What Keras 3 takes the values of a model from, and what it puts them into: HDF5.

In place of Keras's own, which copies each value twice on its way.
"""

from __future__ import annotations

import importlib
import posixpath
from typing import TYPE_CHECKING, Any, Collection, Iterator, Mapping, MutableMapping

import numpy as np

from keras_ckpt._typing import H5Group, Tensor, Variable
from keras_ckpt.errors import DamagedCheckpoint
from keras_ckpt.formats.hdf5 import hdf5_file, recording, weights

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

# Where TF 2.12 put the layers.
OF_2_12 = "_layer_checkpoint_dependencies"
# What a file has in addition to the layers, to continue the training.
_OF_TRAINING = {"optimizer", "metrics"}


def _new_names(names: Collection[str]) -> dict[str, str]:
    """Returns the names in a group that were counted by twos, with what they are now."""
    numbered: dict[str, list[int]] = {}
    for name in names:
        base_name, _, number = name.rpartition("_")
        if base_name in names and number.isdigit():
            numbered.setdefault(base_name, []).append(int(number))
    return {
        f"{name}_{number}": f"{name}_{number // 2}"
        for name, numbers in numbered.items()
        if sorted(numbers) == list(range(2, 2 * len(numbers) + 1, 2))
        for number in numbers
    }


def old_name(name: str, names: Collection[str]) -> str:
    """Returns what TF 2.12 called what has a name today, in a group that it wrote.

    Args:
        name: String, the name.
        names: Strings, the names in the group.
    """
    if name == "layers" and OF_2_12 in names:
        return OF_2_12
    now = _new_names(names)
    return {new: old for old, new in now.items()}.get(name, "" if name in now else name)


class Value(np.lib.mixins.NDArrayOperatorsMixin):
    """A value in the file, which is read when it is needed.

    A layer that does more with it than to assign it finds an array.
    """

    def __init__(self, data: hdf5_file.Dataset) -> None:
        if data.dtype.kind not in weights.NUMBERS:
            raise DamagedCheckpoint(data.path, f"the weight {data.name!r} holds no numbers")
        self.data = data
        self.shape = data.shape

    @property
    def chunks(self) -> tuple[int, ...] | None:
        return self.data.chunks

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        value = self.data.read()
        # TensorFlow wrote two bytes of which it did not say what they are.
        if self.data.attrs.text("dtype") == "bfloat16" or value.dtype.kind == "V":
            value = value.view(importlib.import_module("ml_dtypes").bfloat16)
        return value if dtype is None else value.astype(dtype)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: object, **options: object
    ) -> object:
        arrays = [each.__array__() if isinstance(each, Value) else each for each in inputs]
        return getattr(ufunc, method)(*arrays, **options)

    def __getitem__(self, key: int | slice | tuple[int | slice, ...]) -> np.ndarray:
        return self.__array__()[key]

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Libraries ask by these how to read an array, which must outlive what they read.
            raise AttributeError(name)
        return getattr(self.__array__(), name)


def has_names(file: hdf5_file.Group) -> bool:
    """Returns whether a file notes the name of its model, as Keras does from 3.6 on."""
    own = file.get("vars")
    return isinstance(own, hdf5_file.Group) and "name" in own.attrs


class Entry(Mapping[str, object]):
    """The values that a layer has in the file, as its `load_own_variables` gets them."""

    def __init__(self, store: Store, group: hdf5_file.Group | None) -> None:
        self.store = store
        self.group = group
        self.at_once = False

    def __getitem__(self, name: str) -> Value | np.ndarray:
        data = None if self.group is None else self.group.get(name)
        if not isinstance(data, hdf5_file.Dataset):
            raise KeyError(name)
        self.store.asked.add(data.name)
        value = Value(data)
        return value.__array__() if self.at_once else value

    def __iter__(self) -> Iterator[str]:
        return iter(self.group or ())

    def __len__(self) -> int:
        return 0 if self.group is None else len(self.group)


class Store:
    """What Keras looks for the values in: it gives them unread, and notes what was asked for.

    Attributes:
        asked: names of the values that were asked for.
        seen: names of the groups that were given, in whole.
    """

    def __init__(self, file: hdf5_file.Group) -> None:
        self.asked: set[str] = set()
        self.seen: set[str] = set()
        self._file = file
        # It counted layers of a kind by twos: `dense`, `dense_2`, `dense_4`.
        self._is_of_2_12 = any(OF_2_12 in each.split("/") for each in file.names_of_datasets())
        self._found: dict[str, hdf5_file.Group | None] = {"": file}

    def get(self, path: str) -> Entry:
        group = self._at(path + "/vars")
        if group is not None:
            self.seen.add(group.name)
        return Entry(self, group)

    def has_path(self, path: str) -> bool:
        return self._at(path) is not None

    def _at(self, path: str) -> hdf5_file.Group | None:
        path = path.strip("/")
        if path not in self._found:
            parent, name = posixpath.split(path)
            group = self._at(parent)
            is_old = posixpath.basename(parent) == OF_2_12
            if group is not None and self._is_of_2_12 and not is_old:
                name = old_name(name, list(group))
            found = group.get(name) if group is not None and name else None
            self._found[path] = found if isinstance(found, hdf5_file.Group) else None
        return self._found[path]

    def left_over(self, accepted: bool) -> list[str]:
        """Returns the names of the values of layers that nothing has asked for.

        Args:
            accepted: whether layers that took a part of their group need none of the rest.
        """
        return [
            name.lstrip("/")
            for name in self._file.names_of_datasets()
            if name not in self.asked
            and not (accepted and (posixpath.dirname(name) or "/") in self.seen)
            and "seed_generator" not in name
            and not _OF_TRAINING & set(name.split("/"))
        ]

    def __bool__(self) -> bool:
        return True

    def close(self) -> None:
        pass


class NewEntry(MutableMapping[str, object]):
    """The group that a layer's `save_own_variables` puts its values into."""

    def __init__(self, group: H5Group) -> None:
        self._group = group

    def __setitem__(self, name: str, value: Tensor | Variable) -> None:
        value = recording.value_for(self._group, value)
        if value.dtype.kind in "OSU":
            raise ValueError(
                "The values of a layer are numbers, as no reader takes others. Received from "
                f"`save_own_variables`: {name!r}, of the type {value.dtype}"
            )
        data = self._group.create_dataset(name, data=value)
        if value.dtype.name == "bfloat16":
            data.attrs["dtype"] = "bfloat16"

    def __getitem__(self, name: str) -> np.ndarray:
        return Value(hdf5_file.Dataset(self._group.file.filename, self._group[name])).__array__()

    def __delitem__(self, name: str) -> None:
        del self._group[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)


class NewStore:
    """The file that Keras puts the values of a model into.

    Args:
        file: the file.
        model: String, the name of the model.
        optimizer: String, the name of the model's optimizer, `None` if it has none.
    """

    def __init__(self, file: H5Group, model: str, optimizer: str | None) -> None:
        self._file = file
        # Keras itself notes the first from 3.6 on, and the other from 3.8 on.
        self._names = {"": model, **({} if optimizer is None else {"optimizer": optimizer})}

    def make(self, path: str, metadata: Mapping[str, object] | None = None) -> NewEntry:
        # Also for what will have no values: up to Keras 3.7 that is looked for, too.
        group = self._file.create_group((path + "/vars").lstrip("/"))
        name = self._names.get(path.strip("/"))
        group.attrs.update({**({} if name is None else {"name": name}), **(metadata or {})})
        return NewEntry(group)

    def __bool__(self) -> bool:
        return True

    def close(self) -> None:
        pass
