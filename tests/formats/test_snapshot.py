"""A save in two halves: what is written is what was there when the snapshot was taken."""

import gc
import os
import threading
import warnings
import weakref

import models
import numpy as np
import pytest

from keras_ckpt import formats, runtime

# Endings of the weights, and of the whole model.
KINDS = [
    ("cp", True),
    ("w.h5", True),
    ("w.weights.h5", True),
    ("w.keras", True),
    ("m.h5", False),
    ("m.keras", False),
    ("m", False),
    ("w.weights.json", True),
    *[("w" + ending, True) for ending in models.SAFETENSORS + models.ORBAX],
    *[("m" + ending, False) for ending in models.ORBAX],
]
#: Of weights in these the optimizer is no part.
WITHOUT_OPTIMIZER = ("w.h5", "w.safetensors", "w.orbax")
EACH = pytest.mark.parametrize(("name", "weights_only"), KINDS)


def new():
    model = models.MODELS["mlp"]()
    model.compile("adam", "mse")
    train(model)
    return model


@pytest.fixture
def trained():
    return new()


def train(model):
    x = models.data("mlp")
    y = np.ones_like(np.asarray(model.predict(x, verbose=0)))
    model.fit(x, y, epochs=1, verbose=0)


def variables(model):
    return list(model.weights) + list(model.optimizer.variables)


def values(model):
    return [np.array(runtime.to_numpy(each)) for each in variables(model)]


def taken(model, path, weights_only):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s).*no graph to serve it from")
        return formats.snapshot(model, path, weights_only)


def written(snapshot, path):
    """Writes in another thread, where nothing may ask for Keras."""
    errors = []

    def write():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                snapshot.write(str(path))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


def loaded(path, weights_only):
    if not weights_only:
        return formats.load_model(path)
    model = new()
    formats.load_weights(model, path)
    return model


def no_keras():
    raise AssertionError("the second half needs Keras")


@EACH
def test_the_file_has_what_was_there_before_the_model_changed(
    trained, name, weights_only, tmp_path, monkeypatch
):
    before = values(trained)
    path = tmp_path / name
    snapshot = taken(trained, path, weights_only)
    assert snapshot.can_be_in_background
    train(trained)
    trained.set_weights([each * 0 - 7 for each in trained.get_weights()])
    assert not all(np.array_equal(*pair) for pair in zip(before, values(trained)))
    with monkeypatch.context() as patched:
        patched.setattr(runtime, "keras", no_keras)
        written(snapshot, path)
    found = values(loaded(path, weights_only))
    # HDF5 weights in the layout of Keras 2 have no optimizer.
    count = len(trained.weights) if name in WITHOUT_OPTIMIZER else len(before)
    for expected, value in zip(before[:count], found):
        np.testing.assert_array_equal(value, expected)


@EACH
def test_the_model_may_be_deleted(name, weights_only, tmp_path):
    model = new()
    before = values(model)
    snapshot = taken(model, tmp_path / name, weights_only)
    held = [weakref.ref(model), *(weakref.ref(layer) for layer in model.layers)]
    found = [each for each in reached(snapshot) if any(each is ref() for ref in held)]
    assert not found
    del model
    gc.collect()
    written(snapshot, tmp_path / name)
    np.testing.assert_array_equal(values(loaded(tmp_path / name, weights_only))[0], before[0])


def reached(start):
    """Returns the objects that `start` holds by its functions and what they close over."""
    queue, seen = [start], set()
    for each in queue:
        if id(each) in seen or isinstance(each, (type, type(os))):
            continue
        seen.add(id(each))
        if hasattr(each, "__closure__"):
            queue += [cell.cell_contents for cell in each.__closure__ or ()]
        elif not isinstance(each, dict) or "__builtins__" not in each:
            queue += gc.get_referents(each)
    return queue


@EACH
def test_written_twice_it_is_the_same(trained, name, weights_only, tmp_path):
    snapshot = taken(trained, tmp_path / name, weights_only)
    os.mkdir(str(tmp_path / "other"))
    written(snapshot, tmp_path / name)
    train(trained)
    written(snapshot, tmp_path / "other" / name)
    first = values(loaded(tmp_path / name, weights_only))
    second = values(loaded(tmp_path / "other" / name, weights_only))
    # HDF5 weights in the layout of Keras 2 have no optimizer: that of the model stays as it was.
    count = len(trained.weights) if name in WITHOUT_OPTIMIZER else len(first)
    assert count > len(trained.weights) or name in WITHOUT_OPTIMIZER
    for one, other in zip(first[:count], second[:count]):
        np.testing.assert_array_equal(one, other)


@EACH
def test_without_a_copy_it_is_read_when_it_is_written(trained, name, weights_only, tmp_path):
    snapshot = formats.snapshot(trained, tmp_path / name, weights_only, copy=False)
    assert not snapshot.can_be_in_background
    trained.set_weights([each * 0 + 3 for each in trained.get_weights()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        snapshot.write(str(tmp_path / name))
    found = loaded(tmp_path / name, weights_only).get_weights()
    assert all((each == 3).all() for each in found)


if runtime.is_keras_3():
    keras = runtime.keras()

    @keras.saving.register_keras_serializable("test_snapshot")
    class Own(keras.layers.Layer):
        """Saves its values and a text itself, and remembers in which threads it did."""

        threads = []

        def __init__(self, **arguments):
            super().__init__(**arguments)
            self.text = "none"

        def build(self, shape):
            self.scale = self.add_weight(shape=(3,), name="scale")
            self.built = True

        def call(self, inputs):
            return inputs * self.scale

        def save_own_variables(self, store):
            self.threads.append(threading.current_thread())
            store["twice"] = runtime.to_numpy(self.scale) * 2

        def load_own_variables(self, store):
            self.scale.assign(np.array(store["twice"]) / 2)

        def save_assets(self, directory):
            self.threads.append(threading.current_thread())
            os.makedirs(directory, exist_ok=True)
            with open(os.path.join(directory, "text"), "w") as file:
                file.write(self.text)

        def load_assets(self, directory):
            with open(os.path.join(directory, "text")) as file:
                self.text = file.read()

    def with_own_layer():
        model = keras.Sequential([keras.Input((3,)), Own(name="own"), keras.layers.Dense(2)])
        model.compile("adam", "mse")
        return model


#: What keeps what a layer writes beside its values.
WITH_ASSETS = ["m.keras", "m", "m.orbax"]


@pytest.mark.skipif(not runtime.is_keras_3(), reason="Keras 2 asks no layer to save itself")
@EACH
def test_layers_of_users_save_themselves_in_the_first_half(name, weights_only, tmp_path):
    model = with_own_layer()
    own = model.layers[0]
    own.scale.assign(np.array([1.0, 2.0, 3.0]))
    own.text = "before"
    Own.threads.clear()
    if name.endswith((".safetensors", ".orbax")):
        # Which have nothing but variables, by their paths.
        with pytest.raises(ValueError, match="layer 'own' .* saves something else"):
            taken(model, tmp_path / name, weights_only)
        return
    snapshot = taken(model, tmp_path / name, weights_only)
    asked = len(Own.threads)
    own.scale.assign(np.zeros(3))
    own.text = "after"
    written(snapshot, tmp_path / name)
    assert len(Own.threads) == asked
    assert set(Own.threads) <= {threading.main_thread()}
    if weights_only:
        again = with_own_layer()
        formats.load_weights(again, tmp_path / name)
    else:
        again = formats.load_model(tmp_path / name)
    found = again.layers[0]
    np.testing.assert_array_equal(runtime.to_numpy(found.scale), [1, 2, 3])
    assert found.text == ("before" if name in WITH_ASSETS else "none")


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("text", [np.array([b"a", b"bc"]), np.array("abc"), "abc"])
def test_texts_are_refused_when_they_are_saved(text, copy, tmp_path):
    keras = runtime.keras()

    class Named(keras.layers.Layer):
        def save_own_variables(self, store):
            store["names"] = text

    model = keras.Sequential([keras.Input((3,)), Named(), keras.layers.Dense(1)])
    path = str(tmp_path / "w.weights.h5")
    with pytest.raises(ValueError, match="values of a layer are numbers.*'names'"):
        formats.snapshot(model, path, weights_only=True, copy=copy).write(path)
    assert os.listdir(tmp_path) == []
