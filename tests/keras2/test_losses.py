"""The mean of the losses of steps that are masked, as Keras 2 took it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_ckpt import keras2, runtime
from keras_ckpt.formats.config import compilation

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 changed", allow_module_level=True)

keras = runtime.keras()

X = np.array([[1, 0, 2, 0], [3, 0, 0, 0]])
Y = np.ones((2, 4, 1), "float32")
#: What TensorFlow 2.10 and 2.11 give for the mean squared error of outputs of 0.
OF_2_10, OF_2_11 = 0.375, 1.0


def model(outputs: int = 1) -> Any:
    inputs = keras.Input((4,), dtype="int32")
    x = keras.layers.Embedding(5, 2, mask_zero=True, embeddings_initializer="zeros")(inputs)
    dense = [keras.layers.Dense(1, name=f"out{index}")(x) for index in range(outputs)]
    return keras.Model(inputs, dense if outputs > 1 else dense[0])


def compiled(config: Any, version: str, outputs: int = 1) -> Any:
    made = model(outputs)
    config = {"optimizer_config": {"class_name": "SGD", "config": {}}, **config}
    compilation.compile_model("m.h5", made, config, None, version)
    return made


MSE = {"class_name": "MeanSquaredError", "config": {"reduction": "auto", "name": "m"}}


@pytest.mark.parametrize("loss", ["mse", "mean_squared_error", MSE])
def test_it_is_what_the_release_gave(loss: object) -> None:
    for version, expected in (("2.10.0", OF_2_10), ("2.3.1", OF_2_10), ("2.11.0", OF_2_11)):
        made = compiled({"loss": loss, "metrics": ["mae"]}, version)
        found = made.evaluate(X, Y, verbose=0, return_dict=True)
        assert found["loss"] == pytest.approx(expected)
        assert found["mae"] == pytest.approx(1)  # Metrics took the mean of the others always.
    assert isinstance(compiled({"loss": loss}, "2.10.0").loss, keras2.losses.OverAllSteps)


def test_weights_of_samples_and_of_steps_count() -> None:
    of_samples = np.array([2.0, 1.0], "float32")
    made = compiled({"loss": "mse"}, "2.8.0")
    found = made.evaluate(X, Y, sample_weight=of_samples, verbose=0)
    assert found == pytest.approx(0.625)  # As of TensorFlow 2.8.
    of_steps = np.array([[1, 9, 3, 9], [2, 9, 9, 9]], "float32")
    made = compiled({"loss": "mse"}, "2.8.0")
    found = made.evaluate(X, Y, sample_weight=of_steps, verbose=0)
    assert found == pytest.approx(0.75)


@pytest.mark.parametrize(
    "losses", [["mse", "mae"], {"out0": "mse", "out1": "mae"}, {"out0": "mse"}], ids=str
)
def test_several_outputs(losses: Any) -> None:
    made = compiled({"loss": losses}, "2.8.0", outputs=2)
    for given in ([Y, Y], {"out0": Y, "out1": Y}, {"out0": Y}):
        if len(given) == 2 or len(losses) == 1:
            found = made.evaluate(X, given, verbose=0, return_dict=True)
            assert found["loss"] == pytest.approx(OF_2_10 * len(losses))


def test_outputs_without_a_mask_keep_their_losses() -> None:
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    config = {"loss": "mse", "optimizer_config": {"class_name": "SGD", "config": {}}}
    compilation.compile_model("m.h5", made, config, None, "2.8.0")
    assert made.loss == "mse"


@pytest.mark.parametrize("loss", ["mse", keras.losses.CategoricalHinge(), keras.losses.poisson])
def test_plain_keras_saves_and_loads_it(loss: Any, tmp_path: Any) -> None:
    made = model()
    made.compile("sgd", keras2.losses.OverAllSteps(loss))
    expected = made.evaluate(X, Y, verbose=0)
    path = str(tmp_path / "m.keras")
    made.save(path)
    again = keras.saving.load_model(path)
    assert again.evaluate(X, Y, verbose=0) == pytest.approx(expected)
    again.fit(X, Y, verbose=0)
