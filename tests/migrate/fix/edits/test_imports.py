"""Where imports are added."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import redirected


def test_one_import_is_enough() -> None:
    before = (
        "try:\n    import tensorflow.keras as keras\nexcept ImportError:\n    import keras\n"
        "import sys\nif sys.argv:\n    from tensorflow import keras as K\n"
        "class ModelCheckpoint:\n    pass\n"
        "a = keras.callbacks.ModelCheckpoint('a')\nb = K.callbacks.ModelCheckpoint('b')\n"
        "def f():\n    import keras as k\n    return k.callbacks.ModelCheckpoint('c')\n"
    )
    after = redirected(before)
    assert after.count("import keras_ckpt\n") == 1
    assert after.index("import keras_ckpt") < after.index("if sys.argv")
    assert after.count("keras_ckpt.ModelCheckpoint(") == 3


def test_an_import_in_a_branch_that_may_not_run_is_not_enough() -> None:
    before = (
        "class ModelCheckpoint:\n    pass\n"
        "if x:\n    import keras\n    a = keras.callbacks.ModelCheckpoint('a')\n"
        "from tensorflow import keras as K\nb = K.callbacks.ModelCheckpoint('b')\n"
    )
    after = redirected(before)
    assert "    import keras_ckpt\n    a = " in after and "as K\nimport keras_ckpt\nb" in after
