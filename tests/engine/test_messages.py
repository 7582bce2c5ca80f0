"""What is said, to the character."""

from __future__ import annotations

import string
import warnings

import pytest

from keras_ckpt.engine import messages
from keras_ckpt.engine.messages import TEXTS


def test_a_text_holds_until_a_release_changes_it() -> None:
    assert TEXTS["2.2"]["missing"] == TEXTS["2.0"]["missing"]
    assert TEXTS["2.0"]["period"] != TEXTS["2.2"]["period"] == TEXTS["2.8"]["period"]
    assert TEXTS["3.0.5"]["mode"] == TEXTS["3.0"]["mode"] != TEXTS["3.11"]["mode"]
    assert "options of model" not in TEXTS["2.2"]
    assert set(TEXTS) == set(messages.CHANGES) | {"keras_ckpt", "tf_keras"}


def test_texts_of_the_one_to_use_are_the_newest_and_its_own() -> None:
    newest = TEXTS[list(messages.CHANGES)[-1]]
    for what in ("saving", "improved", "not improved", "finished"):
        assert TEXTS["keras_ckpt"][what] == newest[what]
    for what, text in messages.OWN.items():
        assert TEXTS["keras_ckpt"][what] == text


@pytest.mark.parametrize(
    ("release", "saving", "improved"),
    [
        (
            "2.0",
            "\nEpoch 00007: saving model to a.h5",
            "\nEpoch 00007: loss improved from inf to 0.50000, saving model to a.h5",
        ),
        (
            "2.8",
            "\nEpoch 7: saving model to a.h5",
            "\nEpoch 7: loss improved from inf to 0.50000, saving model to a.h5",
        ),
    ],
)
def test_messages(release: str, saving: str, improved: str) -> None:
    texts = TEXTS[release]
    assert texts["saving"].format(epoch=7, filepath="a.h5", monitor="loss") == saving
    values = {"epoch": 7, "monitor": "loss", "best": float("inf"), "current": 0.5}
    assert texts["improved"].format(filepath="a.h5", **values) == improved


def test_texts_with_percent_signs() -> None:
    """A path may hold signs of either form."""
    for release in ("2.0", "2.8"):
        text = TEXTS[release]["saving"].format(epoch=1, filepath="100%s{x}.h5")
        assert text.endswith("saving model to 100%s{x}.h5")


def test_printf_fails_as_the_releases_did() -> None:
    with pytest.raises(TypeError, match="real number"):
        TEXTS["2.7"]["not improved"].format(epoch=1, monitor="loss", best="x")


def test_misprints_are_kept() -> None:
    assert "must beeither None" in TEXTS["2.3"]["options of weights"]
    assert "must be either None" in TEXTS["2.5"]["options of weights"]
    assert "must beeither None" in TEXTS["2.5"]["options of model"]
    text = TEXTS["2.7"]["directory, by its text"].format(filepath="a")
    assert text.endswith("existing directory: fa")
    assert TEXTS["2.7"]["directory"].format(filepath="a").endswith("existing directory: a")


def test_every_placeholder_of_our_own_texts_is_a_plain_name() -> None:
    for text in messages.OWN.values():
        for _, name, _, _ in string.Formatter().parse(text):
            assert name is None or name.isidentifier()


def test_warning_points_to_the_first_line_outside() -> None:
    namespace = {"__name__": "keras_ckpt.somewhere", "messages": messages}
    exec("def inner():\n    messages.warn('unknown argument', name='a', near='')", namespace)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        namespace["inner"]()  # type: ignore[operator]
    assert [each.filename for each in caught] == [__file__]
    assert caught[0].category is UserWarning
    assert str(caught[0].message) == (
        "`a` is not an argument of ModelCheckpoint and changes nothing."
    )


def test_warning_from_a_module_that_is_only_named_alike() -> None:
    namespace = {"__name__": "keras_user", "__file__": "user.py", "messages": messages}
    code = compile(
        "def f():\n    messages.warn('period', FutureWarning, value=2)", "user.py", "exec"
    )
    exec(code, namespace)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        namespace["f"]()  # type: ignore[operator]
    assert [(each.filename, each.category) for each in caught] == [("user.py", FutureWarning)]
