"""The nets around parsers: what the bytes cause is damage, anything else comes out as it is."""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib

import pytest

from keras_ckpt.errors import DamagedCheckpoint, MismatchedCheckpoint
from keras_ckpt.formats import parsing

NETS = [parsing.reading, parsing.by_library]
OF_BYTES = [
    OSError("Unable to open the object"),
    OSError(errno.EIO, "Input/output error"),
    ValueError("a field runs over its end"),
    KeyError("model_config"),
    IndexError("list index out of range"),
    EOFError("the end"),
    ZeroDivisionError("division by zero"),
    RecursionError("maximum recursion depth exceeded"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    struct.error("unpack requires 4 bytes"),
    zipfile.BadZipFile("bad magic number"),
    zlib.error("invalid distance"),
]
#: Libraries trust what they read, and so raise these for damaged bytes as well.
OF_LIBRARIES = [
    TypeError("not iterable"),
    AttributeError("no attribute"),
    RuntimeError("Unable to get the link"),
    MemoryError("4 EiB"),
]
OF_THE_SYSTEM = [
    FileNotFoundError(errno.ENOENT, "No such file"),
    PermissionError(errno.EACCES, "Permission denied"),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EMFILE, "Too many open files"),
    MismatchedCheckpoint("cp", "it does not fit the model"),
    KeyboardInterrupt(),
]


def names(error: BaseException) -> str:
    return f"{type(error).__name__}-{getattr(error, 'errno', None)}"


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("error", OF_BYTES, ids=names)
def test_what_the_bytes_cause_is_damage(net, error):
    with pytest.raises(DamagedCheckpoint, match="m.keras") as caught, net("m.keras"):
        raise error
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", OF_LIBRARIES, ids=names)
def test_only_libraries_raise_these_for_damage(error):
    with pytest.raises(DamagedCheckpoint), parsing.by_library("m.keras"):
        raise error
    with pytest.raises(type(error)) as caught, parsing.reading("m.keras"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("error", OF_THE_SYSTEM, ids=names)
def test_what_is_not_of_the_file_comes_out_as_it_is(net, error):
    with pytest.raises(type(error)) as caught, net("m.keras"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("text", ["", "{", "[]", '"m"', "1", "nul", b"\xff\xfe", "[" * 100000])
def test_a_description_is_a_json_object(text):
    with pytest.raises(DamagedCheckpoint, match="it is damaged"):
        parsing.described("m.keras", text)
    assert parsing.described("m.keras", '{"a": [1]}') == {"a": [1]}


def test_a_message_of_lines_goes_on_in_a_sentence():
    assert parsing.one_line(ValueError("first.\n   second.\n\n")) == "first. second"
    assert parsing.one_line(ValueError()) == "ValueError"
