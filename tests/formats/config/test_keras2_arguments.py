"""What the arguments of Keras 2's layers are in Keras 3."""

from __future__ import annotations

from typing import Any

import pytest

from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 has", allow_module_level=True)

from keras_ckpt.formats.config import keras2_arguments

keras = runtime.keras()


@pytest.mark.parametrize(
    ("kind", "settings", "expected_kind", "expected"),
    [
        ("LeakyReLU", {"alpha": 0.1}, "LeakyReLU", {"negative_slope": 0.1}),
        ("BatchNormalization", {"axis": [3]}, "BatchNormalization", {"axis": 3}),
        ("BatchNormalizationV1", {"axis": [1]}, "BatchNormalization", {"axis": 1}),
        ("Discretization", {"bins": [1.0]}, "Discretization", {"bin_boundaries": [1.0]}),
        (
            "CategoryEncoding",
            {"max_tokens": 5, "output_mode": "binary"},
            "CategoryEncoding",
            {"num_tokens": 5, "output_mode": "multi_hot"},
        ),
        ("Dense", {"units": 2}, "Dense", {"units": 2}),
    ],
)
def test_renamed(
    kind: str, settings: dict[str, Any], expected_kind: str, expected: dict[str, Any]
) -> None:
    assert keras2_arguments.of_keras_3(kind, settings) == (expected_kind, expected)


def test_layers_of_cudnn_are_recurrent_layers_that_compute_the_same() -> None:
    kind, settings = keras2_arguments.of_keras_3("CuDNNGRU", {"units": 2})
    assert kind == "GRU"
    assert settings["reset_after"] is True
    assert settings["recurrent_activation"] == "sigmoid"


def test_a_mask_of_causes_is_an_argument_of_the_call() -> None:
    assert keras2_arguments.of_call({"config": {"causal": True}}) == {"use_causal_mask": True}
    assert keras2_arguments.of_call({"config": {"causal": False}}) == {}


def test_an_argument_that_is_gone_is_named_if_it_matters() -> None:
    found = keras2_arguments.known(keras.layers.LSTM, {"units": 2, "time_major": False})
    assert found == {"units": 2}
    with pytest.raises(ValueError, match="has no time_major=True of the layer LSTM"):
        keras2_arguments.known(keras.layers.LSTM, {"units": 2, "time_major": True})


def test_what_a_class_takes_ends_where_it_hands_nothing_on() -> None:
    assert "trainable" not in keras2_arguments.parameters(keras.layers.SpatialDropout1D)
    assert {"units", "trainable", "dtype"} <= keras2_arguments.parameters(keras.layers.Dense)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.2.4", True),
        ("2.3.1", True),
        ("1.2.2", True),
        ("2.2.4-tf", False),
        ("2.3.0-tf", False),
        ("2.4.0", False),
        ("2.15.0", False),
        ("3.0.5", False),
        ("", False),
        ("unknown", False),
    ],
)
def test_keras_before_it_was_tensorflows(version: str, expected: bool) -> None:
    assert keras2_arguments.is_stand_alone(version) is expected
    found = keras2_arguments.of_keras_3("UpSampling2D", {"interpolation": "bilinear"}, version)
    assert found[1]["interpolation"] == ("legacy_bilinear" if expected else "bilinear")


@pytest.mark.parametrize(
    ("strides", "rate"),
    [(2, 2), ([1, 2], [2, 2]), ((2, 2), 2), ({"class_name": "__tuple__", "items": [2, 2]}, 2)],
)
def test_strides_in_a_dilation_are_interleaved(strides: object, rate: object) -> None:
    settings = {"name": "conv", "strides": strides, "dilation_rate": rate}
    for version in ("2.2.4", "2.3.1", "2.8.0"):
        _, found = keras2_arguments.of_keras_3("DepthwiseConv2D", settings, version)
        assert found == dict(settings, interleaved=True)
    plain = dict(settings, strides=(1, 1))
    assert keras2_arguments.of_keras_3("SeparableConv1D", plain, "2.3.1")[1] == plain


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.2.4", False), ("2.3.1", True), ("2.2.4-tf", True), ("2.3.0-tf", True), ("2.4.0", True),
        ("2.10.0", True), ("2.11.0", False), ("2.15.0", False), ("3.8.0", False), ("", False),
    ],
)  # fmt: skip
def test_which_releases_count_masked_steps(version: str, expected: bool) -> None:
    assert keras2_arguments.counts_masked_steps(version) is expected


def test_hashing_returns_integers() -> None:
    _, found = keras2_arguments.of_keras_3("Hashing", {"num_bins": 3, "dtype": "float32"}, "2.4.0")
    assert found == {"num_bins": 3}
    settings = {"num_bins": 3, "dtype": "float32", "output_mode": "one_hot"}
    assert keras2_arguments.of_keras_3("Hashing", settings, "2.8.0")[1] == settings


def test_layers_return_dense_tensors_where_sparse_ones_cannot_be_returned() -> None:
    """All of Keras's layers that say what they return. (Of Input, it says what the model gets.)"""
    kinds = [
        name
        for name, cls in vars(keras.layers).items()
        if isinstance(cls, type) and "sparse" in keras2_arguments.parameters(cls)
    ]
    assert len(kinds) >= 5
    has_sparse = runtime.backend() == "tensorflow"
    for kind in sorted({*kinds} - {"InputLayer"}):
        _, settings = keras2_arguments.of_keras_3(kind, {"sparse": True})
        assert settings["sparse"] is has_sparse, kind
