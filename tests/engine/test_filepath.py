"""Where to save: templates, and the files that they have left."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.engine import filepath


class PathOf:
    """A PathLike that is no pathlib path, such as py.path.local."""

    def __init__(self, path: Any) -> None:
        self.path = path

    def __fspath__(self) -> Any:
        return self.path


NAMES = st.sampled_from(["loss", "val_loss", "val_accuracy", "lr"])


@given(
    st.lists(st.one_of(st.text(max_size=5), NAMES.map(lambda n: "{" + n + ":.3f}")), max_size=5),
    st.integers(0, 10**6),
    st.dictionaries(NAMES, st.floats(-10, 10)),
)
def test_fill_is_format(parts: list[str], epoch: int, logs: dict[str, float]) -> None:
    parts = [p if p.startswith("{") and p.endswith("f}") else p.replace("{", "{{") for p in parts]
    parts = [p if p.endswith("f}") else p.replace("}", "}}") for p in parts]
    template = "".join(parts) + "-{epoch:02d}"
    needed = {each.name for each in filepath.placeholders(template)}
    if needed <= set(logs) | {"epoch"}:
        expected = template.format(epoch=epoch + 1, **logs)
        assert filepath.fill(template, epoch, None, logs) == expected
    else:
        with pytest.raises(KeyError):
            filepath.fill(template, epoch, None, logs)


def test_fill_counts_from_one() -> None:
    assert filepath.fill("{epoch}-{batch:03d}", 0, 4, {}) == "1-005"
    assert filepath.fill("{epoch}-{batch}", 0, 4, {"batch": 7}) == "1-7"
    with pytest.raises(KeyError, match="batch"):
        filepath.fill("{batch}", 0, None, {})


def test_placeholders() -> None:
    found = filepath.placeholders("a/{epoch:02d}-{loss:.2f}-{lr!r}-{epoch}{{x}}.h5")
    assert found == (
        ("epoch", None, "02d"),
        ("loss", None, ".2f"),
        ("lr", "r", ""),
        ("epoch", None, ""),
    )
    assert [each.name for each in filepath.placeholders("{b:{c}}{a}")] == ["b", "c", "a"]
    assert not filepath.placeholders("{{literal}}")


@pytest.mark.parametrize("template", ["{", "}", "a{epoch", "epoch}", "{epoch:{}", "{{}"])
def test_unbalanced_braces(template: str) -> None:
    with pytest.raises(ValueError, match="`filepath` "):
        filepath.checked(template, every_batch=False)


@pytest.mark.parametrize(
    "template",
    ["{}", "{:02d}", "{0}", "{epoch.__class__}", "{epoch[0]}", "{val_loss.real}", "{epoch.a.b}"],
)
def test_no_plain_name(template: str) -> None:
    with pytest.raises(ValueError, match="`filepath` has the placeholder .*A placeholder is"):
        filepath.checked("x-" + template, every_batch=True)


@pytest.mark.parametrize("name", ["val_f1-score", "top 5", "head/accuracy", "précision", "5th"])
def test_names_of_metrics_that_are_no_identifiers(name: str) -> None:
    """Every release filled them."""
    template = "{epoch}-{" + name + ":.2f}.h5"
    assert filepath.checked(template, every_batch=False) == template
    assert filepath.fill(template, 0, None, {name: 0.5}) == "1-0.50.h5"


@pytest.mark.parametrize(
    "template",
    ["{epoch:s}", "{epoch:zz}", "{batch:s}", "{val_loss:s}", "{loss:q}"]
    # The format of each, not only the last of that name, and what a conversion makes of it.
    + ["{epoch:s}-{epoch:02d}", "{epoch!s:02d}", "{val_loss!r:.2f}", "{epoch!z}"],
)
def test_formats_that_can_never_fit(template: str) -> None:
    with pytest.raises(ValueError, match="`filepath` "):
        filepath.checked(template, every_batch=True)


@pytest.mark.parametrize("template", ["{epoch:{epoch.__class__}}", "{loss:{epoch[0]}}", "{a:{}}"])
def test_formats_that_hold_placeholders(template: str) -> None:
    with pytest.raises(ValueError, match="`filepath` "):
        filepath.checked(template, every_batch=True)


@pytest.mark.parametrize(
    "template",
    ["{epoch:02d}", "{epoch:.1f}", "{epoch!s:>4}", "{val_loss:.2e}", "{lr:d}", "{val_loss!r}"],
)
def test_formats_that_fit(template: str) -> None:
    assert filepath.checked(template, every_batch=False) == template


def test_batch_needs_saves_at_batches() -> None:
    assert filepath.checked("{batch}", every_batch=True) == "{batch}"
    with pytest.raises(ValueError, match=r"\{batch\} .* only with an integer `save_freq`"):
        filepath.checked("{batch}", every_batch=False)


def test_types() -> None:
    assert filepath.checked(pathlib.Path("a") / "b", every_batch=False) == os.path.join("a", "b")
    assert filepath.checked(PathOf("a-{epoch}"), every_batch=False) == "a-{epoch}"
    assert filepath.checked("gs://bucket/a-{epoch}", False) == "gs://bucket/a-{epoch}"
    for wrong in (None, b"a", 5, PathOf(b"a"), ["a"]):
        with pytest.raises(TypeError, match="`filepath` must be a string or a PathLike. Received"):
            filepath.checked(wrong, every_batch=False)
    for empty in ("", PathOf("")):
        with pytest.raises(ValueError, match="`filepath` must not be empty"):
            filepath.checked(empty, every_batch=False)


def test_matcher_goes_by_the_name_alone() -> None:
    matches = filepath.matcher("dir/cp-{epoch:02d}-{loss}.h5")
    assert matches("cp-01-0.5.h5")
    assert matches("cp-.h5")  # From the first brace to the last, all is one.
    assert not matches("cp-01.hdf5")
    assert not matches("xcp-01-0.5.h5")


def test_newest() -> None:
    assert filepath.newest([]) is None
    assert filepath.newest([("a", 1.0), ("b", 3.0), ("c", 2.0)]) == "b"
    assert filepath.newest([("a", 3.0), ("c", 3.0), ("b", 3.0)]) == "c"
    assert filepath.newest([("a", 0.0)]) is None
    assert filepath.newest([("a", 0.0), ("b", 0.0)]) == "b"
