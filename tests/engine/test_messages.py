"""What is said, to the character."""

from __future__ import annotations

import logging
import os
import pathlib
import re
import string
import warnings
from typing import Any, Callable

import numpy as np
import pytest
from helpers import StandIn, epochs, fit, functional

from keras_ckpt import ModelCheckpoint, compat, runtime
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


# ---------------------------------------------------------------- the words of the releases


def _epochs(*logs: Any, model: Any = None, **arguments: Any) -> Callable[[type], object]:
    arguments.setdefault("filepath", "a.keras")
    return lambda kind: epochs(kind(**arguments), list(logs), model or StandIn())


def _restart(kind: type) -> None:
    with open("a.h5", "w") as file:
        file.write("no checkpoint")
    fit(functional(), [kind("./a.h5", save_weights_only=True, load_weights_on_restart=True)])


def _directory(kind: type) -> None:
    os.mkdir("a.h5")
    fit(functional(), [kind("a.h5", save_weights_only=True)])


#: What brings a release to say each of its texts, beside which it says none of the others.
SITUATIONS: dict[str, tuple[str, Callable[[type], object]]] = {
    "period": ("2.15", _epochs(period=5)),
    "load_weights_on_restart": ("2.15", _epochs(load_weights_on_restart=False)),
    "restart failed": ("2.15", _restart),
    "mode": ("3.15", _epochs(mode="best")),
    "save_freq": ("3.15", _epochs(save_freq=0.5)),
    "missing": ("2.15", _epochs({}, save_best_only=True, monitor="val_nope")),
    "array": ("3.8", _epochs({"val_loss": np.zeros(2)}, save_best_only=True)),
    "saving": ("3.15", _epochs({}, verbose=1)),
    "finished": ("3.15", _epochs({}, verbose=1)),
    "improved": ("3.15", _epochs({"val_loss": 1.0}, save_best_only=True, verbose=1)),
    "not improved": (
        "3.15",
        _epochs(*[{"val_loss": 1.0}] * 2, save_best_only=True, verbose=1, filepath="a.keras"),
    ),
    "directory": ("2.15", _directory),
    "directory, by its text": ("2.15", _epochs({}, model=StandIn(OSError("is a directory")))),
    "template": ("2.15", _epochs({}, filepath="{nope}.h5")),
    "options of weights": ("2.15", _epochs(options="x", save_weights_only=True, filepath="a")),
    "options of model": ("2.15", _epochs(options="x", filepath="a")),
    "direction": ("3.15", _epochs({"rank": 1.0}, save_best_only=True, monitor="rank")),
}
#: What the one to use does not say, and why.
UNSAID = {
    "options of .keras": "it leaves them out where the format has none",
    "ending of weights": "it takes any ending",
    "ending of model": "it takes any ending",
}
#: How much of a text is the same: up to a mistake of the releases, or what they do and it does not.
CUT = {
    "array": " Received",
    "direction": " Pass ",
    "directory, by its text": "f<",
    "restart failed": " Reason: ",
    "period": " Please",
}


def said_by(kind: type, situation: Callable[[type], object], capsys: Any) -> list[str]:
    """All that is printed, logged, warned and raised."""
    found = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    logger = runtime.tensorflow_logger()
    logger.addHandler(handler)
    capsys.readouterr()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            situation(kind)
    except Exception as error:
        found.append(str(error.args[0] if isinstance(error, KeyError) else error))
    finally:
        logger.removeHandler(handler)
    found += [str(each.message) for each in caught]
    found += capsys.readouterr().out.split("\n\n")
    return [text.strip() for text in found]


def test_every_text_has_a_situation_or_a_reason() -> None:
    every = {what for texts in messages.CHANGES.values() for what in texts}
    assert set(SITUATIONS) | set(UNSAID) == every


@pytest.mark.parametrize("what", SITUATIONS)
def test_the_one_to_use_begins_with_the_words_of_the_releases(
    what: str, tmp_path: pathlib.Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    release, situation = SITUATIONS[what]
    text = messages.TEXTS[compat.for_version(release)._keras_ckpt_profile.texts][what].strip()
    anything = ".*".join(map(re.escape, re.split(r"\{.*?\}", text)))
    by_release = said_by(compat.for_version(release), situation, capsys)
    (words,) = {each for each in by_release if re.fullmatch(anything, each, re.DOTALL)}
    for name in os.listdir("."):
        (os.rmdir if os.path.isdir(name) else os.remove)(name)
    by_ours = said_by(ModelCheckpoint, situation, capsys)
    cut = CUT.get(what)
    if cut is not None:
        words = words.partition(cut)[0] if cut != "f<" else words.rpartition("fa.keras")[0]
    assert any(each.startswith(words) for each in by_ours), (words, by_ours)
