"""The public names, and that each says what a user must know."""

from __future__ import annotations

import builtins
import importlib
import inspect
import re
import types
from typing import Any, Iterator

import pytest

import keras_ckpt

#: The modules whose names are public.
FACES = ["keras_ckpt", "keras_ckpt.formats", "keras_ckpt.errors"]
#: What an argument is, in the words that Keras has for types.
KINDS = (
    "Bool",
    "Boolean",
    "Callable",
    "Dict",
    "Float",
    "Function",
    "Integer",
    "Keras model",
    "List",
    "Release",
    "String",
    "Strings",
    "Tuple of",
    "Tuples",
    "`tf.",
)


def face(name: str) -> Any:
    return importlib.import_module(name)


def public() -> Iterator[tuple[str, Any]]:
    """Yields each public name once, by the face that a user would take it from."""
    seen = set()
    for module in FACES:
        for name in face(module).__all__:
            if name not in seen:
                seen.add(name)
                yield f"{module}.{name}", getattr(face(module), name)


PUBLIC = dict(public())
CLASSES = [name for name, value in PUBLIC.items() if inspect.isclass(value)]
ERRORS = [name for name in CLASSES if issubclass(PUBLIC[name], Exception)]
FUNCTIONS = [name for name in PUBLIC if name not in CLASSES]


def arguments(docstring: str) -> dict[str, str]:
    """Returns what a docstring says of each argument."""
    section = re.search(r"^Args:\n(.*?)(?=^\S|\Z)", docstring, re.M | re.S)
    if section is None:
        return {}
    entries = re.findall(r"^    (\w+): (.*?)(?=^    \w+: |\Z)", section.group(1), re.M | re.S)
    return {name: re.sub(r"\s+", " ", text).strip() for name, text in entries}


def parameters(value: Any) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(value).parameters)
    return {name: each for name, each in found.items() if each.kind is not each.VAR_KEYWORD}


@pytest.mark.parametrize("name", FACES)
def test_all_that_is_public_is_listed(name: str) -> None:
    module = face(name)
    modules = types.ModuleType
    there = {
        each
        for each, value in vars(module).items()
        if not each.startswith("_") and not isinstance(value, modules) and hasattr(value, "__doc__")
    }
    imported = {"annotations", "TYPE_CHECKING", "Any", "Iterable"}
    assert there - imported <= set(module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)
    assert list(module.__all__) == sorted(module.__all__)


def test_the_face_of_the_package_is_that_of_its_rooms() -> None:
    assert set(keras_ckpt.__all__) | {"__version__", "compat", "formats"} == set(dir(keras_ckpt))
    for name in keras_ckpt.__all__:
        value = getattr(keras_ckpt, name)
        assert getattr(face(value.__module__), name) is value
    with pytest.raises(AttributeError, match="no attribute 'write'"):
        keras_ckpt.write  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'write'"):
        keras_ckpt.formats.write  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", PUBLIC)
def test_each_says_what_its_arguments_are(name: str) -> None:
    value = PUBLIC[name]
    docstring = inspect.getdoc(value) or ""
    assert docstring.split("\n")[0].endswith("."), "one sentence comes first"
    if name in ERRORS and "__init__" not in vars(value):
        return
    said = arguments(docstring)
    for each, parameter in parameters(value).items():
        assert each in said, f"it says nothing of {each}"
        assert said[each].startswith(KINDS), f"{each}: {said[each]!r} does not say its type"
        if parameter.default is not parameter.empty:
            assert "Defaults to" in said[each], f"it does not say what {each} is by default"
    assert set(said) <= set(inspect.signature(value).parameters) | {"kwargs"}


@pytest.mark.parametrize("name", [name for name in PUBLIC if name not in ERRORS])
def test_each_has_an_example(name: str) -> None:
    docstring = inspect.getdoc(PUBLIC[name]) or ""
    assert re.search(r"^Example:\n\n```python\n.+?\n```", docstring, re.M | re.S)
    code = re.findall(r"```python\n(.+?)```", docstring, re.S)
    for each in code:
        compile(each, name, "exec")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_says_what_it_returns_and_raises(name: str) -> None:
    value = PUBLIC[name]
    docstring = inspect.getdoc(value) or ""
    returns = inspect.signature(value).return_annotation
    assert ("\nReturns:\n" in docstring) == (returns not in ("None", None))
    section = re.search(r"^Raises:\n(.*?)(?=^\S|\Z)", docstring, re.M | re.S)
    errors = re.findall(r"^    (\w+): ", section.group(1) if section else "", re.M)
    known = {**vars(builtins), **{each.split(".")[-1]: PUBLIC[each] for each in ERRORS}}
    assert all(issubclass(known[error], Exception) for error in errors)
