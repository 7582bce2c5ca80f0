"""The arguments of Keras's functions that save and load, as keras_ckpt calls them."""

from __future__ import annotations

import ast
from typing import NamedTuple

from keras_ckpt.migrate.code.values.infer import Constant, Str
from keras_ckpt.migrate.fix.edits.edits import Edits
from keras_ckpt.migrate.sites.site import (
    LATEST,
    LOAD_MODEL,
    LOAD_WEIGHTS,
    SAVE,
    SAVE_WEIGHTS,
    CallSite,
)


class _Parameter(NamedTuple):
    """A parameter of a function of Keras 2.

    Args:
        name: as Keras 2 calls it.
        new: as keras_ckpt does; `""` if it has none.
        default: the value that it can be left out with.
        means_nothing: whether any other value can be left out, too.
    """

    name: str
    new: str
    default: bool | None = None
    means_nothing: bool = False


_PATH = _Parameter("filepath", "path")
_FORMAT = _Parameter("save_format", "format")
_OVERWRITE = _Parameter("overwrite", "", True)
_FUNCTIONS: dict[str, tuple[_Parameter, ...]] = {
    LATEST: (
        _Parameter("checkpoint_dir", "directory_or_template"),
        _Parameter("latest_filename", ""),
    ),
    LOAD_MODEL: (
        _PATH,
        _Parameter("custom_objects", "custom_objects"),
        _Parameter("compile", "compile"),
        _Parameter("options", "", means_nothing=True),
        _Parameter("safe_mode", "safe_mode"),
    ),
    LOAD_WEIGHTS: (
        _PATH,
        _Parameter("by_name", "by_name"),
        _Parameter("skip_mismatch", "skip_mismatch"),
        _Parameter("options", "options"),
    ),
    SAVE: (
        _PATH,
        _OVERWRITE,
        _Parameter("include_optimizer", "", True),
        _FORMAT,
        _Parameter("signatures", ""),
        _Parameter("options", "", means_nothing=True),
        _Parameter("save_traces", "", means_nothing=True),
    ),
    SAVE_WEIGHTS: (_PATH, _OVERWRITE, _FORMAT, _Parameter("options", "", means_nothing=True)),
}
_MODEL = _Parameter("model", "model")
#: What Keras 2 calls the formats, and keras_ckpt.
_FORMATS: dict[str, str] = {"hdf5": "h5", "tensorflow": "tf"}
#: By position those of keras_ckpt are in this order, as far as they go.
_SAME_PLACE: dict[str, int] = {LATEST: 1, LOAD_MODEL: 3, LOAD_WEIGHTS: 3, SAVE: 1, SAVE_WEIGHTS: 1}


def translate(site: CallSite, method: bool, edits: Edits, partial: bool = False) -> str:
    """Notes how the arguments of a call become those of the function of keras_ckpt.

    Args:
        site: the call.
        method: whether it is one of a method, and its object becomes the first argument.
        edits: gets the changes.
        partial: whether not all variables and values need to have each other.

    Returns:
        Why that cannot be done, `""` if it can.
    """
    call = site.node
    assert isinstance(call, ast.Call)
    if not site.complete or any(each.arg is None for each in call.keywords):
        return "not all of its arguments are known."
    if any(isinstance(each, ast.Starred) for each in call.args):
        return "not all of its arguments are known."
    has_model = site.kind in (SAVE, SAVE_WEIGHTS) and not method
    parameters = ((_MODEL,) if has_model else ()) + _FUNCTIONS[site.kind]
    by_name = {each.name: each for each in parameters}
    same = _SAME_PLACE[site.kind] + has_model
    found: list[tuple[int, _Parameter, ast.AST]] = []
    for index, argument in enumerate(call.args):
        if index >= len(parameters):
            return "it has more arguments than are known."
        if index >= same or not parameters[index].new:
            found.append((index, parameters[index], argument))
    for index, keyword in enumerate(call.keywords, len(call.args)):
        parameter = by_name.get(keyword.arg or "")
        if parameter is None:
            return f"keras_ckpt has no argument `{keyword.arg}` for it."
        found.append((index, parameter, keyword.value))
    dropped, named, values = set(), {}, {}
    for index, parameter, node in found:
        value = _value(site, node)
        if parameter is _FORMAT:
            code = _format(value)
            if code:
                values[index] = code
        if parameter.new:
            named[index] = parameter.new
        elif parameter.means_nothing or value == Constant(parameter.default):
            dropped.add(index)
        else:
            return f"keras_ckpt has no argument `{parameter.name}` for it."
        if parameter is _FORMAT and value == Constant(None):
            dropped.add(index)
    edit = edits.call(call)
    edit.dropped |= dropped
    edit.named.update({i: name for i, name in named.items() if i not in dropped})
    edit.values.update({i: code for i, code in values.items() if i not in dropped})
    if partial:
        edit.added["strict"] = "False"
    return ""


def _value(site: CallSite, node: ast.AST) -> object:
    for each in (*site.positional, *site.keywords.values()):
        if each.node is node:
            return each.value
    return None


def _format(value: object) -> str:
    known = value.known if isinstance(value, Str) else None
    return f'"{_FORMATS[known]}"' if known in _FORMATS else ""
