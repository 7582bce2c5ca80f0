"""SavedModels: they serve, and what else is in their directory stays."""

import os
import pathlib
import shutil
import tarfile
import zipfile

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import compat, formats, runtime
from keras_ckpt.formats import api, registry, verification
from keras_ckpt.formats.tensorflow import saved_model
from keras_ckpt.storage import commit

if not runtime.is_keras_3():
    pytest.skip("what is written on Keras 3", allow_module_level=True)

import models
from helpers import epochs, subclassed
from models import MODELS, predictions, saved

LEGACY = pathlib.Path(__file__).resolve().parents[2] / "data" / "legacy"

needs_tensorflow = pytest.mark.skipif(not runtime.has_tensorflow(), reason="needs TensorFlow")


@needs_tensorflow
@pytest.mark.skipif(runtime.backend() != "tensorflow", reason="needs the TensorFlow backend")
def test_saved_model_serves(mlp, tmp_path, capsys):
    tf = runtime.tensorflow()
    for options in (None, tf.saved_model.SaveOptions(experimental_custom_gradients=False)):
        api.write(mlp, tmp_path / "saved", False, options)
        assert capsys.readouterr().out == ""
        serve = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
        (name,) = serve.structured_input_signature[1]
        outputs = serve(**{name: tf.constant(models.data("mlp"))})
        expected = predictions(mlp, "mlp")
        assert np.allclose(next(iter(outputs.values())), expected, atol=1e-6)


def test_saved_model_without_tensorflow_says_that_it_cannot_serve(mlp, tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "has_tensorflow", lambda: False)
    monkeypatch.setattr(saved_model, "_warned", set())
    with pytest.warns(UserWarning, match="no graph to serve it from.*TensorFlow"):
        api.write(mlp, tmp_path / "saved", False)
    assert "keras_ckpt.load_model" in (tmp_path / "saved" / "keras_ckpt.txt").read_text()
    assert formats.load_model(tmp_path / "saved").compiled


def test_the_archive_in_a_saved_model_is_one_of_keras(mlp, tmp_path):
    saved(mlp, str(tmp_path / "saved"), weights_only=False)
    archive = tmp_path / "saved" / "assets.extra" / "keras_ckpt.keras"
    assert "config.json" in zipfile.ZipFile(archive).namelist()


def test_other_files_beside_a_saved_model_stay(mlp, tmp_path):
    """Logs were written into the directory of the model, before it and beside it."""
    path = tmp_path / "run"
    (path / "logs").mkdir(parents=True)
    (path / "log.csv").write_text("epoch,loss")
    for _ in range(2):
        saved(mlp, str(path), weights_only=False)
    assert (path / "log.csv").read_text() == "epoch,loss"
    assert (path / "logs").is_dir()
    assert formats.load_model(path).compiled
    assert os.listdir(str(tmp_path)) == ["run"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_saved_model_is_not_lost_between_two(mlp, tmp_path, monkeypatch, error, at):
    path = tmp_path / "run"
    saved(mlp, str(path), weights_only=False)
    expected = predictions(mlp, "mlp")
    rename, calls = os.rename, []

    def fails(source, target):
        calls.append(source)
        if len(calls) == at:
            raise error
        rename(source, target)

    def exchange(one, other):
        if at == 0:
            raise error
        return False

    monkeypatch.setattr(os, "rename", fails)
    monkeypatch.setattr(commit, "exchange", exchange)
    other = MODELS["mlp"]()
    with pytest.raises(error):
        api.write(other, str(path), weights_only=False)
    monkeypatch.undo()
    assert np.array_equal(predictions(formats.load_model(path), "mlp"), expected)
    assert os.listdir(str(tmp_path)) == ["run"]


@pytest.mark.skipif(not runtime.has_tensorflow(), reason="it writes the SavedModel")
@pytest.mark.parametrize("recorded", [True, False])
def test_one_that_another_program_has_written_over(recorded: bool, tmp_path: pathlib.Path) -> None:
    """TensorFlow leaves what keras_ckpt has put beside its files, and that is of the old model."""
    keras, path = runtime.keras(), str(tmp_path / "saved")
    old, new = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]) for _ in range(2))
    if recorded:
        callback = keras_ckpt.ModelCheckpoint(path)
        callback.set_model(old)
        callback.on_epoch_end(0, {"loss": 1.0})
        assert registry.record_of(path) is not None
    else:
        keras_ckpt.save_model(old, path)
    x = np.ones((1, 3), "float32")
    np.testing.assert_allclose(
        runtime.to_numpy(keras_ckpt.load_model(path)(x)), runtime.to_numpy(old(x)), rtol=1e-6
    )
    new.export(path, verbose=False)
    assert registry.record_of(path) is None
    assert registry.flaw(path) is None
    # What Keras 3 exports describes no model; its values are there.
    with pytest.raises(keras_ckpt.WeightsOnly):
        keras_ckpt.load_model(path)
    served = keras_ckpt.load_model(path, inference_only=True)
    np.testing.assert_allclose(served.predict(x), runtime.to_numpy(new(x)), rtol=1e-6)


@pytest.mark.parametrize(
    "missing", ["variables", "variables.index", "variables.data-00000-of-00001"]
)
def test_one_of_tensorflow_without_its_variables(missing: str, tmp_path: pathlib.Path) -> None:
    with tarfile.open(str(LEGACY / "2.6.tar.xz")) as archive:
        archive.extractall(str(tmp_path))
    path = next(tmp_path.rglob("saved_model.pb")).parent
    keras_ckpt.load_model(path)
    lost = path / "variables"
    if missing == "variables":
        shutil.rmtree(lost)
    else:
        (lost / missing).unlink()
    flaws = [each.flaw for each in verification.verify(path)]
    assert len(flaws) == 1
    assert flaws[0]
    for load in (
        lambda: keras_ckpt.load_model(path),
        lambda: keras_ckpt.load_weights(MODELS["mlp"](), path),
    ):
        with pytest.raises((keras_ckpt.DamagedCheckpoint, FileNotFoundError), match="[Cc]opy"):
            load()
    if not missing.startswith("variables.data"):
        assert keras_ckpt.inspect(path).loads_with == []


@needs_tensorflow
@pytest.mark.skipif(runtime.backend() != "tensorflow", reason="needs the TensorFlow backend")
def test_default_options_are_no_options(tmp_path: pathlib.Path) -> None:
    """The callback of TF 2.3 to 2.15 always passes them, also for a model without known inputs."""
    model = subclassed()
    path = str(tmp_path / "m")
    epochs(compat.for_version("2.15")(path), [{}], model)
    assert "saved_model.pb" in os.listdir(path)
    own = runtime.tensorflow().saved_model.SaveOptions(experimental_custom_gradients=False)
    with pytest.warns(UserWarning, match="no graph to serve it from"):
        epochs(compat.for_version("2.15")(path, options=own), [{}], model)
