"""Record what the real class does.

For TF 2.4: ``tox exec -e tf2.4 -- python tests/tools/record.py``.

Each run finds other scenarios.  Nothing of keras_ckpt is imported: the recording is what the
release does, whatever we think of it.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import tempfile
from typing import Any

import branches
import recorder
import recordings
import scenarios
from hypothesis import HealthCheck, Phase, given, settings

BATCH = settings(
    max_examples=250,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def different(many: int, version: tuple[int, ...]) -> list[Any]:
    """That many scenarios, no two the same."""
    found = {json.dumps(scenario): scenario for scenario in scenarios.examples(version)}

    @BATCH
    @given(scenario=scenarios.scenarios(version, portable=True))
    def find(scenario: Any) -> None:
        found.setdefault(json.dumps(scenario), scenario)

    while len(found) < many:
        find()
    return list(found.values())[:many]


def runs_on() -> dict[str, str]:
    """The Python, and the packages by which a class may do one thing or another."""
    current = recorder.running()
    found = {"python": platform.python_version()}
    for name in ("numpy", "tensorflow", current.keras.__name__.partition(".")[0]):
        try:
            module: Any = importlib.import_module(name)
            found[name] = module.__version__
        except ImportError:
            pass
    return found


def record() -> recordings.Recording:
    """Scenarios, and what the real class did in each."""
    current = recorder.running()
    directory = os.path.join(tempfile.mkdtemp(), "run")
    chosen = different(recordings.SCENARIOS, current.version)
    pairs: list[tuple[Any, Any]] = []

    def run() -> None:
        for scenario in chosen:
            pairs.append((scenario, recorder.record(current.model_checkpoint, scenario, directory)))

    reached = branches.of_real_class(run)
    head = {
        "release": current.name,
        "runs_on": runs_on(),
        "branches": reached.total,
        "missed": reached.missed,
        "class": recorder.describe_class(current.model_checkpoint),
    }
    return recordings.Recording(head, pairs)


def best_of(tries: int) -> recordings.Recording:
    """The recording that reaches all branches, or the most of them."""
    made: list[recordings.Recording] = []
    while len(made) < tries and not (made and not made[-1].head["missed"]):
        made.append(record())
    return min(made, key=lambda recording: len(recording.head["missed"]))


if __name__ == "__main__":
    made = best_of(tries=4)
    recordings.write(made.head["release"], made)
    print(
        "{}: {} scenarios, {} of {} branches".format(
            recordings.path_of(made.head["release"]),
            len(made.pairs),
            made.head["branches"] - len(made.head["missed"]),
            made.head["branches"],
        )
    )
    for missed in made.head["missed"]:
        print("  never taken:", *missed)
