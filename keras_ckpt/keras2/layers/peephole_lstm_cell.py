"""PeepholeLSTMCell."""

from __future__ import annotations

import keras

from keras_ckpt._typing import Shape, Tensor
from keras_ckpt.keras2.activations import keras2_hard_sigmoid
from keras_ckpt.keras2.registered import registered


@registered
class PeepholeLSTMCell(keras.layers.LSTMCell):  # type: ignore[misc]
    """A cell of LSTM whose gates also see its state, each through a weight for each unit.

    Args:
        recurrent_activation: String or function, the activation of the gates. Defaults to
            `keras2_hard_sigmoid`.
        **kwargs: those of `keras.layers.LSTMCell`.
    """

    def __init__(self, units: int, **kwargs: object) -> None:
        kwargs.setdefault("recurrent_activation", keras2_hard_sigmoid)
        super().__init__(units, **kwargs)

    def build(self, input_shape: Shape) -> None:
        """Makes the variables."""
        super().build(input_shape)
        self.input_gate_peephole_weights, self.forget_gate_peephole_weights = (
            self._peephole(name) for name in ("input_gate", "forget_gate")
        )
        self.output_gate_peephole_weights = self._peephole("output_gate")

    def _peephole(self, gate: str) -> Tensor:
        return self.add_weight(
            shape=(self.units,),
            name=f"{gate}_peephole_weights",
            initializer=self.kernel_initializer,
        )

    def call(
        self, inputs: Tensor, states: tuple[Tensor, Tensor], training: bool | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Returns the output of a step, and the state after it."""
        ops = keras.ops
        output, carry = states
        if training and self.dropout:
            inputs = inputs * self.get_dropout_mask(inputs)
        if training and self.recurrent_dropout:
            output = output * self.get_recurrent_dropout_mask(output)
        z = ops.matmul(inputs, self.kernel) + ops.matmul(output, self.recurrent_kernel)
        if self.use_bias:
            z = z + self.bias
        input_gate, forget_gate, candidate, output_gate = ops.split(z, 4, axis=1)
        gate = self.recurrent_activation
        kept = gate(forget_gate + self.forget_gate_peephole_weights * carry) * carry
        new = gate(input_gate + self.input_gate_peephole_weights * carry)
        carry = kept + new * self.activation(candidate)
        opened = gate(output_gate + self.output_gate_peephole_weights * carry)
        output = opened * self.activation(carry)
        return output, [output, carry]
