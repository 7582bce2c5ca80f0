"""Models of classes of users, in archives that Keras 2 wrote."""

from __future__ import annotations

from typing import Any

import pytest

from keras_ckpt import CheckpointError, runtime

if not runtime.is_keras_3():
    pytest.skip("models of Keras 3", allow_module_level=True)

from keras_ckpt.formats.keras3 import description

keras = runtime.keras()


class Mixed(keras.Model):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Any] = []
        for number in range(2):
            setattr(self, f"dense{number}", keras.layers.Dense(4, name=f"dense{number}"))
            self.blocks.append([keras.layers.Dense(4, name=f"block{number}")])
        self.heads = {"one": keras.layers.Dense(4, name="head")}


def test_layers_stand_as_in_keras_2_while_values_are_read() -> None:
    model = Mixed()
    before = [each.name for each in model._layers]
    if runtime.backend() == "torch":
        refused = pytest.raises(CheckpointError, match="the Dense layers of Mixed by its attr")
        with refused, description.layers_as_in_keras_2("m.keras", model):
            pass
        assert [each.name for each in model._layers] == before
        return
    with pytest.raises(KeyError), description.layers_as_in_keras_2("m.keras", model):
        expected = ["block0", "block1", "dense0", "dense1", "head"]
        assert [each.name for each in model._layers] == expected
        raise KeyError
    assert [each.name for each in model._layers] == before
    assert set(before) == set(expected)


def test_what_cannot_be_exchanged_is_read_on_pytorch() -> None:
    model = Mixed()
    for number, layer in enumerate(list(model._layers)):
        layer.build((None, number + 1))
    before = [each.name for each in model._layers]
    with description.layers_as_in_keras_2("m.keras", model):
        if runtime.backend() == "torch":
            assert [each.name for each in model._layers] == before
    assert [each.name for each in model._layers] == before
