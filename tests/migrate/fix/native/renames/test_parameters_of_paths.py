"""Paths that functions are given are renamed with all that gives and reads them, or not at all."""

from __future__ import annotations

import pathlib

import pytest

pytest.importorskip("libcst")

from snippets import native, notes

from keras_ckpt.migrate.fix import project
from keras_ckpt.migrate.fix.rewrite import Rewritten
from keras_ckpt.migrate.fix.target import Target
from keras_ckpt.migrate.releases.release import newest, release

FUNCTIONS = """
import keras


def save(model, path="net.ckpt"):
    model.save_weights(path)


def load(model, path="net.ckpt"):
    model.load_weights(path)


model = keras.Sequential([keras.layers.Dense(1)])
"""
CALLS = 'save(model)\nload(model)\nsave(model, "last.ckpt")\nload(model, path="last.ckpt")\n'


def test_defaults_and_what_is_passed() -> None:
    before = FUNCTIONS + CALLS
    assert native(before) == before.replace(".ckpt", ".weights.h5")


def test_a_template_and_the_name_that_it_makes() -> None:
    before = """
import os

import keras
from keras.callbacks import ModelCheckpoint


def make(directory, template="w.{epoch:02d}.ckpt"):
    return ModelCheckpoint(os.path.join(directory, template), save_weights_only=True)


def load(model, directory, epoch):
    model.load_weights(os.path.join(directory, "w.%02d.ckpt" % epoch))


model = keras.Sequential([keras.layers.Dense(1)])
model.fit(x, y, epochs=2, callbacks=[make("runs")])
load(model, "runs", 2)
"""
    assert native(before) == before.replace(".ckpt", ".weights.h5")


def test_an_ending_that_is_passed() -> None:
    before = FUNCTIONS.replace('path="net.ckpt"', 'name="net", ending=".h5"')
    before = before.replace("(path)", "(name + ending)") + "save(model)\nload(model, 'last')\n"
    assert native(before) == before.replace(".h5", ".weights.h5")


@pytest.mark.parametrize(
    "code",
    [
        "import sys\nsave(model, sys.argv[1])\n",
        "for each in (save, load):\n    each(model)\n",
        "globals()['save'](model)\n",
        "save(*arguments)\n",
        "save(model, **options)\n",
        "table = {'save': save}\n",
    ],
)
def test_of_a_function_with_another_use_nothing_is_renamed(code: str) -> None:
    before = FUNCTIONS + CALLS + code
    assert native(before) == before
    assert len(notes(before)) == 2


@pytest.mark.parametrize("decorator", ["tf.function", "app.command()"])
def test_a_decorated_function_may_get_anything(decorator: str) -> None:
    before = FUNCTIONS.replace("def save", f"@{decorator}\ndef save") + CALLS
    assert native(before) == before


def test_a_class_in_another_file(tmp_path: pathlib.Path) -> None:
    files = {
        "trainer.py": """
class Trainer:
    def __init__(self, model, path="net.ckpt"):
        self.model = model
        self.path = path

    def save(self):
        self.model.save_weights(self.path)

    def load(self):
        self.model.load_weights(self.path)
""",
        "main.py": """
import keras
from trainer import Trainer

model = keras.Sequential([keras.layers.Dense(1)])
Trainer(model).save()
other = Trainer(model, "last.ckpt")
other.save()
other.load()
""",
    }
    for extra in ("", "\n\nclass Mine(Trainer):\n    pass\n"):
        for name, code in files.items():
            (tmp_path / name).write_text(code)
        contents = {str(tmp_path / name): code for name, code in files.items()}
        contents[str(tmp_path / "main.py")] += extra
        target = Target(False, release("2.4"), newest())
        outcomes = project.rewrite_all({k: v.encode() for k, v in contents.items()}, target)
        for path, code in contents.items():
            outcome = outcomes[path]
            assert isinstance(outcome, Rewritten)
            expected = code if extra else code.replace(".ckpt", ".weights.h5")
            assert outcome.content.decode() == expected
