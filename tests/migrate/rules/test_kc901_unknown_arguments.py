"""Arguments that are not known."""

from __future__ import annotations

import pytest
from snippets import HEAD, unfollowed


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("MC(**more)", ["KC901"]),
        ("MC('a.keras', **more)", ["KC901"]),
        ("MC(*more)", ["KC901"]),
        ("MC(**{'filepath': 'a.keras'})", []),
        ("MC(**dict(more, filepath='a.keras'))", ["KC901"]),
        ("d = {}\nd['filepath'] = 'a.keras'\nMC(**d)", []),
        ("tf.keras.models.load_model('a.keras', **more)", ["KC901"]),
        ("tf.train.latest_checkpoint(**more)", []),
        # What is handed on comes from a call of the class.
        ("class A(MC):\n    def __init__(self, **more): super().__init__(**more)", []),
    ],
)
def test_goes_by_what_is_known_of_the_dict(code: str, expected: list[str]) -> None:
    assert unfollowed(HEAD + code) == expected


def test_not_on_the_way_to_another_keras_2() -> None:
    from snippets import everything

    assert everything(HEAD + "MC(**more)", "2.4", "2.15") == []
