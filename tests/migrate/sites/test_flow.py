"""Where a model goes that is loaded in one place, and trained in another."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from snippets import codes

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.releases.release import release

HEAD = "from keras.models import load_model\n"
LOAD = "def load():\n    m = load_model('m.h5')\n    return m\n"
TRAIN = "def train(m):\n    m.fit(x, y)\n"
COMPILE = "m.compile('adam', 'mean_squared_error')\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("load_model('m.h5').fit(x, y)", True),
        (LOAD + "m = load()\nm.fit(x, y)", True),
        (LOAD + "load().fit(x, y)", True),
        (LOAD + "m = load()\n" + COMPILE + "m.fit(x, y)", False),
        (LOAD + "m = load()\nm.predict(x)", False),
        (LOAD + "m = other()\nm.fit(x, y)", False),
        (LOAD.replace("return", COMPILE + "    return") + "m = load()\nm.fit(x, y)", False),
        ("def load():\n    return load_model('m.h5')\nm = load()\nm.fit(x, y)", True),
        ("def load():\n    return load_model('m.h5'), 1\nm, n = load()\nm.fit(x, y)", True),
        ("def load():\n    return 1, load_model('m.h5')\nm, n = load()\nm.fit(x, y)", False),
        (
            "def load():\n    if there:\n        m = load_model('m.h5')\n    else:\n"
            "        m = build()\n    return m\nm = load()\nm.fit(x, y)",
            True,
        ),
        (TRAIN + "train(load_model('m.h5'))", True),
        (TRAIN + "m = load_model('m.h5')\ntrain(m)", True),
        (TRAIN + "m = load_model('m.h5')\ntrain(m=m)", True),
        (TRAIN + "m = load_model('m.h5')\n" + COMPILE + "train(m)", False),
        (TRAIN + "m = load_model('m.h5')\nprepare(m)\ntrain(m)", False),
        (
            "def show(m):\n    m.summary()\n" + TRAIN + "m = load_model('m.h5')\nshow(m)\ntrain(m)",
            True,
        ),
        (
            "def prepare(m):\n    "
            + COMPILE
            + TRAIN
            + "m = load_model('m.h5')\nprepare(m)\ntrain(m)",
            False,
        ),
        ("def train(m):\n    " + COMPILE + "    m.fit(x, y)\ntrain(load_model('m.h5'))", False),
        ("def train(n, m):\n    n.fit(x, y)\ntrain(other, load_model('m.h5'))", False),
        (LOAD + TRAIN + "def main():\n    train(load())\nmain()", True),
        ("m = load_model('m.h5')\nn = m\nn.fit(x, y)", True),
        ("m = load_model('m.h5')\nn = m\n" + COMPILE + "n.fit(x, y)", True),
        (
            "class T:\n    def __init__(self, m):\n        self.m = m\n"
            "    def run(self):\n        self.m.fit(x, y)\nT(load_model('m.h5')).run()",
            True,
        ),
        (
            "class T:\n    def __init__(self, m):\n        self.m = m\n        self.m."
            + COMPILE[2:]
            + "    def run(self):\n        self.m.fit(x, y)\nT(load_model('m.h5')).run()",
            False,
        ),
        (
            "class T:\n    def load(self):\n        return load_model('m.h5')\n"
            "    def run(self):\n        m = self.load()\n        m.fit(x, y)",
            True,
        ),
        (
            "class T:\n    def fine(self, m):\n        m.fit(x, y)\n"
            "    def run(self):\n        self.fine(load_model('m.h5'))",
            True,
        ),
        # Functions that call themselves, and each other.
        (
            "def train(m, n):\n    train(m, n - 1)\n    return m\n"
            "m = train(load_model('m.h5'), 3)\nm.fit(x, y)",
            True,
        ),
    ],
)
def test_within_a_file(code: str, expected: bool) -> None:
    assert codes(HEAD + code + "\n", "2.4") == (["KC607"] if expected else [])


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.py": HEAD + LOAD, "b.py": "from a import load\nm = load()\nm.fit(x, y)\n"}, True),
        (
            {
                "a.py": HEAD + LOAD,
                "b.py": "from a import load\nm = load()\n" + COMPILE + "m.fit(x, y)\n",
            },
            False,
        ),
        (
            {
                "pkg/__init__.py": "",
                "pkg/train.py": TRAIN,
                "main.py": HEAD + "from pkg import train\ntrain.train(load_model('m.h5'))\n",
            },
            True,
        ),
        (
            {
                "pkg/__init__.py": "",
                "pkg/load.py": HEAD + LOAD,
                "pkg/train.py": TRAIN,
                "main.py": "from pkg.load import load\nfrom pkg import train as t\n"
                "t.train(load())\n",
            },
            True,
        ),
    ],
)
def test_over_files(
    files: dict[str, str], expected: bool, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, code in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(code)
    found = checker.check(list(files), release("2.4")).findings
    assert [each.code for each in found] == (["KC607"] if expected else [])
    if expected:
        assert "`m.fit` in " in found[0].message
