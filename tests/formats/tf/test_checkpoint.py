"""TensorFlow checkpoints: TensorFlow finds and reads them."""

import os

import numpy as np
import pytest

from keras_ckpt import formats, runtime
from keras_ckpt.formats import api

if not runtime.is_keras_3():
    pytest.skip("what is written on Keras 3", allow_module_level=True)

from models import values

needs_tensorflow = pytest.mark.skipif(not runtime.has_tensorflow(), reason="needs TensorFlow")


def test_checkpoint_files_are_those_of_tensorflow(mlp, tmp_path):
    path = tmp_path / "made" / "on the way" / "cp"
    api.write(mlp, path, True)
    files = ["checkpoint", "cp.data-00000-of-00001", "cp.index"]
    assert sorted(os.listdir(path.parent)) == files
    text = (path.parent / "checkpoint").read_text()
    assert text == 'model_checkpoint_path: "cp"\nall_model_checkpoint_paths: "cp"\n'
    assert formats.latest_checkpoint(path.parent) == str(path)
    api.write(mlp, path.parent / 'é "2"', True)
    assert formats.latest_checkpoint(path.parent) == str(path.parent / 'é "2"')


@needs_tensorflow
def test_tensorflow_finds_and_reads_the_checkpoint(case, tmp_path):
    _, model, _ = case
    train = runtime.tensorflow().train
    api.write(model, tmp_path / "cp", True)
    assert train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "cp")
    reader = train.load_checkpoint(str(tmp_path / "cp"))
    stored = [reader.get_tensor(name) for name in reader.get_variable_to_shape_map()]
    for value in values(model.weights):
        assert any(np.array_equal(value, tensor) for tensor in stored)
