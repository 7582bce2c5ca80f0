"""What becomes of the arguments, in whichever class the engine's callback is a base."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import keras, texts, warned
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt import compat, runtime
from keras_ckpt.engine import construction

#: One release of each way to find the direction, and of each set of endings.
RELEASES = ["2.0", "2.4", "2.8", "2.15", "3.0", "3.8", "3.11", "3.15"]


@pytest.mark.parametrize("version", RELEASES)
def test_a_base_of_the_users_is_set_up_once(version: str) -> None:
    class Base(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.count = getattr(self, "count", 0) + 1

    release = compat.for_version(version)

    class Mine(release, Base):  # type: ignore[misc, valid-type]
        pass

    class MineToo(Mine):
        pass

    callback = MineToo("a.keras")
    assert construction.owner(callback) is release
    assert (callback.filepath, callback.verbose) == ("a.keras", 0)
    assert callback.count == 1


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize(
    ("mode", "monitor", "first_is_better"),
    [
        ("min", "val_acc", (1.0, 2.0)),
        ("max", "val_loss", (2.0, 1.0)),
        ("auto", "val_loss", (1.0, 2.0)),
        ("auto", "fmeasure", (2.0, 1.0)),
    ],
)
def test_the_direction(
    version: str, mode: str, monitor: str, first_is_better: tuple[float, float]
) -> None:
    callback = compat.for_version(version)("a.keras", monitor, mode=mode)
    if callback.monitor_op is None:  # It is known when the metrics are.
        assert callback._keras_ckpt_profile.direction == "metric"
        assert callback.mode == mode
        return
    assert callback.monitor_op(*first_is_better)
    assert not callback.monitor_op(*first_is_better[::-1])
    assert callback.monitor_op(first_is_better[0], callback.best)


@pytest.mark.parametrize("version", ["3.0", "3.8", "3.11", "3.15"])
def test_an_unknown_mode_is_auto(version: str) -> None:
    with warned() as found:
        callback = compat.for_version(version)("a.keras", mode="best")
    assert ["fallback to auto mode" in text for text in texts(found)] == [True]
    if callback._keras_ckpt_profile.direction == "metric":
        assert callback.mode == "auto"
    else:
        assert callback.monitor_op is np.less


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("value", ["batch", 2.0, None, np.int64(3)], ids=repr)
def test_what_is_not_a_frequency_is_refused(version: str, value: Any) -> None:
    with pytest.raises(ValueError, match="Unrecognized save_freq"):
        compat.for_version(version)("a.keras", save_freq=value)


@given(
    stem=st.text("ab./", max_size=5),
    ending=st.sampled_from(["", ".keras", ".h5", ".hdf5", ".weights.h5", ".keras.zip", ".H5"]),
    weights=st.booleans(),
)
def test_the_endings_that_are_taken(stem: str, ending: str, weights: bool) -> None:
    taken = {"2.15": True, "3.0": ending == ".keras", "3.8": ending in (".keras", ".h5")}
    # Which one in particular does not matter for a whole model.
    taken["3.8"] = taken["3.8"] or ending == ".weights.h5"
    if weights:
        taken["3.0"] = taken["3.8"] = ending == ".weights.h5"
    for version, is_taken in taken.items():
        made = compat.for_version(version)
        if is_taken:
            assert made(stem + ending, save_weights_only=weights).filepath == stem + ending
        else:
            with pytest.raises(ValueError, match="must end in"):
                made(stem + ending, save_weights_only=weights)


@given(path=st.text("ab.", max_size=6), endings=st.lists(st.text("ab.", max_size=3)))
def test_ends_in(path: str, endings: list[str]) -> None:
    assert construction.ends_in(path, tuple(endings)) == path.endswith(tuple(endings))


def test_ends_in_of_what_is_not_a_string() -> None:
    assert not construction.ends_in(None, ())
    with pytest.raises(AttributeError, match="endswith"):
        construction.ends_in(None, (".h5",))


@pytest.mark.parametrize("version", ["2.3", "2.15"])
def test_options_without_tensorflow(version: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(runtime, "options_type", lambda weights, load: None)
    made = compat.for_version(version)
    assert made("a")._options is None
    with pytest.raises(ImportError, match="Leave `options` out, or run `pip install tensorflow`"):
        made("a", options=object())
