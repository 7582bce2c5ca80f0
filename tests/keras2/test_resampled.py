"""Images in another size, by the filters that Keras 3 does not resize by."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

from keras_ckpt import keras2, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 lacks", allow_module_level=True)

from keras_ckpt.keras2.layers import resampled

keras = runtime.keras()
X = np.random.default_rng(0).uniform(size=(2, 7, 9, 3)).astype("float32")
LACKING = ["area", "gaussian", "mitchellcubic"]
#: On JAX and PyTorch, Keras 3 has them, not as TensorFlow, or lacks them.
OTHERS = ["bicubic", "lanczos3", "lanczos5"]
WAYS = [*LACKING, *OTHERS]


def layer(name: str, *args: Any, **kwargs: Any) -> Any:
    return getattr(resampled, name)(*args, **kwargs)


@pytest.mark.parametrize("name", ["Resizing", "UpSampling2D"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest", *WAYS])
def test_they_are_found_where_keras_3_has_another_or_none(name: str, interpolation: str) -> None:
    found = keras2.layers.find(name, {"interpolation": interpolation})
    is_on_tensorflow = runtime.backend() == "tensorflow"
    is_needed = interpolation in (LACKING if is_on_tensorflow else WAYS)
    assert found is (getattr(resampled, name) if is_needed else None)


@pytest.mark.skipif(not runtime.has_tensorflow(), reason="compares with TensorFlow")
@pytest.mark.parametrize("size", [(7, 9), (14, 18), (3, 4), (10, 5), (1, 1)])
@pytest.mark.parametrize("interpolation", WAYS)
def test_they_are_those_of_tensorflow(interpolation: str, size: tuple[int, int]) -> None:
    expected = runtime.tensorflow().image.resize(X, size, method=interpolation).numpy()
    found = runtime.to_numpy(layer("Resizing", *size, interpolation=interpolation)(X))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("interpolation", WAYS)
def test_the_layers_agree(interpolation: str) -> None:
    larger = layer("UpSampling2D", (2, 3), interpolation=interpolation)
    resized = layer("Resizing", 14, 27, interpolation=interpolation)
    expected = runtime.to_numpy(resized(X))
    np.testing.assert_allclose(runtime.to_numpy(larger(X)), expected, atol=1e-6)
    first = layer("Resizing", 14, 27, interpolation=interpolation, data_format="channels_first")
    turned = runtime.to_numpy(first(np.moveaxis(X, -1, 1)))
    np.testing.assert_allclose(np.moveaxis(turned, 1, -1), expected, atol=1e-6)


def test_cut_to_the_new_proportions() -> None:
    made = layer("Resizing", 7, 7, interpolation="area", crop_to_aspect_ratio=True)
    np.testing.assert_allclose(runtime.to_numpy(made(X)), X[:, :, 1:8], atol=1e-6)


@pytest.mark.parametrize("name", ["Resizing", "UpSampling2D"])
def test_in_a_model(name: str) -> None:
    size = [(4, 4)] if name == "UpSampling2D" else [28, 36]
    made = layer(name, *size, interpolation="gaussian")
    inputs = keras.Input((7, 9, 3))
    model = keras.Model(inputs, made(inputs))
    assert model.output_shape == (None, 28, 36, 3)
    assert model.predict(X, verbose=0).shape == (2, 28, 36, 3)
    assert type(made).from_config(made.get_config()).get_config() == made.get_config()


def test_an_unknown_size_is_said() -> None:
    with pytest.raises(ValueError, match="unknown size cannot be resized by 'area'"):
        layer("Resizing", 4, 4, interpolation="area").call(keras.KerasTensor((1, None, 3, 3)))


@pytest.mark.skipif(not runtime.has_tensorflow(), reason="compares with TensorFlow")
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (2, 3), (4, 1)])
def test_bilinear_before_keras_was_tensorflows(size: tuple[int, int]) -> None:
    legacy = runtime.tensorflow().compat.v1.image.resize_bilinear
    expected = legacy(X, (7 * size[0], 9 * size[1])).numpy()
    made = layer("UpSampling2D", size, interpolation="legacy_bilinear")
    np.testing.assert_allclose(runtime.to_numpy(made(X)), expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(7, 9, 3), (None, None, 3)])
def test_bilinear_of_images_of_any_size(shape: Any, tmp_path: pathlib.Path) -> None:
    made = layer("UpSampling2D", (2, 3), interpolation="legacy_bilinear")
    inputs = keras.Input(shape)
    model = keras.Model(inputs, made(inputs))
    found = model.predict(X, verbose=0)
    np.testing.assert_allclose(found, runtime.to_numpy(made(X)), atol=1e-6)
    first = layer(
        "UpSampling2D", (2, 3), interpolation="legacy_bilinear", data_format="channels_first"
    )
    turned = runtime.to_numpy(first(np.moveaxis(X, -1, 1)))
    np.testing.assert_allclose(np.moveaxis(turned, 1, -1), found, atol=1e-6)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(again.predict(X, verbose=0), found, atol=1e-6)
