"""SavedModel directories, with a `.keras` archive inside from which Keras 3 has its model back."""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import json
import os
import warnings
from typing import Callable

from keras_ckpt import runtime
from keras_ckpt._typing import Config, CustomObjects, Model
from keras_ckpt.errors import DamagedCheckpoint, WeightsOnly
from keras_ckpt.formats import assignment, parsing
from keras_ckpt.formats.base import Format, Probe, Snapshot, record_in
from keras_ckpt.formats.config import compilation, keras2_reader, vocabularies
from keras_ckpt.formats.config.safety import refuse_code, refuse_sizes
from keras_ckpt.formats.keras3 import archive
from keras_ckpt.formats.keras3.archive import KerasArchive
from keras_ckpt.formats.summary import Summary, keras_version, of_description
from keras_ckpt.formats.tensorflow import checkpoint, protobuf, tensor_bundle
from keras_ckpt.runs.record import FILE, LIMIT, Record
from keras_ckpt.storage import commit, files, places, remote, scratch
from keras_ckpt.storage.checksum import of_file

# TensorFlow reserves the directory for what others add to a SavedModel.
ARCHIVE = os.path.join("assets.extra", "keras_ckpt.keras")
#: Which graph the archive is of: the checksums of `_GRAPH_FILES`, as JSON.
_GRAPH_OF_ARCHIVE = os.path.join("assets.extra", "keras_ckpt.crc32c")
GRAPH = "saved_model.pb"
_GRAPHS = (GRAPH, "saved_model.pbtxt")
VARIABLES = os.path.join("variables", "variables")
# What changes when another program writes a SavedModel to the same path. It leaves the archive.
_GRAPH_FILES = (GRAPH, "fingerprint.pb", "variables/variables.index")

_LARGEST = 1 << 31

_MARK = "keras_ckpt.txt"

# What is read again for its checksum.
_SMALL = 64 << 20
#: All that a SavedModel is made of, and what stands in the place of its graph.
_MEMBERS = (
    FILE,
    *_GRAPHS,
    "variables",
    "assets",
    "assets.extra",
    "fingerprint.pb",
    "keras_metadata.pb",
    _MARK,
)

#: What it is found by, which comes last where not all appears at once.
_LAST = (FILE, ARCHIVE, *_GRAPHS)

_NOTE = """This directory holds a Keras model, in {archive}, and no TensorFlow graph, because

    {reason}

Load it with keras_ckpt.load_model(<this directory>), or the archive with keras.models.load_model.
To serve it, load it where TensorFlow is installed and save it again.
"""


#: The reasons for missing graphs of which the user has been warned: each save has the same.
_warned: set[str] = set()


class SavedModel(Format):
    """The format of `model.save("path/directory")` in TensorFlow 2.x."""

    name = "SavedModel"
    not_on_background = (
        "a SavedModel is made by TensorFlow, which calls the model and writes its values in one "
        "go. Save to a path that ends in .keras or .h5, or the weights alone."
    )

    def recognises(self, probe: Probe) -> bool:
        inside = _GRAPHS + (ARCHIVE,)
        if places.is_url(probe.path) and files.isdir(probe.path):
            files.look_into(probe.path)
        return any(files.isfile(os.path.join(probe.path, name)) for name in inside)

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        """As in the other formats; with `copy`, the whole directory is made now, out of sight.

        TensorFlow traces the model, and writes its values in one go. All that `write` does is
        to copy the directory.
        """
        assignment.require_variables(model, "saved")
        total = assignment.nbytes(model)
        make: Callable[[str], str | None] = functools.partial(_make, model, options)
        if copy:
            held = scratch.Directory()
            make = functools.partial(_copied, held, make(held.path))

        def write(path: str, record: Record | None) -> None:
            path = path.rstrip("/" + os.sep) or path
            self._refuse(path)
            with commit.replacing_members(path, _MEMBERS, _LAST) as temporary:
                without_graph = make(temporary)
                if record is not None:
                    text = _with_checksums(record.of(os.path.basename(path), total), temporary)
                    with open(os.path.join(temporary, FILE), "w", encoding="ascii") as file:
                        file.write(text)
            if without_graph is not None and without_graph not in _warned:
                _warned.add(without_graph)
                runtime.warn_user(
                    f"{path} holds the model for keras_ckpt.load_model, but no graph to serve it "
                    f"from: {without_graph}"
                )

        return Snapshot(write, can_be_in_background=copy)

    def record(self, path: str) -> Record | None:
        path = remote.actual(path)
        return None if _is_overwritten(path) else record_in(path)

    def put_record(self, path: str, record: Record) -> None:
        text = _with_checksums(record, path)
        with commit.replacing(os.path.join(path, FILE)) as made, open(made, "w") as file:
            file.write(text)

    def files(self, path: str) -> list[str]:
        there = set(files.listdir(path))
        if there <= {*_MEMBERS, remote.NEXT}:
            return [path]
        # What else is in the directory is another's, and stays.
        return [os.path.join(path, name) for name in (*_GRAPHS, *_MEMBERS) if name in there]

    def _check_files(self, path: str) -> None:
        """Raises DamagedCheckpoint if a file has not the checksum in the record."""
        record = self.record(path)
        for name, crc in (record.checksums if record is not None else {}).items():
            file = os.path.join(path, name)
            is_inside = not os.path.isabs(name) and ".." not in name.split("/")
            if not is_inside or not files.isfile(file) or of_file(file) != crc:
                raise DamagedCheckpoint(
                    path,
                    f"the checksum of its file {name} is wrong",
                    "save it again, or load an older checkpoint",
                )

    def _refuse(self, path: str) -> None:
        if files.lexists(path) and not files.isdir(path):
            raise FileExistsError(
                errno.EEXIST, "A file is where the SavedModel directory is to be written", path
            )

    def inspect(self, path: str) -> Summary:
        path = remote.actual(path)
        version = _tensorflow_version(path)
        inside = _archive(path)
        if inside is not None:
            found = archive.summary(inside)
            return found._replace(written_by={**version, **found.written_by})
        described = description(path)
        prefix = os.path.join(path, VARIABLES)
        found = Summary([], load_weights=False)
        is_whole = files.isfile(tensor_bundle.index_path(prefix))
        if is_whole:
            found = checkpoint.summary(prefix)
        keras = str(described.get("keras_version") or "")
        return found._replace(
            written_by={**version, **keras_version(keras)},
            load_model=is_whole and bool(described.get("model_config")),
            **of_description(described, described.get("training_config"), "optimizer_config"),
        )

    def verify(self, path: str) -> None:
        path = remote.actual(path)
        self._check_files(path)
        inside, prefix = _archive(path), os.path.join(path, VARIABLES)
        if inside is not None:
            KerasArchive().verify(inside)
        else:
            _require_variables(path)
        if files.isfile(tensor_bundle.index_path(prefix)):
            checkpoint.TFCheckpoint().verify(prefix)

    def load_weights(self, model: Model, path: str, strict: bool = True) -> None:
        path = remote.actual(path)
        inside = _archive(path)
        prefix = os.path.join(path, VARIABLES)
        if inside is not None:
            KerasArchive().load_weights(model, inside, strict)
        elif files.isfile(tensor_bundle.index_path(prefix)):
            checkpoint.load_bundle(model, prefix, path, strict)
        else:
            raise _without_variables(path)

    def load_model(
        self,
        path: str,
        custom_objects: CustomObjects | None = None,
        compile: bool = True,
        safe_mode: bool = True,
    ) -> Model:
        path = remote.actual(path)
        inside = _archive(path)
        if inside is not None:
            return KerasArchive().load_model(inside, custom_objects, compile, safe_mode)
        _require_variables(path)
        described = description(path)
        if not described.get("model_config"):
            raise WeightsOnly(
                path,
                "it is a SavedModel that does not describe its model"
                + (f" {described['class_name']}" if described.get("class_name") else ""),
                "build the model and call keras_ckpt.load_weights(model, path), or serve it by its "
                "own graph with keras_ckpt.load_model(path, inference_only=True)",
            )
        config = described.get("training_config") if compile else None
        refuse_code(path, described["model_config"], custom_objects, safe_mode, by_module=False)
        refuse_code(path, config, custom_objects, safe_mode)
        prefix = os.path.join(path, VARIABLES)
        if files.isfile(tensor_bundle.index_path(prefix)):
            entries = tensor_bundle.Reader(prefix).entries.values()
            refuse_sizes(path, described["model_config"], sum(each.elements() for each in entries))
        version = str(described.get("keras_version") or "")
        model = keras2_reader.make(
            path, described["model_config"], custom_objects, safe_mode, version
        )
        if config:
            compilation.compile_model(path, model, config, custom_objects, version)
        checkpoint.load_bundle(model, os.path.join(path, VARIABLES), path, is_whole=True)
        vocabularies.refuse_missing(path, model)
        return model


def _without_variables(path: str) -> DamagedCheckpoint:
    return DamagedCheckpoint(
        path,
        "it is a SavedModel without variables: those of its directory `variables` are missing",
        "copy its whole directory again",
    )


def _require_variables(path: str) -> None:
    """Raises DamagedCheckpoint if the variables are missing, which TensorFlow 2 always writes."""
    prefix = os.path.join(path, VARIABLES)
    if files.isfile(tensor_bundle.index_path(prefix)):
        tensor_bundle.Reader(prefix).close()
    elif _tensorflow_version(path).get("tensorflow", "").startswith("2"):
        raise _without_variables(path)


def _archive(path: str) -> str | None:
    """Returns the archive in a SavedModel, None if there is none of what is in it now."""
    inside = os.path.join(path, ARCHIVE)
    return inside if files.isfile(inside) and not _is_overwritten(path) else None


def _graph_files(path: str) -> dict[str, int]:
    """Returns the checksums of the files of the graph in a SavedModel."""
    there = (name for name in _GRAPH_FILES if files.isfile(os.path.join(path, name)))
    return {name: of_file(os.path.join(path, name)) for name in there}


def _is_overwritten(path: str) -> bool:
    """Returns whether another program has written a SavedModel over one of keras_ckpt.

    Where one of the files alone differs, it is damaged.
    """
    try:
        with files.reading(os.path.join(path, _GRAPH_OF_ARCHIVE)) as file:
            said = json.loads(file.read(LIMIT))
    except (OSError, ValueError, RecursionError):
        return False
    if not isinstance(said, dict):
        return False
    found = _graph_files(path)
    changed = [name for name in _GRAPH_FILES if found.get(name) != said.get(name)]
    return GRAPH in changed and len(changed) > 1


def description(path: str) -> Config:
    """Returns what Keras 2 wrote of the model at the root of the SavedModel.

    Raises:
        DamagedCheckpoint: if it is damaged.
    """
    with parsing.reading(path):
        text = _metadata(path)
    found = parsing.described(path, text) if text else {}
    model = found.get("model_config")
    if isinstance(model, dict) and isinstance(model.get("config"), dict):
        config = vocabularies.completed(model["config"], found.get("config"))
        found = {**found, "model_config": {**model, "config": config}}
    return found


def _tensorflow_version(path: str) -> dict[str, str]:
    """Returns the release of TensorFlow that wrote the graph, if it is recorded."""
    if not files.isfile(os.path.join(path, GRAPH)):
        return {}
    with parsing.reading(path):
        saved = protobuf.parse(_content(path, GRAPH))
        for meta in protobuf.get_all(saved, 2)[:1]:
            info = protobuf.parse(protobuf.get_bytes(protobuf.parse(meta), 1))
            version = protobuf.get_text(info, 5)
            return {"tensorflow": version} if version else {}
    return {}


def _content(path: str, name: str) -> bytes:
    file = os.path.join(path, name)
    # What protocol buffers can be at most, of which a description is a part.
    if files.getsize(file) > _LARGEST:
        raise DamagedCheckpoint(path, f"its {name} is too large", "copy the directory again")
    with files.reading(file) as opened:
        return opened.read()


def _metadata(path: str) -> str:
    # TensorFlow 2.5 and later have a file of its own for what the graph had before.
    beside = os.path.join(path, "keras_metadata.pb")
    if files.isfile(beside):
        for node in protobuf.get_all(protobuf.parse(_content(path, "keras_metadata.pb")), 1):
            fields = protobuf.parse(node)
            if protobuf.get_int(fields, 2) == 0:
                return protobuf.get_text(fields, 5)
        return ""
    graph = os.path.join(path, GRAPH)
    if not files.isfile(graph):
        return ""
    saved = protobuf.parse(_content(path, GRAPH))
    for meta in protobuf.get_all(saved, 2)[:1]:
        for objects in protobuf.get_all(protobuf.parse(meta), 7)[:1]:
            for root in protobuf.get_all(protobuf.parse(objects), 1)[:1]:
                user = protobuf.get_bytes(protobuf.parse(root), 4)
                return protobuf.get_text(protobuf.parse(user), 3)
    return ""


def _copied(held: scratch.Directory, reason: str | None, directory: str) -> str | None:
    held.copy_content(directory)
    return reason


def _make(model: Model, options: object | None, directory: str) -> str | None:
    """Makes all that the SavedModel has in a new directory; returns why without a graph, if so."""
    reason = _export(model, directory, options)
    if reason is not None:
        commit.clear(directory)  # What there is of a graph is of no use.
    os.makedirs(os.path.join(directory, files.dirname(ARCHIVE)), exist_ok=True)
    KerasArchive().snapshot(model, copy=False).write(os.path.join(directory, ARCHIVE))
    with open(os.path.join(directory, _GRAPH_OF_ARCHIVE), "w", encoding="ascii") as of_archive:
        json.dump(_graph_files(directory), of_archive)
    if reason is not None:
        with open(os.path.join(directory, _MARK), "w", encoding="utf-8") as file:
            file.write(_NOTE.format(archive=ARCHIVE, reason=reason))
    return reason


def _with_checksums(record: Record, directory: str) -> str:
    """Returns the record of a SavedModel as JSON, with the checksums of files that have none."""
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            # Those of the values are in their index, and in the archive.
            if name != FILE and files.getsize(path) <= _SMALL:
                found[os.path.relpath(path, directory).replace(os.sep, "/")] = of_file(path)
    return record.of(record.name, record.size, **found).dumped()


def _export(model: Model, path: str, options: object | None) -> str | None:
    """Writes the graph to serve `model` from; returns why that cannot be done, if so."""
    if not runtime.has_tensorflow():
        return "it takes TensorFlow to write one, which is not installed."
    output = io.StringIO()
    try:
        # Keras reports on what it exports, where the program has asked for none of it.
        with contextlib.redirect_stdout(output), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if options is None or _are_the_defaults(options):
                model.export(path)
            else:
                _export_with(model, path, options)
    except OSError:
        raise
    except Exception as error:
        # Whatever keeps a graph from being made, the model itself can be saved.
        lines = str(error).strip().splitlines() or [""]
        return (
            f"Keras {runtime.keras().__version__} on {runtime.backend()} cannot export this model: "
            f"{type(error).__name__}: {lines[0]}"
        )
    return None


def _are_the_defaults(options: object) -> bool:
    """Returns whether options change nothing, as those do that Keras 2's callback always passes."""
    names = getattr(type(options), "__slots__", None) or vars(options)
    default = type(options)()
    return all(getattr(options, name) == getattr(default, name) for name in names)


def _export_with(model: Model, path: str, options: object) -> None:
    """Exports as `model.export` does, but with the user's `tf.saved_model.SaveOptions`."""
    archive = runtime.keras().export.ExportArchive()
    archive.track(model)
    tensors = getattr(model, "inputs", None)
    if not tensors:
        raise ValueError("`options` takes a model that knows its inputs; leave them out.")
    tensorflow = runtime.tensorflow()
    specs = [
        tensorflow.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name) for tensor in tensors
    ]
    signature = specs if len(specs) == 1 else [specs]
    archive.add_endpoint("serve", model.__call__, signature)
    archive.write_out(path, options)
