"""What changed between two releases: `keras-ckpt diff`, and that no field is left without words."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt import compat
from keras_ckpt.engine.profile import Profile
from keras_ckpt.migrate.releases import differences as module
from keras_ckpt.migrate.releases.differences import differences
from keras_ckpt.migrate.releases.release import release

EVERY = [*compat.STAND_ALONE, "keras 2.0.8", "keras 2.1.5", *compat.VERSIONS, "3.0.4", "tf_keras"]
# Described in sections of their own; the last is of no release.
ELSEWHERE = {"release", "hooks", "texts", "either_form"}


def cli(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "keras_ckpt", "diff", *arguments],
        capture_output=True,
        env=dict(os.environ, PYTHONIOENCODING="utf-8"),
        encoding="utf-8",
    )


def test_every_field_has_words():
    named = {name for fields in module.FIELDS.values() for name in fields}
    assert named == {field.name for field in dataclasses.fields(Profile)} - ELSEWHERE


@pytest.mark.parametrize("version", EVERY)
def test_every_value_has_words(version):
    profile = release(version).profile
    for fields in module.FIELDS.values():
        for name, (_, words) in fields.items():
            assert module._in_words(words, getattr(profile, name))


@given(st.sampled_from(EVERY), st.sampled_from(EVERY))
def test_there_is_a_difference_if_and_only_if_the_releases_differ(old, new):
    # `tf_keras` differs from what it came from in one text.
    found = differences(old, new).differences
    same = compat.module_of(old) == compat.module_of(new)
    annotations_only = {compat.module_of(old), compat.module_of(new)} == {"tf2_8", "tf2_10"}
    assert (not found) == (same or annotations_only)
    assert all(each.old != each.new for each in found)


@given(st.sampled_from(EVERY), st.sampled_from(EVERY))
def test_the_other_way_round_it_is_the_same(old, new):
    there = {(each.subject, each.old, each.new) for each in differences(old, new).differences}
    back = {(each.subject, each.new, each.old) for each in differences(new, old).differences}
    assert there == back


def test_what_changed_stands_with_the_release_that_changed_it():
    found = {each.subject: each for each in differences("2.0", "3.15").differences}
    assert found["An integer `save_freq` counts"].old == "samples"
    assert found["An integer `save_freq` counts"].since == ("TF 2.2", "TF 2.3")
    assert found["`save_best_only` without the monitored value"].since == ("Keras 3.10",)
    assert found["Method `_save_model`"].new == "_save_model(epoch, batch, logs)"
    assert found["`initial_value_threshold` in the signature"].since == ("TF 2.8", "Keras 3.0.0")
    assert "Text: period" not in found  # Keras 3 never says it.
    releases = dict(differences("2.0", "3.15").releases)
    assert releases["TF 2.8"] == "`initial_value_threshold`."


def test_what_was_changed_and_changed_back_is_no_difference():
    subjects = [each.subject for each in differences("2.12", "2.15").differences]
    assert not any("with such an ending" in subject for subject in subjects)


def test_printed():
    done = cli("2.4", "3.15")
    assert done.returncode == 0 and not done.stderr
    assert "ModelCheckpoint of TF 2.4 and of Keras 3.15" in done.stdout
    # Nothing is cut off, and no line is longer than a page is wide.
    assert (
        "| warns and saves nothing" in done.stdout and "…" not in done.stdout.split("Release by")[0]
    )
    assert max(len(line) for line in done.stdout.splitlines()) <= 110


def test_json():
    done = cli("keras==3.13.2", "3.14", "--json")
    data = json.loads(done.stdout)
    assert (data["old"], data["new"]) == ("3.13", "3.14")
    assert [each["subject"] for each in data["differences"]] == ["The count of batches begins"]
    assert data["releases"][0]["release"] == "Keras 3.14"


def test_no_difference():
    done = cli("2.10", "2.11")
    assert done.stdout == "ModelCheckpoint of TF 2.10 and of TF 2.11: no difference.\n"


def test_no_such_release():
    done = cli("1.15", "3.15")
    assert done.returncode == 2
    assert "There is no ModelCheckpoint of version '1.15'" in done.stderr
