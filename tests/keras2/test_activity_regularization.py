"""ActivityRegularization whose penalty counts as in Keras 2."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import keras2, runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 lacks", allow_module_level=True)

keras = runtime.keras()
X = np.arange(12, dtype="float32").reshape(4, 3)


@pytest.mark.parametrize(("reduction", "count"), [("sum", 1), ("mean", 4)])
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_penalty_is_kept(reduction, count, ending, tmp_path) -> None:
    cls = keras2.layers.find("ActivityRegularization", {"reduction": reduction})
    layer = cls(l1=0.5, l2=0.25, reduction=reduction, name="penalty")
    model = keras.Sequential([keras.Input((3,)), layer])
    keras_ckpt.save_model(model, tmp_path / f"model{ending}")
    again = keras_ckpt.load_model(tmp_path / f"model{ending}")
    np.testing.assert_array_equal(runtime.to_numpy(again(X)), X)
    expected = (0.5 * X.sum() + 0.25 * (X**2).sum()) / count
    assert float(runtime.to_numpy(again.losses[0])) == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["layer", "of a layer"])
@pytest.mark.parametrize("reduction", ["sum", "mean", None])
def test_loss_comes_back_from_hdf5(kind, reduction, tmp_path) -> None:
    layers, penalty = keras.layers, keras.regularizers.L1(0.5)
    if kind == "of a layer":
        if reduction:
            penalty = keras2.regularizers.OfBatch(penalty, reduction)
        layer = layers.Dense(2, activity_regularizer=penalty)
    elif reduction:
        cls = keras2.layers.find("ActivityRegularization", {"reduction": reduction})
        layer = cls(l1=0.5, reduction=reduction)
    else:
        layer = layers.ActivityRegularization(l1=0.5)
    if "activity_regularizer" not in layer.get_config() and kind == "of a layer":
        pytest.skip("Keras 3.0 saves no penalty on the outputs of a layer")
    model = keras.Sequential([keras.Input((3,)), layer])
    model(X)
    expected = float(runtime.to_numpy(model.losses[0]))
    keras_ckpt.save_model(model, tmp_path / "model.h5")
    again = keras_ckpt.load_model(tmp_path / "model.h5")
    again(X)
    assert float(runtime.to_numpy(again.losses[0])) == pytest.approx(expected)
    with h5py.File(tmp_path / "model.h5") as file:
        described = json.loads(file.attrs["model_config"])
    # TensorFlow 2 knows none of it.
    if keras2.regularizers.divides_by_batch_size() and reduction != "sum":
        assert "OfBatch" not in json.dumps(described)
        assert "reduction" not in json.dumps(described)
