"""Learning rate schedules that Keras 3 removed, against the numbers of TensorFlow 2.3."""

from __future__ import annotations

import numpy as np
import pytest

from keras_ckpt import keras2, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 lacks", allow_module_level=True)

keras = runtime.keras()

STEPS = [0, 1, 3, 7, 10, 12]


def rates(schedule: object) -> list[float]:
    return [float(runtime.to_numpy(schedule(step))) for step in STEPS]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        # From the real class of TF 2.3.
        ({}, [0.50050002, 0.43948770, 0.27836239, 0.031416111, 0.0005, 0.0005]),
        (
            {"num_periods": 2.0, "alpha": 0.3, "beta": 0.1},
            [0.7, 0.44270512, 0.097745806, 0.078647472, 0.2, 0.2],
        ),
    ],
)
def test_the_rates_of_the_real_class(arguments: dict[str, float], expected: list[float]) -> None:
    schedule = keras2.schedules.LinearCosineDecay(0.5, 10, **arguments)
    np.testing.assert_allclose(rates(schedule), expected, rtol=1e-5)


def test_without_variance_there_is_no_noise() -> None:
    plain = keras2.schedules.LinearCosineDecay(0.5, 10)
    quiet = keras2.schedules.NoisyLinearCosineDecay(0.5, 10, initial_variance=0.0)
    np.testing.assert_allclose(rates(quiet), rates(plain), rtol=1e-6)
    noisy = keras2.schedules.NoisyLinearCosineDecay(0.5, 10)
    assert not np.allclose(rates(noisy), rates(plain))


@pytest.mark.parametrize("name", ["LinearCosineDecay", "NoisyLinearCosineDecay"])
def test_they_can_be_saved_and_train(name: str) -> None:
    schedule = keras2.schedules.REMOVED[name](0.5, 10)  # type: ignore[call-arg]
    optimizer = keras.optimizers.SGD(schedule)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert again._learning_rate.get_config() == schedule.get_config()  # type: ignore[attr-defined]
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(again, "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), batch_size=2, verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()
