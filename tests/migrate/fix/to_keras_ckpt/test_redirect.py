"""What is taken from keras_ckpt: the class, and the functions that Keras 3 refuses a file of."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import fixed, native, notes, redirected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from tensorflow.keras.callbacks import ModelCheckpoint\n"
            "ModelCheckpoint('a', period=5)\n",
            "from keras_ckpt import ModelCheckpoint\nModelCheckpoint('a', period=5)\n",
        ),
        (
            "from keras.callbacks import EarlyStopping, ModelCheckpoint  # both\nx = 1\n",
            "from keras.callbacks import EarlyStopping  # both\n"
            "from keras_ckpt import ModelCheckpoint\nx = 1\n",
        ),
        (
            "from keras.callbacks import (\n    ModelCheckpoint as MC,  # mine\n    History,\n)\n",
            "from keras.callbacks import (\n    # mine\n    History,\n)\n"
            "from keras_ckpt import ModelCheckpoint as MC\n",
        ),
        (
            "from keras.callbacks import ModelCheckpoint; import os\n",
            "from keras_ckpt import ModelCheckpoint; import os\n",
        ),
        (
            "from keras.callbacks import History, ModelCheckpoint; import os\n",
            "from keras.callbacks import History; from keras_ckpt import ModelCheckpoint; "
            "import os\n",
        ),
        (
            "import tensorflow as tf\nimport os\n\nc = tf.keras.callbacks.ModelCheckpoint('a')\n",
            "import tensorflow as tf\nimport os\nfrom keras_ckpt import ModelCheckpoint\n\n"
            "c = ModelCheckpoint('a')\n",
        ),
        (
            "import keras\nclass ModelCheckpoint(keras.callbacks.ModelCheckpoint):\n    pass\n",
            "import keras\nimport keras_ckpt\n"
            "class ModelCheckpoint(keras_ckpt.ModelCheckpoint):\n    pass\n",
        ),
        (
            "from tensorflow import keras\nK = keras.callbacks\nMC = K.ModelCheckpoint\nMC('a')\n",
            "from tensorflow import keras\nfrom keras_ckpt import ModelCheckpoint\n"
            "K = keras.callbacks\nMC = ModelCheckpoint\nMC('a')\n",
        ),
        (
            "def f():\n    import keras\n    return keras.callbacks.ModelCheckpoint('a')\n",
            "def f():\n    import keras\n    from keras_ckpt import ModelCheckpoint\n"
            "    return ModelCheckpoint('a')\n",
        ),
        (
            "try:\n    import tensorflow.keras as keras\nexcept ImportError:\n    import keras\n"
            "c = keras.callbacks.ModelCheckpoint('a')\n",
            "try:\n    import tensorflow.keras as keras\nexcept ImportError:\n    import keras\n"
            "from keras_ckpt import ModelCheckpoint\nc = ModelCheckpoint('a')\n",
        ),
        (
            "if True:\n    import keras\n    c = keras.callbacks.ModelCheckpoint('a')\n",
            "if True:\n    import keras\n    from keras_ckpt import ModelCheckpoint\n"
            "    c = ModelCheckpoint('a')\n",
        ),
        (
            "from keras.callbacks import *\nc = ModelCheckpoint('a')\n",
            "from keras.callbacks import *\nfrom keras_ckpt import ModelCheckpoint\n"
            "c = ModelCheckpoint('a')\n",
        ),
        (
            "import keras\ndef f(cb: keras.callbacks.ModelCheckpoint, x=isinstance):\n"
            "    return x(cb, keras.callbacks.ModelCheckpoint)\n",
            "import keras\nfrom keras_ckpt import ModelCheckpoint\n"
            "def f(cb: ModelCheckpoint, x=isinstance):\n    return x(cb, ModelCheckpoint)\n",
        ),
    ],
)
def test_takes_the_class_from_keras_ckpt(before: str, after: str) -> None:
    assert redirected(before) == after


FIRST_SIX = "ModelCheckpoint('w.h5', 'val_loss', 1, False, True, 'auto'%s)\n"


@pytest.mark.parametrize("value", ["5", "period"])
def test_the_seventh_of_stand_alone_keras_is_period(value: str) -> None:
    code = "from keras.callbacks import ModelCheckpoint\n" + FIRST_SIX
    assert redirected(code % (", " + value)) == (
        "from keras_ckpt import ModelCheckpoint\n" + FIRST_SIX % (", period=" + value)
    )
    (only,) = notes(code % (", " + value), True)
    assert "KC105" in only and "Keras before 2.4" in only
    assert not notes(code % "", True)


@pytest.mark.parametrize("last", [", 'epoch'", ", 5, None", ", *more", ", freq"])
def test_of_others_the_seventh_stays_where_it_is(last: str) -> None:
    call = FIRST_SIX % last
    after = "from keras_ckpt import ModelCheckpoint\n" + call
    assert redirected("from keras.callbacks import ModelCheckpoint\n" + call) == after
    call = FIRST_SIX % ", 5"
    after = "from keras_ckpt import ModelCheckpoint\n" + call
    assert redirected("from tensorflow.keras.callbacks import ModelCheckpoint\n" + call) == after


def test_what_another_thing_is_called_is_not_taken_for_keras_ckpt() -> None:
    before = (
        "import keras\nfrom keras import callbacks as cb\nModelCheckpoint = None\n"
        "def f(keras_ckpt=None):\n    return cb.ModelCheckpoint('a')\n"
        "m = keras.models.load_model('dir')\n"
    )
    assert redirected(before) == (
        "import keras\nfrom keras import callbacks as cb\nimport keras_ckpt as _keras_ckpt\n"
        "ModelCheckpoint = None\n"
        "def f(keras_ckpt=None):\n    return _keras_ckpt.ModelCheckpoint('a')\n"
        "m = _keras_ckpt.load_model('dir')\n"
    )


def test_an_import_alone_is_changed_where_that_is_enough() -> None:
    before = "from keras.models import Sequential, load_model\nm = load_model('dir')\n"
    assert redirected(before) == (
        "from keras.models import Sequential\nfrom keras_ckpt import load_model\n"
        "m = load_model('dir')\n"
    )


@pytest.mark.parametrize(
    "code",
    [
        "m.load_weights('w.weights.h5')",
        "m.save(path + '.keras')",
        "keras.models.load_model('m.keras')",
        "m.save('m.h5')",
        "np.save('x', y)",
    ],
)
def test_leaves_what_keras_3_does_itself(code: str) -> None:
    code = f"import keras\nimport numpy as np\nm.compile(loss='mse')\n{code}\n"
    done = fixed(code, True)
    assert done.content.decode() == code
    assert not done.notes


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("class M(keras.Model):\n  def f(self):\n    super().load_weights('a')", "`super()`"),
        ("anything.load_weights(path)", "neither the file nor the model is known"),
        ("m.save('dir', include_optimizer=False)", "no argument `include_optimizer`"),
        ("m.save('dir', **more)", "not all of its arguments"),
    ],
)
def test_says_what_is_not_taken_from_us(code: str, why: str) -> None:
    code = f"import keras\nm.compile(loss='mse')\n{code}\n"
    assert redirected(code) == code
    (only,) = notes(code, True)
    assert why in only


def test_says_what_is_counted_otherwise_with_us_too() -> None:
    code = "from keras.callbacks import ModelCheckpoint\nModelCheckpoint('m', save_freq=1000)\n"
    (only,) = notes(code, True, "2.0")
    assert "KC301" in only and "keras_ckpt counts batches, too" in only
    assert notes(code, True, "2.4") == []


def test_leaves_what_install_makes_work() -> None:
    code = (
        "import keras_ckpt\nkeras_ckpt.install()\n"
        "import keras\nkeras.callbacks.ModelCheckpoint('a')\n"
    )
    assert redirected(code) == native(code) == code
