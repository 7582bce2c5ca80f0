"""Models from descriptions of Keras 2, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

from keras_ckpt.formats.config import keras2_reader

keras = runtime.keras()


def layer(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": dict({"name": kind.lower()}, **config)}


def sequential(*layers: Any, **config: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": dict(config, name="model", layers=layers)}


def functional(nodes: dict[str, Any], layers: list[Any], output: str) -> dict[str, Any]:
    start = layer("InputLayer", batch_input_shape=[None, 2], dtype="float32")
    start = dict(start, name="x", inbound_nodes=[], config=dict(start["config"], name="x"))
    made = [
        dict(each, name=each["config"]["name"], inbound_nodes=nodes[each["config"]["name"]])
        for each in layers
    ]
    config = {
        "name": "model",
        "layers": [start, *made],
        "input_layers": [["x", 0, 0]],
        "output_layers": [[output, 0, 0]],
    }
    return {"class_name": "Model", "config": config}


def made(config: Any, custom: Any = None, safe_mode: bool = True) -> Any:
    return keras2_reader.model_from_config(config, custom, safe_mode)


def test_first_layer_gives_the_shape_of_the_input() -> None:
    model = made(sequential(layer("Dense", units=3, batch_input_shape=[None, 2])))
    assert model.input_shape == (None, 2)
    embedding = layer("Embedding", input_dim=4, output_dim=3, batch_input_shape=[None, 5])
    assert keras.backend.standardize_dtype(made(sequential(embedding)).inputs[0].dtype) == "int32"


def test_shape_of_the_input_in_a_saved_model_of_tensorflow_2_2() -> None:
    shape = {"class_name": "__tuple__", "items": [None, 4]}
    model = made(sequential(layer("Dense", units=2, batch_input_shape=shape)))
    assert model.input_shape == (None, 4)


def test_sequential_of_the_first_releases_is_a_list() -> None:
    config = sequential(layer("Dense", units=3, batch_input_shape=[None, 2]))
    config["config"] = list(config["config"]["layers"])
    assert made(config).output_shape == (None, 3)


@pytest.mark.parametrize(
    "shape", [[None, 2], {"class_name": "TensorShape", "items": [None, 2]}, (None, 2)]
)
def test_shape_that_it_was_built_with(shape: Any) -> None:
    model = made(sequential(layer("Dense", units=3), build_input_shape=shape))
    assert model.output_shape == (None, 3)


def test_what_is_no_shape_is_named() -> None:
    with pytest.raises(ValueError, match="7 is not a shape"):
        made(sequential(layer("Dense", units=3), build_input_shape=7))


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        (layer("LeakyReLU", alpha=0.25), "negative_slope", 0.25),
        (layer("BatchNormalization", axis=[1], renorm=False, renorm_momentum=0.99), "axis", 1),
        (layer("LSTM", units=2, implementation=2, time_major=False), "units", 2),
    ],
)
def test_arguments_that_are_gone_or_renamed(given: Any, name: str, value: Any) -> None:
    assert getattr(keras2_reader._Reader({}, True).layer(given), name) == value


def test_argument_that_mattered_is_named() -> None:
    with pytest.raises(ValueError, match="has no other=3 of the layer Dense"):
        made(sequential(layer("Dense", units=2, other=3)))


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("LSTM", {"units": 2, "time_major": True}),
        ("SeparableConv1D", {"filters": 2, "kernel_size": 3, "padding": "causal"}),
        ("Resizing", {"height": 3, "width": 3, "interpolation": "area"}),
        ("UpSampling2D", {"interpolation": "gaussian"}),
    ],
)
def test_what_keras_3_removed_of_a_layer_is_there(kind: str, settings: dict[str, Any]) -> None:
    for is_removed in (True, False):
        (found,) = made(sequential(layer(kind, **settings))).layers
        assert type(found).__name__ == kind
        assert type(found).__module__.startswith("keras_ckpt.keras2.") == is_removed
        settings = {name: each for name, each in settings.items() if type(each) is int}


def test_unknown_class_is_named_with_what_to_do() -> None:
    config = sequential(layer("Dense", units=1, batch_input_shape=[None, 2]), layer("Own"))
    with pytest.raises(keras_ckpt.UnsupportedModel, match="(?s)class 'Own' is not.*load_weights"):
        keras2_reader.make("m.h5", config, None, True)


def test_class_and_function_of_the_users() -> None:
    class Own(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, power: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.power = power

        def call(self, x: Any) -> Any:
            return x**self.power

    dense = layer("Dense", units=1, activation="tripled", batch_input_shape=[None, 1])
    dense["config"].update(use_bias=False, kernel_initializer=layer("Ones"))
    dense["config"]["kernel_initializer"]["config"] = {}
    config = sequential(dense, layer("Mine>Own", power=2))
    model = made(config, {"Own": Own, "tripled": lambda x: 3 * x})
    assert runtime.to_numpy(model(np.array([[2.0]], "float32"))).tolist() == [[36.0]]


def test_lambda_is_refused_unless_the_file_is_trusted() -> None:
    config = sequential(layer("Lambda", function="f", function_type="function"))
    with pytest.raises(ValueError, match="'lambda' is a Lambda, which holds code"):
        made(config)


def test_calls_are_made_as_soon_as_they_can_be() -> None:
    """Keras 2 lists layers in an order in which one may come before what it is called on."""
    config = functional(
        {"late": [[["early", 0, 0, {}], ["x", 0, 0, {}]]], "early": [[["x", 0, 0, {}]]]},
        [layer("Add", name="late"), layer("ReLU", name="early")],
        "late",
    )
    x = np.array([[1.0, -2.0]], "float32")
    assert runtime.to_numpy(made(config)(x)).tolist() == [[2.0, -2.0]]


def test_calls_that_wait_for_each_other_are_named() -> None:
    config = functional(
        {"a": [[["b", 0, 0, {}]]], "b": [[["a", 0, 0, {}]]]},
        [layer("ReLU", name="a"), layer("ReLU", name="b")],
        "a",
    )
    with pytest.raises(ValueError, match="its layers a, b cannot be put in order"):
        made(config)


def test_layer_that_is_called_twice_is_one_layer() -> None:
    dense = layer("Dense", units=2, name="d")
    calls = [[["x", 0, 0, {}]], [["d", 0, 0, {}]]]
    config = functional({"d": calls}, [dense], "d")
    config["config"]["output_layers"] = [["d", 1, 0]]
    model = made(config)
    assert len(model.weights) == 2
    kernel = np.array([[0.0, 1.0], [2.0, 0.0]], "float32")
    model.set_weights([kernel, np.zeros(2, "float32")])
    x = np.array([[1.0, 3.0]], "float32")
    np.testing.assert_allclose(runtime.to_numpy(model(x)), x @ kernel @ kernel)


def test_reference_that_is_none_is_no_call() -> None:
    config = functional({"a": [[["x", "first", 0, {}]]]}, [layer("ReLU", name="a")], "a")
    with pytest.raises(keras_ckpt.UnsupportedModel, match="the call of a layer on"):
        keras2_reader.make("m.h5", config, None, True)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("LayerScale", {"init_values": 0.5, "projection_dim": 2}),
        ("StochasticDepth", {"drop_path_rate": 0.2}),
        ("Custom>CustomScaleLayer", {"scale": 0.5}),
        ("CustomScaleLayer", {"scale": 0.5}),
    ],
)
def test_layers_that_applications_keep_to_themselves(name: str, settings: dict[str, Any]) -> None:
    tried = layer(name, **settings)
    calls = [[["x", 0, 0, {}]] * (2 if "Custom" in name else 1)]
    model = made(functional({name.lower(): calls}, [tried], name.lower()))
    x = np.ones((2, 2), "float32")
    expected = 1.5 if "Custom" in name else 0.5 if name == "LayerScale" else 1.0
    np.testing.assert_allclose(model.predict(x, verbose=0), x * expected)


def test_an_output_that_the_running_keras_does_not_have_is_refused() -> None:
    config = functional({"dense": [[["x", 0, 0, {}]]]}, [layer("Dense", units=3)], "dense")
    assert made(config).output_shape == (None, 3)
    config["config"]["output_layers"] = [["dense", 0, 1]]
    with pytest.raises(ValueError, match="1 of the outputs of its layer 'dense'"):
        made(config)
