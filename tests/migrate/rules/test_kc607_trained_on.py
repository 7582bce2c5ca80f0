"""Training of models that come from HDF5 files."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
from keras_3 import needs_keras_3
from snippets import codes, native, notes

from keras_ckpt import runtime

HEAD = "import keras, os\nfrom keras.models import load_model\n"
LOAD = "m = load_model('m.h5')\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (LOAD + "m.fit(x, y)", True),
        (LOAD + "m.train_on_batch(x, y)", True),
        (LOAD + "m.predict(x)", False),
        (LOAD + "m.compile('adam', 'mean_squared_error')\nm.fit(x, y)", False),
        (LOAD + "m.fit(x, y)\nm.compile('adam', 'mean_squared_error')", True),
        (LOAD + "print(m)\nm.fit(x, y)", True),
        (LOAD + "prepare(m)\nm.fit(x, y)", False),
        (LOAD + "m = build()\nm.fit(x, y)", False),
        ("m = build()\nm.fit(x, y)\n" + LOAD + "m.evaluate(x, y)", False),
        ("m = load_model('m.keras')\nm.fit(x, y)", False),
        ("m = load_model('m.h5', compile=False)\nm.fit(x, y)", False),
        ("m = load_model('m.h5', custom_objects=o)\nm.fit(x, y)", True),
        ("m = load_model(os.path.join(d, 'e_%d.hdf5' % e))\nm.fit(x, y)", True),
        (
            "if os.path.exists('m.h5'):\n    m = load_model('m.h5')\n"
            "else:\n    m = build()\n    m.compile('adam', 'mean_squared_error')\nm.fit(x, y)",
            True,
        ),
        (
            "if os.path.exists('m.h5'):\n    m = load_model('m.h5')\n"
            "else:\n    m = build()\nm.compile('adam', 'mean_squared_error')\nm.fit(x, y)",
            False,
        ),
        (LOAD + "def train():\n    m.fit(x, y)", True),
        (LOAD + "def train(m):\n    m.fit(x, y)", False),
        (
            "class A:\n    def load(self):\n        self.m = load_model('m.h5')\n"
            "    def train(self):\n        self.m.fit(x, y)",
            True,
        ),
        (
            "class A:\n    def load(self):\n        self.m = load_model('m.h5')\n"
            "        self.m.compile('adam', 'mean_squared_error')\n"
            "    def train(self):\n        self.m.fit(x, y)",
            False,
        ),
    ],
)
def test_goes_by_what_happens_to_the_model(code: str, expected: bool) -> None:
    assert codes(HEAD + code + "\n", "2.4") == (["KC607"] if expected else [])


@needs_keras_3
@pytest.mark.parametrize("compiled_anew", [False, True])
@pytest.mark.parametrize("ending", [".h5", ".hdf5", ".keras"])
def test_keras_3_does_the_same(tmp_path: pathlib.Path, ending: str, compiled_anew: bool) -> None:
    keras: Any = runtime.keras()
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", "mean_squared_error")
    path = str(tmp_path / f"m{ending}")
    model.save(path)
    loaded = keras.models.load_model(path)
    if compiled_anew:
        loaded.compile("adam", "mean_squared_error")
    code = HEAD + f"m = load_model('m{ending}')\n"
    code += "m.compile('adam', 'mean_squared_error')\n" if compiled_anew else ""
    if codes(code + "m.fit(x, y)\n", "2.4") == ["KC607"]:
        with pytest.raises(ValueError, match="Unknown variable"):
            loaded.fit(x, y, verbose=0)
    else:
        loaded.fit(x, y, verbose=0)


def test_the_file_becomes_one_of_keras_3_where_it_is_written_here() -> None:
    pytest.importorskip("libcst")
    code = HEAD + "m = keras.Sequential()\nm.save('m.h5')\nm = load_model('m.h5')\nm.fit(x, y)\n"
    assert native(code) == code.replace("m.h5", "m.keras")
    read = HEAD + LOAD + "m.fit(x, y)\n"
    assert native(read) == read
    (only,) = notes(read)
    assert "nothing in this file writes it" in only
