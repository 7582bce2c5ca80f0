"""What Keras 2 had is known to plain Keras once keras_ckpt is imported, before or after Keras."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import keras2, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 lacks", allow_module_level=True)

keras = runtime.keras()

LOAD = """
{imports}
import numpy as np
model = keras.models.load_model({path!r})
print(model.predict(np.ones((1, 6, 2), "float32"), verbose=0).ravel().tolist())
"""


@pytest.mark.parametrize("imports", ["import keras_ckpt, keras", "import keras, keras_ckpt"])
def test_plain_keras_loads_a_model_with_all_of_it(imports: str, tmp_path: pathlib.Path) -> None:
    layers = keras2.layers
    inputs = keras.Input((6, 2))
    x = layers.find("LocallyConnected1D")(3, 2, implementation=2, activation="tanh")(inputs)
    x = layers.find("ThresholdedReLU")(0.1)(x)
    x = layers.find("SyncBatchNormalization")()(x)
    x = keras.layers.Dense(4, activation=keras2.activations.keras2_hard_sigmoid)(x)
    x = layers.find("RandomFourierFeatures")(5)(x)
    model = keras.Model(inputs, x)
    model.compile(keras2.optimizers.Keras2Nadam(0.01), "mse")
    path = str(tmp_path / "m.keras")
    model.save(path)
    code = LOAD.format(imports=imports, path=path)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = np.array(eval(done.stdout.strip().splitlines()[-1]))
    expected = runtime.to_numpy(model(np.ones((1, 6, 2), "float32"))).ravel()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_keras_2s_hard_sigmoid_is_never_taken_for_that_of_keras_3() -> None:
    layer = keras.layers.Dense(1, activation=keras2.activations.keras2_hard_sigmoid)
    again = keras.layers.Dense.from_config(layer.get_config())
    value = np.array([-3.0, -1.0, 0.0, 2.0], "float32")
    expected = np.clip(0.2 * value + 0.5, 0, 1)
    np.testing.assert_allclose(runtime.to_numpy(again.activation(value)), expected, atol=1e-6)


def test_nothing_of_it_is_imported_before_keras() -> None:
    code = "import sys, keras_ckpt; print([name for name in sys.modules if 'keras2' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted({**keras2.layers.MODULES, **keras2.layers.ARGUMENTS}))
def test_each_layer_is_registered(name: str) -> None:
    keras2.register()
    _, arguments = keras2.layers.ARGUMENTS.get(name, ("", {"": ("",)}))
    argument, values = next(iter(arguments.items()))
    cls = keras2.layers.find(name, {argument: values[0]})
    assert keras.saving.get_registered_object(f"keras_ckpt>{name}") is cls
    assert keras_ckpt is not None
