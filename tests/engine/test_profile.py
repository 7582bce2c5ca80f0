"""`Profile`: what a release does, as a record."""

from __future__ import annotations

import dataclasses
import inspect
import re

import pytest

from keras_ckpt.engine import hooks
from keras_ckpt.engine.profile import HOOKS_2_0, Profile


def test_is_frozen() -> None:
    profile = Profile("2.0")
    with pytest.raises(dataclasses.FrozenInstanceError):
        profile.release = "2.1"  # type: ignore[misc]
    assert profile == Profile("2.0")
    assert hash(profile) == hash(Profile("2.0"))


def test_defaults_are_those_of_the_first_release() -> None:
    profile = Profile("2.0")
    assert profile.hooks == HOOKS_2_0
    assert profile.frequency_unit == "samples"
    assert profile.texts == "2.0"


def test_replace_leaves_the_first_as_it_was() -> None:
    first = Profile("2.0")
    second = first.replace("2.2", frequency_unit="calls")
    assert (first.release, first.frequency_unit) == ("2.0", "samples")
    assert (second.release, second.frequency_unit) == ("2.2", "calls")
    assert second.replace("2.0", frequency_unit="samples") == first
    with pytest.raises(TypeError, match="no_field"):
        first.replace("2.1", no_field=1)


def test_with_hooks() -> None:
    profile = Profile("2.0")
    hooks = profile.with_hooks(add=["new(x)"], drop=["set_model(model)"])
    assert hooks ^ HOOKS_2_0 == {"new(x)", "set_model(model)"}
    assert profile.hooks == HOOKS_2_0
    with pytest.raises(ValueError, match=r"2.0 has no \['absent\(\)'\]"):
        profile.with_hooks(drop=["absent()", "set_model(model)"])


def test_every_hook_is_there() -> None:
    assert set(hooks.HOOKS) >= HOOKS_2_0


def test_every_field_is_documented() -> None:
    documented = set(re.findall(r"^ {4}(\w+):", inspect.getdoc(Profile) or "", re.MULTILINE))
    assert documented == {field.name for field in dataclasses.fields(Profile)}
