"""What archives say of a model, and the model that they describe."""

from __future__ import annotations

import json

import numpy as np

from keras_ckpt import runtime

if not runtime.is_keras_3():
    import pytest

    pytest.skip("models of Keras 3", allow_module_level=True)

from keras_ckpt.formats.keras3 import description

keras = runtime.keras()


def test_a_model_comes_back_from_its_description() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "relu", name="one")])
    model.compile(keras.optimizers.SGD(0.25), keras.losses.Huber(0.5))
    described, metadata = description.of(model)
    assert json.loads(metadata)["keras_version"] == keras.__version__
    made = description.make("m.keras", json.loads(described), None, True)
    names = [(type(each).__name__, each.name, each.units) for each in made.layers]
    assert names == [("Dense", "one", 2)]
    assert made.layers[0].activation is keras.activations.relu
    assert made.optimizer.get_config() == model.optimizer.get_config()
    # Keras itself leaves it out.
    loss = made.loss(np.zeros((1, 1)), np.full((1, 1), 3.0))
    np.testing.assert_allclose(runtime.to_numpy(loss), 1.375)
    assert [each.shape for each in made.weights] == [(3, 2), (2,)]
