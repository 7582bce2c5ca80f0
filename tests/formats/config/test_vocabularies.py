"""The vocabularies of lookup layers, of which a table may lack some tokens."""

from __future__ import annotations

import json
import pathlib
import tarfile
from typing import Any

import h5py
import pytest

import keras_ckpt
from keras_ckpt import runtime

if not runtime.is_keras_3() or not runtime.has_tensorflow():
    pytest.skip("these layers of Keras 3 need TensorFlow", allow_module_level=True)

from keras_ckpt.formats.config import vocabularies

keras = runtime.keras()


@pytest.mark.parametrize("missing", [(), (0,), (1,), (0, 1)])
@pytest.mark.parametrize("mask_token", [None, ""])
def test_tokens_for_what_is_unknown_may_be_missing(missing: Any, mask_token: Any) -> None:
    layer = keras.layers.StringLookup(mask_token=mask_token, num_oov_indices=2)
    special = [*([] if mask_token is None else [mask_token]), "[UNK]", "[UNK]"]
    tokens = [*special, "the", "cat"]
    by_number = {n: token.encode() for n, token in enumerate(tokens) if n not in missing}
    found = vocabularies.in_order(layer, by_number)
    assert found == tokens
    vocabularies.fill(layer, found)
    assert [str(each) for each in layer.get_vocabulary()] == tokens


def test_the_text_of_tensorflow_2_2() -> None:
    """Its table had the words alone, from number 2 on."""
    layer = keras.layers.TextVectorization()
    vocabularies.fill(layer, vocabularies.in_order(layer, {2: b"the", 3: b"cat"}))
    assert [str(each) for each in layer.get_vocabulary()] == ["", "[UNK]", "the", "cat"]
    assert layer(["the cat sat"]).numpy().tolist() == [[2, 3, 1]]


def test_a_file_of_keras_2_without_the_vocabulary_is_refused(tmp_path: pathlib.Path) -> None:
    """TensorFlow 2.6 wrote such files, of a layer that was given one."""
    inputs = keras.Input((1,), dtype="string")
    layer = keras.layers.TextVectorization(vocabulary=["the", "cat"], name="words")
    outputs = keras.layers.Embedding(4, 2)(layer(inputs))
    path = tmp_path / "model.h5"
    keras_ckpt.save_model(keras.Model(inputs, outputs), path, format="h5")
    with h5py.File(path, "r+") as file:
        described = json.loads(file.attrs["model_config"])
        for each in described["config"]["layers"]:
            each["config"].pop("vocabulary", None)
        file.attrs["model_config"] = json.dumps(described)
        file.attrs["keras_version"] = file["model_weights"].attrs["keras_version"] = "2.6.0"
    with pytest.raises(keras_ckpt.UnsupportedModel, match="vocabulary of its layer 'words' is not"):
        keras_ckpt.load_model(path)


def test_a_vocabulary_in_an_encoding_that_keras_does_not_read_back() -> None:
    inputs = keras.Input((1,), dtype="string")
    layer = keras.layers.TextVectorization(vocabulary=["the", "cat"], encoding="utf-16-le")
    vocabularies.refuse_missing("model.h5", keras.Model(inputs, layer(inputs)))


@pytest.mark.parametrize("left_out", ["vocabulary", "idf_weights"])
def test_one_description_has_what_the_other_leaves_out(left_out: str) -> None:
    def layer(**told: Any) -> Any:
        return {"class_name": "StringLookup", "config": {"vocabulary": [], **told}}

    def model(each: Any) -> Any:
        inner = {"class_name": "Sequential", "config": {"layers": [each]}}
        return {"name": "outer", "layers": [{"class_name": "InputLayer", "config": {}}, inner]}

    short, whole = model(layer(**{left_out: None})), model(layer(**{left_out: ["a"]}))
    assert vocabularies.completed(short, whole) == whole
    assert vocabularies.completed(whole, short) == whole
    for other in (None, {}, {"layers": []}, {"layers": [1, None]}, model({"config": []})):
        assert vocabularies.completed(short, other) == short


def test_what_is_in_both_descriptions_is_that_of_the_model() -> None:
    one, other = {"vocabulary": ["a"], "units": None}, {"vocabulary": ["b"], "units": 3, "new": 1}
    assert vocabularies.completed(one, other) == one


INVENTORY = pathlib.Path(__file__).resolve().parents[2] / "data" / "inventory"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """What TensorFlow 2.8 wrote of a layer whose tokens weigh 0.3 and 0.7."""
    directory = tmp_path_factory.mktemp("written")
    with tarfile.open(str(INVENTORY / "2.8.tar.xz")) as archive:
        cases = json.load(archive.extractfile("index.json"))["cases"]  # type: ignore[arg-type]
        number = next(
            each
            for each, case in cases.items()
            if case["name"] == "kinds/vocabulary_and_weights_given"
        )
        inside = [each for each in archive if each.name.startswith(number + "/")]
        archive.extractall(str(directory), inside)
    return directory / number


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("weights.h5", {}), ("weights.h5", {"by_name": True}), ("checkpoint", {}), ("object", {})],
    ids=repr,
)
def test_what_tokens_weigh_is_loaded_as_keras_2_did(
    name: str, arguments: Any, written: pathlib.Path
) -> None:
    described = keras_ckpt.model_from_json((written / "model.json").read_text())
    layer = next(each for each in described.layers if isinstance(each, keras.layers.StringLookup))
    expected = layer([["a", "b", "c"]]).numpy()
    layer.set_vocabulary(["a", "b"], idf_weights=[5.0, 9.0])
    assert (layer([["a", "b", "c"]]).numpy() != expected).any()
    keras_ckpt.load_weights(described, written / name, **arguments)
    assert (layer([["a", "b", "c"]]).numpy() == expected).all()


def test_weights_of_other_tokens_do_not_fit(written: pathlib.Path) -> None:
    described = json.loads((written / "model.json").read_text())
    lookup, dense = (each["config"]["name"] for each in described["config"]["layers"][1:])
    layers = [
        keras.layers.StringLookup(
            vocabulary=["a", "b", "c"],
            idf_weights=[1.0, 2.0, 3.0],
            output_mode="tf_idf",
            name=lookup,
        ),
        keras.layers.Dense(3, name=dense),
    ]
    model = keras.Sequential([keras.Input((2,), dtype="string"), *layers])
    before = layers[0]([["a", "b", "c"]]).numpy()
    for name in ("weights.h5", "checkpoint"):
        with pytest.raises(keras_ckpt.MismatchedCheckpoint, match=r"idf_weights is \(4,\)"):
            keras_ckpt.load_weights(model, written / name)
    assert (layers[0]([["a", "b", "c"]]).numpy() == before).all()
