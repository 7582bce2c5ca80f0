"""Checks of the recorder and the scenarios, none of which an empty trace could pass."""

from __future__ import annotations

import json
import logging
import os
import pathlib
import warnings
from typing import Any, Callable

import branches
import pytest
import recorder
import scenarios
from hypothesis import HealthCheck, given, settings

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("KERAS_CKPT_EXAMPLES", "1000"))
# With derandomize, the same examples are made each time: that what they reach is no accident.
STEADY = settings(
    max_examples=min(EXAMPLES, 300),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def _real() -> Any:
    return recorder.running().model_checkpoint


def _version() -> tuple[int, ...]:
    return recorder.running().version


@pytest.fixture(scope="module")
def directory(tmp_path_factory: Any) -> pathlib.Path:
    made: pathlib.Path = tmp_path_factory.mktemp("recorder") / "run"
    return made


def _hook_form() -> str:
    return "batch" if _version() >= (2, 6) else "plain"


def _fit(**changes: Any) -> dict[str, Any]:
    """A scenario that saves three times: in a batch, and at the ends of two epochs."""
    name = "m.{epoch:02d}.keras" if _version() >= (3,) else "m.{epoch:02d}.h5"
    events: list[Any] = [
        ["model", "set_model", {"graph": True, "strategy": "none", "multi_worker": False}],
        ["call", "on_train_begin", [{}]],
    ]
    for epoch in (0, 1):
        logs = {"loss": 0.5 - epoch * 0.1, "val_loss": 0.75 - epoch * 0.1}
        events.append(["call", "on_epoch_begin", [epoch]])
        events.append(["call", "on_train_batch_end", [0, {"loss": 1.0}]])
        events.append(["call", "on_epoch_end", [epoch, logs]])
    events.append(["call", "on_train_end", [{}]])
    scenario: dict[str, Any] = {
        "args": ["<dir>/" + name],
        "kwargs": {"verbose": 1, "save_best_only": True, "mode": "min"},
        "events": events,
    }
    scenario.update(changes)
    return scenario


def _saves(trace: dict[str, Any]) -> list[Any]:
    entries = [entry for event in trace["events"] for entry in event.get("journal", [])]
    saves = (["model", "save"], ["model", "save_weights"])
    return [entry for entry in entries if entry[:2] in saves]


def test_what_a_plain_fit_shows(directory: pathlib.Path) -> None:
    trace = recorder.record(_real(), _fit(), directory)
    assert len(_saves(trace)) == 2
    assert [name for name, _ in trace["files"]] == [
        "/m.01" + pathlib.Path(_fit()["args"][0]).suffix,
        "/m.02" + pathlib.Path(_fit()["args"][0]).suffix,
    ]
    told = json.dumps(trace)
    assert "val_loss improved from" in told
    assert "saving model to <dir>/m.02" in told
    assert str(directory) not in told
    assert trace["construct"]["attributes"]["save_best_only"] == "True"
    first = trace["events"][4]
    assert first["attributes"]["best"] == "0.75"
    called = [entry[1] for entry in first["journal"] if entry[0] == "call"]
    assert called.index("_save_model") + 1 == called.index("_get_file_path")


def test_constructor_exception_ends_the_trace(directory: pathlib.Path) -> None:
    trace = recorder.record(_real(), _fit(kwargs={"save_freq": "never"}), directory)
    assert trace["construct"]["raised"]["type"] == "ValueError"
    assert "never" in trace["construct"]["raised"]["text"]
    assert trace["events"] == []


def test_failing_save_is_recorded_and_the_scenario_goes_on(directory: pathlib.Path) -> None:
    scenario = _fit()
    failures = [["RuntimeError", ["first"]], "file"]
    scenario["events"][0][2]["outcomes"] = {"save": failures, "save_weights": failures}
    trace = recorder.record(_real(), scenario, directory)
    assert trace["events"][4]["raised"]["text"] == "first"
    assert len(_saves(trace)) == 2
    assert len(trace["files"]) == 1


@STEADY
@given(scenario=scenarios.scenarios(_version()))
def test_real_class_equals_itself(scenario: Any, directory: pathlib.Path) -> None:
    traces = [recorder.record(_real(), scenario, directory) for _ in range(2)]
    assert recorder.differences(*traces) == []
    # Plain data, both: what JSON gives back is what went in.
    assert json.loads(json.dumps(scenario)) == scenario
    assert json.loads(json.dumps(traces[0])) == traces[0]


# ---------------------------------------------------------------- alterations


def _renamed(name: str, body: Callable[..., Any]) -> type:
    return type(_real().__name__, (_real(),), {name: body})


def _after(name: str, action: Callable[[Any], Any]) -> type:
    """The real class, but after the method ``name`` an action is done."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        value = getattr(super(altered, self), name)(*args, **kwargs)
        action(self)
        return value

    altered = _renamed(name, method)
    return altered


def _raise(_: Any) -> None:
    raise RuntimeError("altered")


def _log(_: Any) -> None:
    logging.getLogger("tensorflow").warning("altered")


def _write(self: Any) -> None:
    with open(os.path.join(os.path.dirname(self.filepath), "extra"), "w"):
        pass


def _other_path() -> type:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return str(getattr(super(altered, self), "_get_file_path")(*args, **kwargs)) + "x"  # noqa: B009

    altered = _renamed("_get_file_path", method)
    return altered


def _by_position() -> type:
    """Calls _save_model by position, where every release calls it by keyword."""

    def method(self: Any, epoch: int, logs: Any = None) -> None:
        if getattr(self, "monitor_op", None) is None:
            self._set_monitor_op()
        self._save_model(*((epoch, None, logs) if _hook_form() == "batch" else (epoch, logs)))

    return _renamed("on_epoch_end", method)


ALTERATIONS: dict[str, Callable[[], type]] = {
    "a message more": lambda: _after("on_epoch_end", lambda _: print("altered")),
    "an attribute more": lambda: _after("on_epoch_begin", lambda self: setattr(self, "extra", 1)),
    "an attribute less": lambda: _after("on_epoch_begin", lambda self: delattr(self, "verbose")),
    "a value of another type": lambda: _after(
        "on_epoch_begin", lambda self: setattr(self, "verbose", True)
    ),
    "NaN for a number": lambda: _after(
        "on_epoch_end", lambda self: setattr(self, "best", float("nan"))
    ),
    "an exception": lambda: _after("on_epoch_end", _raise),
    "a file more": lambda: _after("on_epoch_end", _write),
    "a warning": lambda: _after("on_epoch_end", lambda _: warnings.warn("altered", stacklevel=2)),
    "a log record": lambda: _after("on_epoch_begin", _log),
    "another call on the model": lambda: _after(
        "on_epoch_end", lambda self: self.model.save_weights("x")
    ),
    "a read of the model": lambda: _after(
        "on_epoch_end", lambda self: getattr(self.model, "optimizer", None)
    ),
    "a write to the model": lambda: _after(
        "on_epoch_end", lambda self: setattr(self.model, "stop_training", True)
    ),
    "another path": _other_path,
    "a hook called by position": _by_position,
    "a result": lambda: _renamed("on_train_begin", lambda self, logs=None: 1),
}


@pytest.mark.parametrize("what", sorted(ALTERATIONS))
def test_alteration_is_seen(what: str, directory: pathlib.Path) -> None:
    real = recorder.record(_real(), _fit(), directory)
    altered = recorder.record(ALTERATIONS[what](), _fit(), directory)
    assert recorder.differences(real, altered)


def test_altered_class_is_seen() -> None:
    real = recorder.describe_class(_real())
    assert "signature" in real and "_save_model" in real["methods"]
    more = _renamed("_new_hook", lambda self: None)
    other = _renamed("_save_model", lambda self, epoch, logs, more=1: None)
    constant = _renamed("constant", 1)  # type: ignore[arg-type]
    for altered in (more, other, constant):
        assert recorder.differences(real, recorder.describe_class(altered))
    same = type(_real().__name__, (_real(),), {})
    assert recorder.differences(real, recorder.describe_class(same)) == []


def test_differences_are_strict() -> None:
    name = recorder.Namer("/nowhere", [])
    shown = [str(name(value)) for value in (1, True, 1.0, "1", b"1", None, [1], (1,), {1})]
    assert len(set(shown)) == len(shown)
    assert recorder.differences([1], [1, 2])
    assert recorder.differences({"a": 1}, {})
    assert recorder.differences({"a": 1}, {"a": 1}) == []


# ---------------------------------------------------------------- what the scenarios reach


@pytest.mark.skipif(EXAMPLES < 1000, reason="too few examples to reach everything")
def test_scenarios_reach_the_real_class(directory: pathlib.Path) -> None:
    pytest.importorskip("coverage")

    chosen: list[Any] = []

    @settings(STEADY, max_examples=1000)
    @given(scenario=scenarios.scenarios(_version()))
    def choose(scenario: Any) -> None:
        chosen.append(scenario)

    # Only what the class does is watched, since that takes many times as long.
    choose()

    def run() -> None:
        for scenario in chosen:
            recorder.record(_real(), scenario, directory)

    reached = branches.of_real_class(run)
    assert reached.total >= 60
    assert reached.share >= 0.98, reached.missed
