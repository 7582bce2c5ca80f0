"""Keras 3's own formats: `.keras` archives and `.weights.h5` files."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import zipfile
from typing import Callable, Iterator, Mapping, Sequence, Union

import numpy as np

from keras_ckpt import _typing as typed
from keras_ckpt import endings, progress, runtime
from keras_ckpt._typing import Config, CustomObjects, H5Group, Layer, Model
from keras_ckpt.errors import CheckpointError, DamagedCheckpoint, MismatchedCheckpoint
from keras_ckpt.formats import assignment, parsing
from keras_ckpt.formats.assignment import Assignment
from keras_ckpt.formats.base import Format, Probe, Snapshot
from keras_ckpt.formats.config import (
    compilation,
    keras2_reader,
    making,
    optimizer_state,
    safety,
    vocabularies,
)
from keras_ckpt.formats.hdf5 import hdf5_file, recording
from keras_ckpt.formats.keras3 import h5_store, zip_reader, zip_writer
from keras_ckpt.formats.summary import (
    OPTIMIZER,
    Summary,
    Variable,
    in_order,
    keras_version,
    of_description,
    role_of,
)
from keras_ckpt.runtime import internals
from keras_ckpt.storage import atomic, scratch

WEIGHTS = "model.weights.h5"

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

    # Past the `__setattr__` of Keras, which tracks what is set.
    for layer in layers:
        object.__setattr__(layer, "load_own_variables", replacement(layer))
    try:
        yield calls
    finally:
        for layer in layers:
            object.__delattr__(layer, "load_own_variables")


@contextlib.contextmanager
def _whole_vocabularies(model: Model) -> Iterator[None]:
    """Lets layers load their vocabularies as they were saved, which Keras shortens."""
    found = list(vocabularies.layers(model))
    for layer in found:
        object.__setattr__(layer, "load_assets", vocabularies.loader(layer))
    try:
        yield
    finally:
        for layer in found:
            object.__delattr__(layer, "load_assets")


def _own(layer: Layer) -> list[typed.Variable]:
    """Returns the variables of a layer without those of the layers in it."""
    return list(layer._trainable_variables) + list(layer._non_trainable_variables)


def _load_by_keras(model: Model, path: str, ending: str, strict: bool) -> None:
    """Loads by the model's own `load_weights`, and gives it its values back if that fails."""
    variables = list(model.variables)
    if getattr(model, "optimizer", None) is not None:
        variables += list(model.optimizer.variables)
    options = {} if strict else {"skip_mismatch": True}
    try:
        with atomic.under_ending(path, ending) as named, assignment.or_as_before(model, variables):
            type(model).load_weights(model, named, **options)
    except CheckpointError:
        raise
    except making.REFUSALS as error:
        _report(path, error, strict=True)


def _is_loaded_by_keras(model: Model) -> bool:
    """Returns whether the model's weights are to be left to its `load_weights`."""
    has_own = type(model).load_weights is not runtime.keras().Model.load_weights
    return has_own or not hasattr(internals.saving_lib(), "_load_state")


def _load(
    model: Model, path: str, file: hdf5_file.Group, strict: bool, assets: object | None = None
) -> None:
    """Gives `model` what is in the checkpoint at `path`.

    Args:
        model: the model.
        path: the checkpoint.
        file: HDF5 in it, open, with the values.
        strict: as in `assignment.fit`.
        assets: Keras's store of what layers keep in files of their own, if that is to be read.
    """
    saving = internals.saving_lib()
    store = type("_H5Store", (h5_store.Store, saving.H5IOStore), {})(file)
    doing_more = [layer for layer in model._flatten_layers() if not internals.only_assigns(layer)]
    optimizer = getattr(model, "optimizer", None)
    errors: dict[int, tuple[Layer, Exception]] = {}
    # Those layers may set what is not a variable of Keras, or set it in another way.
    with assignment.or_as_before(model, [each for layer in doing_more for each in _own(layer)]):
        with _noting(doing_more) as calls, _recording() as recorded, _whole_vocabularies(model):
            visited = set() if optimizer is None else {id(optimizer)}
            saving._load_state(model, store, assets, "", not strict, visited, set(), errors)
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
    found += _optimizer_state(path, model, file)
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


def _optimizer_state(path: str, model: Model, file: hdf5_file.Group) -> list[Assignment]:
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
    return optimizer_state.state(path, model, list(values), list(values.values()))


def _is_saved_by_keras(model: Model, method: str) -> bool:
    """Returns whether saving is to be left to the model's own `method`."""
    saving = internals.saving_lib()
    knows = hasattr(saving, "_save_state") and hasattr(saving, "_serialize_model_as_json")
    return runtime.has_own(model, method) or not assignment.is_built(model) or not knows


def _put_state(model: Model, file: H5Group, assets: object | None = None) -> None:
    """Puts what Keras's `save_weights` writes into HDF5, and the assets if they go along.

    Args:
        model: the model.
        file: file of h5py, or what stands for one.
        assets: Keras's store of what layers keep in files of their own.
    """
    saving = internals.saving_lib()
    kind = type("_NewH5Store", (h5_store.NewStore, saving.H5IOStore), {})
    saving._save_state(model, kind(file), assets, "", set())


def _put_archive(model: Model, with_assets: bool, made: zipfile.ZipFile) -> None:
    """Writes the values of a model, and its assets, into an archive that is open for writing."""
    assets = (
        internals.saving_lib().DiskIOStore("assets", archive=made, mode="w")
        if with_assets
        else None
    )
    with zip_writer.writing(made, WEIGHTS) as file, hdf5_file.h5py().File(file, "w") as opened:
        _put_state(model, opened, assets)
    if assets is not None:
        assets.close()


class _Recorded:
    """The values of a model, and its assets, in memory.

    The methods of the user's layers that give them, such as `save_assets`, are called here.
    """

    def __init__(self, model: Model, with_assets: bool) -> None:
        self._values = recording.Group()
        self._assets: dict[str, bytes] = {}
        if not with_assets:
            _put_state(model, self._values)
            return
        store = internals.saving_lib().DiskIOStore("assets", mode="w")
        try:
            _put_state(model, self._values, store)
            for folder, _, names in os.walk(store.working_dir):
                for name in names:
                    path = os.path.join(folder, name)
                    inside = os.path.relpath(path, store.working_dir).replace(os.sep, "/")
                    with open(path, "rb") as file:
                        self._assets["assets/" + inside] = file.read()
        finally:
            store.close()

    def put(self, made: zipfile.ZipFile) -> None:
        """Writes them into an archive that is open for writing."""
        with zip_writer.writing(made, WEIGHTS) as file, hdf5_file.h5py().File(file, "w") as opened:
            self._values.write(opened)
        for name, content in self._assets.items():
            made.writestr(name, content)


def _archive_snapshot(
    model: Model, members: Mapping[str, str], with_assets: bool, copy: bool
) -> Snapshot:
    """Returns the snapshot of a model that is stored as an archive.

    Args:
        model: the model.
        members: what comes first in the archive, by name.
        with_assets: whether the files of layers go along.
        copy: as in `Format.snapshot`.
    """
    put: Callable[[zipfile.ZipFile], None] = (
        _Recorded(model, with_assets).put
        if copy
        else functools.partial(_put_archive, model, with_assets)
    )

    def write(path: str) -> None:
        with zipfile.ZipFile(path, "w") as made:
            for name, text in members.items():
                made.writestr(name, text)
            put(made)

    return _file_snapshot(model, write, ".keras", copy)


def _snapshot_by_keras(
    model: Model, save: Callable[[str], None], ending: str, copy: bool
) -> Snapshot:
    """Returns the snapshot of a model that is saved by its own method.

    Args:
        model: the model.
        save: a function that calls the method with a path. If `copy`, that is done now.
        ending: what the path must end in.
        copy: as in `Format.snapshot`.
    """
    if copy:
        held = scratch.Directory()
        saved = os.path.join(held.path, "model" + ending)
        save(saved)
        save = functools.partial(held.copy_file, "model" + ending)
    return _file_snapshot(model, save, ending, copy)


def _file_snapshot(model: Model, save: Callable[[str], None], ending: str, copy: bool) -> Snapshot:
    total = assignment.nbytes(model)

    def write(path: str) -> None:
        with atomic.replacing(path, ending) as temporary, progress.watching(
            temporary, total, "Saving"
        ):
            save(temporary)

    return Snapshot(write, can_be_in_background=copy)


def _make(
    path: str, config: Config, custom_objects: CustomObjects | None, safe_mode: bool
) -> Model:
    """Returns the model that the archive at `path` describes, compiled if it was."""
    safety.refuse_code(path, config, custom_objects, safe_mode)
    with internals.object_sharing_scope(), making.from_description(path):
        return runtime.keras().saving.deserialize_keras_object(
            config, custom_objects, safe_mode=safe_mode
        )


def _make_as_keras_2(
    path: str, config: Config, custom_objects: CustomObjects | None, safe_mode: bool
) -> Model:
    """Returns the same of an archive that TF 2.12 to 2.15, or tf_keras, wrote."""
    compiled = config.get("compile_config")
    safety.refuse_code(path, config, custom_objects, safe_mode, by_module=False)
    safety.refuse_code(path, compiled, custom_objects, safe_mode)
    model = keras2_reader.make(path, config, custom_objects, safe_mode)
    if compiled:
        compilation.compile_model(path, model, compiled, custom_objects)
    return model


@contextlib.contextmanager
def _assets(path: str, opened: zipfile.ZipFile) -> Iterator[object | None]:
    """Gives Keras's store of the assets in an archive, such as vocabularies; None without any."""
    names = [name for name in opened.namelist() if name.startswith("assets/")]
    if not names:
        yield None
        return
    with scratch.directory() as directory:
        zip_reader.extract(path, opened, names, directory)
        yield _asset_store(os.path.join(directory, "assets"))


def _asset_store(directory: str) -> object:
    """Returns Keras's store of the assets in a directory, which finds those of TF 2.12, too."""
    kind = internals.saving_lib().DiskIOStore

    class Store(kind):  # type: ignore[misc, valid-type]
        def get(self, path: str) -> str | None:
            found: str | None = super().get(path)
            return found if found is not None else _old_assets(directory, path)

    return Store(directory, mode="r")


def _old_assets(directory: str, path: str) -> str | None:
    """Returns where TF 2.12 put the assets of a layer, or None if there are none."""
    for name in filter(None, path.split("/")):
        names = os.listdir(directory)
        old = h5_store.old_name(name, names)
        if old not in names:
            return None
        directory = os.path.join(directory, old)
    return directory


def _summary(file: hdf5_file.Group) -> Summary:
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


def summary(path: str) -> Summary:
    """Returns what is in the archive at `path`."""
    with zip_reader.opened(path) as opened:
        names = opened.namelist()
        metadata, described = (
            parsing.described(path, zip_reader.text(path, opened, name)) if name in names else {}
            for name in ("metadata.json", "config.json")
        )
        found = Summary([])
        if WEIGHTS in names:
            with zip_reader.member(path, opened, WEIGHTS) as file, hdf5_file.opened(
                path, file
            ) as content:
                found = _summary(content)
    version = metadata.get("keras_version")
    found = found._replace(written_by=keras_version("" if version is None else str(version)))
    if "config.json" not in names:
        return found
    of_model = of_description(described, described.get("compile_config"), "optimizer")
    of_model["optimizer"] = of_model["optimizer"] or found.optimizer
    return found._replace(load_model=bool(described), **of_model)


class _ZipFormat(Format):
    """A format that is a zip archive."""

    keras_3_reads = True
    native_endings = endings.ARCHIVE

    def verify(self, path: str) -> None:
        with zip_reader.opened(path) as found, _weights(path, found):
            pass

    def inspect(self, path: str) -> Summary:
        return summary(path)

    def load_weights(self, model: Model, path: str, strict: bool = True) -> None:
        assignment.require_variables(model, "loaded")
        with zip_reader.opened(path) as found, _weights(path, found) as file:
            if _is_loaded_by_keras(model):
                _load_by_keras(model, path, ".keras", strict)
            else:
                _load(model, path, file, strict)


class KerasArchive(_ZipFormat):
    """The format of `model.save("x.keras")`."""

    name = ".keras archive"

    def recognises(self, probe: Probe) -> bool:
        return "config.json" in probe.ask(zip_reader.names)

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        if _is_saved_by_keras(model, "save"):
            return _snapshot_by_keras(model, model.save, ".keras", copy)
        described, metadata = internals.saving_lib()._serialize_model_as_json(model)
        members = {"metadata.json": metadata, "config.json": described}
        return _archive_snapshot(model, members, True, copy)

    def load_model(
        self,
        path: str,
        custom_objects: CustomObjects | None = None,
        compile: bool = True,
        safe_mode: bool = True,
    ) -> Model:
        # Open until all is read: the bytes of the weights are checked whenever they are opened.
        with zip_reader.opened(path) as found, _weights(path, found) as file:
            metadata = {}
            if "metadata.json" in found.namelist():
                metadata = parsing.described(path, zip_reader.text(path, found, "metadata.json"))
            config = parsing.described(path, zip_reader.text(path, found, "config.json"))
            if not compile:
                config["compile_config"] = None
            safety.refuse_sizes(path, config, sum(data.size for _, data in file.datasets()))
            is_of_keras_2 = str(metadata.get("keras_version", "3")).startswith("2.")
            make = _make_as_keras_2 if is_of_keras_2 else _make
            model = make(path, config, custom_objects, safe_mode)
            with _assets(path, found) as assets:
                _load(model, path, file, True, assets)
        return model


@contextlib.contextmanager
def _weights(path: str, opened: zipfile.ZipFile) -> Iterator[hdf5_file.Group]:
    """Opens the weights in an archive, the bytes of which are checked."""
    if WEIGHTS not in opened.namelist():
        raise DamagedCheckpoint(path, f"it has no {WEIGHTS}", "save it again with Keras 3")
    with zip_reader.member(path, opened, WEIGHTS, verify=True) as file, hdf5_file.opened(
        path, file
    ) as found:
        yield found


class KerasWeightsArchive(_ZipFormat):
    """The part of a `.keras` archive that `model.load_weights` of Keras 3 reads: the weights.

    Keras 3 writes no such file itself; TensorFlow 2 wrote HDF5 under the name. It can hold what a
    whole archive cannot, such as layers without a `get_config`.
    """

    name = ".keras archive of weights"

    def recognises(self, probe: Probe) -> bool:
        return probe.ask(zip_reader.names) == [WEIGHTS]

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        assignment.require_variables(model, "saved")
        if not _is_saved_by_keras(model, "save_weights"):
            return _archive_snapshot(model, {}, False, copy)

        def save(path: str) -> None:
            with zipfile.ZipFile(path, "w") as made, atomic.beside(path, ".weights.h5") as weights:
                model.save_weights(weights)
                made.write(weights, WEIGHTS)

        return _snapshot_by_keras(model, save, ".keras", copy)


class KerasWeights(hdf5_file.HDF5Format):
    """The format of `model.save_weights("x.weights.h5")` in Keras 3."""

    name = "HDF5 file of weights in the layout of Keras 3"
    keras_3_reads = True
    native_endings = endings.WEIGHTS

    def recognises(self, probe: Probe) -> bool:
        members, _ = probe.ask(hdf5_file.outline)
        return bool({"layers", h5_store.OF_2_12, "vars"} & members)

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        if _is_saved_by_keras(model, "save_weights"):
            return _snapshot_by_keras(model, model.save_weights, ".weights.h5", copy)
        return hdf5_file.snapshot(model, functools.partial(_put_state, model), copy)

    def inspect(self, path: str) -> Summary:
        with hdf5_file.opened(path) as file:
            return _summary(file)

    def load_weights(self, model: Model, path: str, strict: bool = True) -> None:
        assignment.require_variables(model, "loaded")
        with hdf5_file.opened(path) as file:
            if _is_loaded_by_keras(model):
                _load_by_keras(model, path, ".weights.h5", strict)
            else:
                _load(model, path, file, strict)
