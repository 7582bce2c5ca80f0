"""What saving and loading take, release by release, compared with the running Keras."""

from __future__ import annotations

import inspect
import itertools
import pathlib
from typing import Any, Callable

import pytest
import recorder
from helpers import KERAS_3, keras

from keras_ckpt import compat, endings
from keras_ckpt.compat import saving

RELEASE = compat.canonical(recorder.running().release)
FUNCTIONS = ("save", "save_weights", "load_model", "load_weights")
EVERY = (*compat.STAND_ALONE, *compat.VERSIONS)
ENDINGS = (*endings.ARCHIVE, *endings.WEIGHTS, *endings.SHARDED_WEIGHTS, *endings.HDF5, ".ckpt", "")
ARGUMENTS = sorted(
    set(itertools.chain(*(getattr(saving.of(v), f).arguments for v in EVERY for f in FUNCTIONS)))
)


def model() -> Any:
    made = keras.Sequential([keras.layers.InputLayer((2,)), keras.layers.Dense(1)])
    made.compile("sgd", keras.losses.MeanSquaredError())
    return made


def function(name: str) -> Callable[..., Any]:
    return keras.models.load_model if name == "load_model" else getattr(keras.Model, name)


def run(name: str, path: str, **arguments: Any) -> None:
    if name == "load_model":
        keras.models.load_model(path, **arguments)
    else:
        getattr(model(), name)(path, **arguments)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_those_of_the_signature(name: str) -> None:
    parameters = inspect.signature(inspect.unwrap(function(name))).parameters.values()
    named = {each.name for each in parameters if each.kind is not each.VAR_KEYWORD}
    named -= {"self", "filepath"}
    expected = set(getattr(saving.of(RELEASE), name).arguments)
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        assert named <= expected
    else:
        assert named == expected


@pytest.mark.skipif(not KERAS_3, reason="what Keras 2 refuses is in its signatures")
@pytest.mark.parametrize("argument", ARGUMENTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_other_arguments_are_refused(name: str, argument: str, tmp_path: pathlib.Path) -> None:
    taken = getattr(saving.of(RELEASE), name)
    path = str(tmp_path / "m")
    if name == "load_weights":
        # `by_name` is for files of Keras 2, the others are not.
        path += ".h5" if argument == "by_name" else ".weights.h5"
        model().save(path) if argument == "by_name" else model().save_weights(path)
    elif name == "load_model":
        path += ".keras"
        model().save(path)
    else:
        path += ".weights.h5" if name == "save_weights" else ".keras"
    values = {"overwrite": True, "compile": True, "safe_mode": True, "include_optimizer": True}
    values.update(by_name=True, skip_mismatch=False, zipped=True, reshape=False, save_traces=True)
    given = {argument: values.get(argument)}
    if argument in taken.arguments:
        try:
            run(name, path, **given)
        except ValueError as error:
            # Keras 3.1 to 3.7 finds other faults in files that it reads by name.
            assert argument not in str(error)
    else:
        with pytest.raises((TypeError, ValueError), match=argument):
            run(name, path, **given)


@pytest.mark.skipif(not KERAS_3, reason="Keras 2 takes any path")
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_endings(name: str, ending: str, tmp_path: pathlib.Path) -> None:
    taken: endings.Function = getattr(saving.of(RELEASE), name)
    path = str(tmp_path / ("m" + ending))
    if name.startswith("load"):
        if (
            ending in endings.SHARDED_WEIGHTS
            and "max_shard_size" in saving.of(RELEASE).save_weights.arguments
        ):
            model().save_weights(path, max_shard_size=1)
        elif ending in endings.WEIGHTS:
            model().save_weights(path)
        elif ending in (*endings.ARCHIVE, *endings.HDF5):
            model().save(path)
        else:
            pathlib.Path(path).write_bytes(b"")
    if taken.takes(path) and not (name == "load_model" and ending in endings.WEIGHTS):
        run(name, path)
    else:
        # Weights alone are no model, though the ending is that of HDF5.
        with pytest.raises((ValueError, KeyError)):
            run(name, path)


def test_every_release_has_its_own() -> None:
    patches = (*compat.PATCHES, *compat.STAND_ALONE_PATCHES)
    for version in (*EVERY, *patches, *compat.TF_KERAS, "tf_keras"):
        assert isinstance(saving.of(version), endings.Saving)
    assert saving.of("tf_keras") == saving.of("2.15")
    assert set(saving.CHANGES) <= set(EVERY)
    with pytest.raises(ValueError, match="2.99"):
        saving.of("2.99")


def test_a_change_changes_something() -> None:
    for before, after in zip(EVERY, EVERY[1:]):
        for name in saving.CHANGES.get(after, {}):
            assert getattr(saving.of(before), name) != getattr(saving.of(after), name), (
                after,
                name,
            )


def test_endings_of_others_are_none_of_keras() -> None:
    for version in compat.VERSIONS[16:]:
        for name in FUNCTIONS:
            for ending in getattr(saving.of(version), name).endings:
                assert not ending.endswith(endings.FOREIGN_READ), ending
