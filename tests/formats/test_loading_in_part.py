"""`by_name`, `skip_mismatch` and `part`: what fits is loaded, or nothing is."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
from models import ORBAX, SAFETENSORS, of_several

import keras_ckpt
from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

keras = runtime.keras()

PATHS = {
    "w.h5": keras_ckpt.save_weights,
    "m.h5": keras_ckpt.save_model,
    "w.weights.h5": keras_ckpt.save_weights,
    "m.keras": keras_ckpt.save_model,
    "cp": keras_ckpt.save_weights,
    "saved": keras_ckpt.save_model,
    "w.weights.json": keras_ckpt.save_weights,
    **{"w" + ending: keras_ckpt.save_weights for ending in SAFETENSORS + ORBAX},
    **{"m" + ending: keras_ckpt.save_model for ending in ORBAX},
}
OF_KERAS_2 = ("w.h5", "m.h5")


def made(units: int, names: tuple[str, str] = ("a", "head")) -> Any:
    layers = [keras.layers.Dense(3, name=names[0]), keras.layers.Dense(units, name=names[1])]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.set_weights([np.random.RandomState(units).rand(*w.shape) for w in model.get_weights()])
    return model


def saved(path: str, tmp_path: pathlib.Path) -> tuple[Any, str]:
    model = made(5)
    PATHS[path](model, tmp_path / path, verbose=0)
    return model, str(tmp_path / path)


def same(one: list[Any], other: list[Any]) -> bool:
    return all((left == right).all() for left, right in zip(one, other))


@pytest.mark.parametrize("path", sorted(PATHS))
def test_what_has_another_shape_is_skipped(path: str, tmp_path: pathlib.Path) -> None:
    source, name = saved(path, tmp_path)
    model = made(2)
    before = model.get_weights()
    with pytest.warns(UserWarning, match="loaded in part"):
        keras_ckpt.load_weights(model, name, skip_mismatch=True)
    assert same(model.get_weights()[:2], source.get_weights()[:2])
    assert same(model.get_weights()[2:], before[2:])


@pytest.mark.parametrize("path", sorted(PATHS))
def test_a_file_of_which_nothing_fits_is_an_error(path: str, tmp_path: pathlib.Path) -> None:
    _, name = saved(path, tmp_path)
    model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(9, name="other")])
    before = model.get_weights()
    for options in ({"skip_mismatch": True}, {"strict": False}):
        with pytest.raises(keras_ckpt.MismatchedCheckpoint):
            keras_ckpt.load_weights(model, name, **options)
    assert same(model.get_weights(), before)


@pytest.mark.parametrize("path", OF_KERAS_2)
def test_layers_whose_names_are_in_the_file(path: str, tmp_path: pathlib.Path) -> None:
    source, name = saved(path, tmp_path)
    model = made(2, ("a", "new"))
    before = model.get_weights()
    keras_ckpt.load_weights(model, name, by_name=True)
    assert same(model.get_weights()[:2], source.get_weights()[:2])
    assert same(model.get_weights()[2:], before[2:])


@pytest.mark.parametrize("path", OF_KERAS_2)
def test_a_layer_of_that_name_that_does_not_fit(path: str, tmp_path: pathlib.Path) -> None:
    source, name = saved(path, tmp_path)
    model = made(2)
    before = model.get_weights()
    with pytest.raises(keras_ckpt.MismatchedCheckpoint, match=r"'head' are \(3, 2\), \(2,\)"):
        keras_ckpt.load_weights(model, name, by_name=True)
    assert same(model.get_weights(), before)
    with pytest.warns(UserWarning, match="'head'"):
        keras_ckpt.load_weights(model, name, by_name=True, skip_mismatch=True)
    assert same(model.get_weights()[:2], source.get_weights()[:2])
    assert same(model.get_weights()[2:], before[2:])


@pytest.mark.parametrize("path", OF_KERAS_2)
def test_no_layer_of_that_name(path: str, tmp_path: pathlib.Path) -> None:
    _, name = saved(path, tmp_path)
    with pytest.raises(keras_ckpt.MismatchedCheckpoint, match="no layer.*Its layers are a, head"):
        keras_ckpt.load_weights(made(5, ("x", "y")), name, by_name=True)


@pytest.mark.parametrize("path", sorted(set(PATHS) - set(OF_KERAS_2)))
def test_files_that_are_not_by_name(path: str, tmp_path: pathlib.Path) -> None:
    model, name = saved(path, tmp_path)
    with pytest.raises(ValueError, match="by_name"):
        keras_ckpt.load_weights(model, name, by_name=True)


def test_the_part_that_is_named(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "cp")
    one, two, three = made(5), made(2), made(5)
    three.set_weights([w + 1 for w in three.get_weights()])
    of_several(path, {"generator": one, "discriminator": two, "ema.generator": three})
    model = made(5)
    keras_ckpt.load_weights(model, path, part="ema.generator")
    assert same(model.get_weights(), three.get_weights())
    keras_ckpt.load_weights(model, path, part="generator")
    assert same(model.get_weights(), one.get_weights())
    with pytest.raises(keras_ckpt.MismatchedCheckpoint, match="shapes differ"):
        keras_ckpt.load_weights(model, path, part="discriminator")
    with pytest.raises(keras_ckpt.MismatchedCheckpoint, match="(?s)'decoder'.*generator, discr"):
        keras_ckpt.load_weights(model, path, part="decoder")
    with pytest.raises(keras_ckpt.MismatchedCheckpoint, match="(?s)each of its parts.*part='gen"):
        keras_ckpt.load_weights(model, path)


def test_the_only_part_that_fits_need_not_be_named(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "cp")
    source = made(5)
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    of_several(path, {"other": other, "net": source})
    model = made(5)
    model.set_weights([w * 0 for w in model.get_weights()])
    keras_ckpt.load_weights(model, path)
    assert same(model.get_weights(), source.get_weights())


@pytest.mark.parametrize("path", ["w.h5", "w.weights.h5", "m.keras"])
def test_other_formats_have_no_parts(path: str, tmp_path: pathlib.Path) -> None:
    model, name = saved(path, tmp_path)
    with pytest.raises(ValueError, match="has no parts. Leave part='net' out"):
        keras_ckpt.load_weights(model, name, part="net")


class Pair(keras.Model):  # type: ignore[misc, name-defined]
    """A model that is never called itself, such as a GAN."""

    def __init__(self) -> None:
        super().__init__()
        self.first = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
        self.second = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])


@pytest.mark.parametrize("path", ["cp", "w.h5", "w.weights.h5", "w.keras"])
def test_models_of_models_without_a_call(path: str, tmp_path: pathlib.Path) -> None:
    model, again = Pair(), Pair()
    keras_ckpt.save_weights(model, tmp_path / path)
    keras_ckpt.load_weights(again, tmp_path / path)
    assert same(again.get_weights(), model.get_weights())


def test_a_model_without_variables_is_still_refused(tmp_path: pathlib.Path) -> None:
    class Unbuilt(keras.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.first = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
            self.second = keras.layers.Dense(1)

    with pytest.raises(ValueError, match="no variables yet"):
        keras_ckpt.save_weights(Unbuilt(), tmp_path / "w.h5")
