"""Any code: what comes out is code, with all comments, and a second run changes nothing."""

from __future__ import annotations

import ast
import contextlib
import io
import tokenize

import pytest

pytest.importorskip("libcst")

from hypothesis import example, given
from hypothesis import strategies as st

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code import source
from keras_ckpt.migrate.fix import rewrite
from keras_ckpt.migrate.releases.release import newest, release

pytestmark = pytest.mark.slow

IMPORTS = [
    "import keras",
    "import tensorflow as tf",
    "from tensorflow import keras",
    "from keras.callbacks import ModelCheckpoint",
    "from keras.callbacks import (\n    History,  # h\n    ModelCheckpoint as MC,  # m\n)",
    "from keras.callbacks import *",
    "from keras.models import load_model",
    "from keras_ckpt import ModelCheckpoint, load_weights",
    "import keras_ckpt",
    "import os; from keras.callbacks import ModelCheckpoint",
    "try:\n    import keras\nexcept ImportError:\n    from tensorflow import keras",
]
CALLED = ["ModelCheckpoint", "MC", "keras.callbacks.ModelCheckpoint", "K.ModelCheckpoint", "Own"]
PATHS = [
    "'a.hdf5'",
    "'a.ckpt'",
    "path",
    "'a.{epoch}.hdf5'",
    "f'{d}/a.hdf5'",
    "'d/' + name + '.h5'",
    "os.path.join(d, 'a')",
    "path.format(epoch=1)",
    "('x'\n        '.h5')",
    "*many",
]
ARGUMENTS = [
    "period=1",
    "period=3,  # three\n   ",
    "options=None",
    "save_best=1",
    "save_weights_only=True",
    "save_best_only=True",
    "monitor='val_auc'",
    "monitor=\"val_acc\"",
    "save_freq=10",
    "load_weights_on_restart=False",
    "# first\n    verbose=1",
    "**more",
]  # fmt: skip
OTHERS = [
    "path = 'a.hdf5'  # p",
    "more = {'period': 1, 'verbose': 0}",
    "K = keras.callbacks",
    "class Own(ModelCheckpoint):\n    def _save_model(self, epoch, logs):\n        pass",
    "m.compile(loss='mse', metrics=['accuracy'])",
    "m.fit(x, y, validation_split=0.1, callbacks=[c])",
    "upload(path)",
    "x = 1  # noqa",
    "ModelCheckpoint = None",
]
USES = [
    "m.load_weights({})",
    "m.load_weights({}).expect_partial()",
    "m.save_weights({})",
    "m.save({}, save_format='tf')",
    "n = keras.models.load_model({})",
    "n = load_model({})",
    "m.load_weights(tf.train.latest_checkpoint({}))",
    "keras_ckpt.load_weights(m, {})",
]
FORMS = ["{}", "if x:\n    {}", "def f(path):\n    return {}", "y = [\n    {},  # in\n]", "x; {}"]


@st.composite
def programs(draw: st.DrawFn) -> str:
    lines = draw(st.lists(st.sampled_from(IMPORTS), max_size=3))
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.integers(0, 2))
        if kind == 0:
            lines.append(draw(st.sampled_from(OTHERS)))
            continue
        path = draw(st.sampled_from(PATHS))
        if kind == 1:
            code = draw(st.sampled_from(USES)).format(path)
        else:
            found = draw(st.lists(st.sampled_from(ARGUMENTS), max_size=3, unique=True))
            end = draw(st.sampled_from(["", "\n", ","])) if found else ""
            code = "{}({}{})".format(draw(st.sampled_from(CALLED)), ", ".join([path, *found]), end)
            if draw(st.booleans()):
                code = "c = " + code
        form = draw(st.sampled_from(FORMS))
        if "=" in code.split("(")[0] and form not in (FORMS[0], FORMS[1], FORMS[4]):
            form = "{}"
        lines.append(form.format(code))
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"]))


def comments(code: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return sorted(each.string for each in tokens if each.type == tokenize.COMMENT)


@given(programs(), st.booleans())
@example("from keras.callbacks import ModelCheckpoint\nModelCheckpoint(period=1)", False)
def test_any_program(code: str, to_keras_ckpt: bool) -> None:
    try:
        ast.parse(code)
    except SyntaxError:
        return
    old, new = release("2.4"), newest()
    target = rewrite.Target(to_keras_ckpt, old, new)
    done = rewrite.rewrite("x.py", code.encode(), target)
    after = done.content.decode()
    ast.parse(after)
    if after != code:
        assert comments(after) == comments(code)
    assert after.endswith("\n") == code.endswith("\n") or not code
    again = rewrite.rewrite("x.py", after.encode(), target)
    assert again.content.decode() == after
    noted = {each.code for each in done.notes if each.is_left}
    left = checker.problems_of(source.from_bytes("x.py", after.encode()), old, new)
    silent = [each for each in left if checker.finding(_source(after), each)]
    # What cannot be followed is no finding.
    assert {each.rule.code for each in silent if not each.rule.informs} <= noted


def _source(code: str) -> source.Source:
    return source.from_bytes("x.py", code.encode())


@given(st.binary(max_size=200), st.sampled_from(["x.py", "x.ipynb"]), st.booleans())
def test_any_bytes(content: bytes, name: str, to_keras_ckpt: bool) -> None:
    content = b"import keras\n" * (name == "x.py") + content + b"\nModelCheckpoint('a', period=1)"
    target = rewrite.Target(to_keras_ckpt, release("2.4"), newest())
    with contextlib.suppress(source.Unreadable, rewrite.CannotRewrite):
        rewrite.rewrite(name, content, target)


def test_what_is_nested_too_deeply_is_left() -> None:
    code = "import keras\nx = {}0{}\nkeras.callbacks.ModelCheckpoint('a.hdf5')".format(
        "-(" * 80,
        ")" * 80,
    )
    target = rewrite.Target(False, release("2.4"), newest())
    done = rewrite.rewrite("x.py", code.encode(), target)
    assert done.content.decode() == code.replace(".hdf5", ".keras")
    deep = code.replace("0", "+".join(["1"] * 3000))
    try:
        rewrite.rewrite("x.py", deep.encode(), target)
    except rewrite.CannotRewrite as error:
        assert "nested too deeply" in str(error)
