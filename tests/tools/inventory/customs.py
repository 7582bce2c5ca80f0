"""What users write themselves: the same code runs on Keras 2 and Keras 3."""

from __future__ import annotations

from typing import Any

from portable import KERAS as keras


def scaled_error(y_true: Any, y_pred: Any) -> Any:
    return abs(y_true - y_pred) * 0.5


def offset(y_true: Any, y_pred: Any) -> Any:
    return y_pred - y_true


def squash(x: Any) -> Any:
    return x / (1.0 + abs(x))


class Scale(keras.layers.Layer):  # type: ignore[misc, name-defined]
    def __init__(self, start: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(
            name="factor", shape=(int(input_shape[-1]),), initializer="ones"
        )
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        return x * self.factor * self.start

    def get_config(self) -> Any:
        return dict(super().get_config(), start=self.start)


class Block(keras.layers.Layer):  # type: ignore[misc, name-defined]
    """A layer that holds layers."""

    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.first = keras.layers.Dense(units, activation="relu")
        self.second = keras.layers.Dense(units)
        self.norm = keras.layers.BatchNormalization()

    def build(self, input_shape: Any) -> None:
        self.first.build(input_shape)
        inner = (None, self.units)
        self.second.build(inner)
        self.norm.build(inner)
        super().build(input_shape)

    def call(self, x: Any, training: Any = None) -> Any:
        return self.norm(self.second(self.first(x)), training=training)

    def get_config(self) -> Any:
        return dict(super().get_config(), units=self.units)


class Lists(keras.Model):  # type: ignore[misc, name-defined]
    """A model of a class of its own, with layers in lists and dicts."""

    def __init__(self) -> None:
        super().__init__()
        self.first = keras.layers.Dense(4, activation="relu")
        self.blocks = [keras.layers.Dense(4), keras.layers.Dense(4, activation="tanh")]
        self.heads = {"one": keras.layers.Dense(2), "two": keras.layers.Dense(1)}
        self.deep = [[keras.layers.Dense(4)], (keras.layers.Dense(4),)]

    def call(self, x: Any) -> Any:
        x = self.first(x)
        for each in self.blocks:
            x = each(x)
        for row in self.deep:
            for each in row:
                x = each(x)
        return [self.heads["one"](x), self.heads["two"](x)]


class Mixed(keras.Model):  # type: ignore[misc, name-defined]
    """A model of a class of its own whose layers were made in another order than they stand."""

    def __init__(self) -> None:
        super().__init__()
        self.first = keras.layers.Dense(4, activation="relu")
        self.blocks: list[Any] = []
        for number in range(2):
            setattr(self, f"dense{number}", keras.layers.Dense(4))
            self.blocks.append([keras.layers.Dense(4), keras.layers.LayerNormalization()])
        self.last = keras.layers.Dense(4)

    def call(self, x: Any) -> Any:
        x = self.dense1(self.dense0(self.first(x)))
        for dense, norm in self.blocks:
            x = norm(dense(x))
        return self.last(x)


class Nested(keras.Model):  # type: ignore[misc, name-defined]
    """A model of a class of its own with models in it, in another order than they are called."""

    def __init__(self) -> None:
        super().__init__()
        self.decoder = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(4)])
        self.block = Block(3)
        self.encoder = keras.Sequential(
            [keras.layers.Dense(5, activation="relu"), keras.layers.Dense(2)]
        )

    def call(self, x: Any, training: Any = None) -> Any:
        return self.decoder(self.block(self.encoder(x), training=training))
