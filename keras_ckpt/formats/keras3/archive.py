"""Keras 3's archives: `.keras`."""

from __future__ import annotations

import contextlib
import functools
import os
import zipfile
from typing import Callable, Iterator, Mapping

from keras_ckpt import endings
from keras_ckpt._typing import CustomObjects, Model
from keras_ckpt.errors import DamagedCheckpoint
from keras_ckpt.formats import assignment, parsing
from keras_ckpt.formats.base import Format, Probe, Snapshot
from keras_ckpt.formats.config import (
    safety,
)
from keras_ckpt.formats.hdf5 import hdf5_file, output, recording
from keras_ckpt.formats.keras3 import assets as layer_assets
from keras_ckpt.formats.keras3 import description, keras2_walk, state, zip_reader, zip_writer
from keras_ckpt.formats.summary import (
    Summary,
    class_name,
    keras_version,
    of_description,
)
from keras_ckpt.runs.record import FILE, Record, parse
from keras_ckpt.runtime import internals
from keras_ckpt.storage import commit, scratch

WEIGHTS = "model.weights.h5"


def _put_archive(model: Model, with_assets: bool, made: zipfile.ZipFile) -> None:
    """Writes the values of a model, and its assets, into an archive that is open for writing."""
    assets = (
        internals.saving_lib().DiskIOStore("assets", archive=made, mode="w")
        if with_assets
        else None
    )
    with zip_writer.writing(made, WEIGHTS) as file, output.writing(file) as opened:
        state.put(model, opened, assets)
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
            state.put(model, self._values)
            return
        found = layer_assets.collected(functools.partial(state.put, model, self._values))
        self._assets = {"assets/" + path: content for path, content in found.items()}

    def put(self, made: zipfile.ZipFile) -> None:
        """Writes them into an archive that is open for writing."""
        with zip_writer.writing(made, WEIGHTS) as file, output.writing(file) as opened:
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

    return state.file_snapshot(model, write, ".keras", copy)


@contextlib.contextmanager
def _assets(path: str, opened: zipfile.ZipFile) -> Iterator[object | None]:
    """Gives Keras's store of the assets in an archive, such as vocabularies; None without any."""
    names = [name for name in opened.namelist() if name.startswith("assets/")]
    if not names:
        yield None
        return
    with scratch.directory() as directory:
        zip_reader.extract(path, opened, names, directory)
        yield layer_assets.store(os.path.join(directory, "assets"))


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
                found = state.summary(content)
    version = metadata.get("keras_version")
    found = found._replace(written_by=keras_version("" if version is None else str(version)))
    if "config.json" not in names:
        return found
    of_model = of_description(described, described.get("compile_config"), "optimizer")
    of_model["optimizer"] = of_model["optimizer"] or found.optimizer
    return found._replace(load_model=bool(described), **of_model)


def _optimizer_class(path: str, opened: zipfile.ZipFile) -> str | None:
    """Returns the class of the optimizer that a model was compiled with, None if it is unknown."""
    if "config.json" not in opened.namelist():
        return None
    config = parsing.described(path, zip_reader.text(path, opened, "config.json"))
    compiled = config.get("compile_config")
    found = compiled.get("optimizer") if isinstance(compiled, dict) else None
    while isinstance(found, dict) and isinstance(found.get("config"), dict):
        inner = found["config"].get("inner_optimizer")  # That of one for mixed precision.
        if inner is None:
            break
        found = inner
    return class_name(found)


class _ZipFormat(Format):
    """A format that is a zip archive."""

    keras_3_reads = True
    native_endings = endings.ARCHIVE

    def record(self, path: str) -> Record | None:
        with zip_reader.opened(path) as opened:
            if FILE not in opened.namelist():
                return None
            return parse(zip_reader.text(path, opened, FILE))

    def put_record(self, path: str, record: Record) -> None:
        with zipfile.ZipFile(path, "a") as opened:
            opened.writestr(FILE, record.dumped())

    def verify(self, path: str) -> None:
        with zip_reader.opened(path) as found, _weights(path, found):
            zip_reader.check_others(path, found, WEIGHTS)

    def inspect(self, path: str) -> Summary:
        return summary(path)

    def load_weights(self, model: Model, path: str, strict: bool = True) -> None:
        assignment.require_variables(model, "loaded")
        with zip_reader.opened(path) as found, _weights(path, found) as file:
            if state.is_loaded_by_keras(model):
                state.load_by_keras(model, path, ".keras", strict)
            else:
                with keras2_walk.followed(path, model, _walk(path, found)) as visited:
                    of = _optimizer_class(path, found)
                    state.load(model, path, file, strict, optimizer=of, visited=visited)


def _walk(path: str, opened: zipfile.ZipFile) -> keras2_walk.Walk | None:
    """Returns how TF 2.12 to 2.15, or tf_keras, wrote an archive, None if Keras 3 wrote it."""
    metadata = {}
    if "metadata.json" in opened.namelist():
        metadata = parsing.described(path, zip_reader.text(path, opened, "metadata.json"))
    return keras2_walk.of_version(str(metadata.get("keras_version", "3")))


class KerasArchive(_ZipFormat):
    """The format of `model.save("x.keras")`."""

    name = ".keras archive"

    def recognises(self, probe: Probe) -> bool:
        return "config.json" in probe.ask(zip_reader.names)

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        if state.is_saved_by_keras(model, "save"):
            return state.snapshot_by_keras(model, model.save, ".keras", copy)
        described, metadata = description.of(model)
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
            config = parsing.described(path, zip_reader.text(path, found, "config.json"))
            if not compile:
                config["compile_config"] = None
            safety.refuse_sizes(path, config, sum(data.size for _, data in file.datasets()))
            walk = _walk(path, found)
            make = description.make if walk is None else description.make_as_keras_2
            model = make(path, config, custom_objects, safe_mode)
            followed = keras2_walk.followed(path, model, walk)
            with _assets(path, found) as assets, followed as visited:
                state.load(model, path, file, True, assets, visited=visited)
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
        return [each for each in probe.ask(zip_reader.names) if each != FILE] == [WEIGHTS]

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        assignment.require_variables(model, "saved")
        if not state.is_saved_by_keras(model, "save_weights"):
            return _archive_snapshot(model, {}, False, copy)

        def save(path: str) -> None:
            with zipfile.ZipFile(path, "w") as made, commit.beside(path, ".weights.h5") as weights:
                model.save_weights(weights)
                made.write(weights, WEIGHTS)

        return state.snapshot_by_keras(model, save, ".keras", copy)
