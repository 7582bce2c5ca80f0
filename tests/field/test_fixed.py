"""What `fix` makes of the snippets: what is left is named, all parses, and runs on Keras 3."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import pathlib
import re
import runpy
import sys
import traceback
from typing import Iterator

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("libcst")

from click.testing import CliRunner
from test_field import EVERY, Snippet, content

from keras_ckpt import runtime
from keras_ckpt.cli import main
from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code import discovery
from keras_ckpt.migrate.releases.release import release

MODES = {
    "to_keras_ckpt": ["--to-keras-ckpt"],
    "all": ["--to-keras-ckpt", "--all"],
    "native": ["--native"],
}
_NOTE = re.compile(r"^(?P<path>[^:\n]+):(?:cell \d+:)?\d+:\d+: (?P<code>KC\d+) not \w+: ", re.M)
#: What Keras 3 says of calls that it refuses.
_REFUSED = re.compile(
    r"unexpected keyword|filename must end|extension for saving|File format not supported"
    r"|filepath provided must end|no attribute 'expect_partial'|by_name",
    re.IGNORECASE,
)


def written(each: Snippet, folder: pathlib.Path) -> None:
    for name, code in each.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content(name, code), encoding="utf-8")


def fixed(each: Snippet, folder: pathlib.Path, mode: str) -> str:
    written(each, folder)
    result = CliRunner().invoke(main, ["fix", *MODES[mode], "--from", "2.4", "--write", "."])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.title)
def test_check_finds_nothing_that_fix_did_not_name(
    each: Snippet, mode: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output = fixed(each, tmp_path, mode)
    named = [(one["path"], one["code"]) for one in _NOTE.finditer(output)]
    files = discovery.find(["."])
    for finding in checker.check(files, release("2.4")).findings:
        about = finding.path.replace("\\", "/"), finding.code
        assert about in named, (finding, output)
        named.remove(about)
    for path in files:
        text = pathlib.Path(path).read_text(encoding="utf-8")
        if path.endswith(".ipynb"):
            json.loads(text)
        elif "KC001" not in output:
            ast.parse(text)
    # There is nothing more to do.
    again = CliRunner().invoke(main, ["fix", *MODES[mode], "--from", "2.4", "--write", "."])
    assert again.output.splitlines()[-1].startswith("No changes made"), again.output


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.title)
def test_what_says_nothing_keeps_its_code(
    each: Snippet, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if any(code != "KC001" for _, _, code in each.expected) or "TOML" in each.title:
        pytest.skip("there is something to change")
    monkeypatch.chdir(tmp_path)
    for mode in ("to_keras_ckpt", "native"):
        fixed(each, tmp_path, mode)
        for name, code in each.files.items():
            assert (tmp_path / name).read_text(encoding="utf-8") == content(name, code)


@contextlib.contextmanager
def imported_from(folder: pathlib.Path) -> Iterator[None]:
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(str(folder)):
                del sys.modules[name]


@pytest.mark.slow
@pytest.mark.skipif(not runtime.is_keras_3(), reason="of Keras 3")
@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.title)
def test_no_call_is_refused_that_was_taken_from_keras_ckpt(
    each: Snippet, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if any("TF_USE_LEGACY_KERAS" in text for text in each.files.values()):
        pytest.skip("it has another Keras, and the tests after it would, too")
    # Snippets are cut out of programs: some lack what the rest of it defines, and run up to there.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["snippet.py"])
    output = fixed(each, tmp_path, "to_keras_ckpt")
    named = {one["path"] for one in _NOTE.finditer(output)}
    with imported_from(tmp_path):
        for name in each.files:
            if not name.endswith(".py") or name in named or os.sep in name:
                continue
            try:
                runpy.run_path(str(tmp_path / name), run_name="__main__")
            except (Exception, SystemExit) as error:
                through = {each.filename for each in traceback.extract_tb(error.__traceback__)}
                if not through & {str(tmp_path / each) for each in named}:
                    assert not _REFUSED.search(str(error)), f"{name}: {error!r}"
