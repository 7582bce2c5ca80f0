"""The replica of every release, on the Keras that runs here, against what its real class does.

What it did is recorded in `recorded/`. Where tox has the environment of a release, its class is
also asked live, about scenarios that no recording has.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import pathlib
from typing import Any

import conformance
import oracle
import pytest
import recorder
import recordings
import scenarios
from hypothesis import HealthCheck, Phase, given, settings

from keras_ckpt import compat

pytestmark = pytest.mark.slow

RELEASES = conformance.RELEASES
#: How many scenarios of each recording are run.
REPLAYS = int(os.environ.get("KERAS_CKPT_REPLAYS", str(recordings.SCENARIOS)))
#: How many scenarios each class is asked about live.
QUESTIONS = int(os.environ.get("KERAS_CKPT_QUESTIONS", "200"))
#: The releases that can be asked.
LIVE = [release for release in RELEASES if oracle.python_of(release).exists()]

read = functools.lru_cache(maxsize=2)(recordings.read)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: Any) -> pathlib.Path:
    """A directory that is emptied before each run."""
    made: pathlib.Path = tmp_path_factory.mktemp("recorded") / "run"
    return made


def across() -> None:
    """Skip what compares other releases than the running one, but on Keras 3."""
    if recorder.running().version < (3,):
        pytest.skip("the replicas are compared across releases on Keras 3")


def whole_recordings() -> None:
    """Skip what takes all scenarios, where only some are to be run."""
    across()
    if REPLAYS < recordings.SCENARIOS:
        pytest.skip("takes whole recordings, and KERAS_CKPT_REPLAYS asks for less")


def differences(callback_class: type, pair: tuple[Any, Any], directory: pathlib.Path) -> list[str]:
    """Where a class does something else than was recorded."""
    scenario, trace = pair
    if not (scenario.get("interactive", True) or recorder.knows_interactive_logging()):
        return []  # It cannot be turned off here.
    tensorflow = recorder.running().tensorflow is not None
    if not tensorflow and _is_tensorflows(scenario, trace):
        return []
    done = json.loads(json.dumps(recorder.record(callback_class, scenario, directory)))
    if not tensorflow and (_is_about_options(done) or _is_pytorchs(done)):
        return []
    return recorder.differences(
        recordings.portable(trace, tensorflow), recordings.portable(done, tensorflow)
    )


_ERRORS_OF_TENSORFLOW = ("FailedPreconditionError", "InvalidArgumentError")


def _is_tensorflows(scenario: Any, trace: Any) -> bool:
    # Buckets, and the errors of its operations and files.
    if "gs://" in json.dumps(scenario):
        return True
    text = json.dumps(trace)
    return any(f'"{name}"' in text for name in _ERRORS_OF_TENSORFLOW)


def _is_about_options(trace: dict[str, Any]) -> bool:
    # Options are objects of TensorFlow's: without it none can be had, and the replica says so.
    raised = trace["construct"].get("raised", {})
    return raised.get("type") == "ImportError" and "install tensorflow" in raised["text"]


def _is_pytorchs(trace: dict[str, Any]) -> bool:
    # Several numbers where one is wanted are a RuntimeError there, and a ValueError elsewhere.
    return "Boolean value of Tensor with more than one value" in json.dumps(trace)


# ---------------------------------------------------------------- the recordings


def test_the_page_on_conformance_is_true() -> None:

    assert conformance.PAGE.read_text(encoding="utf-8") == conformance.page()


def test_there_is_one_of_each_release_and_nothing_else() -> None:
    assert set(recordings.digests()) == set(RELEASES)
    names = {path.name for path in recordings.HOME.iterdir()}
    assert names == {recordings.path_of(release).name for release in RELEASES} | {"digests.json"}


@pytest.mark.parametrize("release", RELEASES)
def test_recording_is_whole(release: str) -> None:
    head, pairs = read(release)
    assert head["release"] == release
    assert {"python", "numpy", "tensorflow"} <= set(head["runs_on"])
    assert len(pairs) == recordings.SCENARIOS
    assert len({json.dumps(scenario) for scenario, _ in pairs}) == len(pairs)
    constructed = [pair for pair in pairs if "raised" not in pair[1]["construct"]]
    assert len(constructed) > len(pairs) / 2
    for scenario, trace in constructed:
        assert len(trace["events"]) == len(scenario["events"])
    # Each argument was passed, each hook was called, and saves were made and failed.
    rows = head["class"]["signature"]
    parameters = [row[0] for row in rows if row[0] not in ("return", "kwargs")]
    passed = {name for scenario, _ in pairs for name in scenario["kwargs"]}
    assert passed >= set(parameters)
    assert max(len(scenario["args"]) for scenario, _ in pairs) >= 4
    entries = [
        entry for _, trace in pairs for step in trace["events"] for entry in step.get("journal", [])
    ]
    called = {entry[1] for entry in entries if entry[0] == "call"}
    # One at most that is called by nothing in the release itself may be missing by chance.
    assert len({hook for hook in recorder.HOOKS if hook in head["class"]["methods"]} - called) <= 1
    saved = {entry[1] for entry in entries if entry[0] == "model"}
    assert {"save", "save_weights"} <= saved
    failed = {
        step["raised"]["type"] for _, trace in pairs for step in trace["events"] if "raised" in step
    }
    assert len(failed) >= 8


@pytest.mark.parametrize("release", RELEASES)
def test_scenarios_reach_the_real_class(release: str) -> None:
    head = read(release).head
    assert head["branches"] >= (26 if release.startswith("keras ") else 60)
    assert len(head["missed"]) <= 0.02 * head["branches"], head["missed"]


def test_edited_recording_is_refused(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    recording = recordings.read("2.4")
    monkeypatch.setattr(recordings, "HOME", tmp_path)
    monkeypatch.setattr(recordings, "DIGESTS", tmp_path / "digests.json")
    recordings.write("2.4", recording)
    assert recordings.read("2.4") == recording
    path = recordings.path_of("2.4")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match="2.4.jsonl.xz is not as it was recorded"):
        recordings.read("2.4")


# ---------------------------------------------------------------- the comparison


@pytest.mark.parametrize("release", RELEASES)
def test_replica_does_what_was_recorded(release: str, directory: pathlib.Path) -> None:
    across()
    replica = compat.for_version(release)
    for pair in read(release).pairs[:REPLAYS]:
        found = differences(replica, pair, directory)
        assert not found, "\n".join(found) + "\n" + json.dumps(pair[0])


def test_real_class_still_does_what_was_recorded(directory: pathlib.Path) -> None:
    current = recorder.running()
    if current.name not in RELEASES:
        pytest.skip(f"Keras {current.release} is newer than all recordings")
    for pair in read(current.name).pairs[:REPLAYS]:
        found = differences(current.model_checkpoint, pair, directory)
        assert not found, "\n".join(found) + "\n" + json.dumps(pair[0])


@pytest.mark.parametrize("release", LIVE)
def test_replica_does_what_the_class_does_elsewhere(release: str, directory: pathlib.Path) -> None:
    across()
    replica = compat.for_version(release)
    with oracle.Oracle(release) as real:
        assert real.release == release

        @settings(
            max_examples=QUESTIONS,
            deadline=None,
            database=None,
            derandomize=bool(os.environ.get("CI")),
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(scenario=scenarios.scenarios(tuple(real.version), portable=True))
        def ask(scenario: Any) -> None:
            # One directory for both, one after the other: a path may be printed cut or padded.
            found = differences(replica, (scenario, real.record(scenario, directory)), directory)
            assert not found, "\n".join(found) + "\n" + json.dumps(scenario)

        ask()


@pytest.mark.parametrize("release", RELEASES)
def test_replica_has_the_signature_that_was_recorded(release: str) -> None:
    replica = compat.for_version(release)
    assert recorder.signature_of(replica) == read(release).head["class"]["signature"]
    assert list(inspect.signature(replica).parameters)[0] == "filepath"
