"""Attributes that the class no longer has."""

from __future__ import annotations

import warnings

import pytest
from snippets import HEAD, codes, found, runs_on_keras_3

from keras_ckpt import compat
from keras_ckpt.migrate.releases.release import release
from keras_ckpt.migrate.rules import kc503_lost_attribute

CLASS = HEAD + "class A(MC):\n    def on_epoch_end(self, epoch, logs=None):\n        %s\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("print(self.epochs_since_last_save)", ["KC503"]),
        ("self.epochs_since_last_save += 1", ["KC503"]),
        ("self.epochs_since_last_save = 0", []),
        ("print(self.period, self.period)", ["KC503"]),
        ("print(self.period, self._options)", ["KC503", "KC503"]),
        ("print(self.best)", []),
        ("print(other.period)", []),
    ],
)
def test_what_is_read_in_a_subclass(body: str, expected: list[str]) -> None:
    assert codes(CLASS % body, "2.4") == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("def __init__(self): self.period = 2", []),
        ("def on_train_begin(self, logs=None): self.period = 2", []),
        ("def on_epoch_begin(self, epoch, logs=None): self.period = 2", ["KC503"]),
        ("period = 2", []),
    ],
)
def test_what_the_class_sets_first_is_its_own(before: str, expected: list[str]) -> None:
    text = (CLASS % "print(self.period)").replace("    def on_ep", f"    {before}\n    def on_ep")
    assert codes(text, "2.4") == expected


def test_of_an_instance() -> None:
    assert codes(HEAD + "c = MC('a.keras')\nprint(c.period)", "2.4") == ["KC503"]
    assert codes(HEAD + "c = MC('a.keras')\nc = other()\nprint(c.period)", "2.4") == []
    assert codes(HEAD + "c = MC('a.keras')\nprint(c.best)", "2.4") == []


def test_samples_and_batches_are_counted_in_place_of_each_other() -> None:
    (only,) = found(CLASS % "print(self._samples_seen_since_last_saving)", "2.0")
    assert only.advice == "`batches` is counted instead: `_batches_seen_since_last_saving`."


@pytest.mark.skipif(not runs_on_keras_3(), reason="makes the classes on Keras 3")
@pytest.mark.parametrize("version", [*compat.STAND_ALONE, *compat.VERSIONS, "tf_keras"])
def test_the_attributes_are_those_that_the_class_sets(version: str) -> None:
    set_by: dict[str, set[str]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in (version, "2.4", "3.15", "2.0"):
            made = compat.for_version(each)("a.weights.h5", save_weights_only=True)
            set_by[each] = set(vars(made))
    for other in ("2.0", "2.4", "3.15"):
        of_one, of_other = (
            kc503_lost_attribute.attributes(release(each)) for each in (version, other)
        )
        assert set_by[version] - set_by[other] == of_one - of_other
        assert set_by[other] - set_by[version] == of_other - of_one
