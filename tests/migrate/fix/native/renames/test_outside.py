"""Paths that are written in options, tables, classes and other modules."""

from __future__ import annotations

import pathlib
import textwrap

import pytest

pytest.importorskip("libcst")

from keras_ckpt.migrate.fix import project
from keras_ckpt.migrate.fix.rewrite import Rewritten
from keras_ckpt.migrate.fix.target import Target
from keras_ckpt.migrate.releases.release import newest, release

BEGIN = "import keras\nnet = keras.Sequential()\n"


def native(folder: pathlib.Path, files: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Returns what becomes of files, and what is said."""
    contents = {}
    for name, code in files.items():
        path = folder / name
        path.write_text(textwrap.dedent(code))
        contents[str(path)] = path.read_bytes()
    done = project.rewrite_all(contents, Target(False, release("2.4"), newest()))
    assert all(isinstance(each, Rewritten) for each in done.values()), done
    outcomes = [each for each in done.values() if isinstance(each, Rewritten)]
    said = [note.text for each in outcomes for note in each.notes]
    return {pathlib.Path(p).name: o.content.decode() for p, o in zip(done, outcomes)}, said


ARGPARSE = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--out', default='{}')\n"
ABSL = "from absl import flags\nFLAGS = flags.FLAGS\nflags.DEFINE_string('out', '{}', '')\n"
HOLDER = "from absl import flags\nW = flags.DEFINE_string('out', '{}', '')\n"
CLICK = (
    "import click\n@click.option('--out', default='{}')\ndef main(out):\n"
    "    net.save_weights(out)\n    net.load_weights(out)\n"
)
USED = "net.save_weights({0})\nnet.load_weights({0})\n"


@pytest.mark.parametrize(
    "code",
    [
        BEGIN + ARGPARSE + "args = p.parse_args()\n" + USED.format("args.out"),
        BEGIN + ABSL + USED.format("FLAGS.out"),
        BEGIN + HOLDER + USED.format("W.value"),
        BEGIN + CLICK,
        BEGIN + "t = {{'w': '{}', 'n': 1}}\nprint(t['n'])\n" + USED.format("t['w']"),
        BEGIN + "class C:\n    OUT = '{}'\n" + USED.format("C.OUT"),
    ],
)
def test_in_one_file(code: str, tmp_path: pathlib.Path) -> None:
    code = code.replace("{{", "{").replace("}}", "}")
    done, said = native(tmp_path, {"a.py": code.replace("'{}'", "'w.ckpt'")})
    assert done["a.py"] == code.replace("'{}'", "'w.weights.h5'"), said


@pytest.mark.parametrize(
    "code",
    [
        # Something else reads it.
        BEGIN + ARGPARSE + "args = p.parse_args()\n" + USED.format("args.out") + "up(args.out)\n",
        BEGIN + ARGPARSE + "a = p.parse_args()\n" + USED.format("a.out") + "up(vars(a)['out'])\n",
        BEGIN + ARGPARSE + "a = p.parse_args()\na.out = 'b'\n" + USED.format("a.out"),
        BEGIN + ABSL + USED.format("FLAGS.out") + "up(FLAGS['out'].value)\n",
        BEGIN + CLICK + "    up(out)\n",
        BEGIN + "t = {'w': '{}'}\n" + USED.format("t['w']") + "up(t)\n",
        BEGIN + "t = {'w': '{}'}\nt['w'] = up()\n" + USED.format("t['w']"),
        BEGIN + "class C:\n    OUT = '{}'\n" + USED.format("C.OUT") + "up(C.OUT)\n",
        BEGIN + "class C:\n    OUT = '{}'\n" + USED.format("C.OUT") + "up(c.OUT)\n",
    ],
)
def test_what_something_else_reads_stays(code: str, tmp_path: pathlib.Path) -> None:
    code = code.replace("'{}'", "'w.ckpt'")
    done, _ = native(tmp_path, {"a.py": code})
    assert done["a.py"] == code


@pytest.mark.parametrize(
    ("code", "option"),
    [(BEGIN + ABSL + USED.format("FLAGS.out"), "--out"), (BEGIN + CLICK, "--out")],
)
def test_what_is_passed_has_to_end_so(code: str, option: str, tmp_path: pathlib.Path) -> None:
    _, said = native(tmp_path, {"a.py": code.replace("'{}'", "'w.ckpt'")})
    assert [f"passed as `{option}` has to end in `.weights.h5`" in each for each in said] == [True]


def test_the_name_of_an_option_is_no_ending(tmp_path: pathlib.Path) -> None:
    code = BEGIN + ABSL.replace("'{}'", "'w.ckpt'") + "flags.DEFINE_string('ckpt', None, '')\n"
    done, said = native(tmp_path, {"a.py": code + USED.format("FLAGS.out")})
    assert "'w.weights.h5'" in done["a.py"], said


CONF = "WEIGHTS = 'runs/w'\nOTHER = 1\n"
SAVES = "import conf\n" + BEGIN + "net.save_weights(conf.WEIGHTS)\n"
LOADS = "from conf import WEIGHTS\n" + BEGIN + "net.load_weights(WEIGHTS)\n"


def test_a_constant_of_another_module(tmp_path: pathlib.Path) -> None:
    done, said = native(tmp_path, {"conf.py": CONF, "a.py": SAVES, "b.py": LOADS})
    assert done["conf.py"] == CONF.replace("runs/w", "runs/w.weights.h5"), said
    assert done["b.py"] == LOADS
    assert "net.save_weights(conf.WEIGHTS)" in done["a.py"]


@pytest.mark.parametrize(
    "other",
    [
        "from conf import WEIGHTS\nimport shutil\nshutil.rmtree(WEIGHTS)\n",
        "from conf import *\nprint(up(WEIGHTS))\n",
        "import conf\nup(getattr(conf, 'WEIGHTS'))\n",
        "import conf\nconf.WEIGHTS = 'b'\n",
        # It stays there for another reason.
        "import conf\nimport keras\nkeras.callbacks.ModelCheckpoint(conf.WEIGHTS, period=2)\n",
        # Whole models are saved by it, too.
        "import conf\n" + BEGIN + "net.save(conf.WEIGHTS)\n",
    ],
)
def test_a_constant_that_has_to_stay(other: str, tmp_path: pathlib.Path) -> None:
    files = {"conf.py": CONF, "a.py": SAVES, "b.py": LOADS, "c.py": other}
    done, said = native(tmp_path, files)
    assert done == files
    assert said


def test_an_option_of_another_module(tmp_path: pathlib.Path) -> None:
    options = ARGPARSE.replace("'{}'", "'w.ckpt'") + "def get():\n    return p.parse_args()\n"
    train = "from options import get\nargs = get()\n" + BEGIN + "net.save_weights(args.out)\n"
    test = "import options\n" + BEGIN + "o = options.get()\nnet.load_weights(o.out)\n"
    done, said = native(tmp_path, {"options.py": options, "train.py": train, "test.py": test})
    assert done["options.py"] == options.replace("w.ckpt", "w.weights.h5"), said
    assert done["train.py"] == train and done["test.py"] == test


WRITE = BEGIN + "for e in range(3):\n    net.save_weights('runs/e_{}'.format(e))\n"


@pytest.mark.parametrize(
    "write",
    [
        WRITE,
        WRITE.replace("'runs/e_{}'.format(e)", "'runs/e_%d' % e"),
        WRITE.replace("'runs/e_{}'.format(e)", "'runs/e_' + str(e)"),
        BEGIN + "class C:\n    def __init__(self, p):\n        self.p = p\n    def keep(self, e):\n"
        "        net.save_weights(self.p + '_%d' % e)\nC('runs/e').keep(1)\n",
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_what_a_template_writes_is_not_left_to_its_readers(
    write: str, together: bool, tmp_path: pathlib.Path
) -> None:
    read = "net.load_weights('runs/e_1')\n"
    files = {"a.py": write + read} if together else {"a.py": write, "b.py": BEGIN + read}
    done, said = native(tmp_path, files)
    writes = any(".weights.h5" in line for line in done["a.py"].splitlines() if "save" in line)
    reads = "'runs/e_1.weights.h5'" in "".join(done.values())
    assert writes == reads, (done, said)
