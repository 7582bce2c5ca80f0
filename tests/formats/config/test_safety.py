"""What a description may name, and what it may not."""

from __future__ import annotations

import pathlib
import zipfile
from typing import Any

import h5py
import pytest

import keras_ckpt
from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

from keras_ckpt.formats.config.safety import refuse_code, refuse_sizes


def described(name: str, module: str | None = None, **config: Any) -> dict[str, Any]:
    return {"class_name": name, "module": module, "config": config, "registered_name": None}


def nested(config: Any) -> Any:
    return {"class_name": "Sequential", "config": {"layers": [{"deep": [config]}]}}


@pytest.mark.parametrize(
    "config",
    [
        described("Dense", "keras.layers", units=2),
        described("Adam", "keras.optimizers"),
        described("Add", "keras.src.ops.numpy"),
        described("L2", "keras.regularizers"),
        {"class_name": "function", "module": "keras.losses", "config": "mse"},
        {"class_name": "function", "module": "builtins", "config": "relu"},
        described("Lambda", "keras.layers", function={"class_name": "function", "config": "f"}),
        described("__tuple__", None, items=[]),
    ],
)
def test_parts_of_a_model(config: Any) -> None:
    refuse_code("m.keras", nested(config), None, True)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (described("Lambda", function=["code", None, None]), "a Lambda, which holds code"),
        (described("Lambda", function="f", function_type="lambda"), "a Lambda, which holds code"),
        (described("__lambda__"), "a Lambda, which holds code"),
        (described("TFSMLayer", filepath="x"), "which runs the graph in another SavedModel"),
        (described("TorchModuleWrapper"), "which runs a module of PyTorch"),
        (described("StringLookup", vocabulary="/etc/passwd"), "reads the file '/etc/passwd'"),
        (described("system", "os"), "'system' of 'os' is no part of Keras"),
        (
            {"class_name": "function", "module": "keras.utils", "config": "get_file"},
            "'get_file' of 'keras.utils'",
        ),
        (
            {"class_name": "function", "module": "keras.losses", "config": "deserialize"},
            "'deserialize' of 'keras.losses'",
        ),
        (described("convert_to_numpy", "keras.ops"), "'convert_to_numpy' of 'keras.ops'"),
    ],
)
def test_code_is_refused_unless_the_file_is_trusted(config: Any, reason: str) -> None:
    with pytest.raises(keras_ckpt.UnsafeCheckpoint) as caught:
        refuse_code("m.keras", nested(config), None, True)
    assert reason in str(caught.value)
    refuse_code("m.keras", nested(config), None, False)


def test_class_of_a_project_is_unsupported_until_it_is_given() -> None:
    config = dict(described("Own", "my_project.layers"), registered_name="Own")
    with pytest.raises(keras_ckpt.UnsupportedModel, match="custom_objects"):
        refuse_code("m.keras", nested(config), None, True)
    refuse_code("m.keras", nested(config), {"Own": object}, True)
    # Keras 2 imports nothing, and names a class with the package that it is registered in.
    refuse_code("m.h5", nested(described("Mine>Own", "my_project")), {"Own": object}, True, False)


def test_name_in_custom_objects_that_keras_does_not_look_for_allows_nothing() -> None:
    config = dict(described("Own", "os"), registered_name="Mine>Own")
    with pytest.raises(keras_ckpt.UnsafeCheckpoint):
        refuse_code("m.keras", config, {"Own": object}, True)


@pytest.mark.parametrize("safe_mode", [True, False])
def test_endless_nest_is_damage(safe_mode: bool) -> None:
    config: list[Any] = []
    config.append(config)
    with pytest.raises(keras_ckpt.DamagedCheckpoint, match="nested too deeply"):
        refuse_code("m.keras", config, None, safe_mode)


@pytest.mark.parametrize("path", ["m.keras", "m.h5"])
def test_a_layer_with_more_values_than_the_file_is_not_made(path: str, tmp_path: Any) -> None:
    keras = runtime.keras()
    units = 1 << 26
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="d")])
    name = str(tmp_path / path)
    keras_ckpt.save_model(model, name)
    size = pathlib.Path(name).stat().st_size
    if path.endswith(".h5"):
        with h5py.File(name, "r+") as file:
            text = file.attrs["model_config"]
            text = text.decode() if isinstance(text, bytes) else text
            file.attrs["model_config"] = text.replace('"units": 3', f'"units": {units}')
    else:
        with zipfile.ZipFile(name) as archive:
            members = {each: archive.read(each) for each in archive.namelist()}
        text = members["config.json"].decode()
        members["config.json"] = text.replace('"units": 3', f'"units": {units}').encode()
        with zipfile.ZipFile(name, "w") as archive:
            for each, content in members.items():
                archive.writestr(each, content)
    assert size < 40_000
    with pytest.raises(keras_ckpt.UnsafeCheckpoint, match=f"'d' .* units={units}.* 15 values"):
        keras_ckpt.load_model(name)


def test_sizes_that_the_file_can_hold() -> None:
    dense = described("Dense", units=5000, kernel_initializer="ones")
    refuse_sizes("m.keras", nested(dense), 5000)
    with pytest.raises(keras_ckpt.UnsafeCheckpoint):
        refuse_sizes("m.keras", nested(dense), 4999)
    # No weights of a layer, and a model that has none yet.
    refuse_sizes("m.keras", nested(described("Own", units=5000)), 10)
    refuse_sizes("m.keras", nested(described("Dense", units=9, kernel_initializer="ones")), 0)
