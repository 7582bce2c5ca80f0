"""Which files beside code hold configurations."""

from __future__ import annotations

import pathlib

from keras_ckpt.migrate.code.configuration_files import names_in


def test_those_of_a_folder_and_its_configurations(tmp_path: pathlib.Path) -> None:
    names = ("a.yml", "b.gin", "c.txt", "configs/d.json", "configs/deep/e.toml", "data/f.yml")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = {pathlib.PurePath(each).as_posix() for each in names_in(str(tmp_path))}
    assert found == {"a.yml", "b.gin", "configs/d.json", "configs/deep/e.toml"}


def test_a_folder_that_is_not_there(tmp_path: pathlib.Path) -> None:
    assert list(names_in(str(tmp_path / "none"))) == []
