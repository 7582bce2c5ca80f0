"""What is in a checkpoint: read from its headers, without Keras, a model or the tensors."""

from __future__ import annotations

import os
import re
from typing import Any, Callable, NamedTuple

from keras_ckpt.formats import parsing
from keras_ckpt.formats.base import Format
from keras_ckpt.formats.hdf5 import hdf5_file, weights
from keras_ckpt.formats.hdf5.model import HDF5Model
from keras_ckpt.formats.hdf5.weights import HDF5Weights
from keras_ckpt.formats.keras3 import archive, zip_reader
from keras_ckpt.formats.keras3.archive import KerasArchive, KerasWeights, KerasWeightsArchive
from keras_ckpt.formats.registry import format_of, is_native_name
from keras_ckpt.formats.tensorflow import (
    checkpoint,
    object_graph,
    protobuf,
    saved_model,
    tensor_bundle,
)
from keras_ckpt.formats.tensorflow.checkpoint import TFCheckpoint
from keras_ckpt.formats.tensorflow.saved_model import SavedModel
from keras_ckpt.storage import remote

WEIGHT = "weight"
OPTIMIZER = "optimizer"
STATE = "state"

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_ESCAPED = {"..": ".", ".S": "/"}
_SAVE_COUNTER = "save_counter"
_ITERATIONS = re.compile(r"(^|/)(iter|_?iterations?)$")
# What a model keeps and does not count among its weights.
_OF_STATE = re.compile(r"(^|/)(keras_api/|seed_generator[^/]*/)|^_?metrics/")


class Variable(NamedTuple):
    """A variable in a checkpoint.

    Attributes:
        name: what it is called there.
        shape: its shape.
        dtype: name of its type, e.g. `"float32"`.
        size: its bytes.
        role: `"weight"`, `"optimizer"`, or `"state"`: of metrics and of random generators.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    size: int
    role: str

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        count = 1
        for length in self.shape:
            count *= length
        return count


class _Found(NamedTuple):
    """What a checkpoint says of itself; None where it says nothing."""

    variables: list[Variable]
    written_by: dict[str, str] = {}
    optimizer: str | None = None
    iterations: int | None = None
    compiled: bool | None = None
    model: str | None = None
    load_weights: bool = True
    load_model: bool = False


class Inspection(NamedTuple):
    """What is in a checkpoint.

    Attributes:
        path: the checkpoint, as `keras_ckpt.load_weights` takes it.
        format: name of its format.
        written_by: releases by the name of the package, as far as it is recorded.
        variables: all variables.
        optimizer: name of the optimizer, if it is recorded.
        iterations: how many steps the optimizer had made, if it is recorded.
        compiled: whether the model was compiled, if it is recorded.
        model: class of the model, if it is recorded.
        loads_with: the calls that load it.
    """

    path: str
    format: str
    written_by: dict[str, str]
    variables: list[Variable]
    optimizer: str | None
    iterations: int | None
    compiled: bool | None
    model: str | None
    loads_with: list[str]

    @property
    def parameters(self) -> int:
        """How many numbers the weights of the model are."""
        return sum(each.parameters for each in self.variables if each.role == WEIGHT)

    @property
    def nbytes(self) -> int:
        """How many bytes all variables take."""
        return sum(each.size for each in self.variables)

    def to_dict(self) -> dict[str, Any]:
        """Returns all of it in types that JSON has."""
        found: dict[str, Any] = self._asdict()
        found["parameters"] = self.parameters
        found["nbytes"] = self.nbytes
        found["variables"] = [
            {**each._asdict(), "shape": list(each.shape)} for each in self.variables
        ]
        return found


def inspect(path: Any) -> Inspection:
    """Returns what is in the checkpoint at `path`, of any format.

    Neither Keras nor TensorFlow is imported, and no tensor is read.

    Args:
        path: file, SavedModel directory, prefix or index of a TensorFlow checkpoint, or the
            directory of such checkpoints, of which the newest is taken.

    Returns:
        An `Inspection`.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        CheckpointError: if it is no checkpoint, or is damaged.

    Example:

    ```python
    found = inspect("training_1/cp.ckpt")
    found.parameters  # 23851784
    found.iterations  # 4690
    [each.name for each in found.variables]
    ```
    """
    name = os.fspath(path)
    with remote.downloaded(name) as local:
        actual = _checkpoint(local)
        with parsing.reading(actual):
            kind = format_of(actual)
            found = _INSPECTORS[kind.name](actual)
    shown = actual if actual != local else name
    return Inspection(
        path=shown,
        format=kind.name,
        written_by=found.written_by,
        variables=found.variables,
        optimizer=found.optimizer,
        iterations=found.iterations,
        compiled=found.compiled,
        model=found.model,
        loads_with=_calls(shown, kind, found),
    )


def _checkpoint(name: str) -> str:
    """Returns the checkpoint that a user means by `name`."""
    prefix, ending = os.path.splitext(name)
    if ending == ".index" and os.path.isfile(name):
        return prefix
    if os.path.isdir(name) and not any(
        each.recognises(name) for each in (TFCheckpoint(), SavedModel())
    ):
        return checkpoint.latest_checkpoint(name) or name
    return name


def _calls(path: str, kind: Format, found: _Found) -> list[str]:
    """Returns the calls that load a checkpoint, those of Keras 3 if it goes by this name."""
    native = is_native_name(path, kind)
    calls = [
        (found.load_model, "keras_ckpt.load_model(%r)"),
        (found.load_weights, "keras_ckpt.load_weights(model, %r)"),
        (found.load_model and native, "keras.models.load_model(%r)"),
        (found.load_weights and native, "model.load_weights(%r)"),
    ]
    return [call % path for possible, call in calls if possible]


def _role(name: str) -> str:
    return STATE if _OF_STATE.search(name) else WEIGHT


def _is_counter(variable: Variable) -> bool:
    return variable.shape == () and "int" in variable.dtype


# ---------------------------------------------------------------- TensorFlow


def _tf_checkpoint(path: str) -> _Found:
    reader = tensor_bundle.Reader(path)
    has_graph = object_graph.KEY in reader
    variables = []
    iterations = None
    for key, entry in reader.entries.items():
        name = _readable(key)
        if entry.dtype_name == "string" or name == _SAVE_COUNTER:
            continue
        parts = name.split("/")
        of_optimizer = OPTIMIZER in parts[:-1] or ".OPTIMIZER_SLOT" in parts
        role = OPTIMIZER if of_optimizer else _role(name)
        variable = Variable(name, entry.shape, entry.dtype_name, entry.size, role)
        variables.append(variable)
        if role == OPTIMIZER and _ITERATIONS.search(name) and _is_counter(variable):
            iterations = int(reader.get(key))
    return _Found(_in_order(variables), iterations=iterations, load_weights=has_graph)


def _readable(key: str) -> str:
    """Returns the way to a variable from the key of its tensor."""
    if not key.endswith(_VALUE):
        return key
    return re.sub(r"\.[.S]", lambda found: _ESCAPED[found.group()], key[: -len(_VALUE)])


def _saved_model(path: str) -> _Found:
    version = _tensorflow_version(path)
    inside = os.path.join(path, saved_model.ARCHIVE)
    if os.path.isfile(inside):
        found = _archive(inside)
        return found._replace(written_by={**version, **found.written_by})
    described = saved_model.description(path)
    prefix = os.path.join(path, saved_model.VARIABLES)
    found = _Found([], load_weights=False)
    if os.path.isfile(tensor_bundle.index_path(prefix)):
        found = _tf_checkpoint(prefix)
    return found._replace(
        written_by={**version, **_keras_version(described.get("keras_version"))},
        load_model=bool(described.get("model_config")),
        **_of_description(described, described.get("training_config"), "optimizer_config"),
    )


def _tensorflow_version(path: str) -> dict[str, str]:
    graph = os.path.join(path, "saved_model.pb")
    if not os.path.isfile(graph):
        return {}
    with open(graph, "rb") as file:
        saved = protobuf.parse(file.read())
    for meta in protobuf.get_all(saved, 2)[:1]:
        info = protobuf.parse(protobuf.get_bytes(protobuf.parse(meta), 1))
        version = protobuf.get_text(info, 5)
        return {"tensorflow": version} if version else {}
    return {}


# ---------------------------------------------------------------- HDF5


def _variable(name: str, data: Any, role: str) -> Variable:
    # Keras 3 notes a type that HDF5 does not have.
    dtype = hdf5_file.as_text(data.attrs.get("dtype", data.dtype.name))
    size = int(data.size or 0) * int(data.dtype.itemsize)
    return Variable(name, tuple(int(length) for length in data.shape), dtype, size, role)


def _counted(variable: Variable, data: Any) -> int | None:
    return int(data[()]) if _is_counter(variable) else None


def _listed(group: Any) -> list[tuple[str, Any]]:
    """Returns the weights that a group of the layout of Keras 2 lists, by name."""
    found = []
    for name in hdf5_file.read_names(group, "weight_names"):
        data = group.get(name)
        if not hasattr(data, "shape"):
            raise ValueError("the weight %r that it lists is not there" % name)
        found.append((re.sub(r":\d+$", "", name), data))
    return found


def _layers(group: Any) -> list[Variable]:
    """Returns the weights of the layers in the layout of Keras 2."""
    own = weights.OF_MODEL
    names = hdf5_file.read_names(group, "layer_names")
    variables = []
    for layer in names + [own] * (own in group and own not in names):
        if layer not in group:
            raise ValueError("the layer %r that it lists is not there" % layer)
        for name, data in _listed(group[layer]):
            # Of the layers in a layer, the file does not say in which they are.
            within = layer != own and not name.startswith(layer + "/")
            variables.append(_variable(layer + "/" + name if within else name, data, WEIGHT))
    return variables


def _hdf5_weights(path: str) -> _Found:
    with hdf5_file.opened(path) as file:
        return _Found(_layers(file), _keras_version(file.attrs.get("keras_version")))


def _hdf5_model(path: str) -> _Found:
    with hdf5_file.opened(path) as file:
        described = _json(path, file.attrs.get("model_config"))
        config = _json(path, file.attrs.get("training_config"))
        variables = _layers(file["model_weights"])
        iterations = None
        state = _listed(file["optimizer_weights"]) if "optimizer_weights" in file else []
        for name, data in state:
            variables.append(_variable(name, data, OPTIMIZER))
            if _ITERATIONS.search(name):
                iterations = _counted(variables[-1], data)
        version = file.attrs.get("keras_version", file["model_weights"].attrs.get("keras_version"))
        return _Found(
            variables,
            _keras_version(version),
            iterations=iterations,
            load_model=bool(described),
            **_of_description(described, config, "optimizer_config"),
        )


def _keras_weights(path: str, file: Any | None = None) -> _Found:
    """Returns what is in weights in the layout of Keras 3: in a file, or in the part of one."""
    variables: list[Variable] = []
    with hdf5_file.opened(path, file) as opened:

        def visit(path: str, data: Any) -> None:
            if not hasattr(data, "shape"):
                return
            name = "/".join(part for part in path.split("/") if part != "vars")
            role = OPTIMIZER if name.startswith(OPTIMIZER + "/") else _role(name)
            variables.append(_variable(name, data, role))

        opened.visititems(visit)
        own = opened.get("optimizer/inner_optimizer/vars", opened.get("optimizer/vars"))
        optimizer = iterations = None
        if own is not None:
            name = own.attrs.get("name")
            optimizer = None if name is None else hdf5_file.as_text(name)
            if "0" in own:
                iterations = _counted(_variable("0", own["0"], OPTIMIZER), own["0"])
    return _Found(_in_order(variables), optimizer=optimizer, iterations=iterations)


def _in_order(variables: list[Variable]) -> list[Variable]:
    """Returns variables by name, numbers in their order, and those of the optimizer at last."""

    def key(variable: Variable) -> Any:
        parts = re.split(r"(\d+)", variable.name)
        numbered = [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
        return variable.role == OPTIMIZER, numbered

    return sorted(variables, key=key)


# ---------------------------------------------------------------- .keras archives


def _archive(path: str) -> _Found:
    with zip_reader.opened(path) as opened:
        names = opened.namelist()
        metadata, described = (
            _json(path, zip_reader.text(path, opened, name) if name in names else None)
            for name in ("metadata.json", "config.json")
        )
        found = _Found([])
        if archive.WEIGHTS in names:
            with zip_reader.member(path, opened, archive.WEIGHTS) as file:
                found = _keras_weights(path, file)
    found = found._replace(written_by=_keras_version(metadata.get("keras_version")))
    if "config.json" not in names:
        return found
    of_model = _of_description(described, described.get("compile_config"), "optimizer")
    of_model["optimizer"] = of_model["optimizer"] or found.optimizer
    return found._replace(load_model=bool(described), **of_model)


# ---------------------------------------------------------------- descriptions


def _json(path: str, text: Any) -> dict[str, Any]:
    return {} if text is None else parsing.described(path, hdf5_file.as_text(text))


def _keras_version(version: Any) -> dict[str, str]:
    return {"keras": hdf5_file.as_text(version)} if version is not None else {}


def _of_description(described: dict[str, Any], config: Any, optimizer: str) -> dict[str, Any]:
    """Returns what the configuration of a model, and of how it was compiled, say of it."""
    compiled = config if isinstance(config, dict) else {}
    return {
        "model": _class_name(described),
        "compiled": bool(config) if described else None,
        "optimizer": _class_name(compiled.get(optimizer)),
    }


def _class_name(config: Any) -> str | None:
    """Returns the name of a class, without the package under which it is registered."""
    name = config.get("class_name") if isinstance(config, dict) else config
    return name.split(">")[-1] if isinstance(name, str) else None


_INSPECTORS: dict[str, Callable[[str], _Found]] = {
    KerasArchive.name: _archive,
    KerasWeightsArchive.name: _archive,
    HDF5Model.name: _hdf5_model,
    HDF5Weights.name: _hdf5_weights,
    KerasWeights.name: _keras_weights,
    TFCheckpoint.name: _tf_checkpoint,
    SavedModel.name: _saved_model,
}
