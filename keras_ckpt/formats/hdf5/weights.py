"""HDF5 weights in the layout that Keras had from its beginning to Keras 2: a group for a layer."""

from __future__ import annotations

import functools
import re
from typing import Tuple

import numpy as np

from keras_ckpt import _typing as typed
from keras_ckpt import endings, runtime
from keras_ckpt._typing import H5Group, Layer, Model
from keras_ckpt.errors import DamagedCheckpoint, MismatchedCheckpoint
from keras_ckpt.formats import assignment
from keras_ckpt.formats.assignment import Assignment
from keras_ckpt.formats.base import Probe, Snapshot
from keras_ckpt.formats.config import beside_variables, layer_names, vocabularies
from keras_ckpt.formats.hdf5 import cudnn, hdf5_file, recording, theano
from keras_ckpt.formats.summary import WEIGHT, Summary, Variable, keras_version

OF_MODEL = "top_level_model_weights"
# A dataset with its name.
_Named = Tuple[str, hdf5_file.Dataset]
# The kinds of types of NumPy: bfloat16 is of the last.
NUMBERS = "biufcV"


def _weights(layer: Layer) -> list[typed.Variable]:
    """Returns the variables of a layer in the order of the file."""
    return list(layer.trainable_weights) + list(layer.non_trainable_weights)


def _own_weights(model: Model) -> list[typed.Variable]:
    """Returns the variables that are the model's own and no layer's."""
    known = {id(variable) for variable in model.weights}
    own = list(model._trainable_variables) + list(model._non_trainable_variables)
    return [variable for variable in own if id(variable) in known]


def write_variables(group: H5Group, variables: list[typed.Variable], of: str = "") -> None:
    """Writes variables into an HDF5 group.

    Args:
        group: the group, which gets the list of their names.
        variables: Keras variables.
        of: name of the model, which their names begin with and TensorFlow's did not.
    """
    names: list[str] = []
    for variable in variables:
        name = assignment.variable_name(variable)
        name = name[len(of) + 1 :] if of and name.startswith(of + "/") else name
        unique, number = name, 0
        while unique in names:
            number += 1
            unique = f"{name}_{number}"
        names.append(unique)
    # TensorFlow's names of variables end in the number of the output that they are.
    names = [name + ":0" for name in names]
    hdf5_file.write_names(group, "weight_names", names)
    for name, variable in zip(names, variables):
        value = recording.value_for(group, variable)
        if value.dtype.name == "bfloat16":
            value = value.astype("float32")  # HDF5 has no such type, and this loses nothing
        group.create_dataset(name, data=value)


def write_layers(group: H5Group, model: Model) -> None:
    """Writes the weights of each layer of `model` into the HDF5 group `group`."""
    hdf5_file.write_names(group, "layer_names", [layer.name for layer in model.layers])
    # The arrays are laid out as TensorFlow's are, on all backends.
    group.attrs["backend"] = b"tensorflow"
    group.attrs["keras_version"] = str(runtime.keras().__version__).encode("utf-8")
    # By name, since a name that begins another ("a" and "a/b") must have its group first.
    for layer in sorted(model.layers, key=lambda layer: str(layer.name)):
        write_variables(group.create_group(layer.name), _weights(layer), model.name)
    write_variables(group.create_group(OF_MODEL), _own_weights(model), model.name)


#: What files call what tokens weigh, which had no name.
_OF_TABLE = {"Variable": vocabularies.TOKEN_WEIGHTS}


def _stored(path: str, group: hdf5_file.Group) -> list[tuple[str, hdf5_file.Dataset]]:
    """Returns the datasets of a layer's group with their names."""
    found = listed(group)
    for name, data in found:
        if data.dtype.kind not in NUMBERS:
            raise DamagedCheckpoint(path, f"the weight {name!r} holds no numbers")
    return found


def layers(group: hdf5_file.Group) -> list[Variable]:
    """Returns what `inspect` says of the weights of the layers in a group."""
    listed_names = hdf5_file.read_names(group, "layer_names")
    found = []
    without = OF_MODEL in group and OF_MODEL not in listed_names
    for layer in listed_names + [OF_MODEL] * without:
        if layer not in group:
            raise DamagedCheckpoint(group.path, f"the layer {layer!r} that it lists is not there")
        for name, data in listed(group.group(layer)):
            # Of the layers in a layer, the file does not say in which they are.
            within = layer != OF_MODEL and not name.startswith(layer + "/")
            shown = f"{layer}/{name}" if within else name
            found.append(hdf5_file.variable(shown, data, WEIGHT))
    return found


def listed(group: hdf5_file.Group) -> list[tuple[str, hdf5_file.Dataset]]:
    """Returns the datasets that a group lists, each with its name without the output's number."""
    found = []
    for name in hdf5_file.read_names(group, "weight_names"):
        data = group.get(name)
        if not isinstance(data, hdf5_file.Dataset):
            raise DamagedCheckpoint(group.path, f"the weight {name!r} that it lists is not there")
        found.append((re.sub(r":\d+$", "", name), data))
    return found


def assignments(
    path: str, group: hdf5_file.Group, model: Model, strict: bool = True
) -> list[Assignment]:
    """Returns what each variable of `model` gets from the HDF5 group `group`, all checked."""
    layers = [layer for layer in model.layers if _weights(layer)]
    stored: dict[str, list[tuple[str, hdf5_file.Dataset]]] = {}
    listed_names = hdf5_file.read_names(group, "layer_names")
    # The model may have been made with the names that Keras 3 takes.
    known = layer_names.allowed(listed_names)
    keeping = {layer.name: layer for layer in model.layers}
    metrics = {each.name for each in model.metrics} - set(keeping)
    found: list[Assignment] = []
    for name in listed_names:
        if name not in group:
            raise DamagedCheckpoint(path, f"the layer {name!r} that it lists is not there")
        weights = _stored(path, group.group(name))
        if name in metrics:
            continue  # Up to TensorFlow 2.3, metrics in the attributes of a model were layers.
        beside, weights = _beside(keeping.get(known[name]), weights)
        found += beside
        if weights:
            stored[known[name]] = weights
    if len(layers) != len(stored):
        in_model = {layer.name for layer in layers}
        assignment.fit(
            path,
            [],
            [f"layer {name}" for name in in_model - set(stored)] or [f"{len(layers)} layers"],
            [f"layer {name}" for name in set(stored) - in_model] or [f"{len(stored)} layers"],
            strict,
        )
        # Which layers were removed or added shows in their names only.
        layers = [layer for layer in layers if layer.name in stored]
        stored = {layer.name: stored[layer.name] for layer in layers}
    pairs = list(zip((_weights(layer) for layer in layers), stored.values()))
    if set(stored) == {layer.name for layer in layers}:
        # Releases put the layers of a model in different orders.
        by_name = [(_weights(layer), stored[layer.name]) for layer in layers]
        if _shapes_fit(by_name) or not _shapes_fit(pairs):
            pairs = by_name
    own = _own_weights(model)
    if own or OF_MODEL in group:
        pairs.append((own, _stored(path, group.group(OF_MODEL)) if OF_MODEL in group else []))
    missing: list[str] = []
    unused: list[str] = []
    kernels = theano.Kernels(model, group)
    for variables, values in pairs:
        missing += [assignment.variable_name(variable) for variable in variables[len(values) :]]
        unused += [name for name, _ in values[len(variables) :]]
        given = cudnn.as_in_model(variables, [_unread(*each) for each in values])
        given = kernels.as_in_model(variables, given)
        for variable, value in zip(variables, given):
            found.append(_assignment(variable, value))
    return assignment.fit(path, found, missing, unused, strict)


def assignments_by_name(
    path: str, group: hdf5_file.Group, model: Model, skip_mismatch: bool
) -> list[Assignment]:
    """Returns what the layers of a model get whose names are in a group, all checked.

    Args:
        path: the file.
        group: the group.
        model: the model.
        skip_mismatch: whether to leave layers out whose values do not fit, with a warning.
    """
    listed_names = hdf5_file.read_names(group, "layer_names")
    stored = {new: old for old, new in layer_names.allowed(listed_names).items()}
    found: list[Assignment] = []
    wrong: list[str] = []
    kernels = theano.Kernels(model, group)
    for layer in model.layers:
        variables = _weights(layer)
        name = stored.get(layer.name)
        if name is None or name not in group:
            continue
        beside, weights = _beside(layer, _stored(path, group.group(name)))
        if not variables and not beside:
            continue
        values = [_unread(*each) for each in weights]
        if len(variables) == len(values):
            values = cudnn.as_in_model(variables, values)
            values = kernels.as_in_model(variables, values)
        shapes = [tuple(variable.shape) for variable in variables]
        if shapes != [value.shape for value in values]:
            of_file = ", ".join(str(value.shape) for value in values) or "none"
            of_model = ", ".join(map(str, shapes))
            wrong.append(
                f"the weights of {layer.name!r} are {of_model} in the model and {of_file} "
                "in the checkpoint"
            )
            continue
        found += beside
        for variable, value in zip(variables, values):
            found.append(_assignment(variable, value))
    if wrong and not skip_mismatch:
        raise MismatchedCheckpoint(path, "it does not fit the model: " + "; ".join(wrong))
    if not found:
        raise MismatchedCheckpoint(
            path,
            "; ".join(wrong) or "no layer of the model has the name of one in it",
            f"its layers are {', '.join(listed_names[:8]) or 'none'}; nothing has been loaded",
        )
    if wrong:
        runtime.warn_user(f"{path} is loaded in part: {'; '.join(wrong)}.")
    return found


def _value(data: hdf5_file.Dataset) -> np.ndarray:
    """Returns the values of a dataset as numbers: TensorFlow wrote bfloat16 as two bytes each."""
    value = data.read()
    if value.dtype.kind != "V":
        return value
    return (value.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def _unread(name: str, data: hdf5_file.Dataset) -> cudnn.Stored:
    # Chunks may be packed, and packed wrongly.
    return cudnn.Stored(name, data.shape, functools.partial(_value, data), data.chunks is None)


def _assignment(variable: typed.Variable, value: cudnn.Stored) -> Assignment:
    return Assignment(variable, value.shape, value.read, value.is_sure)


def _beside(
    layer: typed.Layer | None, weights: list[tuple[str, hdf5_file.Dataset]]
) -> tuple[list[Assignment], list[tuple[str, hdf5_file.Dataset]]]:
    """Returns what layers get that Keras 3 keeps beside their variables, and the other weights.

    Args:
        layer: the layer or model, None if the model has none of its name.
        weights: its weights in the file.
    """
    within = [] if layer is None else layer._flatten_layers()
    tables = {id(getattr(each, "_lookup_layer", None)) for each in within}
    keeping = [
        each
        for each in within
        if type(each).__name__ in beside_variables.LAYERS and id(each) not in tables
    ]
    found: list[Assignment] = []
    others: list[tuple[str, hdf5_file.Dataset]] = []
    for name, data in weights:
        own = _OF_TABLE.get(name, name.split("/")[-1])
        for each in keeping:
            variable = beside_variables.of(each, own, data.shape)
            if variable is not None:
                # The file has them in the order of the layers.
                keeping.remove(each)
                found.append(_assignment(variable, _unread(name, data)))
                break
        else:
            others.append((name, data))
    return found, others


def _shapes_fit(
    pairs: list[tuple[list[typed.Variable], list[tuple[str, hdf5_file.Dataset]]]],
) -> bool:
    return all(
        [tuple(variable.shape) for variable in variables] == [data.shape for _, data in values]
        for variables, values in pairs
    )


class HDF5Weights(hdf5_file.HDF5Format):
    """The format of `model.save_weights("x.h5")` in Keras 2."""

    name = "HDF5 file of weights in the layout of Keras 2"
    keras_3_reads = True
    native_endings = endings.HDF5

    def recognises(self, probe: Probe) -> bool:
        _, attributes = probe.ask(hdf5_file.outline)
        return bool({"layer_names", "layer_names0"} & attributes)

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        assignment.require_variables(model, "saved")
        return hdf5_file.snapshot(model, functools.partial(write_layers, model=model), copy)

    def inspect(self, path: str) -> Summary:
        with hdf5_file.opened(path) as file:
            return Summary(layers(file), keras_version(file.attrs.text("keras_version")))

    def load_weights(self, model: Model, path: str, strict: bool = True) -> None:
        assignment.require_variables(model, "loaded")
        with hdf5_file.opened(path, verify=True) as file:
            assignment.assign(model, assignments(path, file, model, strict))

    def load_weights_by_name(self, model: Model, path: str, skip_mismatch: bool = False) -> None:
        assignment.require_variables(model, "loaded")
        with hdf5_file.opened(path, verify=True) as file:
            assignment.assign(model, assignments_by_name(path, file, model, skip_mismatch))
