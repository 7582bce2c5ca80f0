"""The arguments about the run: what makes no sense is refused when the callback is made."""

from __future__ import annotations

import datetime
import inspect
import itertools
import signal
import warnings
from typing import Any

import numpy as np
import pytest

from keras_ckpt import ModelCheckpoint, runtime
from keras_ckpt.restarts import run_arguments
from keras_ckpt.restarts.run_arguments import RunArguments

pytestmark = pytest.mark.skipif(not runtime.is_keras_3(), reason="tried on Keras 3")

TEMPLATE = "w.{epoch}.keras"
HOUR = datetime.timedelta(hours=1)


def made(filepath: str = TEMPLATE, **kwargs: Any) -> RunArguments:
    found: RunArguments = ModelCheckpoint(filepath, **kwargs)._lifecycle.arguments
    return found


def test_nothing_is_asked_for_by_default() -> None:
    assert made() == RunArguments()
    assert not made().is_used


@pytest.mark.parametrize("name", ["max_to_keep", "keep_best_n", "keep_period"])
@pytest.mark.parametrize("value", [0, -1, True, False, 2.0, 0.5, "3", np.float32(2), [1]])
def test_counts(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must be an integer from 1 on, or None. Rec"):
        made(**{name: value})
    assert getattr(made(**{name: np.int64(3)}).retention, name) == 3


@pytest.mark.parametrize("value", [0, -1, True, float("nan"), float("inf"), "1"])
def test_hours(value: Any) -> None:
    with pytest.raises(ValueError, match="`keep_checkpoint_every_n_hours` must be a number above"):
        made(keep_checkpoint_every_n_hours=value)
    assert made(keep_checkpoint_every_n_hours=0.5).retention.keep_checkpoint_every_n_hours == 0.5


@pytest.mark.parametrize(
    "value", ["SIGTERM", 0, -1, 3.5, (signal.SIGKILL,), (signal.SIGSTOP,), (True,), 9999]
)
def test_signals(value: Any) -> None:
    with pytest.raises(ValueError, match="`save_before_preemption` must be True, which means"):
        made(save_before_preemption=value)


def test_which_signals() -> None:
    assert made(save_before_preemption=True).signals == (signal.SIGTERM,)
    assert made(save_before_preemption=(signal.SIGUSR1, signal.SIGTERM)).signals == (
        signal.SIGUSR1,
        signal.SIGTERM,
    )
    assert made(save_before_preemption=False).signals == ()


@pytest.mark.parametrize("value", [2, "", 0.5])
def test_resume(value: Any) -> None:
    with pytest.raises(ValueError, match="`resume` must be True"):
        made(resume=value)


@pytest.mark.parametrize("name", ["link_latest", "link_best"])
def test_links(name: str) -> None:
    with pytest.raises(TypeError, match=f"`{name}` must be a path, or None"):
        made(**{name: 3})
    with pytest.raises(ValueError, match="must have no placeholders"):
        made(**{name: "{epoch}.keras"})


@pytest.mark.parametrize("value", [datetime.timedelta(0), datetime.timedelta(seconds=-1)])
def test_times(value: Any) -> None:
    with pytest.raises(ValueError, match="`save_freq` must be a time above 0"):
        made(save_freq=value)
    assert made(save_freq=HOUR).every == HOUR


CONFLICTS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("best.keras", {"max_to_keep": 2}, ["max_to_keep=2", "filepath='best.keras'"]),
    ("best.keras", {"keep_best_n": 2}, ["keep_best_n=2", "filepath='best.keras'"]),
    ("best.keras", {"keep_period": 2}, ["keep_period=2", "filepath='best.keras'"]),
    (
        "best.keras",
        {"keep_checkpoint_every_n_hours": 1},
        ["keep_checkpoint_every_n_hours=1", "filepath='best.keras'"],
    ),
    (
        TEMPLATE,
        {"resume": True, "load_weights_on_restart": True},
        ["resume=True", "load_weights_on_restart=True"],
    ),
    (TEMPLATE, {"save_freq": HOUR, "period": 2}, ["save_freq=datetime.timedelta", "period=2"]),
    (
        "last.keras",
        {"restore_best_weights": True},
        ["restore_best_weights=True", "filepath='last.keras'", "save_best_only=True"],
    ),
    (
        "last.keras",
        {"link_best": "b.keras"},
        ["link_best='b.keras'", "filepath='last.keras'", "save_best_only=True"],
    ),
    *[
        (TEMPLATE, {**given, "save_freq": 5}, [names, "monitor='val_loss'", "save_freq=5"])
        for given, names in [
            ({"keep_best_n": 2}, "keep_best_n=2"),
            ({"restore_best_weights": True}, "restore_best_weights=True"),
            ({"link_best": "b.keras"}, "link_best='b.keras'"),
        ]
    ],
    (
        TEMPLATE,
        {"link_latest": "a.keras", "link_best": "./a.keras"},
        ["link_latest='a.keras'", "link_best='./a.keras'"],
    ),
    (TEMPLATE, {"link_latest": "w.7.keras"}, ["link_latest='w.7.keras'", "filepath='w.{epoch}"]),
    ("a.keras", {"link_latest": "./a.keras"}, ["link_latest='./a.keras'", "filepath='a.keras'"]),
    (TEMPLATE, {"link_latest": "last.h5"}, ["link_latest='last.h5'", "filepath='w.{epoch}"]),
    (
        "w.{epoch}.weights.json",
        {"link_latest": "last.weights.json", "save_weights_only": True},
        ["link_latest='last.weights.json'", "filepath='w.{epoch}.weights.json'"],
    ),
]


@pytest.mark.parametrize(("filepath", "kwargs", "named"), CONFLICTS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_conflict_names_both(filepath: str, kwargs: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(ValueError) as raised:
        made(filepath, **kwargs)
    for each in named:
        assert each in str(raised.value)


def test_what_goes_together() -> None:
    made("best.keras", max_to_keep=1, keep_best_n=1)
    made("best.keras", save_best_only=True, restore_best_weights=True, link_best="l.keras")
    made("elsewhere/w.{epoch}.keras", link_latest="w.7.keras")
    made(keep_best_n=2, monitor="loss", save_freq=5)


def test_the_names_are_those_of_the_callback() -> None:
    assert set(run_arguments.NAMES) < set(inspect.signature(ModelCheckpoint).parameters)


#: Values that each argument can have, alone.
VALUES: dict[str, list[Any]] = {
    "filepath": [TEMPLATE, "best.keras", "{epoch}-{val_loss:.2f}.keras", "w.{epoch}.weights.h5"],
    "monitor": ["val_loss", "loss"],
    "save_best_only": [True],
    "save_weights_only": [True],
    "mode": ["max"],
    "save_freq": [5, HOUR],
    "period": [2],
    "load_weights_on_restart": [True],
    "initial_value_threshold": [0.5],
    "resume": [True, "w.3.keras"],
    "restore_best_weights": [True],
    "max_to_keep": [1, 2],
    "keep_best_n": [1, 2],
    "keep_period": [2],
    "keep_checkpoint_every_n_hours": [1.5],
    "link_latest": ["last.keras", "w.7.keras", "last.weights.h5"],
    "link_best": ["last.keras", "b.keras"],
    "save_before_preemption": [True],
    "save_on_background": [True],
    "on_save": [print],
    "durable": [False],
}
PAIRS = [
    (one, other)
    for one, other in itertools.combinations(
        [(name, value) for name, values in VALUES.items() for value in values], 2
    )
    if one[0] != other[0]
]


def outcome(**kwargs: Any) -> str:
    """Returns what is said of arguments, nothing if they go together."""
    kwargs = {"filepath": TEMPLATE, **kwargs}
    if str(kwargs["filepath"]).endswith(".weights.h5"):
        kwargs.setdefault("save_weights_only", True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made(**kwargs)
        except ValueError as error:
            return str(error)
    return ""


def test_every_pair_goes_together_or_the_error_names_both() -> None:
    assert set(run_arguments.NAMES) < set(VALUES)
    alone = {each: outcome(**dict([each])) for pair in PAIRS for each in pair}
    refused = 0
    for one, other in PAIRS:
        said = outcome(**dict([one, other]))
        if said and not alone[one] and not alone[other]:
            refused += 1
            assert f"{one[0]}=" in said and f"{other[0]}=" in said, (one, other, said)
    assert refused > 15, refused


def test_models_of_keras_2_are_not_saved_on_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_arguments.runtime, "is_keras_3", lambda: False)
    with pytest.raises(ValueError, match="save themselves, and would be read while they train"):
        run_arguments.refuse_on_background("w.h5", True)
