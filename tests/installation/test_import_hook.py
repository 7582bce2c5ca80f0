"""Keras is replaced when it is imported, and not imported for that."""

from __future__ import annotations

import importlib
import os
import pathlib
import subprocess
import sys
import tempfile

import helpers
import pytest

from keras_ckpt import runtime
from keras_ckpt.installation.import_hook import ImportHook

keras = helpers.keras
Native = keras.callbacks.ModelCheckpoint
IN_KERAS_3 = pytest.mark.skipif(
    not runtime.is_keras_3(), reason="Keras 2 knows the legacy formats by itself"
)
WITH_TENSORFLOW = pytest.mark.skipif(not runtime.has_tensorflow(), reason="needs TensorFlow")


def python(code: str, **variables: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tempfile.gettempdir(),
        env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", **variables),
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


@pytest.mark.slow
@WITH_TENSORFLOW
def test_keras_is_replaced_once_it_is_imported() -> None:
    said = python(
        "import sys, keras_ckpt\n"
        "before = list(sys.meta_path)\n"
        "keras_ckpt.install()\n"
        "print([name for name in ('keras', 'tensorflow', 'tf_keras') if name in sys.modules])\n"
        "import tensorflow as tf\n"
        "from tensorflow.keras.callbacks import ModelCheckpoint\n"
        "print(tf.keras.callbacks.ModelCheckpoint is keras_ckpt.ModelCheckpoint)\n"
        "print(ModelCheckpoint is keras_ckpt.ModelCheckpoint)\n"
        "print('exec_module' in vars(tf.__spec__.loader))\n"
        "keras_ckpt.uninstall()\n"
        "import tensorflow.keras.callbacks as again\n"
        "print(tf.keras.callbacks.ModelCheckpoint is keras_ckpt.ModelCheckpoint)\n"
        "print(again.ModelCheckpoint is keras_ckpt.ModelCheckpoint)\n"
        "print([each for each in sys.meta_path if each not in before"
        " and 'keras_ckpt' in type(each).__module__])\n"
    )
    assert said.splitlines()[-7:] == ["[]", "True", "True", "False", "False", "False", "[]"]


@pytest.mark.slow
@IN_KERAS_3
def test_nothing_is_replaced_after_uninstall() -> None:
    said = python(
        "import keras_ckpt\n"
        "keras_ckpt.install('2.4')\n"
        "keras_ckpt.uninstall()\n"
        "import keras\n"
        "print(keras.callbacks.ModelCheckpoint.__module__)\n"
        "keras_ckpt.install('2.4')\n"
        "from keras.callbacks import ModelCheckpoint\n"
        "print(ModelCheckpoint.__module__)\n"
    )
    assert said.splitlines()[-2:] == [Native.__module__, "keras_ckpt.compat.tf2_4"]


def test_other_packages_of_these_names(tmp_path: pathlib.Path) -> None:
    """One that cannot be imported, and one that is no Keras, stay what they are."""
    (tmp_path / "tf_keras.py").write_text("raise ImportError('not here')\n")
    said = python(
        "import sys, keras_ckpt\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "keras_ckpt.install()\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        import tf_keras\n"
        "    except ImportError as error:\n"
        "        print(error)\n"
        "print('tf_keras' in sys.modules, 'keras' in sys.modules)\n"
    )
    assert said.splitlines() == ["not here", "not here", "False False"]


def test_version_is_checked_before_keras_is_there() -> None:
    said = python(
        "import sys, keras_ckpt\n"
        "try:\n"
        "    keras_ckpt.install('9.9')\n"
        "except ValueError as error:\n"
        "    print(str(error)[:41], 'keras' in sys.modules)\n"
    )
    assert said == "There is no ModelCheckpoint of version '9 False\n"


def test_packages_that_import_one_another_count_as_one(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outer_of_two.py").write_text("import inner_of_two\n")
    (tmp_path / "inner_of_two.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    imported: list[str] = []
    hook = ImportHook(["outer_of_two", "inner_of_two"], imported.append)
    hook.start()
    hook.start()
    try:
        outer = importlib.import_module("outer_of_two")
        assert imported == ["outer_of_two"]
        # The loader is as it was, for what reads the module through it.
        assert "exec_module" not in vars(outer.__spec__.loader)
        importlib.import_module("outer_of_two")
        assert imported == ["outer_of_two"]
    finally:
        hook.stop()
        for name in ("outer_of_two", "inner_of_two"):
            sys.modules.pop(name, None)
    assert hook not in sys.meta_path
    importlib.import_module("outer_of_two")
    assert imported == ["outer_of_two"]


def test_an_import_that_fails_is_tried_again(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "fails_at_first.py"
    module.write_text("raise RuntimeError('not yet')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    imported: list[str] = []
    hook = ImportHook(["fails_at_first"], imported.append)
    hook.start()
    try:
        with pytest.raises(RuntimeError, match="not yet"):
            importlib.import_module("fails_at_first")
        assert imported == []
        module.write_text("")
        importlib.import_module("fails_at_first")
        assert imported == ["fails_at_first"]
    finally:
        hook.stop()
        sys.modules.pop("fails_at_first", None)
