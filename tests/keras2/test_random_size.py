"""RandomHeight and RandomWidth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_ckpt import keras2, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 lacks", allow_module_level=True)

keras = runtime.keras()
X = np.random.default_rng(0).uniform(size=(2, 8, 6, 3)).astype("float32")


def layer(name: str, *args: Any, **kwargs: Any) -> Any:
    cls = keras2.layers.find(name)
    assert cls is not None
    return cls(*args, **kwargs)


@pytest.mark.parametrize(("name", "axis"), [("RandomHeight", 1), ("RandomWidth", 2)])
def test_sizes(name: str, axis: int) -> None:
    made = layer(name, (0.5, 0.5), seed=1)
    np.testing.assert_array_equal(runtime.to_numpy(made(X, training=False)), X)
    if runtime.backend() == "jax":
        with pytest.raises(NotImplementedError, match="which JAX cannot do.*Take the layer out"):
            made(X, training=True)
        return
    found = runtime.to_numpy(made(X, training=True))
    expected = list(X.shape)
    expected[axis] = int(X.shape[axis] * 1.5)
    assert found.shape == tuple(expected)
    sizes = {runtime.to_numpy(layer(name, 0.5)(X, training=True)).shape[axis] for _ in range(20)}
    assert len(sizes) > 1
    assert X.shape[axis] / 2 <= min(sizes) and max(sizes) <= X.shape[axis] * 1.5


@pytest.mark.parametrize("name", ["RandomHeight", "RandomWidth"])
def test_in_a_model(name: str) -> None:
    inputs = keras.Input((8, 6, 3))
    x = keras.layers.GlobalAveragePooling2D()(layer(name, 0.3)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1)(x))
    model.compile("sgd", "mse")
    model.predict(X, verbose=0)
    if runtime.backend() == "tensorflow":
        model.fit(X, np.ones((2, 1)), epochs=2, verbose=0)
    config = model.layers[1].get_config()
    assert type(model.layers[1]).from_config(config).get_config() == config
