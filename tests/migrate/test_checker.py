"""All rules on all files: what is asked, what is silenced, where findings stand."""

from __future__ import annotations

import gc
import pathlib

import pytest
from snippets import codes, found

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code import source
from keras_ckpt.migrate.releases.release import Release, newest, release
from keras_ckpt.migrate.rules.definition import rules

CALL = "from keras.callbacks import ModelCheckpoint\nModelCheckpoint('a.hdf5', period=5)\n"
#: Broken on Keras 3.11, and nothing in it shows what it was written for.
OF_ANY = CALL.replace("'a.hdf5', period=5", "'a.keras', 'val_auc', save_best_only=True")


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "x.py"
    path.write_text(CALL)
    return path


def test_the_old_release_is_determined_if_it_is_not_given(path: pathlib.Path) -> None:
    result = checker.check([str(path)])
    assert [each.code for each in result.findings] == ["KC202", "KC101"]
    assert result.old is not None and result.old.title == "TF 2.15"
    assert result.new is newest()
    assert checker.check([str(path)], release("2.4")).why == "as specified"


def test_what_is_not_selected_is_not_asked(path: pathlib.Path) -> None:
    result = checker.check([str(path)], selected=lambda code: code.startswith("KC2"))
    assert [each.code for each in result.findings] == ["KC202"]


def test_what_cannot_be_read_is_an_error_beside_the_findings(path: pathlib.Path) -> None:
    advanced: list[int] = []
    files = [str(path), str(path.parent / "absent.py")]
    result = checker.check(files, release("2.4"), advance=advanced.append)
    assert (len(result.findings), result.files, advanced) == (2, 1, [1, 1])
    (error,) = result.errors
    assert "absent.py cannot be read" in error


def test_it_is_asked_only_if_it_matters(path: pathlib.Path) -> None:
    asked: list[str] = []

    def ask(why: str) -> Release:
        asked.append(why)
        return release("2.4")

    path.write_text(OF_ANY)
    result = checker.check([str(path)], ask=ask)
    assert [each.code for each in result.findings] == ["KC403"]
    assert len(asked) == 1
    with pytest.raises(checker.UnknownOrigin):
        checker.check([str(path)])
    path.write_text(OF_ANY.replace("save_best_only=True", "mode='max'"))
    result = checker.check([str(path)], ask=ask)
    assert (result.findings, result.old, len(asked)) == ([], None, 1)


@pytest.mark.parametrize("call", ["install", "emulate"])
def test_what_install_makes_work_is_fine(call: str) -> None:
    assert codes(f"import keras_ckpt\nkeras_ckpt.{call}()\n" + CALL, "2.4") == []


@pytest.mark.parametrize("line", range(4))
@pytest.mark.parametrize(
    ("comment", "silenced"),
    [("# noqa", True), ("# noqa: period", True), ("# noqa: KC1", True), ("# noqa: KC2", False)],
)
def test_a_comment_on_any_line_of_the_call(comment: str, silenced: bool, line: int) -> None:
    lines = ["c = ModelCheckpoint(", "    'a.keras',", "    period=5,", ")"]
    lines[line] += "  " + comment
    code = CALL.splitlines()[0] + "\n" + "\n".join(lines) + "\n"
    assert codes(code, "2.4") == ([] if silenced else ["KC101"])


def test_a_class_is_marked_by_its_head_and_a_method_by_its_name() -> None:
    head = "from keras.callbacks import ModelCheckpoint\n"
    body = "class A(ModelCheckpoint):\n    def _save_model(self, epoch, logs):\n        pass\n"
    (only,) = found(head + body, "2.4")
    assert (only.line, only.column) == (3, 5)
    assert (only.end_line, only.end_column) == (3, 5 + len("def _save_model"))


def test_columns_are_those_of_characters() -> None:
    (only,) = found(
        CALL.replace("ModelCheckpoint('a.hdf5',", "é = ModelCheckpoint('é.keras',"), "2.4"
    )
    line = "é = ModelCheckpoint('é.keras', period=5)"
    assert only.column == line.index("period") + 1
    assert only.end_column == line.index(")") + 1


def test_garbage_is_collected_again_also_after_an_error() -> None:
    assert gc.isenabled()
    with pytest.raises(KeyError), checker.no_garbage():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()
    gc.disable()
    try:
        with checker.no_garbage():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_rule_is_asked_only_about_releases_that_it_concerns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = rules()["KC101"]
    monkeypatch.setattr(type(rule), "check", lambda *arguments: pytest.fail("it was asked"))
    one = source.from_bytes("x.py", CALL.encode())
    assert checker.problems_of(one, release("2.4"), release("2.15")) == []


@pytest.mark.parametrize("other", ["2.4", "tf_keras"])
def test_what_is_of_tf_keras_is_asked_about_only_if_that_is_the_old_release(
    other: str, path: pathlib.Path
) -> None:
    path.write_text(CALL.replace("from keras", "from tf_keras"))
    result = checker.check([str(path)], release(other))
    assert result.stays is (other == "2.4")
    assert bool(result.findings) is (other == "tf_keras")


def test_a_file_of_hydra_is_told_what_to_write_in_it(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.py").write_text("import hydra\nimport keras\n")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "c.yaml").write_text(
        "_target_: keras.callbacks.ModelCheckpoint\nfilepath: a.keras\nperiod: 2\n"
    )
    (found,) = checker.check([str(tmp_path / "a.py")], release("2.4")).findings
    assert "`_target_: keras_ckpt.ModelCheckpoint`" in found.advice
    assert "import" not in found.advice
