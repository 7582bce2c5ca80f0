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
from keras_ckpt.migrate.rules.definition import rules

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


#: By section and subject of each row of `keras-ckpt diff`: the rule of `check` that finds code that
#: depends on it, or why there is none.
_RUN_ONLY = "it depends on the cluster or disk that a run meets, which no code shows"
_OF_TEXT = "a program that runs the same prints another text"
RULES = {
    ("Arguments", "`period` and `load_weights_on_restart`"): "KC101",
    ("Arguments", "`kwargs` in the signature"): "KC104",
    ("Arguments", "`options` in the signature"): "KC102",
    ("Arguments", "`options`"): "KC102",
    ("Arguments", "`options` beside a `.keras` path"): "KC102",
    ("Arguments", "Endings saved without `options`"): "KC102",
    ("Arguments", "`save_best_only` with such an ending"): "KC102",
    ("Arguments", "`initial_value_threshold` in the signature"): "KC104",
    ("Arguments", "`initial_value_threshold`"): "KC104",
    ("Arguments", "`model`"): "KC502",
    ("Arguments", "TensorFlow checkpoints at a restart"): "KC103",
    ("Arguments", "Endings that `filepath` may have"): "KC202",
    ("Arguments", "A `pathlib.Path` as `filepath`"): "KC503",
    ("When it saves", "An integer `save_freq` counts"): "KC301",
    ("When it saves", "The count of batches begins"): (
        "the first of many saves is one batch later, and nothing can be written that avoids it"
    ),
    ("When it saves", "Batch hooks are called if `save_freq` is"): (
        "it decides only whether an override of the batch hook is called at all, and no release "
        "takes a `save_freq` that is neither an integer nor 'epoch'"
    ),
    ("Which is the best", 'The direction of mode="auto" is taken from'): "KC403",
    ("Which is the best", "`save_best_only` without the monitored value"): "KC402",
    ("Which is the best", "A monitored value that is an array"): (
        "that a metric is an array is known only when it is computed"
    ),
    ("Which is the best", "Values of the logs that become Python numbers first"): (
        "an internal step; the numbers that are compared and put into paths are the same"
    ),
    ("Paths", "A placeholder of `filepath` that no log fills"): (
        "a KeyError in every release, with another text"
    ),
    ("Paths", "The directory of `filepath` is made"): _RUN_ONLY,
    ("Paths", "A directory that is made by others meanwhile, or is that of `new/..`,"): _RUN_ONLY,
    ("Paths", "... of `gs://` paths, too"): _RUN_ONLY,
    ("Paths", "Files are looked for through"): _RUN_ONLY,
    ("Clusters", "The workers of a cluster are distinguished by"): _RUN_ONLY,
    ("Clusters", "The backup of a training that was cut off"): _RUN_ONLY,
    ("Clusters", "The model's `_training_state` at the end"): _RUN_ONLY,
    ("Errors", "An error of the disk while saving"): _RUN_ONLY,
    ("Errors", '"is a directory" in the text of an error'): _RUN_ONLY,
    ("Errors", "The text of an error is"): _RUN_ONLY,
    ("Errors", "IsADirectoryError"): _RUN_ONLY,
    ("Messages", "Messages of `verbose=1` go"): _OF_TEXT,
    ("Messages", "Warnings go to"): _OF_TEXT,
    ("Messages", "A message after the save"): _OF_TEXT,
}
#: Rows of which there are many, by how their subjects begin.
RULES_OF_MANY = {
    ("Messages", "Text: "): _OF_TEXT,
    ("For subclasses", "Method `_"): "KC501",
    # Hooks of Keras's Callback: subclasses override them in every release.
    (
        "For subclasses",
        "Method `on_",
    ): "a hook of every Callback, called whether it is listed or not",
    ("For subclasses", "Method `set_model`"): (
        "a hook of every Callback, called whether it is listed or not"
    ),
}


def rule_of(section, subject):
    found = RULES.get((section, subject))
    if found is None:
        begins = [key for key in RULES_OF_MANY if key[0] == section and subject.startswith(key[1])]
        assert begins, f"no rule finds code that depends on {subject}, and no reason says why"
        found = RULES_OF_MANY[begins[0]]
    return found


def test_each_row_has_a_rule_that_concerns_it_or_a_reason():
    rows = {}
    for old in compat.VERSIONS:
        for new in compat.VERSIONS:
            for each in differences(old, new).differences:
                rows.setdefault((each.section, each.subject), []).append((old, new))
    # What stands in the list is there, and what is there stands in the list.
    assert set(RULES) <= set(rows)
    for (section, subject), pairs in rows.items():
        rule = rules().get(rule_of(section, subject))
        if rule is not None:
            concerned = [pair for pair in pairs if rule.concerns(*map(release, pair))]
            assert concerned, f"{rule.code} concerns no releases that differ in {subject}"
        else:
            assert not rule_of(section, subject).startswith("KC")
