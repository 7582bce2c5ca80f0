"""Keras 3's own formats: `.keras` archives and `.weights.h5` files."""

from __future__ import annotations

import contextlib
import importlib
import os
import tempfile
import zipfile
from typing import Any, Iterator

from keras_ckpt import runtime
from keras_ckpt.formats import (
    archive,
    base,
    description,
    files,
    hdf5,
    legacy_config,
    optimizers,
    progress,
    stored_member,
    training_config,
)
from keras_ckpt.formats.base import CheckpointError, Format

WEIGHTS = "model.weights.h5"
# Where TF 2.12 put the layers.
_OF_2_12 = "_layer_checkpoint_dependencies"


@contextlib.contextmanager
def _or_as_before(model: Any, path: str) -> Iterator[None]:
    """Gives the model its values back if Keras cannot replace them all."""
    base.require_variables(model, "loaded")
    variables = list(model.variables)
    if getattr(model, "optimizer", None) is not None:
        variables += list(model.optimizer.variables)
    try:
        with base.or_as_before(model, variables):
            yield
    except (CheckpointError, ImportError):
        raise
    except Exception as error:
        # Whatever Keras, or a layer, makes of a file that does not fit or is damaged.
        raise CheckpointError(
            path,
            base.one_line(error),
            "build the model as it was when the checkpoint was saved, or copy the file again; "
            "nothing has been loaded",
        ) from error


def _refuse_leftover(model: Any, path: str, opened: Any) -> None:
    """Raises CheckpointError if the file has more weights than the model, which Keras passes over.

    Only in models that are graphs of layers are the groups of the file known to be their layers.
    """
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
def _numbered_as_now(path: str, file: Any) -> Iterator[str]:
    """Gives `path`, which is open as `file`, or a copy with its groups named as Keras 3 does.

    TF 2.12 counted layers of a kind by twos: `dense`, `dense_2`, `dense_4`.
    """
    if _OF_2_12 not in file or not _new_names(file[_OF_2_12]):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="keras_ckpt_") as directory:
        renamed = os.path.join(directory, "checkpoint.weights.h5")
        with hdf5.h5py().File(renamed, "w") as target:
            _copy(file, target)
        yield renamed


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


def _saving() -> Any:
    """Returns the module in which Keras 3 writes and reads its formats."""
    return importlib.import_module("keras.src.saving.saving_lib")


def _is_keras_s(model: Any) -> bool:
    """Returns whether the model is saved as Keras saves, and not in a way of the user's."""
    return getattr(type(model), "save", None) is runtime.keras().Model.save and model.built


def _write(model: Any, path: str) -> None:
    """Writes what `model.save` writes, which Keras takes twice as long for.

    Keras writes the weights to memory, or to another file, and from there to the archive.
    """
    saving = _saving()
    described, metadata = saving._serialize_model_as_json(model)
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("metadata.json", metadata)
        made.writestr("config.json", described)
        assets = saving.DiskIOStore("assets", archive=made, mode="w")
        with stored_member.writing(made, WEIGHTS) as file:
            store = saving.H5IOStore(file, mode="w")
            try:
                saving._save_state(model, store, assets, "", set())
            finally:
                store.close()
        assets.close()


class KerasArchive(Format):
    """The format of `model.save("x.keras")`."""

    name = ".keras archive"
    keras_3_reads = True
    native_endings = (".keras",)

    def check(self, path: str) -> None:
        with archive.opened(path) as found, _weights(path, found):
            pass

    def recognises(self, path: str) -> bool:
        if not archive.is_archive(path):
            return False
        with archive.opened(path) as found:
            return "config.json" in found.namelist()

    def write(self, model: Any, path: str, options: Any | None = None) -> None:
        with files.replacing(path, ".keras") as temporary, progress.watching(
            temporary, base.nbytes(model), "Saving"
        ):
            if _is_keras_s(model) and hasattr(_saving(), "_serialize_model_as_json"):
                _write(model, temporary)
            else:
                model.save(temporary)

    def load_weights(self, model: Any, path: str, strict: bool = True) -> None:
        base.require_variables(model, "loaded")
        with archive.opened(path) as found, _weights(path, found) as file, _numbered_as_now(
            path, file
        ) as numbered:
            if strict:
                _refuse_leftover(model, path, file)
            ending = ".keras" if numbered == path else ".weights.h5"
            with files.under_ending(numbered, ending) as named, _or_as_before(model, path):
                type(model).load_weights(model, named, skip_mismatch=not strict)

    def load_model(
        self,
        path: str,
        custom_objects: dict[str, Any] | None = None,
        compile: bool = True,
        safe_mode: bool = True,
    ) -> Any:
        with archive.opened(path) as found:
            metadata = {}
            if "metadata.json" in found.namelist():
                metadata = base.described(path, archive.text(path, found, "metadata.json"))
            config = base.described(path, archive.text(path, found, "config.json"))
            with _weights(path, found):
                pass
        if str(metadata.get("keras_version", "3")).startswith("2."):
            return self._load_from_keras_2(path, config, custom_objects, compile, safe_mode)
        description.refuse_code(path, config, custom_objects, safe_mode)
        with files.under_ending(path, ".keras") as named:
            try:
                return runtime.keras().models.load_model(
                    named, custom_objects=custom_objects, compile=compile, safe_mode=safe_mode
                )
            except ImportError:
                raise
            except Exception as error:
                # Whatever Keras, or a layer, makes of a file that is damaged or of another's.
                raise legacy_config.not_made(path, error) from error

    def _load_from_keras_2(
        self,
        path: str,
        config: dict[str, Any],
        custom_objects: dict[str, Any] | None,
        compile: bool,
        safe_mode: bool,
    ) -> Any:
        """Returns the model that TF 2.12 to 2.15, or tf_keras, saved."""
        description.refuse_code(path, config, custom_objects, safe_mode, by_module=False)
        compiled = config.get("compile_config") if compile else None
        description.refuse_code(path, compiled, custom_objects, safe_mode)
        model = legacy_config.make(path, config, custom_objects, safe_mode)
        with tempfile.TemporaryDirectory() as directory, archive.opened(path) as found:
            extracted = found.extract(WEIGHTS, directory)
            try:
                KerasWeights().load_weights(model, extracted)
            except CheckpointError as error:
                raise CheckpointError(path, error.found, error.advice) from error
        if not compiled:
            return model
        training_config.compile_model(path, model, compiled, custom_objects)
        with archive.opened(path) as found, _weights(path, found) as file:
            stored = file.get("optimizer/vars", {})
            values = [stored[str(number)] for number in range(len(stored))]
            optimizers.restore(path, model, [value.name for value in values], values)
        return model


@contextlib.contextmanager
def _weights(path: str, opened: zipfile.ZipFile) -> Iterator[Any]:
    """Opens the weights in an archive, the bytes of which are checked."""
    if WEIGHTS not in opened.namelist():
        raise CheckpointError(path, "it has no %s" % WEIGHTS, "save it again with Keras 3")
    with archive.member(path, opened, WEIGHTS, verify=True) as file, hdf5.opened(
        path, file
    ) as found:
        yield found


class KerasWeightsArchive(KerasArchive):
    """What `model.load_weights("x.keras")` of Keras 3 reads, and no more: weights, and no model.

    Keras 3 writes no such file itself; TensorFlow 2 wrote HDF5 under the name. It can hold what a
    whole archive cannot, such as layers that do not tell how they are made.
    """

    name = ".keras archive of weights"

    def recognises(self, path: str) -> bool:
        if not archive.is_archive(path):
            return False
        with archive.opened(path) as found:
            return found.namelist() == [WEIGHTS]

    def write(self, model: Any, path: str, options: Any | None = None) -> None:
        with files.replacing(path, ".keras") as temporary:
            weights = temporary + ".weights.h5"
            try:
                model.save_weights(weights)
                with zipfile.ZipFile(temporary, "w") as made:
                    made.write(weights, WEIGHTS)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.remove(weights)

    def load_model(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return Format.load_model(self, path, *args, **kwargs)


class KerasWeights(hdf5.HDF5Format):
    """The format of `model.save_weights("x.weights.h5")` in Keras 3."""

    name = "HDF5 file of weights in the layout of Keras 3"
    keras_3_reads = True
    native_endings = (".weights.h5",)

    def recognises(self, path: str) -> bool:
        members, _ = hdf5.outline(path)
        return bool({"layers", _OF_2_12, "vars"} & members)

    def write(self, model: Any, path: str, options: Any | None = None) -> None:
        with files.replacing(path, ".weights.h5") as temporary, progress.watching(
            temporary, base.nbytes(model), "Saving"
        ):
            model.save_weights(temporary)

    def load_weights(self, model: Any, path: str, strict: bool = True) -> None:
        base.require_variables(model, "loaded")
        with hdf5.opened(path) as file, _numbered_as_now(path, file) as numbered:
            if strict:
                _refuse_leftover(model, path, file)
            with files.under_ending(numbered, ".weights.h5") as named, _or_as_before(model, path):
                type(model).load_weights(model, named, skip_mismatch=not strict)
