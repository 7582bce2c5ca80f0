"""What a user sees of saving and loading, on the backend that runs."""

import errno
import os
import threading
import warnings

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import formats, runtime
from keras_ckpt.formats import CheckpointError, api, registry

if not runtime.is_keras_3():
    pytest.skip("what is written on Keras 3", allow_module_level=True)

import models
from models import MODELS, keras, predictions, saved, trained, values

WEIGHTS = ["w.weights.h5", "w.h5", "w.hdf5", "w.keras", "cp", "cp-0001.ckpt", "w.weights.json"]
WEIGHTS += ["w" + ending for ending in models.SAFETENSORS + models.ORBAX]
WHOLE = ["m.keras", "m.h5", "m.hdf5", "saved"] + ["m" + ending for ending in models.ORBAX]
needs_tensorflow = pytest.mark.skipif(not runtime.has_tensorflow(), reason="needs TensorFlow")


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_come_back(case, name, tmp_path):
    kind, model, expected = case
    path = str(tmp_path / name)
    saved(model, path, weights_only=True)
    other = MODELS[kind]()
    formats.load_weights(other, path)
    assert np.array_equal(predictions(other, kind), expected)


@pytest.mark.parametrize("name", WHOLE)
def test_whole_models_come_back_compiled(case, name, tmp_path):
    kind, model, expected = case
    if kind == "subclassed" or (kind == "cnn" and name == "saved"):
        pytest.skip("its class is needed, or another model shows it")
    path = str(tmp_path / name)
    saved(model, path, weights_only=False)
    other = formats.load_model(path)
    assert np.array_equal(predictions(other, kind), expected)
    for mine, its in zip(values(other.optimizer.variables), values(model.optimizer.variables)):
        assert np.allclose(mine, its)
    results = other.evaluate(models.data(kind), np.zeros((8, 3)), verbose=0, return_dict=True)
    assert results["mse"] == pytest.approx(results["loss"], rel=1e-5)
    weights = MODELS[kind]()
    formats.load_weights(weights, path)
    assert np.array_equal(predictions(weights, kind), expected)


@pytest.mark.parametrize("name", ["w.weights.h5", "w.h5", "w.hdf5", "w.keras"])
def test_keras_reads_the_weights_by_itself(case, name, tmp_path):
    kind, model, expected = case
    path = str(tmp_path / name)
    saved(model, path, weights_only=True)
    assert registry.natively_readable(path)
    other = MODELS[kind]()
    other.load_weights(path)
    assert np.array_equal(predictions(other, kind), expected)


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_keras_reads_whole_models_by_itself(mlp, name, tmp_path):
    path = str(tmp_path / name)
    saved(mlp, path, weights_only=False)
    assert registry.natively_readable(path)
    other = keras.models.load_model(path)
    assert other.compiled
    assert np.array_equal(predictions(other, "mlp"), predictions(mlp, "mlp"))


@pytest.mark.parametrize(("name", "weights_only"), [("cp", True), ("saved", False)])
def test_what_keras_cannot_read_by_itself(mlp, name, weights_only, tmp_path):
    path = str(tmp_path / name)
    saved(mlp, path, bool(weights_only))
    assert not registry.natively_readable(path)


def test_an_archive_of_weights_is_no_model(mlp, tmp_path):
    path = str(tmp_path / "w.keras")
    saved(mlp, path, weights_only=True)
    with pytest.raises(CheckpointError, match="holds weights and no model"):
        formats.load_model(path)
    assert os.listdir(str(tmp_path)) == ["w.keras"]


def test_a_file_is_known_by_its_content_not_its_name(mlp, tmp_path):
    for name, weights_only in [("w.h5", True), ("w.weights.h5", True), ("m.keras", False)]:
        saved(mlp, str(tmp_path / name), weights_only)
        other = MODELS["mlp"]()
        os.rename(tmp_path / name, tmp_path / "nothing-to-go-by")
        formats.load_weights(other, tmp_path / "nothing-to-go-by")
        assert np.array_equal(predictions(other, "mlp"), predictions(mlp, "mlp"))


def test_optimizer_comes_with_a_tensorflow_checkpoint(case, tmp_path):
    kind, model, _ = case
    saved(model, str(tmp_path / "cp"), weights_only=True)
    other = models.compiled(kind)
    formats.load_weights(other, tmp_path / "cp").expect_partial()
    for mine, its in zip(values(other.optimizer.variables), values(model.optimizer.variables)):
        assert np.array_equal(mine, its)


def test_saving_leaves_the_model_as_it_is(tmp_path):
    model = trained("mlp")
    before = values(model.variables)
    for name in WHOLE:
        saved(model, str(tmp_path / name), weights_only=False)
    assert all(np.array_equal(a, b) for a, b in zip(before, values(model.variables)))
    # Keras's own writer of HDF5 made the next archive forget the optimizer.
    saved(model, str(tmp_path / "again.keras"), weights_only=False)
    assert type(formats.load_model(tmp_path / "again.keras").optimizer).__name__ == "Adam"


CASES = [(name, True) for name in WEIGHTS] + [(name, False) for name in WHOLE]


OF_FILES = (IsADirectoryError, errno.EISDIR)


@pytest.mark.parametrize(("name", "weights_only"), CASES)
def test_a_failure_leaves_what_was_there(mlp, name, weights_only, tmp_path, monkeypatch):
    path = str(tmp_path / name)
    saved(mlp, path, weights_only)
    before = {str(each): each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}

    def fail(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(OSError, match="No space left"):
        saved(mlp, path, weights_only)
    after = {str(each): each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}
    assert after == before


@pytest.mark.parametrize(("name", "weights_only"), [case for case in CASES if case[0] != "saved"])
def test_a_directory_in_the_way(mlp, name, weights_only, tmp_path):
    path = tmp_path / name
    directory = path if "." in name or not weights_only else tmp_path / (name + ".index")
    if name == "cp-0001.ckpt":
        directory = tmp_path / (name + ".index")
    directory.mkdir()
    (directory / "precious").write_text("mine")
    # A directory of Orbax is where it is to be, but not one of something else.
    kind, number = (FileExistsError, errno.EEXIST) if path.suffix == ".orbax" else OF_FILES
    with pytest.raises(kind) as caught:
        api.write(mlp, path, weights_only)
    assert caught.value.errno == number
    assert caught.value.filename == str(directory)
    assert (directory / "precious").read_text() == "mine"
    assert os.listdir(tmp_path) == [directory.name]


@pytest.mark.parametrize("name", ["w.weights.h5", "w.h5", "cp", "m.keras", "m.h5"])
def test_a_checkpoint_of_another_model_changes_nothing(mlp, name, tmp_path):
    saved(mlp, str(tmp_path / name), weights_only=not name.startswith("m"))
    for other in (
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(5), keras.layers.Dense(4)]),
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(5)]),
    ):
        before = values(other.variables)
        with pytest.raises(CheckpointError, match=name):
            formats.load_weights(other, tmp_path / name)
        assert all(np.array_equal(a, b) for a, b in zip(before, values(other.variables)))


def test_messages_name_what_does_not_fit(mlp, tmp_path):
    api.write(mlp, tmp_path / "cp", True)
    small = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5)])
    with pytest.raises(CheckpointError, match="no variable for its layer_with_weights-1/bias"):
        formats.load_weights(small, tmp_path / "cp")
    large = keras.Sequential(
        [keras.Input((4,))] + [keras.layers.Dense(n, name=f"d{n}") for n in (5, 3, 2)]
    )
    with pytest.raises(CheckpointError, match="no value for .*d2/bias"):
        formats.load_weights(large, tmp_path / "cp")
    wide = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6), keras.layers.Dense(3)])
    with pytest.raises(CheckpointError, match=r"\(4, 6\) in the model and \(4, 5\) in the check"):
        formats.load_weights(wide, tmp_path / "cp")


def test_a_directory_of_checkpoints_names_the_newest(mlp, tmp_path):
    api.write(mlp, tmp_path / "cp-3", True)
    with pytest.raises(CheckpointError, match="cp-3 is its newest"):
        formats.load_weights(mlp, tmp_path)


def test_a_missing_checkpoint_names_what_there_is(mlp, tmp_path):
    api.write(mlp, tmp_path / "cp-3", True)
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .*cp-4.* holds cp-3"):
        formats.load_weights(mlp, tmp_path / "cp-4")


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"])
def test_what_is_no_checkpoint_says_so(mlp, content, tmp_path):
    path = tmp_path / "x.h5"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"x\.h5"):
        formats.load_weights(mlp, path)
    with pytest.raises(CheckpointError, match=r"x\.h5"):
        formats.load_model(path)


def test_weights_are_no_model(mlp, tmp_path):
    for name in WEIGHTS:
        api.write(mlp, tmp_path / name, True)
        with pytest.raises(CheckpointError, match="holds weights and no model.*load_weights"):
            formats.load_model(tmp_path / name)


def test_a_model_without_variables_is_refused(tmp_path):
    for weights_only in (True, False):
        with pytest.raises(ValueError, match="has no variables yet"):
            api.write(models.Subclassed(), tmp_path / "cp", weights_only)


def test_each_format_that_is_written_is_among_these():
    """What is promised of one format is promised of all: their tests walk these names."""
    missing = [".safetensors"] * (not models.SAFETENSORS) + [".orbax"] * (not models.ORBAX)
    for rule in registry._WRITTEN:
        names = WEIGHTS if rule.weights_only else WHOLE
        written = {registry.format_written(name, rule.weights_only) for name in names}
        assert rule.format in written or set(rule.endings) <= set(missing), rule.format.name


def test_every_name_has_a_format():
    for name in WEIGHTS + WHOLE + ["", ".h5", "a.H5", "dir.h5/cp"]:
        for weights_only in (True, False):
            assert registry.format_written(name, weights_only).name
    assert not registry.format_written("cp.h5.tmp", True).keras_3_reads


#: TensorFlow's file system in memory appends to what is there when a file is copied over another,
#: as no other does, and these files have an end.
WITH_AN_END = (".json", ".safetensors", ".orbax")


@needs_tensorflow
@pytest.mark.parametrize(("name", "weights_only"), CASES)
def test_other_file_systems(mlp, name, weights_only, tmp_path):
    """A file system that is none of the operating system's, as buckets are."""
    path = f"ram://{tmp_path.name}/deep/{name}"
    os.chdir(str(tmp_path))
    for _ in range(1 if name.endswith(WITH_AN_END) else 2):
        api.write(mlp, path, weights_only)
    assert os.listdir(str(tmp_path)) == []
    other = MODELS["mlp"]()
    formats.load_weights(other, path)
    assert np.array_equal(predictions(other, "mlp"), predictions(mlp, "mlp"))
    if not weights_only:
        assert formats.load_model(path).compiled


def test_the_mode_of_a_file_stays(mlp, tmp_path):
    path = str(tmp_path / "m.keras")
    saved(mlp, path, weights_only=False)
    os.chmod(path, 0o660)
    saved(mlp, path, weights_only=False)
    assert os.stat(path).st_mode & 0o777 == 0o660


# ---------------------------------------------------------------- saved by name, found, converted


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tf", "TensorFlow checkpoint"),
        ("h5", "HDF5 file of weights in the layout of Keras 2"),
        ("keras", "HDF5 file of weights in the layout of Keras 3"),
    ],
)
def test_weights_in_a_format_that_is_named(mlp, tmp_path, name, kind):
    path = tmp_path / "any.name"
    keras_ckpt.save_weights(mlp, path, format=name)
    assert formats.format_of(path).name == kind
    other = MODELS["mlp"]()
    keras_ckpt.load_weights(other, path)
    assert np.array_equal(predictions(other, "mlp"), predictions(mlp, "mlp"))


@pytest.mark.parametrize("name", ["tf", "h5", "keras"])
def test_models_in_a_format_that_is_named(mlp, tmp_path, name):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s).*no graph to serve it from")
        keras_ckpt.save_model(mlp, tmp_path / "any.name", format=name)
    other = keras_ckpt.load_model(tmp_path / "any.name")
    assert np.array_equal(predictions(other, "mlp"), predictions(mlp, "mlp"))


def test_no_such_format(mlp, tmp_path):
    with pytest.raises(ValueError, match="no format 'hdf5'. Formats are 'tf', 'h5', 'keras'"):
        keras_ckpt.save_model(mlp, tmp_path / "m", format="hdf5")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("source", ["m.h5", "m.keras"])
@pytest.mark.parametrize("target", ["n.h5", "n.keras", "n.weights.h5"])
def test_whole_models_are_converted(mlp, tmp_path, source, target):
    api.write(mlp, tmp_path / source, False)
    keras_ckpt.convert(tmp_path / source, tmp_path / target)
    other = MODELS["mlp"]()
    keras_ckpt.load_weights(other, tmp_path / target)
    assert np.array_equal(predictions(other, "mlp"), predictions(mlp, "mlp"))


def test_weights_are_converted_with_their_model(mlp, tmp_path):
    api.write(mlp, tmp_path / "cp", True)
    with pytest.raises(CheckpointError, match="weights and no model"):
        keras_ckpt.convert(tmp_path / "cp", tmp_path / "w.h5")
    keras_ckpt.convert(tmp_path / "cp", tmp_path / "w.h5", MODELS["mlp"]())
    other = MODELS["mlp"]()
    keras_ckpt.load_weights(other, tmp_path / "w.h5")
    assert np.array_equal(predictions(other, "mlp"), predictions(mlp, "mlp"))


def test_latest_checkpoint(mlp, tmp_path):
    assert keras_ckpt.latest_checkpoint(tmp_path) is None
    assert keras_ckpt.latest_checkpoint(tmp_path / "w.{epoch:02d}.h5") is None
    for number, name in enumerate(["w.03.h5", "w.01.h5", "w.02.h5"]):
        api.write(mlp, tmp_path / name, True)
        os.utime(str(tmp_path / name), (number, number))
    (tmp_path / "notes.txt").write_text("no checkpoint")
    last = str(tmp_path / "w.02.h5")
    assert keras_ckpt.latest_checkpoint(tmp_path / "w.{epoch:02d}.h5") == last
    assert keras_ckpt.latest_checkpoint(tmp_path) == last
    api.write(mlp, tmp_path / "cp-1", True)
    assert keras_ckpt.latest_checkpoint(tmp_path) == str(tmp_path / "cp-1")


@pytest.mark.parametrize("name", WEIGHTS)
def test_what_fits_is_loaded_if_not_strict(mlp, tmp_path, name):
    api.write(mlp, tmp_path / name, True)
    other = keras.Sequential([keras.Input((4,)), *[keras.layers.Dense(units) for units in (5, 2)]])
    for mine, theirs in zip(other.layers, [each for each in mlp.layers if each.weights]):
        mine.name = theirs.name
    before = values(other.layers[1].weights)
    with pytest.raises(CheckpointError):
        keras_ckpt.load_weights(other, tmp_path / name)
    with pytest.warns(UserWarning):
        keras_ckpt.load_weights(other, tmp_path / name, strict=False)
    assert all(map(np.array_equal, values(other.layers[0].weights), values(mlp.layers[0].weights)))
    assert all(map(np.array_equal, values(other.layers[1].weights), before))


NATIVE = ["w.weights.h5", "m.keras"]


def native(model, path):
    api.write(model, path, not path.name.startswith("m"))
    return path


@pytest.mark.parametrize("name", NATIVE)
def test_each_value_that_does_not_fit_is_named(mlp, tmp_path, name):
    path = native(mlp, tmp_path / name)
    Dense = keras.layers.Dense
    large = keras.Sequential([keras.Input((4,)), *[Dense(n, name=f"d{n}") for n in (5, 3, 2)]])
    with pytest.raises(CheckpointError, match="no value for .*d2/bias, .*d2/kernel"):
        formats.load_weights(large, path)
    small = keras.Sequential([keras.Input((4,)), Dense(5)])
    unused = "no variable for its layers/dense_1/vars/0, layers/dense_1/vars/1"
    with pytest.raises(CheckpointError, match=unused):
        formats.load_weights(small, path)
    with pytest.warns(UserWarning, match=unused):
        formats.load_weights(small, path, strict=False)
    assert all(map(np.array_equal, values(small.weights), values(mlp.weights)))
    wide = keras.Sequential([keras.Input((4,)), Dense(5), Dense(6)])
    before = values(wide.weights)
    with pytest.raises(CheckpointError, match=r"\(5, 6\) in the model and \(5, 3\) in the check"):
        formats.load_weights(wide, path)
    assert all(map(np.array_equal, values(wide.weights), before))


@pytest.mark.parametrize("name", NATIVE)
def test_the_state_of_the_optimizer_comes_with_the_formats_of_keras_3(case, tmp_path, name):
    kind, model, _ = case
    path = native(model, tmp_path / name)
    other = models.compiled(kind)
    assert not other.optimizer.built
    formats.load_weights(other, path)
    for mine, its in zip(values(other.optimizer.variables), values(model.optimizer.variables)):
        assert np.array_equal(mine, its)
    # One that was not compiled passes over it, and one of another kind starts anew.
    formats.load_weights(MODELS[kind](), path)
    other.compile("adafactor", "mse")
    with pytest.warns(UserWarning, match="starts anew: .* not that of the Adafactor"):
        formats.load_weights(other, path)


class Halved(keras.layers.Layer):
    """Keeps twice the value of its variable, and what follows from it."""

    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],), initializer="ones", name="factor")

    def call(self, x):
        return x * self.factor

    def save_own_variables(self, store):
        store["twice"] = values([self.factor])[0] * 2

    def load_own_variables(self, store):
        self.factor.assign(store["twice"] / 2)
        self.seen = values([self.factor])[0], np.sum(store["twice"]), store["twice"][0]


@pytest.mark.parametrize("name", NATIVE)
def test_layers_that_read_their_values_in_a_way_of_their_own(tmp_path, name):
    def made(units):
        return keras.Sequential([keras.Input((2,)), Halved(), keras.layers.Dense(units)])

    model, other, small = made(3), made(3), made(2)
    model.layers[0].factor.assign([3.0, 5.0])
    path = native(model, tmp_path / name)
    formats.load_weights(other, path)
    assert all(map(np.array_equal, values(other.weights), values(model.weights)))
    factor, total, first = other.layers[0].seen
    assert (list(factor), total, first) == ([3.0, 5.0], 16.0, 6.0)
    with pytest.raises(CheckpointError, match="shapes differ"):
        formats.load_weights(small, path)
    assert list(values(small.weights)[0]) == [1.0, 1.0]


@pytest.mark.parametrize("name", NATIVE)
def test_state_that_layers_derive_from_their_variables(tmp_path, name):
    def made():
        return keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Normalization(),
                keras.layers.Dropout(0.5),
                keras.layers.Dense(2, dtype="bfloat16"),
            ]
        )

    model, other = made(), made()
    model.layers[0].adapt(np.array([[1.0, 2.0], [3.0, 8.0]]))
    formats.load_weights(other, native(model, tmp_path / name))
    x = np.array([[1.0, 5.0]])
    first, second = (keras.ops.convert_to_numpy(each.layers[0](x)) for each in (model, other))
    assert np.array_equal(first, second)
    assert all(map(np.array_equal, values(other.weights), values(model.weights)))


def test_other_threads_assign_meanwhile(mlp, tmp_path):
    path = native(mlp, tmp_path / "w.weights.h5")
    other, done = keras.Variable(np.zeros(2)), []

    class Waits(keras.layers.Layer):
        def build(self, shape):
            self.own = self.add_weight(shape=(1,), initializer="zeros")

        def call(self, x):
            return x

        def load_own_variables(self, store):
            thread = threading.Thread(target=lambda: done.append(other.assign([1.0, 2.0])))
            thread.start()
            thread.join()

    model = keras.Sequential([*MODELS["mlp"]().layers, Waits()])
    model.build((None, 4))
    formats.load_weights(model, path)
    assert list(values([other])[0]) == [1.0, 2.0]


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_operations_are_layers_too(tmp_path, name):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs * inputs + 1))
    model.save(tmp_path / name)
    other = formats.load_model(tmp_path / name)
    x = np.ones((1, 3), "float32")
    assert np.allclose(other.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("name", ["a.keras", "a.weights.h5", "a.h5", "cp"])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_training_goes_on_as_if_large_weights_had_been_set(tmp_path, name, jit_compile):
    # They are not copied on their way into the variables.
    def make():
        layers = keras.layers
        model = keras.Sequential(
            [keras.Input((8,)), layers.Embedding(300, 200), layers.Flatten(), layers.Dense(40)]
        )
        model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=jit_compile)
        return model

    x = np.random.RandomState(0).randint(300, size=(64, 8))
    y = np.random.RandomState(1).rand(64, 40)
    saved, loaded, expected = make(), make(), make()
    formats.save_weights(saved, str(tmp_path / name))
    keras_ckpt.load_weights(loaded, str(tmp_path / name))
    expected.set_weights(saved.get_weights())
    losses = [model.fit(x, y, epochs=3, verbose=0, shuffle=False) for model in (loaded, expected)]
    np.testing.assert_allclose(losses[0].history["loss"], losses[1].history["loss"], rtol=1e-5)
    for one, other in zip(loaded.get_weights(), expected.get_weights()):
        np.testing.assert_allclose(one, other, atol=1e-5)
    # What was trained is not what was read: the file, and another model of it, are as they were.
    again = make()
    keras_ckpt.load_weights(again, str(tmp_path / name))
    for one, other in zip(again.get_weights(), saved.get_weights()):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["m.keras", "w.weights.h5", "w.keras"])
@pytest.mark.parametrize("how", ["lora", "int8", "lora and int8"])
def test_layers_that_are_quantized_or_have_lora(tmp_path, name, how):
    path = str(tmp_path / name)

    def make():
        model = keras.Sequential([keras.Input((300,)), keras.layers.Dense(256, name="a")])
        layer = model.get_layer("a")
        if not hasattr(layer, "quantize") or not hasattr(layer, "enable_lora"):
            pytest.skip("came later")
        if "lora" in how:
            layer.enable_lora(4)
            layer.lora_kernel_b.assign(np.random.RandomState(2).rand(4, 256))
        if "int8" in how:
            model.quantize("int8")
        return model

    x = np.random.RandomState(0).rand(4, 300).astype("float32")
    model = make()
    # Keras loses precision itself: LoRA becomes a part of the quantized kernel.
    if name == "m.keras":
        formats.save_model(model, path)
        model.save(tmp_path / "native.keras")
        expected = keras.saving.load_model(tmp_path / "native.keras")
        found = [keras.saving.load_model(path), keras_ckpt.load_model(path)]
    else:
        formats.save_weights(model, path)
        model.save_weights(tmp_path / "native.weights.h5")
        expected, *found = make(), make(), make()
        expected.load_weights(tmp_path / "native.weights.h5")
        found[0].load_weights(path)
        keras_ckpt.load_weights(found[1], path)
    for each in found:
        np.testing.assert_array_equal(each.predict(x, verbose=0), expected.predict(x, verbose=0))
