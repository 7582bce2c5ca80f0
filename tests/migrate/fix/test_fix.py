"""What `fix` makes of code."""

from __future__ import annotations

import ast
import io
import pathlib
import tokenize
from typing import Iterator

import pytest

pytest.importorskip("libcst")

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code import source
from keras_ckpt.migrate.fix import rewrite
from keras_ckpt.migrate.fix.rewrite import Target
from keras_ckpt.migrate.releases.release import newest, release
from keras_ckpt.migrate.rules.definition import rules

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data"


def fixed(code: str, to_keras_ckpt: bool, old: str = "2.4", new: str = "") -> rewrite.Rewritten:
    target = Target(to_keras_ckpt, release(old), release(new) if new else newest())
    return rewrite.rewrite("x.py", code.encode(), target)


def ours(code: str, old: str = "2.4") -> str:
    return fixed(code, True, old).content.decode()


def native(code: str, old: str = "2.4", new: str = "") -> str:
    return fixed(code, False, old, new).content.decode()


def notes(code: str, to_keras_ckpt: bool = False, old: str = "2.4") -> list[str]:
    return [
        "%d %s %s" % (each.line, each.code, each.text)
        for each in fixed(code, to_keras_ckpt, old).notes
    ]


def codes_in(code: str, old: str, new: str) -> list[str]:
    one = source.from_bytes("x.py", code.encode())
    found = checker.problems_of(one, release(old), release(new))
    return sorted(each.rule.code for each in found if checker.finding(one, each))


def comments(code: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return sorted(each.string for each in tokens if each.type == tokenize.COMMENT)


# --to-keras-ckpt


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
            "from keras.callbacks import (\n    ModelCheckpoint as MC,  # ours\n    History,\n)\n",
            "from keras.callbacks import (\n    # ours\n    History,\n)\n"
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
def test_takes_the_class_from_us(before: str, after: str) -> None:
    assert ours(before) == after


HEAD = "import keras\nimport keras_ckpt\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("m.load_weights('cp.ckpt')", "keras_ckpt.load_weights(m, 'cp.ckpt')"),
        (
            "m.load_weights(filepath='cp.ckpt', by_name=False)",
            "keras_ckpt.load_weights(m, path='cp.ckpt', by_name=False)",
        ),
        (
            "m.load_weights('cp.ckpt').expect_partial()",
            "keras_ckpt.load_weights(m, 'cp.ckpt', strict=False).expect_partial()",
        ),
        (
            "self.net.load_weights(\n    'cp.ckpt',  # old\n)",
            "keras_ckpt.load_weights(\n    self.net, 'cp.ckpt',  # old\n)",
        ),
        ("m.save_weights('cp.ckpt', True)", "keras_ckpt.save_weights(m, 'cp.ckpt')"),
        (
            "m.save('dir', save_format='tf', include_optimizer=True)",
            "keras_ckpt.save_model(m, 'dir', format='tf')",
        ),
        (
            "keras.models.save_model(m, 'dir', overwrite=True)",
            "keras_ckpt.save_model(m, 'dir')",
        ),
        (
            "keras.models.load_model('dir', None, False)",
            "keras_ckpt.load_model('dir', None, False)",
        ),
        ("keras.models.load_model(path)", "keras_ckpt.load_model(path)"),
        ("m.load_weights(path)", "keras_ckpt.load_weights(m, path)"),
        (
            "m.save_weights('w.weights.h5', save_format='hdf5')",
            "keras_ckpt.save_weights(m, 'w.weights.h5', format=\"h5\")",
        ),
        ("m.save('m.keras', save_traces=False)", "keras_ckpt.save_model(m, 'm.keras')"),
        (
            "m.load_weights('w.weights.h5', options=o)",
            "keras_ckpt.load_weights(m, 'w.weights.h5', options=o)",
        ),
        (
            "keras.models.load_model('m.keras', options=None)",
            "keras_ckpt.load_model('m.keras')",
        ),
    ],
)
def test_takes_from_us_what_keras_3_refuses(before: str, after: str) -> None:
    head = "m.compile(loss='mse')\n"
    assert ours("import keras\n%s%s\n" % (head, before)) == HEAD + head + after + "\n"


FIRST_SIX = "ModelCheckpoint('w.h5', 'val_loss', 1, False, True, 'auto'%s)\n"


@pytest.mark.parametrize("value", ["5", "period"])
def test_the_seventh_of_stand_alone_keras_is_period(value: str) -> None:
    code = "from keras.callbacks import ModelCheckpoint\n" + FIRST_SIX
    assert ours(code % (", " + value)) == (
        "from keras_ckpt import ModelCheckpoint\n" + FIRST_SIX % (", period=" + value)
    )
    (only,) = notes(code % (", " + value), True)
    assert "KC105" in only and "Keras before 2.4" in only
    assert not notes(code % "", True)


@pytest.mark.parametrize("last", [", 'epoch'", ", 5, None", ", *more", ", freq"])
def test_of_others_the_seventh_stays_where_it_is(last: str) -> None:
    call = FIRST_SIX % last
    after = "from keras_ckpt import ModelCheckpoint\n" + call
    assert ours("from keras.callbacks import ModelCheckpoint\n" + call) == after
    call = FIRST_SIX % ", 5"
    after = "from keras_ckpt import ModelCheckpoint\n" + call
    assert ours("from tensorflow.keras.callbacks import ModelCheckpoint\n" + call) == after


def test_period_by_position_needs_us_unless_it_is_one() -> None:
    code = "from keras.callbacks import ModelCheckpoint\n" + FIRST_SIX.replace(
        "w.h5", "w.weights.h5"
    )
    assert native(code % ", 1", "keras==2.2.4") == code % ""
    assert native(code % ", 5", "keras==2.2.4") == code % ", 5"
    (only,) = notes(code % ", 5", old="keras==2.2.4")
    assert "KC105 not changed: `period` needs keras_ckpt" in only


def test_what_a_subclass_saves_by_itself_may_be_called_anything() -> None:
    before = (
        "import keras\nimport keras_ckpt\n"
        "class A(keras.callbacks.ModelCheckpoint):\n"
        "    def on_epoch_end(self, epoch, logs=None):\n"
        "        path = self.filepath.format(epoch=epoch)\n"
        "        self.model.save_weights(path, overwrite=True)\n"
        "        self.model.save(path)\n"
        "        self.model.save(path + '.keras')\n"
        "        self.model.save_weights('last.weights.h5')\n"
        "        self.log.save(path)\n"
        "class B(keras.callbacks.Callback):\n"
        "    def on_epoch_end(self, epoch, logs=None):\n"
        "        self.model.save(self.path)\n"
    )
    after = (
        before.replace(
            "self.model.save_weights(path, overwrite=True)",
            "keras_ckpt.save_weights(self.model, path)",
        )
        .replace("self.model.save(path)", "keras_ckpt.save_model(self.model, path)")
        .replace("import keras_ckpt", "import keras_ckpt\nfrom keras_ckpt import ModelCheckpoint")
        .replace("(keras.callbacks.ModelCheckpoint", "(ModelCheckpoint")
    )
    assert ours(before) == after


def test_one_import_is_enough() -> None:
    before = (
        "try:\n    import tensorflow.keras as keras\nexcept ImportError:\n    import keras\n"
        "import sys\nif sys.argv:\n    from tensorflow import keras as K\n"
        "class ModelCheckpoint:\n    pass\n"
        "a = keras.callbacks.ModelCheckpoint('a')\nb = K.callbacks.ModelCheckpoint('b')\n"
        "def f():\n    import keras as k\n    return k.callbacks.ModelCheckpoint('c')\n"
    )
    after = ours(before)
    assert after.count("import keras_ckpt\n") == 1
    assert after.index("import keras_ckpt") < after.index("if sys.argv")
    assert after.count("keras_ckpt.ModelCheckpoint(") == 3


def test_an_import_in_a_branch_that_may_not_run_is_not_enough() -> None:
    before = (
        "class ModelCheckpoint:\n    pass\n"
        "if x:\n    import keras\n    a = keras.callbacks.ModelCheckpoint('a')\n"
        "from tensorflow import keras as K\nb = K.callbacks.ModelCheckpoint('b')\n"
    )
    after = ours(before)
    assert "    import keras_ckpt\n    a = " in after and "as K\nimport keras_ckpt\nb" in after


def test_what_another_thing_is_called_is_not_taken_for_ours() -> None:
    before = (
        "import keras\nfrom keras import callbacks as cb\nModelCheckpoint = None\n"
        "def f(keras_ckpt=None):\n    return cb.ModelCheckpoint('a')\n"
        "m = keras.models.load_model('dir')\n"
    )
    assert ours(before) == (
        "import keras\nfrom keras import callbacks as cb\nimport keras_ckpt as _keras_ckpt\n"
        "ModelCheckpoint = None\n"
        "def f(keras_ckpt=None):\n    return _keras_ckpt.ModelCheckpoint('a')\n"
        "m = _keras_ckpt.load_model('dir')\n"
    )


def test_an_import_alone_is_changed_where_that_is_enough() -> None:
    before = "from keras.models import Sequential, load_model\nm = load_model('dir')\n"
    assert ours(before) == (
        "from keras.models import Sequential\nfrom keras_ckpt import load_model\n"
        "m = load_model('dir')\n"
    )


@pytest.mark.parametrize(
    "code",
    [
        "m.load_weights('w.weights.h5')",
        "m.save(path)",
        "keras.models.load_model('m.keras')",
        "m.save('m.h5')",
        "np.save('x', y)",
    ],
)
def test_leaves_what_keras_3_does_itself(code: str) -> None:
    code = "import keras\nimport numpy as np\nm.compile(loss='mse')\n%s\n" % code
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
    code = "import keras\nm.compile(loss='mse')\n%s\n" % code
    assert ours(code) == code
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
    assert ours(code) == native(code) == code


# --native

CALL = "from keras.callbacks import ModelCheckpoint\n%s\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ModelCheckpoint('a.keras', period=1)", "ModelCheckpoint('a.keras')"),
        (
            "ModelCheckpoint('a.keras', period=5, save_freq=9)",
            "ModelCheckpoint('a.keras', save_freq=9)",
        ),
        ("ModelCheckpoint(period=1, filepath='a.keras')", "ModelCheckpoint(filepath='a.keras')"),
        (
            "ModelCheckpoint('a.keras', options=None, verbose=1)",
            "ModelCheckpoint('a.keras', verbose=1)",
        ),
        ("ModelCheckpoint('a.keras', options=o)", "ModelCheckpoint('a.keras')"),
        ("ModelCheckpoint('a.keras', load_weights_on_restart=False)", "ModelCheckpoint('a.keras')"),
        ("ModelCheckpoint('a.keras', save_best=True)", "ModelCheckpoint('a.keras')"),
        (
            "ModelCheckpoint('a.keras', 'loss', 0, False, False, 'min', 'epoch', o)",
            "ModelCheckpoint('a.keras', 'loss', 0, False, False, 'min', 'epoch')",
        ),
        ("ModelCheckpoint('a.hdf5')", "ModelCheckpoint('a.keras')"),
        ("ModelCheckpoint('a')", "ModelCheckpoint('a.keras')"),
        (
            "ModelCheckpoint('cp.ckpt', save_weights_only=True)",
            "ModelCheckpoint('cp.weights.h5', save_weights_only=True)",
        ),
        (
            "ModelCheckpoint('w.h5', save_weights_only=True)",
            "ModelCheckpoint('w.weights.h5', save_weights_only=True)",
        ),
        ("ModelCheckpoint(f'{d}/{{epoch}}.hdf5')", "ModelCheckpoint(f'{d}/{{epoch}}.keras')"),
        ("ModelCheckpoint(r'C:\\d' '.hdf5')", "ModelCheckpoint(r'C:\\d' '.keras')"),
        ("ModelCheckpoint('m-%s.hdf5' % name)", "ModelCheckpoint('m-%s.keras' % name)"),
        (
            "args = {'period': 1, 'verbose': 1}\nModelCheckpoint('a.keras', **args)",
            "args = {'verbose': 1}\nModelCheckpoint('a.keras', **args)",
        ),
        (
            "args = dict(\n    period=1,\n    filepath='a.hdf5',\n)\nModelCheckpoint(**args)",
            "args = dict(\n    filepath='a.keras',\n)\nModelCheckpoint(**args)",
        ),
        (
            "ModelCheckpoint('a.keras', monitor='val_auc', save_best_only=True)",
            "ModelCheckpoint('a.keras', monitor='val_auc', save_best_only=True, mode=\"max\")",
        ),
        (
            "ModelCheckpoint('a.keras', 'val_out_loss', mode='auto')",
            "ModelCheckpoint('a.keras', 'val_out_loss', mode=\"min\")",
        ),
        (
            "ModelCheckpoint(\n    'a.keras',\n    'val_auc',\n    save_best_only=True\n)",
            "ModelCheckpoint(\n    'a.keras',\n    'val_auc',\n    save_best_only=True,\n"
            "    mode=\"max\"\n)",
        ),
    ],
)  # fmt: skip
def test_writes_what_keras_3_takes(before: str, after: str) -> None:
    assert native(CALL % before) == CALL % after


def test_the_ninth_argument_keeps_its_meaning() -> None:
    nine = "ModelCheckpoint('a.keras', 'loss', 0, True, False, 'min', 'epoch', %s0.5)"
    after = nine % "initial_value_threshold="
    assert native(CALL % nine % "None, ", "2.8") == CALL % after


def test_a_metric_gets_the_name_that_it_is_compiled_by() -> None:
    code = CALL % (
        "c = ModelCheckpoint('{val_acc:.2f}.keras', monitor='val_acc', save_best_only=True)\n"
        "model.compile(loss='mse', metrics=['accuracy'])\n"
        "model.fit(x, y, validation_split=0.1, callbacks=[c])"
    )
    assert native(code) == code.replace("val_acc", "val_accuracy")


def test_steps_in_one_execution_are_counted_one_by_one() -> None:
    code = CALL % (
        "c = ModelCheckpoint('a.keras', save_freq=%s)\n"
        "model.compile(loss='mse', steps_per_execution=10)\n"
        "model.fit(x, y, callbacks=[c])"
    )
    assert native(code % "5", "2.2", "2.4") == code % "5 * 10"


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("ModelCheckpoint('a.hdf5', period=5)", "`period=5` needs keras_ckpt"),
        ("ModelCheckpoint('a.keras', load_weights_on_restart=True)", "needs keras_ckpt"),
        ("ModelCheckpoint('a.keras', 'loss', save_best_only=True, save_freq=9)", "need keras_ckpt"),
        ("ModelCheckpoint('a.keras', monitor='val_dice', save_best_only=True)", "is not known"),
        ("p = 'a.hdf5'\nModelCheckpoint(p)\nupload(p)", "something else, in line 4"),
        ("ModelCheckpoint('a.hdf5')\nupload('a.hdf5')", "something else, in line 3"),
        ("p = 'a.hdf5' if x else 'b.hdf5'\nModelCheckpoint(p)", "not written in one place"),
        ("class A(ModelCheckpoint):\n  def _save_model(self, epoch, logs):\n    pass", "private"),
        (
            "class A(ModelCheckpoint):\n  def f(self):\n    self.path = 'a'\n"
            "    ModelCheckpoint(self.path)\na.path",
            "something else",
        ),
        ("import keras\nkeras.models.load_model('dir')", "nothing in this file writes it"),
        ("ModelCheckpoint('a.{epoch}.hdf5')\nglob.glob('*.hdf5')", "by their ending, in line 3"),
        (
            "import keras\nclass M(keras.Model):\n  pass\n"
            "ModelCheckpoint('dir')\nkeras.models.load_model('dir')",
            "without the class `M`",
        ),
        (
            "import tensorflow as tf\nm.load_weights(tf.train.latest_checkpoint('d'))",
            "newest checkpoint",
        ),
    ],
)  # fmt: skip
def test_says_what_cannot_be_native(call: str, why: str) -> None:
    code = CALL % call
    assert native(code) == code
    assert any("not changed: " in each and why in each for each in notes(code))


def test_what_reads_a_file_changes_with_what_writes_it() -> None:
    before = CALL % (
        "import os\nimport keras\n"
        "path = 'best-{epoch}.hdf5'\n"
        "c = ModelCheckpoint(path)\n"
        "if os.path.exists(path.format(epoch=1)):\n"
        "    print('found %s' % path)\n"
        "    m = keras.models.load_model(path.format(epoch=1))\n"
        "m = keras.models.load_model('best-2.hdf5')\n"
        "m.load_weights('best-3.hdf5')\n"
        "other = keras.models.load_model('other.hdf5')"
    )
    after = native(before)
    assert after == before.replace("best-{epoch}.hdf5", "best-{epoch}.keras").replace(
        "best-2.hdf5", "best-2.keras"
    ).replace("best-3.hdf5", "best-3.keras")


def test_a_call_is_made_native_as_a_whole_or_not_at_all() -> None:
    code = CALL % "ModelCheckpoint('a.hdf5', options=None, period=5)"
    assert native(code) == code
    assert len(notes(code)) == 3


PARTIAL = (
    "import functools\nfrom keras.callbacks import ModelCheckpoint\n"
    "make = functools.partial(ModelCheckpoint, save_weights_only=True, period=%d)\n"
    "make('w.{epoch}.hdf5')\nmake('v.hdf5'%s)\nm.load_weights('v.hdf5')\n"
)


@pytest.mark.parametrize(("period", "more"), [(2, ""), (1, ", load_weights_on_restart=True")])
def test_a_partial_is_made_native_with_all_its_calls_or_not_at_all(period: int, more: str) -> None:
    code = PARTIAL % (period, more)
    assert native(code) == code
    lines = {each.split()[0] for each in notes(code)}
    assert {"4", "5"} <= lines
    after = (PARTIAL % (1, "")).replace(", period=1", "").replace(".hdf5", ".weights.h5")
    assert native(PARTIAL % (1, "")) == after


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("m.save_weights('w.weights.h5', save_format='h5')", "m.save_weights('w.weights.h5')", 0),
        ("m.save('m.keras', options=None)", "m.save('m.keras')", 0),
        ("m.save('m.keras', save_traces=False)", "m.save('m.keras')", 1),
        ("m.load_weights('w.weights.h5', options=o)", "m.load_weights('w.weights.h5')", 1),
        (
            "keras.models.load_model('m.keras', options=o)",
            "keras.models.load_model('m.keras')",
            1,
        ),
        ("m.save('m.h5', save_format='h5')", "m.save('m.h5', save_format='h5')", 0),
    ],
)
def test_arguments_of_other_formats_are_left_out(before: str, after: str, told: int) -> None:
    head = "import keras\nm = keras.Sequential()\n"
    assert native(head + before) == head + after
    found = notes(head + before)
    assert len(found) == told and all("KC605 an argument is left out" in each for each in found)


def test_the_directory_is_made_as_before() -> None:
    before = "import keras\nm = keras.Sequential()\nm.save_weights('checkpoints/mine')\n"
    assert native(before) == (
        "import keras\nimport os\nm = keras.Sequential()\n"
        'os.makedirs("checkpoints", exist_ok=True)\n'
        "m.save_weights('checkpoints/mine.weights.h5')\n"
    )
    made = before.replace("m.save", "os.makedirs('checkpoints')\nm.save")
    assert "exist_ok" not in native("import os\n" + made)


# What is taken from us already


def test_what_is_taken_from_us_is_native_again() -> None:
    before = (
        "import keras\n# ours\nfrom keras_ckpt import ModelCheckpoint, load_model  # both\n"
        "import keras_ckpt\n\n"
        "c = ModelCheckpoint('best.hdf5', period=1)\n"
        "k = keras_ckpt.ModelCheckpoint('cp.ckpt', save_weights_only=True)\n"
        "keras_ckpt.load_weights(m, path='cp.ckpt', strict=False)\n"
        "keras_ckpt.save_model(a or b, 'end.keras')\n"
        "m = load_model('best.hdf5', verbose=0)\n"
    )
    assert native(before) == (
        "import keras\n# ours\nfrom keras.callbacks import ModelCheckpoint  # both\n"
        "from keras.models import load_model\n\n"
        "c = ModelCheckpoint('best.keras')\n"
        "k = keras.callbacks.ModelCheckpoint('cp.weights.h5', save_weights_only=True)\n"
        "m.load_weights(filepath='cp.weights.h5')\n"
        "(a or b).save('end.keras')\n"
        "m = load_model('best.keras')\n"
    )


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (
            "from keras_ckpt import ModelCheckpoint\nModelCheckpoint('a.keras', period=2)",
            "`period=2`",
        ),
        ("from keras_ckpt import ModelCheckpoint\nModelCheckpoint(path)", "line 2 is not known"),
        ("import keras_ckpt\nkeras_ckpt.latest_checkpoint('a')", "no `latest_checkpoint`"),
        ("import keras_ckpt\nkeras_ckpt.install()", "no `install`"),
        ("import keras_ckpt as k\nk.load_weights(m, 'a', **more)", "no argument `None`"),
        ("from keras_ckpt.compat import for_version", "no `for_version`"),
    ],
)
def test_what_needs_us_stays_as_a_whole(code: str, why: str) -> None:
    assert native(code) == code
    (only,) = notes(code)
    assert "keras_ckpt stays" in only and why in only


# All code that there is


def all_code() -> Iterator[tuple[str, str, str, str]]:
    for rule in rules().values():
        old, new = rule.examples or ("2.4", newest().name)
        for name in ("before", "after"):
            yield "%s-%s" % (rule.code, name), getattr(rule, name), old, new
    folders = (DATA / "call_sites", DATA / "fix" / "scripts", ROOT / "examples", ROOT / "tests")
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            yield path.stem, path.read_text(encoding="utf-8"), "2.4", newest().name


CODE = list(all_code())


@pytest.mark.parametrize("to_keras_ckpt", [True, False], ids=["to-keras-ckpt", "native"])
@pytest.mark.parametrize(("name", "code", "old", "new"), CODE, ids=[each[0] for each in CODE])
def test_the_second_time_changes_nothing_and_nothing_is_left_unsaid(
    name: str, code: str, old: str, new: str, to_keras_ckpt: bool
) -> None:
    done = fixed(code, to_keras_ckpt, old, new)
    after = done.content.decode()
    again = fixed(after, to_keras_ckpt, old, new)
    assert again.content.decode() == after
    assert not again.changes
    if after == code:
        assert not done.changes
    else:
        ast.parse(after)
        assert comments(after) == comments(code)
    left = codes_in(after, old, new)
    told = sorted(each.code for each in done.notes if each.is_left)
    assert [each for each in left if each not in told] == []
    if to_keras_ckpt and name != "KC601-after":
        assert set(left) <= set(told)
