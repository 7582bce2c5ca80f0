"""What `inspect` finds in checkpoints of every format, and in damaged ones."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_ckpt import formats, runtime
from keras_ckpt.formats import CheckpointError, api, registry
from keras_ckpt.formats.inspection import Inspection, inspect

if not runtime.is_keras_3():
    pytest.skip("what is written on Keras 3", allow_module_level=True)

from models import MODELS, ORBAX, SAFETENSORS, keras, trained

WEIGHTS = ["w.weights.h5", "w.h5", "w.keras", "cp", "w.weights.json"]
WEIGHTS += ["w" + ending for ending in SAFETENSORS + ORBAX]
WHOLE = ["m.keras", "m.h5", "saved"] + ["m" + ending for ending in ORBAX]
# Which of them keep the optimizer.
STATEFUL = ["w.weights.h5", "w.keras", "cp", "w.weights.json"] + WHOLE


def saved(model, path):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s).*no graph to serve it from")
        api.write(model, path, os.path.basename(path) in WEIGHTS)
    return path


def shapes(variables):
    return sorted((tuple(each.shape), str(each.dtype)) for each in variables)


def of_role(found, role):
    return [each for each in found.variables if each.role == role]


@pytest.fixture(scope="module", params=list(MODELS))
def model(request):
    return trained(request.param)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One small checkpoint of each format."""
    directory = tmp_path_factory.mktemp("files")
    mlp = trained("mlp")
    return {name: saved(mlp, str(directory / name)) for name in WEIGHTS + WHOLE}


@pytest.mark.parametrize("name", WEIGHTS + WHOLE)
def test_all_variables_are_found(model, name, tmp_path):
    found = inspect(saved(model, str(tmp_path / name)))
    weights = of_role(found, "weight")
    assert shapes(weights) == shapes(model.weights)
    assert found.parameters == model.count_params()
    assert sum(each.size for each in weights) == 4 * model.count_params()
    names = [each.name for each in found.variables]
    assert len(set(names)) == len(names)
    state = of_role(found, "optimizer")
    assert found.iterations == (1 if name in STATEFUL else None)
    # Their shapes alone: TensorFlow's checkpoints count steps in int64 on every backend.
    kept = model.optimizer.variables if name in STATEFUL else []
    assert sorted(each.shape for each in state) == sorted(tuple(each.shape) for each in kept)
    assert found.nbytes == sum(each.size for each in found.variables)


@pytest.mark.parametrize("name", WHOLE)
def test_whole_models_tell_what_they_are(files, name):
    found = inspect(files[name])
    assert (found.model, found.compiled, found.optimizer) == ("Sequential", True, "Adam")
    assert found.written_by["keras"] == keras.__version__
    assert f"keras_ckpt.load_model({files[name]!r})" in found.loads_with
    assert (f"keras.models.load_model({files[name]!r})" in found.loads_with) == (
        name not in ("saved", "m.orbax")
    )


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_tell_less(files, name):
    found = inspect(files[name])
    assert (found.model, found.compiled) == (None, None)
    assert found.loads_with[0] == f"keras_ckpt.load_weights(model, {files[name]!r})"
    native = [f"model.load_weights({files[name]!r})"]
    assert found.loads_with[1:] == (native if registry.natively_readable(files[name]) else [])


@pytest.mark.parametrize("name", WEIGHTS + WHOLE)
def test_what_it_says_loads_it_does(files, name):
    model = MODELS["mlp"]()
    for call in inspect(files[name]).loads_with:
        eval(call, {"keras": keras, "keras_ckpt": formats, "model": model})


def test_native_calls_go_by_the_name(files, tmp_path):
    for name, other in [("w.weights.h5", "w.h5"), ("m.h5", "m.weights.h5"), ("m.keras", "m")]:
        path = str(tmp_path / other)
        shutil.copy(files[name], path)
        calls = inspect(path).loads_with
        assert calls
        assert all(call.startswith("keras_ckpt.") for call in calls)


def test_a_model_that_was_not_compiled(tmp_path):
    for name in WHOLE:
        found = inspect(saved(MODELS["mlp"](), str(tmp_path / name)))
        assert (found.compiled, found.optimizer, found.iterations) == (False, None, None)
        assert of_role(found, "optimizer") == []


def test_the_state_of_random_generators_is_no_weight(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5)])
    model.layers[-1].seed_generator.state.assign([1, 2])
    found = inspect(saved(model, str(tmp_path / "w.weights.h5")))
    assert found.parameters == 15
    assert {each.role for each in found.variables} <= {"weight", "state"}


def test_names(files):
    assert {each.name for each in of_role(inspect(files["cp"]), "weight")} == {
        f"layer_with_weights-{number}/{name}" for number in (0, 1) for name in ("kernel", "bias")
    }
    numbers = [each.name for each in of_role(inspect(files["w.weights.h5"]), "optimizer")]
    assert numbers == [f"optimizer/{number}" for number in range(10)]
    layers = [each.name for each in of_role(inspect(files["w.h5"]), "weight")]
    assert [name.split("/")[-1] for name in layers] == ["kernel", "bias"] * 2


def test_layers_of_one_name_in_different_models_are_told_apart(tmp_path):
    inner = [
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="same")], name=name)
        for name in ("a", "b")
    ]
    model = keras.Sequential([keras.Input((2,)), *inner])
    names = [each.name for each in inspect(saved(model, str(tmp_path / "w.h5"))).variables]
    assert len(set(names)) == 4
    assert {name.split("/")[0] for name in names} == {"a", "b"}


def test_a_tensorflow_checkpoint_by_its_index_and_its_directory(tmp_path):
    prefix = saved(trained("mlp"), str(tmp_path / "cp"))
    expected = inspect(prefix)
    assert inspect(prefix + ".index") == expected
    assert inspect(tmp_path) == expected
    assert inspect(str(tmp_path) + os.sep) == expected
    os.remove(str(tmp_path / "checkpoint"))
    with pytest.raises(CheckpointError, match="it is a directory, without a SavedModel"):
        inspect(tmp_path)


def test_archives_that_were_packed_again(files, tmp_path):
    packed = str(tmp_path / "m.keras")
    with zipfile.ZipFile(files["m.keras"]) as archive, zipfile.ZipFile(packed, "w") as other:
        for name in archive.namelist():
            other.writestr(name, archive.read(name), zipfile.ZIP_DEFLATED)
    expected = inspect(files["m.keras"])
    assert inspect(packed).variables == expected.variables
    assert inspect(packed).iterations == expected.iterations


def test_half_precision(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, dtype="bfloat16")])
    for name in ("cp", "w.weights.h5"):
        weights = of_role(inspect(saved(model, str(tmp_path / name))), "weight")
        assert [(each.dtype, each.parameters) for each in weights if len(each.shape) == 2] == [
            ("bfloat16", 4)
        ]


@pytest.mark.parametrize("name", WEIGHTS + WHOLE)
def test_it_can_be_written_as_json(files, name):
    found = inspect(files[name])
    assert isinstance(found, Inspection)
    again = json.loads(json.dumps(found.to_dict()))
    assert again == found.to_dict()
    assert again["parameters"] == found.parameters
    assert again["variables"][0]["shape"] == list(found.variables[0].shape)


@pytest.mark.parametrize(
    ("of_orbax", "imported"),
    # Its library imports JAX.
    [(False, b"[]"), *[(True, b"['jax']") for _ in ORBAX]],
)
def test_no_keras_is_imported(files, of_orbax, imported):
    code = (
        "import sys; from keras_ckpt.formats.inspection import inspect\n"
        "for path in sys.argv[1:]: assert inspect(path).variables\n"
        "print([name for name in ('keras', 'tensorflow', 'jax', 'torch') if name in sys.modules])"
    )
    ran = subprocess.run(
        [
            *(sys.executable, "-c", code),
            *[path for path in files.values() if path.endswith(".orbax") == of_orbax],
        ],
        stdout=subprocess.PIPE,
        check=True,
        cwd=tempfile.gettempdir(),
    )
    assert ran.stdout.strip() == imported


@pytest.mark.parametrize("name", ["w.weights.h5", "m.keras"])
def test_tensors_are_not_read(name, tmp_path):
    model = keras.Sequential([keras.Input((1000,)), keras.layers.Dense(1000)])
    path = saved(model, str(tmp_path / name))
    # In the first half there is nothing but the kernel, and some headers before it.
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 4)
        file.write(b"\xff" * (os.path.getsize(path) // 4))
    assert inspect(path).parameters == model.count_params()


# ---------------------------------------------------------------- damage


def main_file(path):
    """The file of a checkpoint in which the rest of it is found."""
    inside = [path, path + ".index", os.path.join(path, "assets.extra", "keras_ckpt.keras")]
    # In the one step that there is.
    inside += glob.glob(os.path.join(path, "*", "pytree", "_METADATA"))
    return next(each for each in inside if os.path.isfile(each))


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        inspect(tmp_path / "absent")


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"])
@pytest.mark.parametrize("name", ["file", "file.h5", "file.keras", "file.index"])
def test_what_is_no_checkpoint(content, name, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        inspect(path)


@pytest.mark.parametrize("file", ["cp.data-00000-of-00001", "cp.index"])
def test_a_tensorflow_checkpoint_that_lacks_its_end(file, tmp_path):
    prefix = saved(trained("mlp"), str(tmp_path / "cp"))
    path = str(tmp_path / file)
    os.truncate(path, os.path.getsize(path) - 1)
    with pytest.raises(CheckpointError):
        inspect(prefix)
    os.remove(str(tmp_path / "cp.data-00000-of-00001"))
    with pytest.raises((CheckpointError, FileNotFoundError)):
        inspect(prefix)


# The same each time, since what HDF5 makes of damaged files is not ours to mend.
@settings(
    derandomize=True,
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@pytest.mark.parametrize("name", WEIGHTS + WHOLE)
@given(data=st.data())
def test_damaged_files(files, name, tmp_path, data):
    source = files[name]
    path = str(tmp_path / "damaged")
    if os.path.isdir(source):
        shutil.copytree(source, path, dirs_exist_ok=True)
    for part in ("", ".index", ".data-00000-of-00001"):
        if os.path.isfile(source + part):
            shutil.copy(source + part, path + part)
    file = main_file(path)
    with open(file, "rb") as opened:
        content = bytearray(opened.read())
    # HDF5 itself reads for ever in a damaged heap of texts, which is of this size.
    heaps = [found.start() for found in re.finditer(b"GCOL", content)]
    places = st.sampled_from(
        [n for n in range(len(content)) if not any(heap <= n < heap + 4096 for heap in heaps)]
    )
    for place in data.draw(st.lists(places, max_size=3)):
        content[place] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        del content[data.draw(places) :]
    with open(file, "wb") as opened:
        opened.write(content)
    try:
        found = inspect(path)
    except CheckpointError as error:
        assert len(str(error).splitlines()) == 1
    else:
        json.dumps(found.to_dict())
