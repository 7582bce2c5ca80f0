"""The directory of what is saved."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import native, notes


def test_the_directory_is_made_as_before() -> None:
    before = "import keras\nm = keras.Sequential()\nm.save_weights('checkpoints/mine')\n"
    assert native(before) == (
        "import keras\nimport os\nm = keras.Sequential()\n"
        'os.makedirs("checkpoints", exist_ok=True)\n'
        "m.save_weights('checkpoints/mine.weights.h5')\n"
    )
    made = before.replace("m.save", "os.makedirs('checkpoints')\nm.save")
    assert "exist_ok" not in native("import os\n" + made)


HEAD = "import keras\nimport os\nm = keras.Sequential()\n"


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ("'d/e/w'", 'os.makedirs("d/e", exist_ok=True)\n'),
        ("f'd/{x}.ckpt'", 'os.makedirs("d", exist_ok=True)\n'),
        ("'d/{}_{}.ckpt'.format(x, y)", 'os.makedirs("d", exist_ok=True)\n'),
        ("'d/e/%s.ckpt' % x", 'os.makedirs("d/e", exist_ok=True)\n'),
        (
            "'{}/w.ckpt'.format(x)",
            "os.makedirs(os.path.dirname('{}/w.weights.h5'.format(x)) or \".\", exist_ok=True)\n",
        ),
        ("'d/w.h5'", ""),
        ("d + 'w_last.hdf5'", ""),
        ("os.path.join(tmp_path, 'w')", ""),
        ("str(tmp_path / 'w')", ""),
        ("os.path.join(tempfile.mkdtemp(), 'w')", ""),
        (
            "os.path.join(d, 'w')",
            "os.makedirs(os.path.dirname(os.path.join(d, 'w.weights.h5')) or \".\", "
            "exist_ok=True)\n",
        ),
        ("'w'", ""),
        ("'./w'", ""),
        ("'/tmp/w'", ""),
        ("'gs://bucket/w'", ""),
    ],
)
def test_it_is_made_where_it_may_be_missing(path: str, made: str) -> None:
    done = native(f"{HEAD}m.save_weights({path})\n")
    assert done.startswith(HEAD + made + "m.save_weights(")
    assert ".weights.h5" in done


@pytest.mark.parametrize(
    "code",
    [
        # Where it would be made another time than before, or more often.
        "x = 1; m.save_weights('d/w')",
        "f = lambda: m.save_weights('d/w')",
        "[m.save_weights('d/w') for x in y]",
        "m.save_weights(make_directory() + '/w')",
        "if m.save_weights('d/w'): pass",
    ],
)
def test_it_is_left_where_it_cannot_be_made_before(code: str) -> None:
    assert native(f"{HEAD}{code}\n") == f"{HEAD}{code}\n"
    (only,) = notes(f"{HEAD}{code}\n")
    assert "does not make the directory of the file" in only


def test_another_thing_called_os_is_not_taken_for_it() -> None:
    code = HEAD.replace("import os", "os = None") + "m.save_weights('d/w')\n"
    assert native(code) == code


@pytest.mark.parametrize(
    ("code", "made"),
    [
        ("t = tempfile.mkdtemp()\nm.save_weights(t + '/w')", False),
        ("with tempfile.TemporaryDirectory() as t:\n    m.save_weights(f'{t}/w')", False),
        ("with tempfile.TemporaryDirectory() as t:\n    m.save_weights(f'{t}/x/w')", True),
        ("t = tempfile.mkdtemp() if x else y\nm.save_weights(t + '/w')", True),
    ],
)
def test_a_temporary_directory_is_there(code: str, made: bool) -> None:
    done = native(f"{HEAD}import tempfile\n{code}\n")
    assert ".weights.h5" in done and ("makedirs" in done) is made


@pytest.mark.parametrize(
    ("default", "made"),
    [("runs/w.tf", True), ("w.tf", False), ("/tmp/w.tf", False), ("runs/w.h5", False)],
)
def test_the_directory_of_the_default_of_an_option(default: str, made: bool) -> None:
    done = native(f"""
import argparse
import keras

parser = argparse.ArgumentParser()
parser.add_argument("--output", default="{default}")
args = parser.parse_args()
model = keras.Sequential([keras.layers.Dense(1)])
model.save_weights(args.output)
""")
    assert ".weights.h5" in done
    assert ('os.makedirs(os.path.dirname(args.output) or ".", exist_ok=True)\n' in done) is made
