"""What fails while a checkpoint is loaded comes out as it is, never as a damaged file."""

from __future__ import annotations

import pytest

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.formats import assignment, summary

if not runtime.is_keras_3():
    pytest.skip("Keras 2 reads by itself", allow_module_level=True)

keras = runtime.keras()

WEIGHTS = ["cp", "w.h5", "w.weights.h5", "w.keras"]
WHOLE = ["m.keras", "m.h5", "saved"]
#: Of these, layers read their values themselves.
OF_KERAS_3 = ["w.weights.h5", "w.keras", "m.keras", "saved"]
ERRORS = [
    RuntimeError("CUDA out of memory"),
    AttributeError("no such thing"),
    TypeError("not of this kind"),
    MemoryError("too much"),
    KeyboardInterrupt(),
    PermissionError(13, "not yours"),
]


@keras.saving.register_keras_serializable("errors_in_readers")
class Failing(keras.layers.Layer):
    error = None
    place = ""

    @classmethod
    def fail(cls, place):
        if cls.error is not None and cls.place == place:
            raise cls.error

    def __init__(self, **arguments):
        self.fail("__init__")
        super().__init__(**arguments)

    @classmethod
    def from_config(cls, config):
        cls.fail("from_config")
        return super().from_config(config)

    def build(self, shape):
        self.fail("build")
        self.scale = self.add_weight(shape=(3,), name="scale")
        self.built = True

    def call(self, inputs):
        return inputs * self.scale

    def load_own_variables(self, store):
        self.fail("load_own_variables")
        super().load_own_variables(store)


def made():
    model = keras.Sequential([keras.Input((3,)), Failing(name="own"), keras.layers.Dense(2)])
    model.compile(optimizer="adam", loss="mean_squared_error")
    return model


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("files")
    for name in WEIGHTS:
        keras_ckpt.save_weights(made(), directory / name, verbose=0)
    for name in WHOLE:
        keras_ckpt.save_model(made(), directory / name, verbose=0)
    return directory


@pytest.fixture(params=ERRORS, ids=lambda error: type(error).__name__)
def error(request):
    return request.param


@pytest.mark.parametrize("place", ["__init__", "from_config", "build"])
@pytest.mark.parametrize("name", WHOLE)
def test_in_a_layer_that_is_made(name, place, error, files, monkeypatch):
    monkeypatch.setattr(Failing, "error", error)
    monkeypatch.setattr(Failing, "place", place)
    with pytest.raises(type(error)) as caught:
        keras_ckpt.load_model(files / name)
    assert str(error) in str(caught.value)


@pytest.mark.parametrize("name", OF_KERAS_3)
def test_in_a_layer_that_takes_its_values(name, error, files, monkeypatch):
    model = made()
    monkeypatch.setattr(Failing, "error", error)
    monkeypatch.setattr(Failing, "place", "load_own_variables")
    with pytest.raises(type(error)) as caught:
        keras_ckpt.load_weights(model, files / name)
    assert caught.value is error


@pytest.mark.parametrize("name", WEIGHTS + WHOLE)
def test_in_what_assigns(name, error, files, monkeypatch):
    model = made()

    def fail(*arguments):
        raise error

    monkeypatch.setattr(assignment, "assign", fail)
    with pytest.raises(type(error)) as caught:
        keras_ckpt.load_weights(model, files / name)
    assert caught.value is error


@pytest.mark.parametrize("name", WEIGHTS + WHOLE)
def test_in_what_inspects(name, error, files, monkeypatch):
    def fail(*arguments, **named):
        raise error

    monkeypatch.setattr(summary.Variable, "__new__", fail)
    with pytest.raises(type(error)) as caught:
        keras_ckpt.inspect(files / name)
    assert caught.value is error


@pytest.mark.parametrize("place", ["from_config", "build"])
@pytest.mark.parametrize("name", WHOLE)
def test_in_what_converts(name, place, error, files, tmp_path, monkeypatch):
    monkeypatch.setattr(Failing, "error", error)
    monkeypatch.setattr(Failing, "place", place)
    with pytest.raises(type(error)) as caught:
        keras_ckpt.convert(files / name, tmp_path / "converted.keras")
    assert str(error) in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", OF_KERAS_3)
def test_the_reason_of_a_layer_is_given(name, files, monkeypatch):
    model = made()
    monkeypatch.setattr(Failing, "error", ValueError("the moon is wrong"))
    monkeypatch.setattr(Failing, "place", "load_own_variables")
    with pytest.raises(keras_ckpt.MismatchedCheckpoint, match="the moon is wrong"):
        keras_ckpt.load_weights(model, files / name)
