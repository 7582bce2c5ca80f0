"""A check of the checks: a replica with one field of its `Profile` flipped must be found out.

Each thing that a release changed is undone in its replica. What has to find that out is what is
known of the real class: its recording, what it shows unused, and how it calls its hooks.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import pathlib
import tempfile
from typing import Any, Iterator

import pytest
import recorder
import test_recorded
from helpers import StandIn, epochs, functional

from keras_ckpt import compat, formats
from keras_ckpt.engine.profile import Profile
from keras_ckpt.engine.replica import replica

pytestmark = pytest.mark.slow

#: The modules of compat in order, tf_keras and 3.0.0 after what they differ from.
ORDER = [
    *dict.fromkeys(compat.module_of(version) for version in compat.VERSIONS[:16]),
    "keras3_0_0",
    *dict.fromkeys(compat.module_of(version) for version in compat.VERSIONS[16:]),
]
BEFORE = dict(
    zip(ORDER[1:], ORDER),
    tf_keras="tf2_15",
    # The older of stand-alone Keras is the difference from the newer.
    keras2_1="tf2_0",
    keras2_1_3="keras2_1",
    keras2_0="keras2_1_3",
    keras2_0_0="keras2_0",
)


def profile(module: str) -> Profile:
    found: Profile = importlib.import_module("keras_ckpt.compat." + module).PROFILE
    return found


def releases_of(module: str) -> list[str]:
    """The releases with a recording that have the class of this module."""
    return [name for name in test_recorded.RELEASES if compat.module_of(name) == module]


def flips() -> Iterator[Any]:
    """Each field that a release changed, with what it was before; then what none changed."""
    for module, before in BEFORE.items():
        now, then = profile(module), profile(before)
        for field in dataclasses.fields(Profile):
            value = getattr(then, field.name)
            if value != getattr(now, field.name):
                name = f"{module}-{field.name}"
                yield pytest.param(module, field.name, value, id=name)
    yield pytest.param("tf2_15", "either_form", True, id="tf2_15-either_form")


FLIPS = list(flips())


def is_found_out(
    mutant: type, module: str, directory: pathlib.Path, scenarios: int | None = None
) -> bool:
    """Whether one of the things known of the real class tells the mutant from it."""
    releases = releases_of(module)
    told: Profile = mutant._keras_ckpt_profile  # type: ignore[attr-defined]
    if compat.module_of(told.release) != module:
        return True
    if takes_the_old_form(mutant) != takes_the_old_form(compat.for_version(releases[0])):
        return True
    if lets_the_model_be_set(mutant) != lets_the_model_be_set(compat.for_version(releases[0])):
        return True
    if format_without_an_ending(mutant) != format_without_an_ending(
        compat.for_version(releases[0])
    ):
        return True
    if makes_a_directory_again(mutant) != makes_a_directory_again(compat.for_version(releases[0])):
        return True
    recordings = [test_recorded.read(release) for release in releases]
    if set(recorder.describe_class(mutant)["methods"]) != set(
        recordings[0].head["class"]["methods"]
    ):
        return True
    return any(
        test_recorded.differences(mutant, pair, directory)
        for recording in recordings
        for pair in recording.pairs[:scenarios]
    )


def takes_the_old_form(kind: type) -> Any:
    """Whether a subclass may override the hook in the form of up to TF 2.5."""

    class Own(kind):  # type: ignore[misc, valid-type]
        def _save_model(self, epoch: int, logs: Any) -> None:
            pass

    try:
        epochs(Own("a.keras"), [{}], StandIn())
    except Exception as error:
        return type(error)
    return True


def lets_the_model_be_set(kind: type) -> bool:
    """Whether `model` is an attribute like any other, which it is up to Keras 2."""
    try:
        kind("a.keras").model = StandIn()  # type: ignore[call-arg, attr-defined]
    except AttributeError:
        return False
    return True


def makes_a_directory_again(kind: type) -> Any:
    """What becomes of a path that goes back out of a directory that must be made."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            epochs(kind(os.path.join(directory, "new", "..", "a.keras")), [{}], StandIn())
        except Exception as error:
            return type(error)
        return os.listdir(directory)


def format_without_an_ending(kind: type) -> str | None:
    """What a real model is saved in."""
    if any(kind._keras_ckpt_profile.endings):  # type: ignore[attr-defined]
        return None
    model = functional()
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "a")
        epochs(kind(path, save_weights_only=True), [{}], model)
        return None if not os.listdir(directory) else formats.format_of(path).name


@pytest.fixture(scope="module")
def directory(tmp_path_factory: Any) -> pathlib.Path:
    made: pathlib.Path = tmp_path_factory.mktemp("mutants") / "run"
    return made


@pytest.fixture(scope="module", autouse=True)
def _whole_recordings() -> None:
    test_recorded.whole_recordings()


def test_every_field_is_flipped() -> None:
    flipped = {parameters.values[1] for parameters in FLIPS}
    assert flipped == {field.name for field in dataclasses.fields(Profile)}


@pytest.mark.parametrize(("module", "field", "value"), FLIPS)
def test_flipped_field_is_found_out(
    module: str, field: str, value: Any, directory: pathlib.Path
) -> None:
    init = importlib.import_module("keras_ckpt.compat." + module).__init__
    changed = dataclasses.replace(profile(module), **{field: value})
    mutant = replica(changed, init, __name__)
    assert is_found_out(mutant, module, directory)


@pytest.mark.parametrize("module", sorted(BEFORE))
def test_unchanged_replica_is_not_found_out(module: str, directory: pathlib.Path) -> None:
    init = importlib.import_module("keras_ckpt.compat." + module).__init__
    same = replica(profile(module), init, __name__)
    # All scenarios are run where the replicas themselves are tested.
    assert not is_found_out(same, module, directory, scenarios=50)
