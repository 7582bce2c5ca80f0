"""Files of the library safetensors: a model's weights by the paths of its variables."""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import struct
from types import ModuleType
from typing import Iterator, Mapping

import numpy as np

from keras_ckpt import endings, progress, runtime
from keras_ckpt._typing import Config, Model
from keras_ckpt._typing import Variable as KerasVariable
from keras_ckpt.errors import CheckpointError, DamagedCheckpoint, MismatchedCheckpoint
from keras_ckpt.formats import assignment, parsing, variable_paths
from keras_ckpt.formats.base import Format, Probe, Snapshot
from keras_ckpt.formats.summary import WEIGHT, Summary, Variable, in_order, keras_version
from keras_ckpt.formats.variable_paths import Stored
from keras_ckpt.runs.record import ATTRIBUTE, Record, parse
from keras_ckpt.storage import checksum, commit, files, remote

_LENGTH = struct.Struct("<Q")
#: The longest header that the library reads.
_MOST = 100_000_000
#: What the library calls the types of values, and NumPy (and ml_dtypes) does.
_TYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}
#: Under it the header has what is no tensor, and there the order of the variables.
_METADATA = "__metadata__"
_ORDER = "keras_variables"
#: And there the checksums: of the values, by their names, and under "" of all else in the header.
_CHECKSUMS = "keras_ckpt_crc32c"


_AGAIN = (
    "save it again, or load an older checkpoint. If another program changed the values and kept "
    f"the metadata, have it leave out {_CHECKSUMS!r}"
)


def _library() -> ModuleType:
    try:
        return importlib.import_module("safetensors")
    except ImportError:
        raise ImportError(
            "Files of safetensors need the package safetensors. Install it with "
            '`pip install "keras-ckpt[safetensors]"`.'
        ) from None


def _header(path: str) -> Config | None:
    """Returns the header of the file at `path`, None if it does not begin with one."""
    if not files.isfile(path):
        return None
    with files.reading(path) as file:
        start = file.read(_LENGTH.size)
        if len(start) < _LENGTH.size:
            return None
        length = _LENGTH.unpack(start)[0]
        if not 2 <= length <= min(_MOST, files.getsize(path)) or file.read(1) != b"{":
            return None
        text = b"{" + file.read(length - 1)
    return parsing.described(path, text)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[dict[str, Stored]]:
    """Gives the values in the file, which the library checks, by their names."""
    library = _library()
    with parsing.reading(path):
        # Also what it is when the library does not say it is damaged.
        kinds = {name: each["dtype"] for name, each in _tensors(path).items()}
    with contextlib.ExitStack() as stack:
        local = stack.enter_context(remote.local_file(path))
        with _errors(path):
            opened = stack.enter_context(library.safe_open(local, framework="numpy"))
            names = list(opened.keys())
            shapes = {name: tuple(opened.get_slice(name).get_shape()) for name in names}

        def read(name: str) -> np.ndarray:
            with _errors(path):
                value: np.ndarray = opened.get_tensor(name)
            return value

        for name in shapes:
            if kinds.get(name) not in _TYPES:
                raise DamagedCheckpoint(
                    path, f"the weight {name!r} is of the type {kinds.get(name)}, which is unknown"
                )
        yield {name: Stored(shape, functools.partial(read, name)) for name, shape in shapes.items()}


def _order(path: str) -> list[str] | None:
    """Returns the paths in the order of the model, None if the file does not say it."""
    with parsing.reading(path):
        metadata = (_header(path) or {}).get(_METADATA) or {}
        found = json.loads(metadata[_ORDER]) if _ORDER in metadata else None
    return [str(each) for each in found] if isinstance(found, list) else None


def _checksum_of_header(shapes: Mapping[str, Config], metadata: Mapping[str, str]) -> int:
    """Returns a checksum of what a header says, in whatever order the library writes it."""
    said = {name: text for name, text in metadata.items() if name != _CHECKSUMS}
    kinds = {name: [each["dtype"], each["shape"]] for name, each in shapes.items()}
    return checksum.crc32c(json.dumps([kinds, said], sort_keys=True).encode("utf-8"))


def _check(path: str) -> None:
    """Compares the checksums in the file, if it has some.

    Raises:
        DamagedCheckpoint: if they are not what was written.
    """
    with parsing.reading(path):
        tensors = _header(path) or {}
        metadata = tensors.pop(_METADATA, None) or {}
        if _CHECKSUMS not in metadata:
            return
        known = {str(name): int(crc) for name, crc in json.loads(metadata[_CHECKSUMS]).items()}
        rest = known.pop("", None)
        if rest != _checksum_of_header(tensors, metadata) or known.keys() != tensors.keys():
            raise DamagedCheckpoint(path, "the checksum of its header is wrong", _AGAIN)
        with files.reading(path) as file:
            begin = _LENGTH.size + int(_LENGTH.unpack(file.read(_LENGTH.size))[0])
        names = list(known)
        parts = []
        for name in names:
            start, end = (int(each) for each in tensors[name]["data_offsets"])
            parts.append(([(begin + start, end - start)], known[name]))
        for number in checksum.changed(path, parts):
            raise DamagedCheckpoint(path, f"the checksum of {names[number]!r} is wrong", _AGAIN)


def _tensors(path: str) -> Config:
    found = _header(path)
    if found is None:
        raise DamagedCheckpoint(path, "it is damaged: it has no header")
    return {name: each for name, each in found.items() if name != _METADATA}


@contextlib.contextmanager
def _errors(path: str) -> Iterator[None]:
    """Makes a DamagedCheckpoint of what the library raises for damaged files."""
    damage = _library().SafetensorError
    try:
        with parsing.by_library(path):
            yield
    except damage as error:
        raise DamagedCheckpoint(path, f"it is damaged: {parsing.one_line(error)}") from error


def _values(variables: dict[str, KerasVariable], copy: bool) -> dict[str, np.ndarray]:
    """Returns the values of variables, as the library takes them: each in one piece."""
    read = runtime.lasting if copy else runtime.readonly_view
    values = {name: np.asarray(read(each)) for name, each in variables.items()}
    # What makes a piece of a single number would make a list of it.
    return {
        name: value if value.flags.c_contiguous else value.copy() for name, value in values.items()
    }


def _checksums(values: dict[str, np.ndarray], metadata: dict[str, str]) -> dict[str, str]:
    """Returns the metadata that has the checksums."""
    names = {numpy: kind for kind, numpy in _TYPES.items()}
    shapes = {
        name: {"dtype": names.get(value.dtype.name, value.dtype.name), "shape": list(value.shape)}
        for name, value in values.items()
    }
    known = {name: checksum.crc32c(value) for name, value in values.items()}
    known[""] = _checksum_of_header(shapes, metadata)
    return {_CHECKSUMS: json.dumps(known)}


def _save(values: dict[str, np.ndarray], path: str, metadata: dict[str, str]) -> None:
    error = importlib.import_module("safetensors").SafetensorError
    try:
        importlib.import_module("safetensors.numpy").save_file(values, path, metadata)
    except error as found:
        # What is wrong with values has been said before: it is the disk.
        raise OSError(f"{path} cannot be written: {parsing.one_line(found)}") from found


class SafetensorsFile(Format):
    """Files of safetensors, in which a model's weights stand under the paths of its variables.

    Keras 3 neither writes nor reads them; other libraries do, with names of their own.
    """

    name = "safetensors file"

    def require(self) -> None:
        _library()

    def recognises(self, probe: Probe) -> bool:
        return probe.ask(_header) is not None

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        assignment.require_variables(model, "saved")
        _library()
        variable_paths.refuse_own_values(model)
        variables = variable_paths.by_path(model.weights)
        # A snapshot that has a copy needs the variables no more.
        taken = _values(variables, copy=True) if copy else {}
        read = None if copy else functools.partial(_values, variables, copy=False)
        total = assignment.nbytes(model)
        metadata = {
            "format": "keras",
            "keras_version": ".".join(map(str, runtime.version())),
            _ORDER: json.dumps(list(variables)),
        }

        def write(path: str, record: Record | None) -> None:
            said = dict(metadata)
            if record is not None:
                said[ATTRIBUTE] = record.of(os.path.basename(path), total).dumped()
            with commit.replacing(path, endings.SAFETENSORS[0]) as temporary, progress.watching(
                temporary, total, "Saving"
            ):
                values = taken if read is None else read()
                said.update(_checksums(values, said))
                _save(values, temporary, said)

        return Snapshot(write, can_be_in_background=copy)

    def inspect(self, path: str) -> Summary:
        with parsing.reading(path):
            found = _header(path) or {}
            metadata = found.pop(_METADATA, None) or {}
            variables = [
                Variable(
                    name,
                    tuple(int(length) for length in each["shape"]),
                    _TYPES.get(each["dtype"], str(each["dtype"])),
                    int(each["data_offsets"][1]) - int(each["data_offsets"][0]),
                    WEIGHT,
                )
                for name, each in found.items()
            ]
        version = keras_version(str(metadata.get("keras_version", "")))
        return Summary(in_order(variables), written_by=version)

    def record(self, path: str) -> Record | None:
        with parsing.reading(path):
            metadata = (_header(path) or {}).get(_METADATA) or {}
            return parse(str(metadata.get(ATTRIBUTE, "")))

    def has_checksums(self, path: str) -> bool:
        with parsing.reading(path):
            return _CHECKSUMS in ((_header(path) or {}).get(_METADATA) or {})

    def verify(self, path: str) -> None:
        with _opened(path):
            _check(path)

    def load_weights(self, model: Model, path: str, strict: bool = True) -> None:
        assignment.require_variables(model, "loaded")
        with _opened(path) as stored:
            _check(path)
            try:
                found, _ = variable_paths.fit(path, model, stored, strict, _order(path))
            except MismatchedCheckpoint as error:
                raise _of_another_library(path, stored) or error from None
            assignment.assign(model, found)


def _of_another_library(path: str, stored: dict[str, Stored]) -> CheckpointError | None:
    """Returns the error for a file whose names are those of PyTorch, None for others."""
    if not stored or any("/" in name for name in stored):
        return None
    return MismatchedCheckpoint(
        path,
        f"its weights have the names of another library, such as {next(iter(stored))!r}, which say "
        "nothing of Keras's variables",
        "a model that KerasHub has is loaded from it by `keras_hub.models.Backbone.from_preset` on "
        "its directory",
    )
