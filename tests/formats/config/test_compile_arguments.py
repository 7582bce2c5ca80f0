"""A loss or metric comes back with every argument that it was given."""

from __future__ import annotations

import inspect
import pathlib
import zipfile
from typing import Any, Callable

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 leaves out", allow_module_level=True)

from keras_ckpt.runtime import internals

keras = runtime.keras()

#: Values that are not the default of any argument of this name.
VALUES: dict[str, Any] = {
    "alpha": 0.3,
    "apply_class_balancing": True,
    "axis": 0,
    "beta": 0.7,
    "delta": 3.0,
    "from_logits": True,
    "gamma": 3.0,
    "ignore_class": 1,
    "label_smoothing": 0.1,
    "q": 0.3,
    "remove_diagonal": False,
    "threshold": 0.7,
}
#: What says what something is, and not what it computes.
GENERAL = ("dtype", "fn", "kwargs", "name", "reduction", "self")
FORMATS = ("a.keras", "a.h5")


def cases() -> list[tuple[str, str]]:
    found = []
    for module in ("losses", "metrics"):
        for name, cls in vars(getattr(keras, module)).items():
            if not inspect.isclass(cls) or name.endswith(("Wrapper", "Metric")):
                continue
            taken = inspect.signature(cls.__init__).parameters
            only_given = {each for each in taken if taken[each].default is inspect.Parameter.empty}
            if not only_given - {*GENERAL, "args"}:
                found += [(f"{module}.{name}", each) for each in taken if each in VALUES]
    return sorted(found)


def made(name: str, argument: str) -> Any:
    module, cls = name.split(".")
    return getattr(getattr(keras, module), cls)(**{argument: VALUES[argument]})


def model(**compiled: Any) -> Any:
    inputs = keras.Input((3,))
    made = keras.Model(inputs, keras.layers.Dense(2, "sigmoid", name="a")(inputs))
    made.compile("sgd", **compiled)
    return made


def reloaded(model: Any, path: pathlib.Path) -> Any:
    keras_ckpt.save_model(model, str(path))
    return keras_ckpt.load_model(str(path))


def values(of: Any) -> dict[str, Any]:
    """The arguments of a loss or metric as they count."""
    found = dict(of.get_config())
    found.update(internals.function_arguments(of))
    return {key: value for key, value in found.items() if key not in GENERAL}


@pytest.mark.parametrize("path", FORMATS)
@pytest.mark.parametrize(("name", "argument"), cases())
def test_each_argument_comes_back(
    name: str, argument: str, path: str, tmp_path: pathlib.Path
) -> None:
    given = made(name, argument)
    assert values(given)[argument] == VALUES[argument]
    if name.startswith("losses"):
        back = reloaded(model(loss=given), tmp_path / path).loss
    else:
        found = reloaded(model(loss="mse", metrics=[given]), tmp_path / path)
        (back,) = [each for each in flat(found._compile_metrics) if type(each) is type(given)]
    assert values(back) == values(given)


def flat(metrics: Any) -> list[Any]:
    given = metrics._user_metrics
    return given if isinstance(given, list) else [given]


@pytest.mark.parametrize("path", FORMATS)
@pytest.mark.parametrize(
    "structure",
    [
        lambda make: make(),
        lambda make: [make()],
        lambda make: {"a": make()},
        lambda make: keras_ckpt.keras2.losses.OverAllSteps(make()),
    ],
)
def test_wherever_it_is(
    path: str, structure: Callable[[Callable[[], Any]], Any], tmp_path: pathlib.Path
) -> None:
    saved = model(
        loss=structure(lambda: keras.losses.Huber(delta=3.0)),
        metrics=[keras.metrics.CosineSimilarity(axis=0)],
        weighted_metrics=[keras.metrics.CosineSimilarity(axis=0, name="weighted")],
    )
    x, y = np.ones((4, 3)), 9 * np.arange(8.0).reshape(4, 2)
    expected = saved.evaluate(x, y, verbose=0)
    found = reloaded(saved, tmp_path / path).evaluate(x, y, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_tuple_and_the_model_afterwards(tmp_path: pathlib.Path) -> None:
    given = keras.metrics.CosineSimilarity(axis=0)
    saved = model(loss=keras.losses.Huber(delta=3.0), metrics=(given,))
    reloaded(saved, tmp_path / "a.keras")
    assert "get_config" not in vars(given)
    assert "get_config" not in vars(saved.loss)


def test_keras_itself_loads_it(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "a.keras")
    keras_ckpt.save_model(model(loss=keras.losses.Huber(delta=3.0)), path)
    assert values(keras.models.load_model(path).loss)["delta"] == 3.0


def test_what_is_the_default_is_not_written(tmp_path: pathlib.Path) -> None:
    saved = model(loss=keras.losses.Huber(), metrics=[keras.metrics.CosineSimilarity()])
    keras_ckpt.save_model(saved, str(tmp_path / "a.keras"))
    saved.save(str(tmp_path / "b.keras"))
    assert description(tmp_path / "a.keras") == description(tmp_path / "b.keras")


def description(path: pathlib.Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read("config.json")
