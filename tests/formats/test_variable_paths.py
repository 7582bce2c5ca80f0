"""Which stored value belongs to which variable, when layers have other numbers."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.errors import MismatchedCheckpoint
from keras_ckpt.formats import assignment, variable_paths
from keras_ckpt.formats.variable_paths import Stored

if not runtime.is_keras_3():
    pytest.skip("variables have paths in Keras 3", allow_module_level=True)

keras = runtime.keras()


def of_layers(*names: str) -> list[str]:
    return [f"{name}/{part}" for name in names for part in ("kernel", "bias")]


@pytest.mark.parametrize(
    ("wanted", "stored"),
    [
        (["a", "b"], ["a", "b"]),
        (["dense_4", "dense_5"], ["dense", "dense_1"]),
        # One of them has the name of the other's neighbour.
        (["dense_1", "dense_2"], ["dense", "dense_1"]),
        (["dense_9", "dense_10"], ["dense_1", "dense_2"]),
        (["sequential_3/dense_7"], ["dense"]),
        (["dense"], ["sequential/dense"]),
        (["sequential_1/dense", "sequential_2/dense"], ["sequential/dense", "sequential_1/dense"]),
        (["model/a/query", "model/b/query"], ["model_1/a/query", "model_1/b/query"]),
        (["conv2d_3", "dense_3", "conv2d_2"], ["conv2d_1", "dense", "conv2d"]),
    ],
)
def test_the_same_layers_under_other_numbers(wanted: list[str], stored: list[str]) -> None:
    expected = dict(zip(of_layers(*wanted), of_layers(*stored)))
    assert variable_paths.matched(of_layers(*wanted), of_layers(*stored)[::-1]) == expected


KINDS = ["dense", "conv2d", "batch_normalization"]


@given(
    kinds=st.lists(
        st.sampled_from(["dense", "conv2d", "batch_normalization"]), min_size=1, max_size=6
    ),
    starts=st.tuples(*[st.integers(0, 30)] * 6),
    order=st.randoms(use_true_random=False),
)
def test_layers_that_were_made_in_the_same_order(kinds: Any, starts: Any, order: Any) -> None:
    def names(first: tuple[int, int, int]) -> list[str]:
        count = dict(zip(KINDS, first))
        made = []
        for kind in kinds:
            made.append(f"{kind}_{count[kind]}" if count[kind] else kind)
            count[kind] += 1
        return of_layers(*made)

    wanted, stored = names(starts[:3]), names(starts[3:])
    shuffled = list(stored)
    order.shuffle(shuffled)
    assert variable_paths.matched(wanted, shuffled) == dict(zip(wanted, stored))


THREE = ["dense_1", "dense_2", "dense"]


def test_names_of_the_user_are_no_numbers_of_keras() -> None:
    """What a user has named is another layer under another name, unless their order is known."""
    wanted = of_layers("block_2", "block_3", "block_4")
    stored = of_layers("block_1", "block_2", "block_3")
    same = {path: path for path in of_layers("block_2", "block_3")}
    assert variable_paths.matched(wanted, stored) == same
    assert variable_paths.matched(wanted, stored, stored) == dict(zip(wanted, stored))
    # With a gap between the numbers, either may be the one or the other.
    later = of_layers("dense_1", "dense_2", "dense_4")
    same = {path: path for path in of_layers("dense_1", "dense_2")}
    assert variable_paths.matched(later, of_layers(*THREE)) == same
    expected = dict(zip(later, of_layers(*THREE)))
    assert variable_paths.matched(later, of_layers(*THREE), of_layers(*THREE)) == expected


def test_names_that_keras_makes_of_the_users_classes() -> None:
    wanted, stored = of_layers("res_block_4", "res_block_5"), of_layers("res_block", "res_block_1")
    assert variable_paths.matched(wanted, stored) == {}
    found = variable_paths.matched(wanted, stored, classes={"ResBlock"})
    assert found == dict(zip(wanted, stored))


def test_an_order_of_other_layers_is_none() -> None:
    wanted, stored = of_layers("dense", "conv2d"), of_layers("conv2d_1", "dense_1")
    expected = {
        "dense/kernel": "dense_1/kernel",
        "dense/bias": "dense_1/bias",
        "conv2d/kernel": "conv2d_1/kernel",
        "conv2d/bias": "conv2d_1/bias",
    }
    assert variable_paths.matched(wanted, stored) == expected
    assert variable_paths.matched(wanted, stored, stored) == {}


def net() -> Any:
    names = [{"name": "dense_1"}, {"name": "dense_2"}, {}]
    return keras.Sequential([keras.Input((3,)), *[keras.layers.Dense(3, **each) for each in names]])


@pytest.mark.parametrize(
    ("ending", "module"), [(".safetensors", "safetensors"), (".orbax", "orbax")]
)
def test_names_given_and_not_given_in_one_model(
    ending: str, module: str, tmp_path: pathlib.Path
) -> None:
    pytest.importorskip(module)
    keras.backend.clear_session()
    old = net()
    keras_ckpt.save_weights(old, tmp_path / f"w{ending}")
    for _ in range(3):
        keras.layers.Dense(1)
    new = net()
    keras_ckpt.load_weights(new, tmp_path / f"w{ending}")
    for mine, its in zip(new.get_weights(), old.get_weights()):
        assert np.array_equal(mine, its)


@pytest.mark.parametrize(
    ("ending", "module"), [(".safetensors", "safetensors"), (".orbax", "orbax")]
)
def test_what_has_no_path_is_refused(ending: str, module: str, tmp_path: pathlib.Path) -> None:
    pytest.importorskip(module)

    class Own(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def build(self, shape: Any) -> None:
            self.w = self.add_weight(shape=(3,), name="w")

        def call(self, x: Any) -> Any:
            return x * self.w

        def save_own_variables(self, store: Any) -> None:
            super().save_own_variables(store)
            store["extra"] = np.ones(3)

    made = keras.Sequential([keras.Input((3,)), Own(name="mine")])
    with pytest.raises(ValueError, match="layer 'mine' of the class Own saves something else"):
        keras_ckpt.save_weights(made, tmp_path / f"w{ending}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("ending", "module"), [(".safetensors", "safetensors"), (".orbax", "orbax")]
)
def test_single_numbers_and_odd_names(ending: str, module: str, tmp_path: pathlib.Path) -> None:
    pytest.importorskip(module)

    def make() -> Any:
        first = keras.layers.Normalization()
        first.adapt(np.arange(6.0).reshape(2, 3))
        return keras.Sequential(
            [keras.Input((3,)), first, keras.layers.Dense(2, name="seed_generator_net")]
        )

    old, new = make(), make()
    keras_ckpt.save_weights(old, tmp_path / f"w{ending}")
    keras_ckpt.load_weights(new, tmp_path / f"w{ending}")
    for mine, its in zip(new.get_weights(), old.get_weights()):
        assert np.array_equal(mine, its)


def test_other_layers_have_no_pair() -> None:
    assert variable_paths.matched(of_layers("head"), of_layers("tail")) == {}
    # The same end in two places says nothing.
    assert variable_paths.matched(["x/d/kernel"], ["a/d/kernel", "b/d/kernel"]) == {}


def model() -> Any:
    made = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    )
    made.compile("adam", "mse")
    return made


def stored(model: Any, variables: Any) -> dict[str, Stored]:
    return {
        path: Stored(tuple(each.shape), lambda each=each: runtime.to_numpy(each))  # type: ignore[misc]
        for path, each in variable_paths.by_path(variables).items()
    }


def trained() -> Any:
    made = model()
    made.fit(np.ones((4, 3)), np.ones((4, 1)), epochs=2, verbose=0)
    return made


def test_weights_and_optimizer_of_another_model_of_the_process() -> None:
    old, new = trained(), model()
    weights, pairs = variable_paths.fit("x", new, stored(old, old.variables), True)
    made = variable_paths.fit_optimizer("x", new, stored(old, old.optimizer.variables), pairs)
    assignment.assign(new, weights + made)
    for mine, its in zip(new.weights, old.weights):
        assert np.array_equal(runtime.to_numpy(mine), runtime.to_numpy(its))
    assert len(new.optimizer.variables) == len(old.optimizer.variables)
    for mine, its in zip(new.optimizer.variables, old.optimizer.variables):
        assert np.array_equal(runtime.to_numpy(mine), runtime.to_numpy(its))


def test_another_optimizer_starts_anew_and_says_so() -> None:
    old, new = trained(), model()
    new.compile("sgd", "mse")
    _, pairs = variable_paths.fit("x", new, stored(old, old.weights), True)
    with pytest.warns(UserWarning, match="optimizer starts anew: its state in x"):
        state = stored(old, old.optimizer.variables)
        assert variable_paths.fit_optimizer("x", new, state, pairs) == []


def test_what_does_not_fit_is_named() -> None:
    old, new = model(), keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="other")])
    with pytest.raises(MismatchedCheckpoint) as caught:
        variable_paths.fit("x", new, stored(old, old.weights), True)
    assert any("other" in name for name in caught.value.missing)
    assert len(caught.value.unused) == 4


def test_equal_paths_are_refused() -> None:
    class Two(keras.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = (keras.layers.Dense(1, name="same") for _ in range(2))

        def call(self, x: Any) -> Any:
            return self.one(x) + self.two(x)

    made = Two()
    made(np.ones((1, 2)))
    with pytest.raises(ValueError, match="same/kernel'.*Give the layers names of their own"):
        variable_paths.by_path(made.weights)
