"""RandomCrop when it does not train."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_ckpt import keras2, runtime
from keras_ckpt.formats.config import keras2_arguments

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 changed", allow_module_level=True)

#: The sum of the pixels, each by its number, of TensorFlow 2.6 and 2.7.
OF_2_6, OF_2_7 = 602.8749783039093, 603.1249883174896
IMAGES = (np.arange(2 * 7 * 9, dtype="float32") % 11).reshape(2, 7, 9, 1)


def made(version: str) -> Any:
    settings = {"height": 4, "width": 3}
    _, settings = keras2_arguments.of_keras_3("RandomCrop", settings, version)
    cls = keras2.layers.find("RandomCrop", settings)
    assert cls is not None
    return cls(**settings)


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.3.0-tf", OF_2_6), ("2.4.0", OF_2_6), ("2.6.0", OF_2_6), ("2.7.0", OF_2_7), ("", OF_2_7)],
)
def test_it_makes_what_the_release_made(version: str, expected: float) -> None:
    layer = made(version)
    numbers = np.arange(12).reshape(1, 4, 3, 1)
    for each in (layer, type(layer).from_config(layer.get_config())):
        found = runtime.to_numpy(each(IMAGES, training=False))
        assert found.shape == (2, 4, 3, 1)
        assert np.abs(found * numbers).sum() == pytest.approx(expected, rel=1e-5)


def test_images_of_unknown_size_are_refused_where_they_are_resized_first() -> None:
    keras = runtime.keras()
    if runtime.backend() != "tensorflow":
        pytest.skip("shapes are known when it is called")
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, made("2.6.0")(inputs))
    assert model(IMAGES, training=False).shape == (2, 4, 3, 1)
    import tensorflow as tf

    signature = [tf.TensorSpec((None, None, None, 1))]
    with pytest.raises(ValueError, match="a height and a width that are known"):
        tf.function(lambda x: model(x, training=False), input_signature=signature)(IMAGES)
