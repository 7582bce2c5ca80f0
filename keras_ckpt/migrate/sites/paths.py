"""Names of files: which may be those of Keras, and what to write instead of others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keras_ckpt.endings import SHARDED_WEIGHTS, Function
from keras_ckpt.migrate.code.values.infer import Constant, Possible, Str

if TYPE_CHECKING:
    from keras_ckpt.migrate.sites.site import Argument

#: What only files of Keras and TensorFlow are called: endings, and words in a path without one.
_OF_KERAS = re.compile(r"\.(ckpt(-\d+)?|h5|hdf5|keras|tf)")
_WORDS = re.compile(r"ckpt|checkpoint|weights", re.IGNORECASE)

_OLD = re.compile(
    r"(\.weights)?\.(h5|hdf5|hd5|hdf|ckpt|keras|tf|pb|pth?|ckp?t|chkpt|model|h5py|json|weights)$"
)


def example(path: Str, ending: str) -> str:
    """Returns the last part of a path with the ending that it should have, or `""` if unknown."""
    last = path.shown.rstrip("/").replace("\\", "/").rpartition("/")[2]
    if not last or "…" in last:
        return ""
    if path.shown.endswith("/"):
        return f"{last}/model{ending}"
    return _OLD.sub("", last) + ending


def lost(path: Str, old: Function, new: Function) -> bool:
    """Returns whether a function of one release takes a path, and that of another does not.

    A path whose end is not known is taken.
    """

    def taken(function: Function) -> bool:
        begins = bool(function.schemes) and path.shown.startswith(function.schemes)
        return begins or path.ends_in(function.endings) is not False

    return taken(old) and not taken(new)


def first_lost(argument: Argument, old: Function, new: Function) -> Possible | None:
    """Returns the first path that an argument may be which only the older release takes."""
    for each in argument.possible:
        if isinstance(each.value, Str) and lost(each.value, old, new):
            return each
    return None


def shown(path: Possible) -> str:
    """Returns a path as messages show it."""
    assert isinstance(path.value, Str)
    if path.bound:
        return f"{path.value.shown} (bound by gin: {path.bound})"
    return path.value.shown + (f" (by default: {path.default})" if path.default else "")


def is_undecided(argument: Argument, endings: tuple[str, ...]) -> bool:
    """Returns whether an argument may be a path of which it is not known how it ends."""
    return any(
        not isinstance(each.value, Constant)
        and not (isinstance(each.value, Str) and each.value.ends_in(endings) is not None)
        for each in argument.possible
    )


def is_keras_path(path: Str) -> bool:
    """Returns whether only Keras or TensorFlow would call a file of weights or a model so."""
    folder, _, last = path.shown.rpartition("/")
    # A placeholder is not an ending.
    last = re.sub(r"\{[^}]*\}", "", last).rstrip(".")
    if last.endswith(SHARDED_WEIGHTS):
        return True
    if "." not in last.lstrip("."):
        return _WORDS.search(path.shown) is not None
    return _OF_KERAS.fullmatch(last[last.rindex(".") :]) is not None


def has_odd_ending(path: Str) -> bool:
    """Returns whether a path ends in what no file of Keras or TensorFlow is usually called."""
    last = path.shown.rstrip("/").replace("\\", "/").rpartition("/")[2]
    is_ending = re.search(r"\w\.[a-zA-Z][a-zA-Z0-9]*$", last, re.ASCII)
    return is_ending is not None and _OLD.search(last) is None


def write_ending(path: Str, ending: str) -> str:
    """Returns the advice to let a path end so."""
    name = example(path, ending)
    return f"Let the path end in `{ending}`" + (f": `{name}`." if name else ".")
