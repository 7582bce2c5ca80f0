"""The state of optimizers, from the lists of each release to the variables of Keras 3."""

from __future__ import annotations

import pathlib
import warnings
from typing import Any

import numpy as np
import pytest

import keras_ckpt
from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

from keras_ckpt.formats.config import optimizer_state

keras = runtime.keras()


class Stored(np.ndarray):
    """An array that has what a dataset of HDF5 has."""

    chunks = None


def stored(values: Any) -> list[Any]:
    return [np.asarray(each, "float32").view(Stored) for each in values]


def model_with(optimizer: Any) -> Any:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    model.compile(optimizer, "mse")
    return model


def test_slots_of_the_first_releases_come_slot_by_slot() -> None:
    model = model_with(keras.optimizers.Adam())
    names = ["training/Adam/iter:0"]
    names += [f"training/Adam/dense/{of}/{slot}:0" for slot in "mv" for of in ("kernel", "bias")]
    shapes = [(), (2, 3), (3,), (2, 3), (3,)]
    values = stored(np.full(shape, number) for number, shape in enumerate(shapes, 7))
    optimizer_state.restore("x.h5", model, names, values)
    assert int(runtime.to_numpy(model.optimizer.iterations)) == 7
    found = [optimizer_state.slot(model.optimizer, name) for name in ("m", "v")]
    means = [[float(runtime.to_numpy(each).mean()) for each in slot or []] for slot in found]
    assert means == [[8.0, 9.0], [10.0, 11.0]]


def test_second_variable_of_one_name_is_in_the_same_slot() -> None:
    optimizer = model_with(keras.optimizers.Adam()).optimizer
    optimizer.build([keras.Variable(np.zeros(2)), keras.Variable(np.zeros(2))])
    names = ["Adam/iter:0", "Adam/x/m:0", "Adam/x/m_1:0", "Adam/x/v:0", "Adam/x/v_1:0"]
    values = stored([0.0, [1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]])
    found = optimizer_state.assignments(optimizer, names, values)
    assert found is not None
    assert len(found) == 5


@pytest.mark.parametrize("with_rate", [True, False])
def test_later_lists_may_lack_the_learning_rate(with_rate: bool) -> None:
    model = model_with(keras.optimizers.SGD(0.5, momentum=0.9))
    optimizer_state.build(model)
    variables = list(model.optimizer.variables)
    kept = [each for each in variables if with_rate or each is not model.optimizer._learning_rate]
    assert (len(kept) < len(variables)) is not with_rate
    values = stored(np.full(each.shape, 4.0) for each in kept)
    found = optimizer_state.state("x.h5", model, [str(i) for i, _ in enumerate(kept)], values)
    assert [id(each.variable) for each in found] == [id(each) for each in kept]


def test_state_of_another_optimizer_is_warned_of_at_the_line_that_loads() -> None:
    model = model_with(keras.optimizers.Adam())
    with pytest.warns(UserWarning, match="starts anew: its state in x.h5 .* the Adam") as caught:
        assert optimizer_state.state("x.h5", model, ["a"], stored([[1.0, 2.0]])) == []
    assert [each.filename for each in caught] == [__file__]


def test_inner_optimizer_of_mixed_precision() -> None:
    adam = keras.optimizers.Adam()
    assert optimizer_state.inner(keras.optimizers.LossScaleOptimizer(adam)) is adam
    assert optimizer_state.inner(adam) is adam


def test_optimizer_that_was_built_for_other_variables() -> None:
    model = model_with(keras.optimizers.Adam())
    assert optimizer_state.knows(model)
    optimizer_state.build(model)
    assert optimizer_state.knows(model)
    other = model_with("sgd")
    other.optimizer = keras.optimizers.Adam()
    other.optimizer.build(other.trainable_variables[:1])
    assert not optimizer_state.knows(other)


def test_slot_that_an_optimizer_does_not_have() -> None:
    model = model_with(keras.optimizers.SGD())
    optimizer_state.build(model)
    assert optimizer_state.slot(model.optimizer, "vhat") is None
    assert optimizer_state.slot(model.optimizer, "unheard of") is None


#: The optimizers that Keras has.
KINDS = sorted(
    name
    for name, found in vars(keras.optimizers).items()
    if isinstance(found, type)
    and issubclass(found, keras.optimizers.Optimizer)
    and found is not keras.optimizers.Optimizer
    and name not in ("LossScaleOptimizer", "MultiOptimizer")  # They have others within.
)


@pytest.mark.skipif(runtime.version() < (3, 6), reason="files do not say whose state they hold")
@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, "o.weights.h5") for kind in KINDS] + [("Adam", "o.weights.json"), ("Adam", "o.keras")],
)
def test_the_state_of_another_optimizer_of_keras_3_is_left(
    kind: str, name: str, tmp_path: pathlib.Path
) -> None:
    def make(kind: str, rate: float) -> Any:
        made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        made.compile(getattr(keras.optimizers, kind)(rate), "mse")
        made.optimizer.build(made.trainable_variables)
        return made

    keras_ckpt.save_weights(make(kind, 0.25), tmp_path / name)
    for other in KINDS:
        new = make(other, 0.5)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            keras_ckpt.load_weights(new, tmp_path / name)
        takes = {kind, other} <= {"Adam", "AdamW"} or kind == other
        said = any("optimizer starts anew" in str(each.message) for each in caught)
        rate = float(runtime.to_numpy(new.optimizer.learning_rate))
        assert (said, rate) == ((False, 0.25) if takes else (True, 0.5)), other


def test_an_optimizer_of_another_name(tmp_path: pathlib.Path, recwarn: Any) -> None:
    def make(rate: float, **name: str) -> Any:
        made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        made.compile(keras.optimizers.Adam(rate, **name), "mse")
        made.optimizer.build(made.trainable_variables)
        return made

    for old, new in [
        ({"name": "mine"}, {}),
        ({}, {"name": "mine"}),
        ({"name": "a"}, {"name": "b"}),
    ]:
        keras_ckpt.save_weights(make(0.25, **old), tmp_path / "w.weights.h5")
        model = make(0.5, **new)
        keras_ckpt.load_weights(model, tmp_path / "w.weights.h5")
        assert float(runtime.to_numpy(model.optimizer.learning_rate)) == 0.25
    assert not [each for each in recwarn if "starts anew" in str(each.message)]


@pytest.mark.parametrize("of", ["nadam", None])
@pytest.mark.parametrize("place", [2, 6])
def test_nadam_of_each_release(place: int, of: Any) -> None:
    model = model_with(keras.optimizers.Nadam())
    shapes = [(), (), (2, 3), (3,), (2, 3), (3,)]
    optimizer_state.build(model)
    variables = [
        each for each in model.optimizer.variables if each is not model.optimizer._u_product
    ]
    shapes = [tuple(each.shape) for each in variables]
    values = [np.full(shape, number) for number, shape in enumerate(shapes)]
    values.insert(place, np.asarray(0.5))
    names = [str(number) for number, _ in enumerate(values)]
    found = optimizer_state.state("x.h5", model, names, stored(values), of=of)
    got = {id(each.variable): float(np.mean(each.read())) for each in found}
    assert [got[id(each)] for each in variables] == list(range(6))
    assert got[id(model.optimizer._u_product)] == 0.5


def test_sgd_takes_no_list_of_adam() -> None:
    model = model_with(keras.optimizers.SGD(0.5))
    shapes: list[tuple[int, ...]] = [(), (), (2, 3), (2, 3), (3,), (3,)]
    values = stored(np.full(shape, 9.0) for shape in shapes)
    with pytest.warns(UserWarning, match="starts anew"):
        assert optimizer_state.state("x.h5", model, list("012345"), values) == []
    values = [values[number] for number in (0, 1, 2, 4)]
    assert len(optimizer_state.state("x.h5", model, list("0123"), values)) == 2


@pytest.mark.parametrize("name", ["o.weights.h5", "o.weights.json", "o.keras"])
def test_an_optimizer_that_has_made_no_step(
    name: str, tmp_path: pathlib.Path, recwarn: Any
) -> None:
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.Adam(0.25), "mse")
    keras_ckpt.save_weights(made, tmp_path / name)
    made.compile(keras.optimizers.Adam(0.5), "mse")
    keras_ckpt.load_weights(made, tmp_path / name)
    assert not [each for each in recwarn if "starts anew" in str(each.message)]
    assert float(runtime.to_numpy(made.optimizer.learning_rate)) == 0.25


# Of each optimizer of Keras before it was TensorFlow's: its slots, the letter that 2.3 named them
# by, and whether 2.2 kept the steps.
STAND_ALONE: dict[str, tuple[tuple[tuple[str, str], ...], bool]] = {
    "Adadelta": (
        (("accum_grad", "accumulator"), ("accum_var", "delta_accumulator")),
        False,
    ),
    "Adagrad": ((("accumulator", "accumulator"),), False),
    "Adam": ((("m", "m"), ("v", "v")), True),
    "Adamax": ((("m", "m"), ("v", "u")), True),
    "Nadam": ((("m", "m"), ("v", "v")), True),
    "RMSprop": ((("rms", "accumulator"),), False),
    "SGD": ((("momentum", "moment"),), True),
}


def in_lists(kind: str, style: str, shapes: Any) -> tuple[list[str], list[Any]]:
    """Returns the names and values of a list of that Keras, each value its number in the list."""
    slots, has_steps = STAND_ALONE[kind]
    names, sizes = [], []
    if has_steps or style == "2.3":
        names.append(f"{kind}/iterations:0")
        sizes.append(())
    if kind == "Nadam" and style == "2.3":
        names.append("Nadam/m_schedule:0")
        sizes.append(())
    of_slots = [*slots, ("", "vhat")] if kind == "Adam" else slots
    for slot, short in of_slots:
        for number, shape in enumerate(shapes):
            names.append(
                {
                    "2.3": f"training/{kind}/{short}_{number}_1:0",
                    "2.2": f"training/{kind}/Variable_{len(names)}:0",
                    "theano": f"/variable_{len(names)}",
                    "unnamed": f"param_{len(names)}",
                }[style]
            )
            sizes.append(shape if slot else (1,))
    return names, stored(np.full(size, number + 2) for number, size in enumerate(sizes))


@pytest.mark.parametrize("style", ["2.2", "2.3", "theano", "unnamed"])
@pytest.mark.parametrize("kind", STAND_ALONE)
def test_lists_of_keras_before_it_was_tensorflows(kind: str, style: str) -> None:
    # Of one shape: nothing but the order says which is which.
    shapes = [(2, 2), (2, 2), (2, 2)]
    layers = [keras.layers.Dense(2, use_bias=False) for _ in shapes]
    model = keras.Sequential([keras.Input((2,)), *layers])
    cls = keras_ckpt.keras2.optimizers.CHANGED.get(kind) or getattr(keras.optimizers, kind)
    model.compile(cls(**({"momentum": 0.5} if kind == "SGD" else {})), "mse")
    names, values = in_lists(kind, style, shapes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer_state.restore("x.h5", model, names, values)
    number = len(values) - len(shapes) * (len(STAND_ALONE[kind][0]) + (kind == "Adam"))
    assert int(runtime.to_numpy(model.optimizer.iterations)) == (2 if number else 0)
    if kind == "Nadam" and style == "2.3":
        assert float(runtime.to_numpy(model.optimizer._u_product)) == 3.0
    for slot, _ in STAND_ALONE[kind][0]:
        found = optimizer_state.slot(model.optimizer, slot) or []
        assert [float(runtime.to_numpy(each).mean()) for each in found] == [
            number + 2.0, number + 3.0, number + 4.0
        ]  # fmt: skip
        number += len(shapes)


@pytest.mark.parametrize("kind", ["Adam", "Adadelta"])
def test_lists_of_another_optimizer_are_left(kind: str) -> None:
    model = model_with(keras.optimizers.Ftrl())
    names, values = in_lists(kind, "2.3", [(2, 3), (3,)])
    with pytest.warns(UserWarning, match="starts anew"):
        optimizer_state.restore("x.h5", model, names, values)
    model = model_with(keras.optimizers.Adam(amsgrad=True))
    names, values = in_lists("Adam", "2.2", [(2, 3), (3,)])
    with pytest.warns(UserWarning, match="starts anew"):
        optimizer_state.restore("x.h5", model, names, values)


def test_an_sgd_without_momentum_takes_its_steps_from_a_list() -> None:
    model = model_with(keras.optimizers.SGD())
    names, values = in_lists("SGD", "2.2", [(2, 3), (3,)])
    optimizer_state.restore("x.h5", model, names, values)
    assert int(runtime.to_numpy(model.optimizer.iterations)) == 2


@pytest.mark.parametrize("strength", [0.0, 0.01])
def test_linear_terms_are_divided_by_the_rate_where_they_were_multiplied(strength: float) -> None:
    optimizer = keras.optimizers.Ftrl(
        0.05,
        l1_regularization_strength=strength,
        l2_regularization_strength=strength,
        l2_shrinkage_regularization_strength=0.1,
    )
    model = model_with(optimizer)
    x, y = np.ones((4, *model.input_shape[1:])), np.ones((4, *model.output_shape[1:]))
    for _ in range(3):
        model.train_on_batch(x, y)
    linears = [runtime.to_numpy(each) for each in optimizer._linears]
    optimizer_state.divide_by_rate(model)
    for each, value in zip(optimizer._linears, linears):
        assert np.array_equal(runtime.to_numpy(each), value)
        each.assign(value * 0.05)
    for _ in range(2):
        optimizer_state.divide_by_rate(model)
        for each, value in zip(optimizer._linears, linears):
            np.testing.assert_allclose(runtime.to_numpy(each), value, rtol=1e-5)
