"""`save_freq` against the batches of an epoch."""

from __future__ import annotations

from snippets import HEAD, codes, found, native

FIT = "c = MC('a.keras', save_freq=%s)\nmodel.fit(x, epochs=2, steps_per_epoch=%s, callbacks=[c])\n"
STEPS = (
    "model.compile('sgd', 'mse', steps_per_execution=%s)\n"
    "c = MC('a.keras', save_freq=5)\n"
    "model.fit(x, y, callbacks=[c])\n"
)


def test_more_samples_than_an_epoch_has_batches() -> None:
    (only,) = found(HEAD + FIT % (60000, 100), "2.0")
    assert only.code == "KC302"
    assert "In 2 epochs nothing is saved." in only.message
    (some,) = found(HEAD + FIT % (150, 100), "2.0")
    assert some.code == "KC302" and "nothing is saved" not in some.message


def test_fewer_are_another_rule() -> None:
    assert codes(HEAD + FIT % (60000, 100000), "2.0") == ["KC301"]
    assert codes(HEAD + FIT % (60000, "steps"), "2.0") == ["KC301"]


def test_steps_per_execution_are_counted_one_by_one_from_2_3_on() -> None:
    assert codes(HEAD + STEPS % 10, "2.2") == ["KC302"]
    assert codes(HEAD + STEPS % 10, "2.3") == []
    assert codes(HEAD + STEPS % 1, "2.2") == []
    assert codes(HEAD + STEPS % "n", "2.2") == []


def test_natively_the_number_is_multiplied() -> None:
    assert "save_freq=5 * 10)" in native(HEAD + STEPS % 10, "2.2", "2.4")
    computed = HEAD + (STEPS % 10).replace("save_freq=5", "save_freq=2 + 3")
    assert native(computed, "2.2", "2.4") == computed
