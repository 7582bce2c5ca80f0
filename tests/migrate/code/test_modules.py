"""Which module a dotted name leads to, among the files that are checked."""

from __future__ import annotations

import pathlib

import pytest

from keras_ckpt.migrate.code.modules import Project, is_standard

FILES = (
    "a.py",
    "conf.py",
    "random.py",
    "pkg/__init__.py",
    "pkg/x.py",
    "pkg/sub/y.py",
    "other/x.py",
)


@pytest.fixture
def project(tmp_path: pathlib.Path) -> Project:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"NAME = {name!r}\n")
    return Project([str(tmp_path / name) for name in FILES])


@pytest.mark.parametrize(
    ("name", "importer", "expected"),
    [
        ("conf.PATH", "a.py", ("conf.py", ("PATH",))),
        ("conf", "pkg/sub/y.py", ("conf.py", ())),
        ("pkg.x.F.g", "a.py", ("pkg/x.py", ("F", "g"))),
        ("pkg.F", "a.py", ("pkg/__init__.py", ("F",))),
        (".x.F", "pkg/__init__.py", ("pkg/x.py", ("F",))),
        ("..x.F", "pkg/sub/y.py", ("pkg/x.py", ("F",))),
        (".F", "pkg/x.py", ("pkg/__init__.py", ("F",))),
        # The nearest of two; of two that are as far, neither.
        ("x.F", "pkg/sub/y.py", ("pkg/x.py", ("F",))),
        ("x.F", "a.py", None),
        # The standard library comes first, but for a file beside it.
        ("random.F", "a.py", ("random.py", ("F",))),
        ("random.F", "pkg/x.py", None),
        ("numpy.F", "a.py", None),
        ("...x", "a.py", None),
    ],
)
def test_what_a_name_leads_to(
    project: Project,
    name: str,
    importer: str,
    expected: tuple[str, tuple[str, ...]] | None,
) -> None:
    root = pathlib.Path(project.files[0]).parent
    found = project.find(name, str(root / importer))
    place = (
        (pathlib.Path(found.module.path).relative_to(root).as_posix(), found.rest)
        if found is not None
        else None
    )
    assert place == expected


def test_modules_are_parsed_once_and_only_if_asked_for(project: Project) -> None:
    assert project.parsed() == []
    (module,) = project.mentioning("'conf.py'")
    assert project.parsed() == [module]
    assert project.module(module.path) is module


def test_what_cannot_be_read_or_parsed_is_no_module(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.py").write_text("a b")
    project = Project([str(tmp_path / "a.py"), str(tmp_path / "b.py")])
    assert project.module(project.files[0]) is None
    assert project.find("b.X", project.files[0]) is None
    assert project.mentioning("a b") == []


def test_the_standard_library() -> None:
    assert is_standard("copy.deepcopy")
    assert not is_standard("numpy.copy")


def test_what_is_the_same_is_read_and_parsed_once(tmp_path: pathlib.Path) -> None:
    files = [str(tmp_path / name) for name in ("a.py", "b.py")]
    contents = dict(zip(files, (b"x = 1\n", b"y = 1\n")))
    before = Project(files, contents.__getitem__)
    assert before.module_of(before.source(files[0])) is before.module(files[0])
    assert before.source_of(files[0], b"x = 1\n") is before.source(files[0])
    assert before.source(files[1]).text == "y = 1\n"
    other = before.source_of(files[0], b"x = 2\n")
    made = before.module_of(other)
    assert made is not None and made is not before.module(files[0])

    after = Project(files, dict(contents, **{files[0]: b"x = 2\n"}).__getitem__, before=before)
    assert after.source(files[0]).text == "x = 2\n"
    assert after.source(files[1]) is before.source(files[1])
    (one, two) = (each.module(files[1]) for each in (before, after))
    assert one is not None and two is not None
    assert one is not two and one.tree is two.tree and two.project is after
