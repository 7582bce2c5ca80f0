"""Where the class has to be taken from keras_ckpt, and in which file."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from keras_ckpt.migrate.fix import project
from keras_ckpt.migrate.fix.rewrite import Rewritten
from keras_ckpt.migrate.fix.target import Target
from keras_ckpt.migrate.releases.release import newest, release

SUBCLASS = (
    "from keras.callbacks import ModelCheckpoint\n\n\nclass Mine(ModelCheckpoint):\n    pass\n"
)
TAKEN = SUBCLASS.replace("from keras.callbacks", "from keras_ckpt")


def rewritten(**files: str) -> dict[str, str]:
    contents = {name + ".py": code.encode() for name, code in files.items()}
    done = project.rewrite_all(contents, Target(True, release("2.4"), newest()))
    codes = {}
    for path, outcome in done.items():
        assert isinstance(outcome, Rewritten)
        codes[path[: -len(".py")]] = outcome.content.decode()
    return codes


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "import keras\na = keras.callbacks.ModelCheckpoint('a.keras')\n"
            "b = keras.callbacks.ModelCheckpoint('b.keras', period=5)\n",
            "import keras\nfrom keras_ckpt import ModelCheckpoint\n"
            "a = keras.callbacks.ModelCheckpoint('a.keras')\n"
            "b = ModelCheckpoint('b.keras', period=5)\n",
        ),
        (
            "import keras\nMC = keras.callbacks.ModelCheckpoint\nMC('a.keras', period=2)\n",
            "import keras\nfrom keras_ckpt import ModelCheckpoint\n"
            "MC = ModelCheckpoint\nMC('a.keras', period=2)\n",
        ),
        (
            "from keras.callbacks import *\nModelCheckpoint('a.keras', period=2)\n",
            "from keras.callbacks import *\nfrom keras_ckpt import ModelCheckpoint\n"
            "ModelCheckpoint('a.keras', period=2)\n",
        ),
    ],
)
def test_what_is_found_is_followed_to_its_name(before: str, after: str) -> None:
    assert rewritten(a=before) == {"a": after}


def test_a_class_is_changed_in_the_file_that_it_stands_in() -> None:
    call = "from mine import Mine\n\nkeep = Mine('a.keras', period=5)\n"
    assert rewritten(mine=SUBCLASS, train=call) == {"mine": TAKEN, "train": call}
    fine = call.replace(", period=5", "")
    assert rewritten(mine=SUBCLASS, train=fine) == {"mine": SUBCLASS, "train": fine}


def test_a_name_is_changed_in_the_file_that_imports_it() -> None:
    names = "from keras.callbacks import EarlyStopping, ModelCheckpoint\n"
    call = "from names import ModelCheckpoint\n\nkeep = ModelCheckpoint('a.keras', period=5)\n"
    taken = names.split(",")[0] + "\nfrom keras_ckpt import ModelCheckpoint\n"
    assert rewritten(names=names, train=call) == {"names": taken, "train": call}
    module = "import names\n\nkeep = names.ModelCheckpoint('a.keras', period=5)\n"
    assert rewritten(names=names, train=module)["train"] == module
