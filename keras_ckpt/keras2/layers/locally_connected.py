"""LocallyConnected1D and LocallyConnected2D: convolutions with a kernel for each place."""

from __future__ import annotations

import itertools
from typing import Sequence, Tuple

import keras
import numpy as np

from keras_ckpt._typing import Config, Shape, Tensor
from keras_ckpt.keras2.registered import registered

#: A place in an image, and one in the image that is made of it.
_Pair = Tuple[Tuple[int, ...], Tuple[int, ...]]


class _LocallyConnected(keras.layers.Layer):  # type: ignore[misc]
    """What both have in common.

    Args:
        filters: Integer, how many values a place gets.
        kernel_size: Integer or tuple of integers, how many places it looks at.
        strides: Integer or tuple of integers. Defaults to `1`.
        padding: `"valid"`, or `"same"` with `implementation` 2 or 3. Defaults to `"valid"`.
        data_format: `"channels_last"` or `"channels_first"`. Defaults to that of Keras.
        activation: Function or its name. Defaults to none.
        use_bias: Boolean. Defaults to `True`.
        kernel_initializer: Initializer. Defaults to `"glorot_uniform"`.
        bias_initializer: Initializer. Defaults to `"zeros"`.
        kernel_regularizer: Regularizer. Defaults to none.
        bias_regularizer: Regularizer. Defaults to none.
        activity_regularizer: Regularizer of the output. Defaults to none.
        kernel_constraint: Constraint. Defaults to none.
        bias_constraint: Constraint. Defaults to none.
        implementation: 1, 2 or 3, in which shape the kernel is kept: as a matrix for each place; as
            one for all places at once, of which most is unused; or as its used values alone. All
            give the same result. Defaults to 1.
        **kwargs: those of `keras.layers.Layer`.

    Raises:
        ValueError: if `padding` is not possible with the `implementation`.
    """

    rank = 0

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        activation: object = None,
        use_bias: bool = True,
        kernel_initializer: object = "glorot_uniform",
        bias_initializer: object = "zeros",
        kernel_regularizer: object = None,
        bias_regularizer: object = None,
        activity_regularizer: object = None,
        kernel_constraint: object = None,
        bias_constraint: object = None,
        implementation: int = 1,
        **kwargs: object,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        padding = padding.lower()
        if padding not in ("valid", "same") or (padding == "same" and implementation == 1):
            raise ValueError(
                "`padding` must be 'valid', or 'same' with implementation=2 or 3. "
                f"Received: padding={padding!r}, implementation={implementation}"
            )
        if implementation not in (1, 2, 3):
            raise ValueError(f"`implementation` must be 1, 2 or 3. Received: {implementation}")
        self.filters = filters
        self.kernel_size = self._each(kernel_size)
        self.strides = self._each(strides)
        self.padding = padding
        self.data_format = data_format or keras.config.image_data_format()
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.implementation = implementation

    def _each(self, value: int | Sequence[int]) -> tuple[int, ...]:
        return (value,) * self.rank if isinstance(value, int) else tuple(value)

    def _is_last(self) -> bool:
        return bool(self.data_format == "channels_last")

    def _split(self, shape: Sequence[int]) -> tuple[tuple[int, ...], int]:
        """Returns the lengths of an image and the number of its channels."""
        rest = tuple(shape[1:])
        return (rest[:-1], rest[-1]) if self._is_last() else (rest[1:], rest[0])

    def _joined(self, lengths: tuple[int, ...], channels: int) -> tuple[int, ...]:
        return (*lengths, channels) if self._is_last() else (channels, *lengths)

    def _output_lengths(self, lengths: Sequence[int]) -> tuple[int, ...]:
        if self.padding == "same":
            return tuple(-(-n // stride) for n, stride in zip(lengths, self.strides))
        found = zip(lengths, self.kernel_size, self.strides)
        return tuple((n - size) // stride + 1 for n, size, stride in found)

    def _pairs(self, lengths: tuple[int, ...]) -> list[_Pair]:
        """Returns which place of the output looks at which of the input."""
        found = []
        for output in itertools.product(*map(range, self._output_lengths(lengths))):
            ranges = []
            for place, n, size, stride in zip(output, lengths, self.kernel_size, self.strides):
                # The middle of the window is at the place, rounded down, as in Keras 2.
                first = place * stride - (size // 2 if self.padding == "same" else 0)
                ranges.append(range(max(first, 0), min(first + size, n)))
            found += [(output, place) for place in itertools.product(*ranges)]
        return found

    def build(self, input_shape: Shape) -> None:
        """Makes the kernel in the shape of the `implementation`, and the bias."""
        lengths, channels = self._split(input_shape)
        if any(n is None for n in lengths):
            raise ValueError(f"The lengths of the input must be known. Received: {input_shape}")
        outputs = self._output_lengths(lengths)
        shape: tuple[int, ...]
        if self.implementation == 1:
            shape = (
                int(np.prod(outputs)),
                int(np.prod(self.kernel_size)) * channels,
                self.filters,
            )
        elif self.implementation == 2:
            shape = (*self._joined(lengths, channels), *self._joined(outputs, self.filters))
            self._mask = self._mask_of(lengths, channels, outputs)
        else:
            self._indices = self._indices_of(lengths, channels, outputs)
            shape = (len(self._indices),)
        self.kernel = self.add_weight(
            name="kernel",
            shape=shape,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=self._joined(outputs, self.filters),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        super().build(input_shape)

    def _mask_of(
        self, lengths: tuple[int, ...], channels: int, outputs: tuple[int, ...]
    ) -> np.ndarray:
        """Returns 1 where the kernel for all places is used, else 0."""
        mask = np.zeros((*lengths, *outputs), "float32")
        for output, place in self._pairs(lengths):
            mask[place + output] = 1
        if self._is_last():
            return mask.reshape(*lengths, 1, *outputs, 1)
        return mask.reshape(1, *lengths, 1, *outputs)

    def _indices_of(
        self, lengths: tuple[int, ...], channels: int, outputs: tuple[int, ...]
    ) -> np.ndarray:
        """Returns the rows and columns of the used values in a matrix from input to output."""
        in_shape, out_shape = self._joined(lengths, channels), self._joined(outputs, self.filters)
        found = []
        for output, place in self._pairs(lengths):
            for channel in range(channels):
                column = np.ravel_multi_index(self._joined(place, channel), in_shape)
                for each in range(self.filters):
                    row = np.ravel_multi_index(self._joined(output, each), out_shape)
                    found.append((int(row), int(column)))
        return np.array(sorted(found), "int32").reshape(-1, 2)

    def call(self, inputs: Tensor) -> Tensor:
        """Returns the filters at each place."""
        lengths, channels = self._split(tuple(self._input_shape(inputs)))
        outputs = self._output_lengths(lengths)
        compute = (self._by_place, self._by_all, self._by_used)[self.implementation - 1]
        result = compute(inputs, lengths, channels, outputs)
        if self.bias is not None:
            result = result + self.bias
        return self.activation(result)

    @staticmethod
    def _input_shape(inputs: Tensor) -> Sequence[int]:
        shape: Sequence[int] = inputs.shape
        return shape

    def _by_place(
        self, inputs: Tensor, lengths: tuple[int, ...], channels: int, outputs: tuple[int, ...]
    ) -> Tensor:
        ops = keras.ops
        places = []
        for output in itertools.product(*map(range, outputs)):
            window: tuple[slice, ...] = tuple(
                slice(place * stride, place * stride + size)
                for place, stride, size in zip(output, self.strides, self.kernel_size)
            )
            every = slice(None)
            index = (every, *window, every) if self._is_last() else (every, every, *window)
            places.append(ops.reshape(inputs[index], (-1, 1, self.kernel.shape[1])))
        found = ops.einsum("bpi,pif->bpf", ops.concatenate(places, axis=1), self.kernel)
        found = ops.reshape(found, (-1, *outputs, self.filters))
        return found if self._is_last() else ops.moveaxis(found, -1, 1)

    def _by_all(
        self, inputs: Tensor, lengths: tuple[int, ...], channels: int, outputs: tuple[int, ...]
    ) -> Tensor:
        ops = keras.ops
        size = int(np.prod(lengths)) * channels
        kernel = self.kernel * ops.convert_to_tensor(self._mask, dtype=self.kernel.dtype)
        found = ops.matmul(ops.reshape(inputs, (-1, size)), ops.reshape(kernel, (size, -1)))
        return ops.reshape(found, (-1, *self._joined(outputs, self.filters)))

    def _by_used(
        self, inputs: Tensor, lengths: tuple[int, ...], channels: int, outputs: tuple[int, ...]
    ) -> Tensor:
        ops = keras.ops
        size, width = int(np.prod(lengths)) * channels, int(np.prod(outputs)) * self.filters
        matrix = ops.scatter(
            ops.convert_to_tensor(self._indices), ops.convert_to_tensor(self.kernel), (width, size)
        )
        found = ops.matmul(ops.reshape(inputs, (-1, size)), ops.transpose(matrix))
        return ops.reshape(found, (-1, *self._joined(outputs, self.filters)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the filters at all places."""
        lengths, _ = self._split(input_shape)
        return (input_shape[0], *self._joined(self._output_lengths(lengths), self.filters))

    def get_config(self) -> Config:
        """Returns the arguments."""
        return dict(
            super().get_config(),
            filters=self.filters,
            kernel_size=self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            activation=keras.activations.serialize(self.activation),
            use_bias=self.use_bias,
            kernel_initializer=keras.initializers.serialize(self.kernel_initializer),
            bias_initializer=keras.initializers.serialize(self.bias_initializer),
            kernel_regularizer=keras.regularizers.serialize(self.kernel_regularizer),
            bias_regularizer=keras.regularizers.serialize(self.bias_regularizer),
            activity_regularizer=keras.regularizers.serialize(self.activity_regularizer),
            kernel_constraint=keras.constraints.serialize(self.kernel_constraint),
            bias_constraint=keras.constraints.serialize(self.bias_constraint),
            implementation=self.implementation,
        )


@registered
class LocallyConnected1D(_LocallyConnected):
    __doc__ = (
        "A convolution in one dimension with a kernel for each place.\n"
        + str(_LocallyConnected.__doc__).split("\n", 1)[1]
    )
    rank = 1


@registered
class LocallyConnected2D(_LocallyConnected):
    __doc__ = (
        "A convolution in two dimensions with a kernel for each place.\n"
        + str(_LocallyConnected.__doc__).split("\n", 1)[1]
    )
    rank = 2
