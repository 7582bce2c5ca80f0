"""Models of classes of users, in files of TF 2.12 to 2.15 and of Keras 3."""

from __future__ import annotations

import pathlib
import tarfile
from typing import Any

import numpy as np
import pytest
import write_walks

import keras_ckpt
from keras_ckpt import CheckpointError, runtime

if not runtime.is_keras_3():
    pytest.skip("models of Keras 3", allow_module_level=True)

import h5py

from keras_ckpt.formats.keras3 import keras2_walk

keras = runtime.keras()
DATA = pathlib.Path(__file__).parents[2] / "data" / "walks"
KINDS = write_walks.kinds()


class Mixed(keras.Model):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.zlist: list[Any] = []
        self.out = keras.layers.Dense(4, name="out")
        self.zlist.append(keras.layers.Dense(4, name="listed"))

    def build(self, input_shape: Any) -> None:
        self.out.build(input_shape)
        self.zlist[0].build(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return self.zlist[0](self.out(inputs))


def predicted(model: Any) -> Any:
    return runtime.to_numpy(model(write_walks.X))


@pytest.mark.parametrize("ending", [".weights.h5", ".keras"])
@pytest.mark.parametrize("release", ["2.12", "2.13", "2.14", "2.15", "3.5"])
def test_what_a_release_wrote_predicts_the_same(
    release: str, ending: str, tmp_path: pathlib.Path
) -> None:
    with tarfile.open(DATA / f"{release}.tar.xz") as archive:
        archive.extractall(tmp_path)
    files = sorted(tmp_path.glob("*" + ending))[::2]
    if not files:
        pytest.skip("it wrote none, or Keras 3 reads its own")
    same = 0
    for path in files:
        number = path.name[: -len(ending)]
        try:
            if ending == ".keras":
                model = keras_ckpt.load_model(path)
            else:
                model = write_walks.made(KINDS[int(number)])
                keras_ckpt.load_weights(model, path)
        except CheckpointError as error:
            # It keeps the order of what Keras 2 counted only in part.
            assert runtime.backend() == "torch", error
            continue
        expected = np.load(tmp_path / f"{number}.npy")
        seen = write_walks.seen(model)
        np.testing.assert_allclose(seen, expected, atol=1e-5, err_msg=path.name)
        same += 1
    assert same == len(files) or runtime.backend() == "torch" and same > 2


def test_what_two_releases_may_have_written_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "m.weights.h5"
    model = Mixed()
    model(write_walks.X)
    model.set_weights([np.random.normal(size=each.shape) for each in model.get_weights()])
    before = predicted(model)
    model.save_weights(path)
    with h5py.File(path, "r+") as file:
        found: list[Any] = []
        file.visititems(lambda _, each: found.append(each))
        for each in found:
            each.attrs.pop("name", None)
    said = (
        "PyTorch does not keep their order"
        if runtime.backend() == "torch"
        else "does not say whether Keras 2 or Keras 3.0 to 3.5 wrote it"
    )
    with pytest.raises(CheckpointError, match=said):
        keras_ckpt.load_weights(model, path)
    np.testing.assert_array_equal(predicted(model), before)
    # As the error says.
    other = Mixed()
    other(write_walks.X)
    other.load_weights(path)
    np.testing.assert_allclose(predicted(other), before, atol=1e-6)
    keras_ckpt.save_weights(other, path)
    keras_ckpt.load_weights(model, path)
    np.testing.assert_allclose(predicted(model), before, atol=1e-6)


@pytest.mark.parametrize(
    ("version", "descends", "counts_again"),
    [
        ("2.12.0", False, True),
        ("2.13.1", False, True),
        ("2.14.0rc0", False, False),
        ("2.15.0", True, False),
        ("2.21.0", True, False),
    ],
)
def test_each_release_has_its_walk(version: str, descends: bool, counts_again: bool) -> None:
    assert keras2_walk.of_version(version) == (descends, counts_again)


@pytest.mark.parametrize("version", ["3.0.0", "3.15.1", "4.0"])
def test_keras_3_has_its_own(version: str) -> None:
    assert keras2_walk.of_version(version) is None
