"""The values of a model in the layout of Keras 3: taken out of HDF5, and put into it."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import zipfile
from typing import Callable, Iterator, Sequence, Union

import numpy as np

from keras_ckpt import _typing as typed
from keras_ckpt import progress, runtime
from keras_ckpt._typing import H5Group, Layer, Model, Optimizer
from keras_ckpt.errors import CheckpointError, MismatchedCheckpoint
from keras_ckpt.formats import assignment, parsing
from keras_ckpt.formats.assignment import Assignment
from keras_ckpt.formats.base import Snapshot
from keras_ckpt.formats.config import compile_arguments, making, optimizer_state
from keras_ckpt.formats.hdf5 import hdf5_file, output
from keras_ckpt.formats.keras3 import h5_store
from keras_ckpt.formats.keras3.assets import whole_vocabularies
from keras_ckpt.formats.summary import OPTIMIZER, Summary, Variable, in_order, role_of
from keras_ckpt.runs.record import FILE, Record
from keras_ckpt.runtime import internals
from keras_ckpt.storage import commit, remote, scratch

#: What a layer assigns to a variable: a value in the file, or what it has made of one.
Value = Union[h5_store.Value, typed.Tensor]

# Patching a class is for one at a time.
_RECORDING = threading.RLock()


@contextlib.contextmanager
def _recording() -> Iterator[dict[int, tuple[typed.Variable, Value]]]:
    """Gives a dict that gets the variables and values that this thread would assign."""
    cls = next(cls for cls in internals.variable_class().__mro__ if "assign" in vars(cls))
    thread = threading.get_ident()
    found: dict[int, tuple[typed.Variable, Value]] = {}
    with _RECORDING:
        before: Callable[[typed.Variable, Value], object] = vars(cls)["assign"]

        def assign(self: typed.Variable, value: Value) -> object:
            if threading.get_ident() != thread:
                return before(self, value)
            found[id(self)] = (self, value)
            return value

        setattr(cls, "assign", assign)  # noqa: B010 (mypy knows no such method)
        try:
            yield found
        finally:
            setattr(cls, "assign", before)  # noqa: B010


@contextlib.contextmanager
def _noting(layers: Sequence[Layer]) -> Iterator[list[tuple[Layer, h5_store.Entry]]]:
    """Gives a list that gets each call of `load_own_variables` of `layers`, with its argument."""
    calls = []

    def replacement(layer: Layer) -> Callable[[h5_store.Entry], None]:
        def load_own_variables(store: h5_store.Entry) -> None:
            type(layer).load_own_variables(layer, store)
            calls.append((layer, store))

        return load_own_variables

    with _instead(layers, replacement):
        yield calls


@contextlib.contextmanager
def _instead(
    layers: Sequence[Layer], replacement: Callable[[Layer], Callable[[h5_store.Entry], None]]
) -> Iterator[None]:
    """Replaces `load_own_variables` of layers by what `replacement` makes for each."""
    # Past the `__setattr__` of Keras, which tracks what is set.
    for layer in layers:
        object.__setattr__(layer, "load_own_variables", replacement(layer))
    try:
        yield
    finally:
        for layer in layers:
            object.__delattr__(layer, "load_own_variables")


def _own(layer: Layer) -> list[typed.Variable]:
    """Returns the variables of a layer without those of the layers in it."""
    return list(layer._trainable_variables) + list(layer._non_trainable_variables)


def load_by_keras(model: Model, path: str, ending: str, strict: bool) -> None:
    """Loads by the model's own `load_weights`, and gives it its values back if that fails."""
    variables = list(model.variables)
    if getattr(model, "optimizer", None) is not None:
        variables += list(model.optimizer.variables)
    options = {} if strict else {"skip_mismatch": True}
    try:
        with remote.local_file(path) as local, scratch.under_ending(
            local, ending
        ) as named, assignment.or_as_before(model, variables):
            type(model).load_weights(model, named, **options)
    except CheckpointError:
        raise
    except making.REFUSALS as error:
        _report(path, error, strict=True)


def groups(
    model: Model, file: hdf5_file.Group, visited: set[int], of_shapes: bool = True
) -> dict[int, str] | None:
    """Returns in which group a file has the values of each layer, by the layer's identity.

    Nothing is read, and no layer is asked.

    Args:
        model: the model.
        file: the file.
        visited: set for the layers that have been visited, by identity.
        of_shapes: Boolean, whether the shapes must fit. Defaults to `True`.

    Returns:
        `None` if a layer has no values where Keras looks for them first.
    """
    found: dict[int, str] = {}
    missed: list[Layer] = []

    def noted(layer: Layer) -> Callable[[h5_store.Entry], None]:
        def load_own_variables(entry: h5_store.Entry) -> None:
            is_there = entry.group is not None or not _own(layer)
            if not (_fits(layer, entry.group) if of_shapes else is_there):
                missed.append(layer)
                raise KeyError(layer.name)
            if entry.group is not None:
                found[id(layer)] = entry.group.name

        return load_own_variables

    with _instead(model._flatten_layers(), noted):
        _load_state(model, file, None, False, visited, {})
    return None if missed else found


def _fits(layer: Layer, group: hdf5_file.Group | None) -> bool:
    """Returns whether a layer can have its values in a group."""
    own = [tuple(each.shape) for each in _own(layer)]
    if not own:
        return True
    if group is None or not internals.only_assigns(layer):
        return group is not None
    values = [group.get(str(number)) for number in range(len(group))]
    return [getattr(each, "shape", None) for each in values] == own


def _load_state(
    model: Model,
    file: hdf5_file.Group,
    assets: object | None,
    strict: bool,
    visited: set[int],
    errors: dict[int, tuple[Layer, Exception]],
) -> h5_store.Store:
    """Has Keras give all layers of a model what is theirs in a file. Returns what it asked."""
    saving = internals.saving_lib()
    store: h5_store.Store = type("_H5Store", (h5_store.Store, saving.H5IOStore), {})(file)
    if getattr(model, "optimizer", None) is not None:
        visited.add(id(model.optimizer))
    saving._load_state(model, store, assets, "", not strict, visited, set(), errors)
    return store


def is_loaded_by_keras(model: Model) -> bool:
    """Returns whether the model's weights are to be left to its `load_weights`."""
    has_own = type(model).load_weights is not runtime.keras().Model.load_weights
    return has_own or not hasattr(internals.saving_lib(), "_load_state")


def load(
    model: Model,
    path: str,
    file: hdf5_file.Group,
    strict: bool,
    assets: object | None = None,
    optimizer: str | None = None,
    visited: set[int] | None = None,
) -> None:
    """Gives `model` what is in the checkpoint at `path`.

    Args:
        model: the model.
        path: the checkpoint.
        file: HDF5 in it, open, with the values.
        strict: as in `assignment.fit`.
        assets: Keras's store of what layers keep in files of their own, if that is to be read.
        optimizer: String, the class of the optimizer that the state in the file is of. Defaults to
            `None`: only the file can say.
        visited: set for the layers that have been visited, by identity. Defaults to `None`: no one
            asks for it.
    """
    doing_more = [layer for layer in model._flatten_layers() if not internals.only_assigns(layer)]
    errors: dict[int, tuple[Layer, Exception]] = {}
    # Those layers may set what is not a variable of Keras, or set it in another way.
    with assignment.or_as_before(model, [each for layer in doing_more for each in _own(layer)]):
        with _noting(doing_more) as calls, _recording() as recorded, whole_vocabularies(model):
            visited = set() if visited is None else visited
            store = _load_state(model, file, assets, strict, visited, errors)
        for _, error in errors.values():
            # Keras takes any error of a layer to mean that its values do not fit.
            if isinstance(error, CheckpointError) or not isinstance(error, making.REFUSALS):
                raise error
        taken_care_of = {id(each) for layer, _ in calls for each in _own(layer)} | set(recorded)
        missing = [
            assignment.variable_name(each)
            for each in model.weights
            if id(each) not in taken_care_of
        ]
        unused = store.left_over(not errors)
        if errors and not missing and not unused:
            _report(path, next(iter(errors.values()))[1], strict)
        found = [
            Assignment(
                variable,
                tuple(np.shape(value)),
                functools.partial(_read, value),
                getattr(value, "chunks", None) is None,
            )
            for variable, value in recorded.values()
        ]
        refusals = [
            f"the layer {layer.name!r} refuses its values: {parsing.one_line(error)}"
            for layer, error in errors.values()
            if not type(layer).load_own_variables.__module__.startswith("keras.")
        ]
        found = assignment.fit(path, found, missing, unused, strict, refusals)
    found += _optimizer_state(path, model, file, optimizer)
    if not calls:
        assignment.assign(model, found)
        return
    with assignment.or_as_before(model, [each.variable for each in found]):
        assignment.assign(model, found)
        for layer, entry in calls:
            # Now with the values read, and with variables that have theirs.
            entry.at_once = True
            try:
                layer.load_own_variables(entry)
            except making.REFUSALS as error:
                _report(path, error, strict)
        assignment.finalize(model)


def _read(value: Value) -> Value:
    return value.__array__() if isinstance(value, h5_store.Value) else value


def _report(path: str, error: Exception, strict: bool) -> None:
    """Raises the error of a layer that refuses its values, or warns of it unless `strict`."""
    if isinstance(error, CheckpointError):
        raise error
    if strict:
        raise MismatchedCheckpoint(path, parsing.one_line(error)) from error
    runtime.warn_user(
        f"{path} does not fit the model, and is loaded in part: {parsing.one_line(error)}."
    )


def _optimizer_state(
    path: str, model: Model, file: hdf5_file.Group, kind: str | None
) -> list[Assignment]:
    """Returns what the optimizer of `model`, if it has one, gets from the file."""
    stored = file.get("optimizer/vars")
    if getattr(model, "optimizer", None) is None or not isinstance(stored, hdf5_file.Group):
        return []
    count = len(stored)
    if not count:
        return []
    found = {str(number): stored.get(str(number)) for number in range(count)}
    values = {
        name: h5_store.Value(data)
        for name, data in found.items()
        if isinstance(data, hdf5_file.Dataset)
    }
    if len(values) != count:
        values = {}
    # From 3.8 on Keras notes the name of what has the values, and lists all that an optimizer has.
    name = stored.attrs.text("name") if "name" in stored.attrs else None
    names = [each if kind is None else f"{kind}/{each}" for each in values]
    return optimizer_state.state(path, model, names, list(values.values()), of=name)


def is_saved_by_keras(model: Model, method: str) -> bool:
    """Returns whether saving is to be left to the model's own `method`."""
    knows = hasattr(internals.saving_lib(), "_save_state")
    return runtime.has_own(model, method) or not assignment.is_built(model) or not knows


def put(model: Model, file: H5Group, assets: object | None = None) -> None:
    """Puts what Keras's `save_weights` writes into HDF5, and the assets if they go along.

    Args:
        model: the model.
        file: file of h5py, or what stands for one.
        assets: Keras's store of what layers keep in files of their own.
    """
    saving = internals.saving_lib()
    kind = type("_NewH5Store", (h5_store.NewStore, saving.H5IOStore), {})
    optimizer = getattr(model, "optimizer", None)
    store = kind(file, model.name, getattr(optimizer, "name", None))
    with _uncopied(optimizer):
        saving._save_state(model, store, assets, "", set())


@contextlib.contextmanager
def _uncopied(optimizer: Optimizer | None) -> Iterator[None]:
    """Lets an optimizer put its variables into a store, of which Keras's puts copies."""
    own = getattr(type(optimizer), "save_own_variables", None)
    if optimizer is None or own is None or not own.__module__.startswith("keras."):
        yield
        return

    def save_own_variables(store: h5_store.NewEntry) -> None:
        for number, variable in enumerate(optimizer.variables):
            store[str(number)] = variable

    # Past the `__setattr__` of Keras, which tracks what is set.
    object.__setattr__(optimizer, "save_own_variables", save_own_variables)
    try:
        yield
    finally:
        object.__delattr__(optimizer, "save_own_variables")


def snapshot_by_keras(
    model: Model, save: Callable[[str], None], ending: str, copy: bool
) -> Snapshot:
    """Returns the snapshot of a model that is saved by its own method.

    Args:
        model: the model.
        save: a function that calls the method with a path. If `copy`, that is done now.
        ending: what the path must end in.
        copy: as in `Format.snapshot`.
    """

    def save_whole(path: str) -> None:
        with compile_arguments.described_whole(model):
            save(path)

    if not copy:
        return file_snapshot(model, save_whole, ending, copy)
    held = scratch.Directory()
    name = "model" + ending
    save_whole(os.path.join(held.path, name))
    return file_snapshot(model, functools.partial(held.copy_file, name), ending, copy)


def file_snapshot(model: Model, save: Callable[[str], None], ending: str, copy: bool) -> Snapshot:
    total = assignment.nbytes(model)

    def write(path: str, record: Record | None) -> None:
        with commit.replacing(path, ending) as temporary, progress.watching(
            temporary, total, "Saving"
        ):
            save(temporary)
            if record is not None:
                _add(record.of(os.path.basename(path), total), temporary)

    return Snapshot(write, can_be_in_background=copy)


def _add(record: Record, path: str) -> None:
    """Adds its record to a file that is whole without."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(FILE, record.dumped())
    elif hdf5_file.is_hdf5(path):
        with output.h5py().File(path, "r+") as file:
            hdf5_file.put_record(file, record, record.name, record.size or 0)


def summary(file: hdf5_file.Group) -> Summary:
    """Returns what is in weights in the layout of Keras 3."""
    variables: list[Variable] = []
    for path, data in file.datasets():
        name = "/".join(part for part in path.split("/") if part != "vars")
        role = OPTIMIZER if name.startswith(OPTIMIZER + "/") else role_of(name)
        variables.append(hdf5_file.variable(name, data, role))
    optimizer = iterations = None
    own = file.get("optimizer/inner_optimizer/vars")
    own = file.get("optimizer/vars") if own is None else own
    if isinstance(own, hdf5_file.Group):
        optimizer = own.attrs.text("name") or None
        step = own.get("0")
        if isinstance(step, hdf5_file.Dataset):
            iterations = hdf5_file.counted(hdf5_file.variable("0", step, OPTIMIZER), step)
    return Summary(in_order(variables), optimizer=optimizer, iterations=iterations)
