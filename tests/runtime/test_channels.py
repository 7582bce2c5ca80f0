"""Where messages go: a warning points at the user's code, whatever stands between."""

from __future__ import annotations

import importlib
import logging
import sys
import types
import warnings
from pathlib import Path
from typing import Any, Callable

import pytest
from helpers import KERAS_3, keras

from keras_ckpt import runtime
from keras_ckpt.runtime import warn_user

only_keras_3 = pytest.mark.skipif(not KERAS_3, reason="Keras 2 has nothing of it")


def placed(module: str, code: str, **names: object) -> Callable[[], None]:
    """Returns a function without arguments, of one line, as if it stood in a module's file."""
    path = module.replace(".", "/") + ".py"
    found: Callable[[], None] = eval(
        compile("lambda: " + code, path, "eval"), {"__name__": module, **names}
    )
    return found


def caught(function: Callable[[], object]) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        function()
    return found


@pytest.mark.parametrize(
    "between",
    [
        ["keras_ckpt.formats.api"],
        ["keras_ckpt.engine.hooks", "keras.src.callbacks.callback_list"],
        ["tensorflow_core.python.keras.callbacks", "contextlib", "tensorflow_core.python.keras"],
        ["keras_ckpt", "tf_keras.src.models", "tensorflow.python.framework"],
    ],
)
def test_a_warning_names_the_line_that_called_the_library(between: list[str]) -> None:
    function = placed("keras_ckpt.somewhere", "warn('text')", warn=warn_user)
    for module in between:
        function = placed(module, "inner()", inner=function)
    (found,) = caught(placed("my_script", "inner()", inner=function))
    assert (found.filename, str(found.message)) == ("my_script.py", "text")
    assert found.category is UserWarning


def test_a_module_of_the_users_may_begin_with_the_name_of_a_library() -> None:
    function = placed("keras_user", "warn('text', FutureWarning)", warn=warn_user)
    (found,) = caught(function)
    assert (found.filename, found.category) == ("keras_user.py", FutureWarning)


def test_an_import_that_warns_is_the_users_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tf_keras_of_a_test.py").write_text("import tf_keras\n")
    (tmp_path / "tf_keras.py").write_text(
        "from keras_ckpt.runtime import warn_user\nwarn_user('imported')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "tf_keras", raising=False)

    def imported() -> types.ModuleType:
        return importlib.import_module("tf_keras_of_a_test")

    (found,) = caught(imported)
    del sys.modules["tf_keras_of_a_test"], sys.modules["tf_keras"]
    assert (found.filename, found.lineno) == (str(tmp_path / "tf_keras_of_a_test.py"), 1)


def test_the_same_warning_of_one_line_comes_once_by_default() -> None:
    function = placed("my_script", "warn('text')", warn=warn_user)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("default")
        function()
        function()
    assert len(found) == 1


def test_print_msg(capsys: Any) -> None:
    runtime.print_msg("\nEpoch 1: é")
    assert capsys.readouterr().out == "\nEpoch 1: é\n"


@only_keras_3
def test_print_msg_can_be_silenced(capsys: Any) -> None:
    keras.utils.disable_interactive_logging()
    try:
        runtime.print_msg("quiet")
    finally:
        keras.utils.enable_interactive_logging()
    assert capsys.readouterr().out == ""
    runtime.print_msg("loud")
    assert capsys.readouterr().out == "loud\n"


def test_tensorflow_logger() -> None:
    logger = runtime.tensorflow_logger()
    assert isinstance(logger, logging.Logger)
    assert logger.name == "tensorflow"
