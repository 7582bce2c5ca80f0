"""What is imported when, and what can be reached. Each in a Python of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile

import pytest

import keras_ckpt

LIBRARIES = ("keras", "tensorflow", "torch", "jax", "tf_keras", "h5py")
PRINT = f"import sys; print([name for name in {LIBRARIES!r} if name in sys.modules])"


def python(code: str) -> str:
    """Returns what `code` prints."""
    command = [sys.executable, "-c", code]
    # Elsewhere than beside the package in the source, which has no keras_ckpt.compat.
    ran = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, text=True, cwd=tempfile.gettempdir()
    )
    return ran.stdout.strip()


@pytest.mark.parametrize(
    "statement",
    [
        "import keras_ckpt",
        "import keras_ckpt; dir(keras_ckpt); keras_ckpt.__version__",
        "import keras_ckpt.compat",
        "import keras_ckpt; keras_ckpt.compat.VERSIONS",
        "from keras_ckpt import compat; compat.module_of('2.4')",
        "import keras_ckpt.compat.tf2_4; keras_ckpt.compat.tf2_4.PROFILE",
        "import keras_ckpt.engine.profile, keras_ckpt.engine.schedule, keras_ckpt.engine.monitor",
        "from keras_ckpt.engine import arguments, filepath, messages",
        "import keras_ckpt.runtime; keras_ckpt.runtime.has_tensorflow()",
    ],
)
def test_no_keras_is_imported(statement: str) -> None:
    assert python(statement + "; " + PRINT) == "[]"


@pytest.mark.slow
def test_keras_is_imported_at_first_use() -> None:
    found = python("from keras_ckpt import ModelCheckpoint; " + PRINT)
    assert "keras" in found or "tensorflow" in found


def test_names() -> None:
    assert set(keras_ckpt.__all__) >= {"ModelCheckpoint", "load_model", "load_weights"}
    assert set(dir(keras_ckpt)) >= set(keras_ckpt.__all__) | {"__version__"}
    assert dir(keras_ckpt) == sorted(dir(keras_ckpt))
    for name in keras_ckpt.__all__:
        assert callable(getattr(keras_ckpt, name))
        # The second time it is the same.
        assert getattr(keras_ckpt, name) is getattr(keras_ckpt, name)


def test_star_import() -> None:
    namespace: dict[str, object] = {}
    exec("from keras_ckpt import *", namespace)
    assert namespace["ModelCheckpoint"] is keras_ckpt.ModelCheckpoint


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="'keras_ckpt' has no attribute 'ModelChekpoint'"):
        keras_ckpt.ModelChekpoint  # noqa: B018
    with pytest.raises(ImportError):
        exec("from keras_ckpt import ModelChekpoint")
    assert not hasattr(keras_ckpt, "__wrapped__")
