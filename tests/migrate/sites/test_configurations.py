"""Arguments in files beside the code."""

from __future__ import annotations

import pathlib

import pytest
from snippets import sites

from keras_ckpt.migrate.code.modules import Project
from keras_ckpt.migrate.releases.release import release
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
    found = [pathlib.Path(path).name for path, _ in configurations.everywhere(project, ())]
    assert found == ["b.yaml"]


@pytest.mark.parametrize(
    ("code", "bound", "expected"),
    [
        (
            "def make(path, **kw):\n    return ModelCheckpoint(path, save_weights_only=True, **kw)",
            "make.path = 'a.h5'\nmake.period = 2\nmake.other = 1",
            ["filepath='a.h5', save_weights_only=True, period=2"],
        ),
        # What the function gives the callback itself cannot be bound; what is not known stays so.
        (
            "def make(**kw):\n    return ModelCheckpoint(out(), mode='max', **kw)",
            "make.mode = 'min'\nmake.filepath = 'a'\nmake.period = 2",
            ["filepath=_, mode='max', period=2"],
        ),
        (
            "def make(path, only):\n    return ModelCheckpoint(path, save_weights_only=only)",
            "a/make.path = 'a.h5'\nmake.only = True",
            [
                "filepath='a.h5', save_weights_only=_",
                "filepath=_, save_weights_only=True",
            ],
        ),
        # Another function, one that changes what it is given, one that adds what is not known.
        ("def make(**kw):\n    return ModelCheckpoint(**kw)", "made.filepath = 'a'", []),
        (
            "def make(**kw):\n    kw = other(kw)\n    return ModelCheckpoint(**kw)",
            "make.filepath = 'a'",
            [],
        ),
        (
            "def make(**kw):\n    return ModelCheckpoint(**kw, **more)",
            "make.filepath = 'a'",
            [],
        ),
        ("class Own(ModelCheckpoint):\n    pass", "x.Own.filepath = 'a'", ["filepath='a'"]),
        (
            "class Own(ModelCheckpoint):\n    def __init__(self, out, **kw):\n"
            "        super().__init__(out, period=1, **kw)",
            "Own.out = 'a'\nOwn.period = 2\nOwn.mode = 'max'",
            ["filepath='a', period=1, mode='max'"],
        ),
    ],
)
def test_what_wrappers_hand_on(code: str, bound: str, expected: list[str]) -> None:
    found = sites("from keras.callbacks import ModelCheckpoint\n" + code + "\n").found
    wrappers = configurations.wrappers(found, release("2.4"))
    made = [configurations.as_code(*each) for each in configurations.targets(bound, wrappers)]
    assert [each.splitlines()[1] for each in made] == [f"ModelCheckpoint({e})" for e in expected]
