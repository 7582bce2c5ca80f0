"""A value that is taken of a variable stays as it is; memory is used again, and once."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ckpt import runtime
from keras_ckpt.runtime import copies

keras = runtime.keras()


@pytest.mark.skipif(not runtime.is_keras_3(), reason="models of Keras 2 save themselves")
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int32", "bool"])
@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (300, 300)])
@pytest.mark.parametrize("with_memory", [True, False])
def test_what_is_taken_stays(dtype: str, shape: tuple[int, ...], with_memory: bool) -> None:
    memory = runtime.Memory()
    value = np.random.RandomState(0).randint(0, 2, shape)
    variable = keras.Variable(value.astype("float32"), dtype=dtype, trainable=False)
    if with_memory:
        with memory.taking():
            taken = runtime.lasting(variable)
    else:
        taken = runtime.lasting(variable)
    variable.assign(keras.ops.cast(keras.ops.ones(shape) * (1 - value), dtype))
    np.testing.assert_array_equal(taken.astype("float32"), value)
    assert taken.shape == shape
    assert taken.dtype.name == dtype


@given(st.lists(st.lists(st.sampled_from([3, 5000, 5001, 20000]), max_size=6), max_size=6))
@settings(deadline=None)
def test_each_round_uses_the_memory_of_the_one_before(rounds: list[list[int]]) -> None:
    memory = runtime.Memory()
    before: list[int] = []
    addresses: set[int] = set()
    for sizes in rounds:
        with memory.taking():
            arrays = [np.full(size, number, "float32") for number, size in enumerate(sizes)]
            made = [runtime.lasting(each) for each in arrays]
        for one, other in zip(arrays, made):
            np.testing.assert_array_equal(one, other)
            assert not np.shares_memory(one, other)
        for number, one in enumerate(made):
            assert not any(np.shares_memory(one, other) for other in made[:number])
        large = sorted(each.nbytes for each in made if each.nbytes >= copies._LARGE)
        assert memory.nbytes == sum(large)
        again = {each.ctypes.data for each in made if each.nbytes >= copies._LARGE}
        if large == before:
            assert again == addresses
        before, addresses = large, again
    memory.clear()
    assert memory.nbytes == 0


@pytest.mark.skipif(
    not runtime.is_keras_3() or runtime.backend() != "jax", reason="what JAX does with memory"
)
def test_what_jax_holds_stays_when_the_array_is_given_away() -> None:
    import jax

    step: Any = jax.jit(lambda x: x + 1, donate_argnums=0)
    variable = keras.Variable(np.zeros((300, 300), "float32"))
    taken = [runtime.lasting(variable)]
    assert not taken[0].flags.owndata, "it is not copied"
    for _ in range(5):
        variable.assign(step(variable.value))
        taken.append(runtime.lasting(variable))
    assert [float(each.max()) for each in taken] == [0, 1, 2, 3, 4, 5]
    assert [float(each.min()) for each in taken] == [0, 1, 2, 3, 4, 5]


_GROWS = """
import sys, keras, keras_ckpt, numpy as np

def kilobytes(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))

layers = [keras.layers.Dense(700) for _ in range(8)]
model = keras.Sequential([keras.Input((700,)), *layers])
model.compile("adam", "mse")
x = np.ones((128, 700), "float32")

def fit(*callbacks):
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    model.fit(x, x, batch_size=16, epochs=6, verbose=0, callbacks=list(callbacks))
    return kilobytes("VmHWM")

fit()
alone = fit()
path = sys.argv[1] + "/cp"
save = keras_ckpt.ModelCheckpoint(path, save_weights_only=True, save_on_background=True)
state = sum(each.value.nbytes for each in [*model.variables, *model.optimizer.variables])
print((fit(save) - alone) * 1024 / state)
"""


@pytest.mark.skipif(
    not (runtime.is_keras_3() and runtime.backend() == "jax" and sys.platform == "linux"),
    reason="JAX alone keeps the arrays, and Linux says what a process takes",
)
def test_a_training_on_jax_takes_memory_for_one_copy(tmp_path: pathlib.Path) -> None:
    command = [sys.executable, "-c", _GROWS, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=str(tmp_path))
    assert float(ran.stdout) < 1.9
