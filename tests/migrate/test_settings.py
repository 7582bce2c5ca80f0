"""Settings of pyproject.toml and setup.cfg."""

from __future__ import annotations

import pathlib
import sys

import pytest

from keras_ckpt.migrate import settings
from keras_ckpt.migrate.settings import BadSettings, Settings

needs_toml = pytest.mark.skipif(
    sys.version_info < (3, 11) and not __import__("importlib").util.find_spec("tomli"),
    reason="needs tomli",
)


def of_cfg(folder: pathlib.Path, text: str) -> Settings:
    (folder / "setup.cfg").write_text(text)
    return settings.find([str(folder)])


def test_all_that_can_be_set(tmp_path: pathlib.Path) -> None:
    found = of_cfg(
        tmp_path,
        "[keras-ckpt]\nfrom = 2.4\nto = 3.8\nselect = KC1, kc403\nignore =\n    KC102\n"
        "exclude =\n    old.py\n    a b\noutput-format = json\n",
    )
    assert found == Settings(
        "2.4",
        "3.8",
        ("KC1", "kc403"),
        ("KC102",),
        ("old.py", "a b"),
        "json",
        str(tmp_path / "setup.cfg"),
    )


def test_which_rules_are_applied() -> None:
    some = Settings(select=("KC1", "kc403"), ignore=("kc102",))
    selected = [each for each in ("KC101", "KC102", "KC403", "KC401") if some.selects(each)]
    assert selected == ["KC101", "KC403"]
    assert Settings().selects("KC101")


def test_the_nearest_file_with_a_section_counts(tmp_path: pathlib.Path) -> None:
    inner = tmp_path / "src"
    inner.mkdir()
    (inner / "setup.cfg").write_text("[metadata]\nname = x\n")
    of_cfg(tmp_path, "[keras-ckpt]\nfrom = 2.4\n")
    assert settings.find([str(inner)]).old == "2.4"
    assert settings.find([str(inner / "x.py"), str(tmp_path / "y.py")]).old == "2.4"
    (inner / "setup.cfg").write_text("[keras-ckpt]\nto = 3.8\n")
    found = settings.find([str(inner)])
    assert (found.old, found.new) == ("", "3.8")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[keras-ckpt]\nformat = json\n", "there is no setting 'format'"),
        ("[keras-ckpt]\noutput-format = xml\n", "output-format must be one of text, json"),
        ("[keras-ckpt\n", "cannot be read"),
        ("from = 2.4\n", "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_an_error(text: str, why: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(BadSettings, match="setup.cfg") as caught:
        of_cfg(tmp_path, text)
    assert why in str(caught.value)


def test_defaults_of_all_sections_are_not_settings(tmp_path: pathlib.Path) -> None:
    assert of_cfg(tmp_path, "[DEFAULT]\nx = 1\n[keras-ckpt]\nfrom = 2.4\n").old == "2.4"


@needs_toml
def test_toml_comes_first(tmp_path: pathlib.Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.keras-ckpt]\nfrom = "2.4"\nignore = ["KC4"]\n')
    found = of_cfg(tmp_path, "[keras-ckpt]\nfrom = 2.5\n")
    assert (found.old, found.ignore) == ("2.4", ("KC4",))
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nx = 1 # keras-ckpt\n")
    assert settings.find([str(tmp_path)]).old == "2.5"


@needs_toml
@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("from = 2.4", "from must be a string"),
        ("ignore = 'KC4'", "ignore must be a list of strings"),
        ("ignore = [1]", "ignore must be a list of strings"),
        ("frm = '2'", "there is no setting 'frm'"),
        ("output-format = 'xml'", "output-format must be one of"),
        ("from =", "is not valid TOML"),
    ],
)
def test_toml_that_cannot_be_used(line: str, why: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.keras-ckpt]\n{line}\n")
    with pytest.raises(BadSettings, match="pyproject.toml") as caught:
        settings.find([str(tmp_path)])
    assert why in str(caught.value)


@needs_toml
def test_a_section_must_be_a_table(tmp_path: pathlib.Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool]\nkeras-ckpt = "2.4"\n')
    with pytest.raises(BadSettings, match="must be a table"):
        settings.find([str(tmp_path)])
