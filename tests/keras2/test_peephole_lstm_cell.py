"""PeepholeLSTMCell against the numbers of the real class."""

from __future__ import annotations

import numpy as np
import pytest

from keras_ckpt import keras2, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 lacks", allow_module_level=True)

keras = runtime.keras()

#: What TF 2.3 returns for these inputs and weights.
EXPECTED = [
    -0.0101175,
    -0.0100441,
    0.0134643,
    -0.1356854,
    0.0388332,
    -0.1471471,
    -0.0066572,
    -0.1796906,
]


def test_the_numbers_of_the_real_class() -> None:
    cls = keras2.layers.find("PeepholeLSTMCell")
    assert cls is not None
    layer = keras.layers.RNN(cls(2), return_sequences=True)
    x = (np.arange(12).reshape(1, 4, 3) % 5 - 2).astype("float32") / 3
    layer(x)
    layer.set_weights(
        [
            ((np.arange(np.prod(each.shape)) * 7 % 11 - 5) / 8.0).reshape(each.shape)
            for each in layer.weights
        ]
    )
    found = runtime.to_numpy(layer(x)).ravel()
    np.testing.assert_allclose(found, EXPECTED, atol=1e-6)
    again = keras.layers.RNN.from_config(layer.get_config())
    assert isinstance(again.cell, cls)
