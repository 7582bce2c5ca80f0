"""Metrics of the validation without any."""

from __future__ import annotations

import pytest
from snippets import HEAD, codes, found

FIT = "c = MC('a.keras', save_best_only=True%s)\nmodel.fit(%s, callbacks=[c])\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("x, y", ["KC402"]),
        ("x, y, validation_data=None", ["KC402"]),
        ("x, y, validation_split=0.0", ["KC402"]),
        ("x, y, validation_split=0.1", []),
        ("x, y, validation_data=data", []),
        ("x, y, **more", []),
        ("*data", []),
        # By position: batch_size, epochs, verbose, callbacks, validation_split.
        ("x, y, 32, 5, 1, None, 0.1", []),
        # Its data come from elsewhere.
        ("epochs=3", []),
    ],
)
def test_goes_by_what_fit_is_given(given: str, expected: list[str]) -> None:
    assert codes(HEAD + FIT % ("", given), "2.4") == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (", monitor='loss'", []),
        (", monitor=name", []),
        # At the end of batches it is another rule.
        (", save_freq=9", ["KC303"]),
    ],
)
def test_goes_by_the_call(more: str, expected: list[str]) -> None:
    assert codes(HEAD + FIT % (more, "x, y"), "2.4") == expected


def test_one_training_with_validation_is_enough() -> None:
    text = HEAD + FIT % ("", "x, y") + "model.fit(x, y, validation_split=0.1, callbacks=[c])\n"
    assert codes(text, "2.4") == []


def test_only_where_it_changes() -> None:
    text = HEAD + FIT % ("", "x, y")
    assert codes(text, "2.4", "3.9") == []
    assert codes(text, "3.10", "3.15") == []
    (only,) = found(text, "3.9", "3.10")
    assert only.advice == "Give `fit` validation data, or monitor `loss`."
