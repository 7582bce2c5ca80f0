"""Traces of the real classes, recorded in their own environments.

They are kept in ``tests/data/recorded/``.

Each file holds what one release's class did: a head, then a scenario and its trace in each line,
compressed.  ``tox exec -e tf2.4 -- python tests/tools/record.py`` records those of TF 2.4 again.
Nothing else may write there: ``digests.json`` has the SHA-256 of each file, which :func:`read`
checks.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import pathlib
import re
from typing import Any, NamedTuple

import numpy as np

HOME = pathlib.Path(__file__).resolve().parents[1] / "data" / "recorded"
DIGESTS = HOME / "digests.json"
ENDING = ".jsonl.xz"
#: How many scenarios a recording has.
SCENARIOS = 500


class Recording(NamedTuple):
    """What was recorded of one release.

    ``head`` tells where (``release``, ``runs_on``), what the class shows without being used
    (``class``), and which of its branches the scenarios reach (``branches``).
    """

    head: dict[str, Any]
    #: Each scenario with its trace.
    pairs: list[tuple[Any, Any]]


def digests() -> dict[str, str]:
    """The SHA-256 of each recording, by release."""
    found: dict[str, str] = json.loads(DIGESTS.read_text()) if DIGESTS.exists() else {}
    return found


def path_of(release: str) -> pathlib.Path:
    """Where the recording of ``release`` is kept."""
    return HOME / (release.replace(" ", "") + ENDING)


def read(release: str) -> Recording:
    """The recording of ``release``; ValueError if it is not as it was recorded."""
    content = path_of(release).read_bytes()
    if hashlib.sha256(content).hexdigest() != digests().get(release):
        raise ValueError(f"{path_of(release).name} is not as it was recorded")
    lines = lzma.decompress(content).decode("utf-8").splitlines()
    head, *pairs = [json.loads(line) for line in lines]
    return Recording(head, [(scenario, trace) for scenario, trace in pairs])


def write(release: str, recording: Recording) -> None:
    """Keep a recording, and its digest."""
    lines = [recording.head, *recording.pairs]
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    content = lzma.compress(text.encode("utf-8"), preset=9)
    HOME.mkdir(exist_ok=True)
    path_of(release).write_bytes(content)
    known = dict(digests(), **{release: hashlib.sha256(content).hexdigest()})
    DIGESTS.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")


# ---------------------------------------------------------------- what is the same everywhere


#: Attributes of every callback, by the name that the running Keras has for them.
_OF_THE_BASE = {"_model": "model"}
_NOT_OF_THE_CLASS = ("params", "validation_data")


def portable(told: Any, tensorflow: bool = True) -> Any:
    """What a class does, without what the Python, the NumPy and the tensors it runs on add.

    Those say other words in their errors and warnings from release to release, and have other
    names for the same things.  The types of errors stay, and all that the class says itself.
    Without ``tensorflow`` there are no options, not even the default ones.
    """
    if not tensorflow and told in ("CheckpointOptions own", "SaveOptions own"):
        return "None"
    if isinstance(told, str):
        # Objects of TensorFlow's have moved from module to module, and NumPy 2 names its types.
        # Python 3.13 calls this one PatternError.
        told = re.sub(r"^(re\.)?PatternError$", r"\1error", told)
        # NumPy's TypeErrors have grown finer after 1.16.
        told = re.sub(r"^(numpy\..*)?_?UFunc\w+Error$", "TypeError", told)
        told = re.sub(r"<[\w.]+\.(\w+) object", r"<\1 object", told)
        told = re.sub(r"<(?:Keras)?Variable [^>]*>", "<Variable>", told)
        # PyTorch writes its tensors in a way of its own.
        told = re.sub(r"tensor\((\[.*?\])(?:, dtype=torch\.(\w+))?\)", _as_numpy_writes, told)
        return re.sub(r"np\.float\d+\((.*?)\)", r"\1", told)
    if isinstance(told, list):
        if len(told) == 4 and told[0] == "tensor":
            return ["tensor"]
        entries = [each for each in told if not _is_foreign_warning(each)]
        return [portable(each, tensorflow) for each in entries]
    if not isinstance(told, dict):
        return told
    if "type" in told and "args" in told and not told.get("said"):
        return {"type": portable(told["type"], tensorflow)}
    found = {key: portable(value, tensorflow) for key, value in told.items()}
    if "attributes" in found:
        attributes = {
            _OF_THE_BASE.get(key, key): value
            for key, value in found.pop("attributes").items()
            if key not in _NOT_OF_THE_CLASS
        }
        if attributes.get("model") == "None":
            # Up to Keras 2.0 the attribute is not there before there is a model.
            del attributes["model"]
        if not tensorflow and attributes.get("_options") == "None":
            # Only the step from one kind of options to another, of which there are none.
            del attributes["_options"]
        if attributes:
            found["attributes"] = attributes
    # Without the warnings nothing may be left.
    return {key: value for key, value in found.items() if value or key != "journal"}


def _as_numpy_writes(match: Any) -> str:
    return str(np.array(json.loads(match.group(1)), match.group(2) or "float32"))


def _is_foreign_warning(entry: Any) -> bool:
    # Keras's callbacks give UserWarnings only, but for stand-alone Keras.
    if not isinstance(entry, list) or entry[:1] != ["warning"] or entry[1] == "UserWarning":
        return False
    return entry[1] != "RuntimeWarning" or not re.match("Can save best|ModelCheckpoint", entry[2])
