"""The command `fix`: what is printed, written and returned."""

from __future__ import annotations

import os
import pathlib
import stat
import sys
from typing import Any

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("libcst")
if sys.version_info < (3, 9):
    pytest.skip("reading code needs Python 3.9", allow_module_level=True)

from click.testing import CliRunner, Result

from keras_ckpt.cli import main
from keras_ckpt.migrate.fix.edits import write_back

BEFORE = """\
from tensorflow.keras.callbacks import ModelCheckpoint

checkpoint = ModelCheckpoint("best.hdf5", period=1)
every = ModelCheckpoint("m.{epoch}.keras", period=5)  # five
"""


def fix(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["fix", *arguments])


@pytest.fixture
def script(tmp_path: pathlib.Path, monkeypatch: Any) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "train.py"
    path.write_text(BEFORE)
    return path


def test_a_diff_is_shown_and_nothing_written(script: pathlib.Path) -> None:
    result = fix("--native", "--from", "2.4", "train.py")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "--- train.py",
        "+++ train.py",
        "@@ -1,4 +1,4 @@",
        " from tensorflow.keras.callbacks import ModelCheckpoint",
        " ",
        '-checkpoint = ModelCheckpoint("best.hdf5", period=1)',
        '+checkpoint = ModelCheckpoint("best.keras")',
        ' every = ModelCheckpoint("m.{epoch}.keras", period=5)  # five',
        "train.py:3:30: KC202 `best.hdf5` is now `best.keras`, in another format. Files from "
        "before are read by `keras-ckpt convert` and `keras_ckpt.load_model`. Whatever else reads "
        "them, elsewhere, has to be changed, too.",
        "train.py:4:44: KC101 not changed: `period=5` needs keras_ckpt: `save_freq` of Keras 3 "
        "counts batches, and has no value of the validation when it saves. `keras-ckpt fix "
        "--to-keras-ckpt` keeps it.",
        "2 changes to make in 1 file. Write them with --write; 1 place left.",
    ]
    assert script.read_text() == BEFORE


def test_write_applies_it_and_a_second_run_changes_nothing(script: pathlib.Path) -> None:
    result = fix("--to-keras-ckpt", "--write", "train.py")
    assert result.exit_code == 0
    assert result.output.endswith("1 change made in 1 file.\n")
    after = BEFORE.replace("tensorflow.keras.callbacks", "keras_ckpt")
    assert script.read_text() == after
    again = fix("--to-keras-ckpt", "train.py")
    assert (again.exit_code, again.output) == (0, "No changes to make.\n")
    assert os.listdir(str(script.parent)) == ["train.py"]


def test_one_of_the_two_must_be_chosen(script: pathlib.Path) -> None:
    result = fix("train.py")
    assert result.exit_code == 2
    assert "--to-keras-ckpt  the same calls" in result.output
    assert "--native         calls that Keras 3 takes" in result.output


def test_not_both_of_them(script: pathlib.Path) -> None:
    for options in (("--native", "--to-keras-ckpt"), ("--to-keras-ckpt", "--native")):
        result = fix(*options, "--write", "train.py")
        assert result.exit_code == 2
        assert "only one can be taken" in result.output
    assert script.read_text() == BEFORE


def test_the_help_says_what_is_rewritten_without_a_finding() -> None:
    text = " ".join(fix("--help").output.split())
    assert "What `check` finds is rewritten" in text
    assert "`--all` rewrites every ModelCheckpoint" in text


def test_all_is_for_keras_ckpt() -> None:
    result = fix("--native", "--all", "x.py")
    assert result.exit_code == 2
    assert "--all is for --to-keras-ckpt" in result.output


TF_KERAS = """\
from tf_keras.callbacks import ModelCheckpoint
from tf_keras.models import load_model

model = load_model("saved")
model.load_weights("cp.ckpt")
model.fit(x, y, callbacks=[ModelCheckpoint("best.hdf5", period=1)])
"""


@pytest.mark.parametrize("old", [(), ("--from", "2.15")])
def test_tf_keras_stays_as_it_is(script: pathlib.Path, old: tuple[str, ...]) -> None:
    script.write_text(TF_KERAS)
    assert fix("--native", *old, "train.py").output == "No changes to make.\n"
    result = fix("--to-keras-ckpt", "--write", *old, "train.py")
    assert result.output.splitlines() == [
        "train.py:1:1: not changed: tf_keras runs this as it stands. `--from tf_keras` rewrites it "
        "all the same.",
        "No changes made; 1 place left.",
    ]
    assert script.read_text() == TF_KERAS


def test_tf_keras_is_rewritten_where_that_is_asked_for(script: pathlib.Path) -> None:
    script.write_text(TF_KERAS)
    result = fix("--to-keras-ckpt", "--write", "--from", "tf_keras", "train.py")
    assert "TF_USE_LEGACY_KERAS=1" in result.output
    assert script.read_text() == (
        "from keras_ckpt import ModelCheckpoint\nfrom keras_ckpt import load_model\n"
        'import keras_ckpt\n\nmodel = load_model("saved")\n'
        'keras_ckpt.load_weights(model, "cp.ckpt")\n'
        'model.fit(x, y, callbacks=[ModelCheckpoint("best.hdf5", period=1)])\n'
    )
    script.write_text(TF_KERAS)
    assert '-model.fit(x, y, callbacks=[ModelCheckpoint("best.hdf5", period=1)])\n' in (
        fix("--native", "--from", "tf_keras", "train.py").output
    )


def test_rules_are_chosen_as_for_check(script: pathlib.Path) -> None:
    result = fix("--native", "--from", "2.4", "--select", "KC101", "train.py")
    assert '+checkpoint = ModelCheckpoint("best.hdf5")' in result.output
    (script.parent / "setup.cfg").write_text("[keras-ckpt]\nfrom = 2.4\nignore = KC1\n")
    result = fix("--native", "train.py")
    assert '+checkpoint = ModelCheckpoint("best.keras", period=1)' in result.output
    assert "all are excluded" in fix("--native", "--exclude", "train.py", ".").output


def test_noqa_is_left(script: pathlib.Path) -> None:
    script.write_text(BEFORE.replace("period=1)", "period=1)  # noqa: KC101"))
    result = fix("--native", "--from", "2.4", "train.py")
    assert '+checkpoint = ModelCheckpoint("best.keras", period=1)  # noqa: KC101' in result.output


def test_the_release_is_asked_for_where_it_matters(script: pathlib.Path) -> None:
    script.write_text(
        "import keras\nkeras.callbacks.ModelCheckpoint('a.keras', 'val_auc', 0, True)\n"
    )
    assert fix("--native", "train.py").exit_code == 2
    assert fix("--to-keras-ckpt", "train.py").exit_code == 1
    for option in ("--native", "--to-keras-ckpt"):
        for which in ("--from", "--to"):
            result = fix(option, "--from", "2.4", which, "9.9", "train.py")
            assert result.exit_code == 2 and "9.9" in result.output


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"\xef\xbb\xbf", b"\xef\xbb\xbf"),
        (b"# -*- coding: latin-1 -*-\n# \xe9\n", b"# -*- coding: latin-1 -*-\n# \xe9\n"),
        (b"#!python\r\nx = '\\t'\t# tab\r\n", b"#!python\r\nx = '\\t'\t# tab\r\n"),
    ],
)  # fmt: skip
def test_encoding_and_line_ends_are_kept(script: pathlib.Path, content: bytes, kept: bytes) -> None:
    end = b"\r\n" if b"\r\n" in content else b"\n"
    code = BEFORE.encode().replace(b"\n", end)[: -len(end)]
    script.write_bytes(content + code)
    assert fix("--native", "--write", "--from", "2.4", "train.py").exit_code == 0
    after = code.replace(b'"best.hdf5", period=1', b'"best.keras"')
    assert script.read_bytes() == kept + after


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_mode_and_links_are_kept(script: pathlib.Path) -> None:
    script.chmod(0o751)
    link = script.parent / "link.py"
    link.symlink_to("train.py")
    assert fix("--to-keras-ckpt", "--write", "link.py").exit_code == 0
    assert link.is_symlink()
    assert "keras_ckpt" in script.read_text()
    assert stat.S_IMODE(script.stat().st_mode) == 0o751


def test_what_is_read_only_is_left_and_the_rest_written(script: pathlib.Path) -> None:
    other = script.parent / "other.py"
    other.write_text(BEFORE)
    script.chmod(0o444)
    result = fix("--to-keras-ckpt", "--write", "train.py", "other.py")
    assert result.exit_code == 2
    assert "Error: train.py is not written: it is read-only." in result.output
    assert script.read_text() == BEFORE
    assert "keras_ckpt" in other.read_text()


def test_what_has_changed_meanwhile_is_not_written(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"new")
    with pytest.raises(write_back.NotWritten, match="changed meanwhile"):
        write_back.write(str(path), b"old", b"other")
    assert path.read_bytes() == b"new"
    assert os.listdir(str(tmp_path)) == ["a.py"]


@pytest.mark.parametrize(
    "content",
    [
        b"print 'ModelCheckpoint'\n",
        b"",
        b"\xff\xfeModelCheckpoint",
        b"# coding: none\nModelCheckpoint",
    ],
)
def test_what_is_no_code_is_left(script: pathlib.Path, content: bytes) -> None:
    script.write_bytes(content)
    result = fix("--to-keras-ckpt", "--write", "train.py")
    assert result.exit_code in (0, 2)
    assert not isinstance(result.exception, (TypeError, AttributeError, UnicodeError))
    assert script.read_bytes() == content


def test_without_libcst_it_says_what_to_install(script: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "libcst", None)
    result = fix("--native", "train.py")
    assert result.exit_code == 2
    assert 'pip install "keras-ckpt[migrate]"' in result.output


@pytest.mark.parametrize("name", [".", "notes.txt"])
def test_nothing_to_rewrite_is_an_error(tmp_path: pathlib.Path, name: str) -> None:
    """A path that is mistyped shall not pass for one that needs nothing."""
    (tmp_path / "notes.txt").write_text("no code\n")
    done = CliRunner().invoke(main, ["fix", "--native", str(tmp_path / name)])
    assert done.exit_code == 2
    assert "There is no Python file or notebook" in done.output
