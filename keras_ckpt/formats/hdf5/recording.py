"""What is put into an HDF5 file, kept in memory until the file is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import numpy as np

from keras_ckpt import runtime
from keras_ckpt._typing import H5Group, Tensor, Variable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def value_for(group: H5Group, value: Tensor | Variable) -> np.ndarray:
    """Returns a value as a dataset of a group is made of it: copied only where it must last."""
    return runtime.lasting(value) if isinstance(group, Group) else runtime.readonly_view(value)


class Dataset:
    """A value that does not change, with the attributes that it has in the file."""

    chunks = None

    def __init__(self, name: str, data: ArrayLike) -> None:
        self.name = name
        self.value = np.asarray(data)
        self.attrs: dict[str, object] = {}
        self.shape = self.value.shape
        self.dtype = self.value.dtype
        self.size = self.value.size

    def read_direct(self, target: np.ndarray) -> None:
        """Copies the value into an array of its shape."""
        target[...] = self.value


class Group:
    """Stands for a group of h5py, or a file, to the code that fills one.

    Attributes:
        name: name of the group.
        attrs: its attributes.
    """

    filename = ""

    def __init__(self, name: str = "/") -> None:
        self.name = name
        self.attrs: dict[str, object] = {}
        self._members: dict[str, Group | Dataset] = {}

    @property
    def file(self) -> Group:
        """What stands for the file."""
        return self

    def create_group(self, name: str) -> Group:
        """Returns a new group in this one."""
        made = Group(name)
        self._add(name, made)
        return made

    def create_dataset(self, name: str, data: ArrayLike) -> Dataset:
        """Returns a new dataset with `data`, which `value_for` has given."""
        made = Dataset(name, data)
        self._add(name, made)
        return made

    def _add(self, name: str, member: Group | Dataset) -> None:
        if name in self._members:
            raise ValueError(f"Unable to create {name!r} (name already exists)")
        self._members[name] = member

    def __getitem__(self, name: str) -> Group | Dataset:
        return self._members[name]

    def __delitem__(self, name: str) -> None:
        del self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def write(self, group: H5Group) -> None:
        """Puts all that is in this group into a group of h5py.

        Args:
            group: the group or file, which is empty.
        """
        group.attrs.update(self.attrs)
        for name, member in self._members.items():
            if isinstance(member, Group):
                member.write(group.create_group(name))
            else:
                group.create_dataset(name, data=member.value).attrs.update(member.attrs)
