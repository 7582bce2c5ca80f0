"""Arguments in files beside the code."""

from __future__ import annotations

import pathlib

import pytest

from keras_ckpt.migrate.code.modules import Project
from keras_ckpt.migrate.sites import configurations

YAML = "a:\n  filepath: x.h5  # here\n  save_weights_only: yes\n  other: 1\nb:\n  period: 2\n"
JSON = '{\n "a": {\n  "filepath": "x.h5",\n  "save_weights_only": true\n },\n "period": 2\n}\n'
TOML = '[a]\nfilepath = "x.h5"\nsave_weights_only = true\n[b]\nperiod = 2\n'
GIN = 'ModelCheckpoint.filepath = "x.h5"\nModelCheckpoint.save_weights_only = True\n'
INLINE = '{"a": {"filepath": "x.h5", "save_weights_only": true}}\n'
LIST = "- period: 3\n- filepath: x.h5\n  save_weights_only: true\n"


@pytest.mark.parametrize("text", [YAML, JSON, TOML, GIN, INLINE, LIST])
def test_the_mapping_that_has_a_path(text: str) -> None:
    (table,) = configurations.tables(text)
    found = {key: entry.value for key, entry in table.items() if key != "period"}
    assert found == {"filepath": "x.h5", "save_weights_only": True}
    lines = text.splitlines()
    for entry in table.values():
        assert lines[entry.line - 1][entry.column - 1 :].lstrip("\"'")[:1] in "xytT"


def test_files_without_any() -> None:
    assert configurations.tables("a: 1\nb:\n  monitor: loss\n") == []
    assert configurations.tables("# filepath: x.h5\n") == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("x.h5", "filepath='x.h5'"),
        ("{{ out }}/x.h5", "filepath='' + _ + '/x.h5'"),
        ("${out}/x.h5", "filepath='' + _ + '/x.h5'"),
    ],
)
def test_as_code(value: str, code: str) -> None:
    (table,) = configurations.tables(f"filepath: '{value}'")
    assert f"ModelCheckpoint({code})" in configurations.as_code(table)


def test_where_files_are_looked_for(tmp_path: pathlib.Path) -> None:
    for name in ("a.yml", "src/b.json", "src/conf/deep/c.toml", "src/data/d.yml", "src/e.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("filepath: x\n")
    (tmp_path / "src" / "f.yml").write_text("nothing: x\n")
    (tmp_path / "main.py").write_text("")
    (tmp_path / "src" / "x.py").write_text("")
    project = Project([str(tmp_path / "main.py"), str(tmp_path / "src" / "x.py")])
    found = [
        pathlib.Path(path).name for path, _ in configurations.beside(project, project.files[1])
    ]
    assert found == ["b.json", "c.toml", "a.yml"]


def test_links_that_lead_nowhere(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.py").write_text("import keras\n")
    (tmp_path / "conf").mkdir()
    for name in ("config", "self.py", "self.yaml", "conf/self.yaml"):
        (tmp_path / name).symlink_to(pathlib.Path(name).name)
    (tmp_path / "conf" / "up").symlink_to("..")
    (tmp_path / "b.yaml").write_text("_target_: keras.callbacks.ModelCheckpoint\nfilepath: a\n")
    project = Project([str(tmp_path / "a.py")])
    assert [pathlib.Path(path).name for path, _ in configurations.everywhere(project)] == ["b.yaml"]
