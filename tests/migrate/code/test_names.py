"""What a name means, through imports, aliases and scopes."""

from __future__ import annotations

import pytest
from snippets import last

from keras_ckpt.migrate.code.names import keras_name, library, meaning


def name(code: str) -> str:
    return meaning(*last(code)).name


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import keras\nkeras.callbacks.C", "keras.callbacks.C"),
        ("import a.b.c\na.b.c", "a.b.c"),
        ("import a.b as c\nc.d", "a.b.d"),
        ("from a import b as c\nc", "a.b"),
        ("from a import b\nc = b\nd = c.e\nd", "a.b.e"),
        ("try:\n    from keras_ckpt import C\nexcept E:\n    from a import C\nC", "keras_ckpt.C"),
        ("try:\n    from a import C\nexcept ImportError:\n    C = None\nC", "a.C"),
        ("from keras.callbacks import *\nModelCheckpoint", "keras.callbacks.ModelCheckpoint"),
        ("from other import *\nModelCheckpoint", "ModelCheckpoint"),
        ("from keras.models import *\nModelCheckpoint", "ModelCheckpoint"),
        ("f().a", ""),
        ("print", "print"),
        ("x = 1\nx", ""),
        ("x = y\ny = x\nx", ""),
    ],
)  # fmt: skip
def test_full_names(code: str, expected: str) -> None:
    assert name(code) == expected


def test_aliases_are_not_followed_without_end() -> None:
    code = "import keras as a0\n" + "".join(f"a{n + 1} = a{n}\n" for n in range(100))
    assert name(code + "a100") == ""
    assert name(code + "a10") == "keras"


def test_classes_and_partials_of_the_module_are_nodes() -> None:
    of_class = meaning(*last("class A: pass\nB = A\nB"))
    assert of_class.name == "" and of_class.node is not None
    made = meaning(*last("import functools\np = functools.partial(f, 1)\np"))
    assert made.name == "" and made.node is not None and made.at is not None


@pytest.mark.parametrize(
    "home",
    [
        "keras",
        "keras.api",
        "keras.src",
        "keras._tf_keras.keras",
        "tensorflow.keras",
        "tensorflow.python.keras",
        "tensorflow.contrib.keras",
        "tensorflow.compat.v1.keras",
        "tensorflow_core.python.keras",
        "tensorflow._api.v2.keras",
        "tf_keras",
        "tf_keras.src",
    ],
)
def test_the_homes_of_keras(home: str) -> None:
    assert keras_name(home + ".callbacks.C") == "callbacks.C"
    assert library(home + ".callbacks.C") in ("keras", "tensorflow", "tf_keras")


@pytest.mark.parametrize("other", ["kerastuner.a", "my.keras.a", "tensorflow.a", "keras", ""])
def test_others_are_none(other: str) -> None:
    assert keras_name(other) == ""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        # Of what may have been bound, the latest first.
        ("import a as x\nif y:\n    import b as x\nx", "b"),
        ("import a as x\nimport b as x\nx", "b"),
        ("def f():\n    import b as x\nimport a as x\nx", "a"),
    ],
)
def test_the_latest_counts(code: str, expected: str) -> None:
    assert name(code) == expected
