"""Keras 3's own formats: `.keras` archives and `.weights.h5` files."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from typing import Any, Iterator

from keras_ckpt import runtime
from keras_ckpt.formats import base, files, hdf5, legacy_config, optimizers, training_config
from keras_ckpt.formats.base import CheckpointError, Format

WEIGHTS = "model.weights.h5"
# Where TF 2.12 put the layers.
_OF_2_12 = "_layer_checkpoint_dependencies"


@contextlib.contextmanager
def _or_as_before(model: Any, path: str) -> Iterator[None]:
    """Gives the model its values back if they cannot all be replaced."""
    base.require_variables(model, "loaded")
    variables = list(model.variables)
    if getattr(model, "optimizer", None) is not None:
        variables += list(model.optimizer.variables)
    values = [runtime.to_numpy(variable) for variable in variables]
    # Some backends give a view of the variable, which changes with it.
    values = [value.copy() for value in values]
    try:
        yield
    except Exception as error:
        for variable, value in zip(variables, values):
            variable.assign(value)
        if isinstance(error, CheckpointError):
            raise
        if isinstance(error, (ValueError, KeyError, OSError, zipfile.BadZipFile)):
            raise CheckpointError(path, base.one_line(error)) from error
        raise


def _refuse_leftover(model: Any, path: str, file: Any) -> None:
    """Raises CheckpointError if the file has more weights than the model, which Keras passes over.

    Only in models that are graphs of layers are the groups of the file known to be their layers.
    """
    with hdf5.h5py().File(file, "r") as opened:
        groups = opened.get("layers", {})
        stored = {name: _count(groups[name]) for name in groups}
    if sum(stored.values()) <= len(model.weights):
        return
    raise CheckpointError(
        path,
        "it does not fit the model: it holds %d weights in the layers %s, and the model has %d"
        % (sum(stored.values()), ", ".join(sorted(stored)), len(model.weights)),
        "build the model as it was when the checkpoint was saved; nothing has been loaded",
    )


def _count(group: Any) -> int:
    """Returns how many variables are under a group, those of random generators left out."""
    found = 0
    for name in group:
        if "seed_generator" not in name:
            found += _count(group[name]) if hasattr(group[name], "keys") else 1
    return found


@contextlib.contextmanager
def _numbered_as_now(path: str) -> Iterator[str]:
    """Gives the file with its groups named as Keras 3 names them.

    TF 2.12 counted layers of a kind by twos: `dense`, `dense_2`, `dense_4`.
    """
    with hdf5.h5py().File(path, "r") as file:
        if _OF_2_12 not in file or not _new_names(file[_OF_2_12]):
            yield path
            return
        directory = tempfile.mkdtemp(prefix="keras_ckpt_")
        try:
            renamed = os.path.join(directory, "checkpoint.weights.h5")
            with hdf5.h5py().File(renamed, "w") as target:
                _copy(file, target)
            yield renamed
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def _new_names(group: Any) -> dict[str, str]:
    """Returns the names in a group that were counted by twos, with what they are now."""
    numbered: dict[str, list[int]] = {}
    for name in group:
        base_name, _, number = name.rpartition("_")
        if base_name in group and number.isdigit():
            numbered.setdefault(base_name, []).append(int(number))
    return {
        "%s_%d" % (name, number): "%s_%d" % (name, number // 2)
        for name, numbers in numbered.items()
        if sorted(numbers) == list(range(2, 2 * len(numbers) + 1, 2))
        for number in numbers
    }


def _copy(source: Any, target: Any) -> None:
    target.attrs.update(source.attrs)
    names = _new_names(source)
    for name in source:
        if hasattr(source[name], "keys"):
            _copy(source[name], target.create_group(names.get(name, name)))
        else:
            source.copy(name, target)


class KerasArchive(Format):
    """The format of `model.save("x.keras")`."""

    name = ".keras archive"
    keras_3_reads = True
    native_endings = (".keras",)

    def recognises(self, path: str) -> bool:
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as archive:
            return "config.json" in archive.namelist()

    def write(self, model: Any, path: str, options: Any | None = None) -> None:
        with files.replacing(path, ".keras") as temporary:
            model.save(temporary)

    def load_weights(self, model: Any, path: str, strict: bool = True) -> None:
        with files.under_ending(path, ".keras") as named, _or_as_before(model, path):
            with zipfile.ZipFile(path) as archive:
                if strict and WEIGHTS in archive.namelist():
                    _refuse_leftover(model, path, io.BytesIO(archive.read(WEIGHTS)))
            type(model).load_weights(model, named, skip_mismatch=not strict)

    def load_model(
        self,
        path: str,
        custom_objects: dict[str, Any] | None = None,
        compile: bool = True,
        safe_mode: bool = True,
    ) -> Any:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            metadata = json.loads(archive.read("metadata.json")) if "metadata.json" in names else {}
            config = json.loads(archive.read("config.json"))
        if str(metadata.get("keras_version", "3")).startswith("2."):
            return self._load_from_keras_2(path, config, custom_objects, compile, safe_mode)
        with files.under_ending(path, ".keras") as named:
            return runtime.keras().models.load_model(
                named, custom_objects=custom_objects, compile=compile, safe_mode=safe_mode
            )

    def _load_from_keras_2(
        self,
        path: str,
        config: dict[str, Any],
        custom_objects: dict[str, Any] | None,
        compile: bool,
        safe_mode: bool,
    ) -> Any:
        """Returns the model that TF 2.12 to 2.15, or tf_keras, saved."""
        model = legacy_config.make(path, config, custom_objects, safe_mode)
        with tempfile.TemporaryDirectory() as directory, zipfile.ZipFile(path) as archive:
            KerasWeights().load_weights(model, archive.extract(WEIGHTS, directory))
        compiled = config.get("compile_config")
        if not compile or not compiled:
            return model
        training_config.compile_model(path, model, compiled, custom_objects)
        with zipfile.ZipFile(path) as archive, hdf5.h5py().File(
            io.BytesIO(archive.read(WEIGHTS)), "r"
        ) as file:
            stored = file.get("optimizer/vars", {})
            values = [stored[str(number)] for number in range(len(stored))]
            optimizers.restore(path, model, [value.name for value in values], values)
        return model


class KerasWeightsArchive(KerasArchive):
    """What `model.load_weights("x.keras")` of Keras 3 reads, and no more: weights, and no model.

    Keras 3 writes no such file itself; TensorFlow 2 wrote HDF5 under the name. It can hold what a
    whole archive cannot, such as layers that do not tell how they are made.
    """

    name = ".keras archive of weights"

    def recognises(self, path: str) -> bool:
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as archive:
            return archive.namelist() == [WEIGHTS]

    def write(self, model: Any, path: str, options: Any | None = None) -> None:
        with files.replacing(path, ".keras") as temporary:
            weights = temporary + ".weights.h5"
            try:
                model.save_weights(weights)
                with zipfile.ZipFile(temporary, "w") as archive:
                    archive.write(weights, WEIGHTS)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.remove(weights)

    def load_model(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return Format.load_model(self, path, *args, **kwargs)


class KerasWeights(Format):
    """The format of `model.save_weights("x.weights.h5")` in Keras 3."""

    name = "HDF5 file of weights in the layout of Keras 3"
    keras_3_reads = True
    native_endings = (".weights.h5",)

    def recognises(self, path: str) -> bool:
        if not hdf5.is_hdf5(path):
            return False
        with hdf5.h5py().File(path, "r") as file:
            return bool({"layers", "_layer_checkpoint_dependencies", "vars"} & set(file))

    def write(self, model: Any, path: str, options: Any | None = None) -> None:
        with files.replacing(path, ".weights.h5") as temporary:
            model.save_weights(temporary)

    def load_weights(self, model: Any, path: str, strict: bool = True) -> None:
        with _numbered_as_now(path) as numbered, files.under_ending(
            numbered, ".weights.h5"
        ) as named, _or_as_before(model, path):
            if strict:
                _refuse_leftover(model, path, path)
            type(model).load_weights(model, named, skip_mismatch=not strict)
