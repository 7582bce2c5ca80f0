"""The state of optimizers: what Keras 2 kept under which name, and where Keras 3 keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import numpy as np

from keras_ckpt import runtime
from keras_ckpt._typing import Model, Optimizer, Variable
from keras_ckpt.formats.assignment import Assignment

if TYPE_CHECKING:
    from typing import Protocol
else:  # Python 3.7 has none.
    Protocol = object


class Stored(Protocol):
    """A value in a file, which is not read before `__array__` is called: an HDF5 dataset."""

    shape: tuple[int, ...]
    chunks: tuple[int, ...] | None

    def __array__(self) -> np.ndarray: ...


# Attributes of Keras 3's optimizers, by the names that slots had before TensorFlow 2.11. Where
# there are several, an optimizer has one of them.
_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "m": ("_momentums", "_m"),
    "v": ("_velocities", "_u"),
    "vhat": ("_velocity_hats",),
    "momentum": ("momentums", "_momentums"),
    "rms": ("_velocities",),
    "mg": ("_average_gradients",),
    "accumulator": ("_accumulators",),
    "linear": ("_linears",),
    "accum_grad": ("_accumulated_grads",),
    "accum_var": ("_accumulated_delta_vars",),
}


def inner(optimizer: Optimizer) -> Optimizer:
    """Returns the optimizer within one for mixed precision; any other optimizer is returned.

    For an optimizer for mixed precision, Keras 2 kept the state of the inner one, and the scale of
    the loss.
    """
    return getattr(optimizer, "inner_optimizer", optimizer)


def knows(model: Model) -> bool:
    """Returns whether the optimizer of `model` is built for its variables, or not built yet."""
    optimizer = getattr(model, "optimizer", None)
    known = getattr(optimizer, "_trainable_variables", None)
    if optimizer is None or known is None or not optimizer.built:
        return True
    return len(known) == len(model.trainable_variables)


def build(model: Model) -> None:
    """Makes the variables of the optimizer of `model`, unless they are made already."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def restore(path: str, model: Model, names: Sequence[str], values: Sequence[Stored]) -> None:
    """Gives the optimizer of a model the state in a checkpoint.

    If that is the state of another kind of optimizer, a warning says that this one starts anew.

    Args:
        path: String, the checkpoint, for the warning.
        model: the model, compiled.
        names: names of the values, as they stand in the file.
        values: the values.
    """
    for assignment in state(path, model, names, values):
        assignment.variable.assign(assignment.read())


def state(
    path: str, model: Model, names: Sequence[str], values: Sequence[Stored]
) -> list[Assignment]:
    """Returns the value that each variable of the optimizer of a model gets from a checkpoint.

    Args:
        path: String, the checkpoint, for the warning.
        model: the model, compiled.
        names: names of the values, as they stand in the file.
        values: the values.

    Returns:
        An empty list, with a warning, if they are the state of another kind of optimizer.
    """
    build(model)
    # Keras 3 lists the variables of both.
    is_whole = len(values) == len(model.optimizer.variables)
    optimizer = model.optimizer if is_whole else inner(model.optimizer)
    found = assignments(optimizer, names, values)
    if found is None:
        runtime.warn_user(
            f"The optimizer starts anew: its state in {path} is not that of the "
            f"{type(model.optimizer).__name__} that the model has now.",
        )
    return found or []


def slot(optimizer: Optimizer, name: str) -> list[Variable] | None:
    """Returns the variables in the place of a slot of Keras 2, one for each trainable variable.

    Args:
        optimizer: the optimizer of Keras 3, built.
        name: String, the slot: `"m"`, `"momentum"`, ...

    Returns:
        None if the optimizer has no such slot.
    """
    for attribute in _ATTRIBUTES.get(name, ()):
        found = getattr(optimizer, attribute, None)
        if found:
            return list(found)
    return None


def _without_rate(optimizer: Optimizer) -> list[Variable]:
    """Returns the variables but for the learning rate, which releases before 2.11 did not keep."""
    rate = getattr(optimizer, "_learning_rate", None)
    return [variable for variable in optimizer.variables if variable is not rate]


def _before_2_11(optimizer: Optimizer, names: Sequence[str]) -> list[Variable]:
    """Returns the variables in the order of the first optimizers: the step, then slot by slot."""
    order = [optimizer.iterations]
    slots: list[str] = []
    for name in names[1:]:
        short = name.split(":")[0].split("/")[-1]
        # A second variable of the same name within one optimizer is numbered.
        short = short.rstrip("0123456789").rstrip("_")
        if short not in slots:
            slots.append(short)
    for each in slots:
        order += slot(optimizer, each) or []
    return order


def assignments(
    optimizer: Optimizer, names: Sequence[str], values: Sequence[Stored]
) -> list[Assignment] | None:
    """Returns the value that each variable of an optimizer gets from the list in an HDF5 file.

    Args:
        optimizer: the optimizer, built.
        names: names of the values, as they stand in the file.
        values: the values.

    Returns:
        None if the list is that of another kind of optimizer.
    """
    if names and names[0].split(":")[0].endswith("/iter"):
        orders = [_before_2_11(optimizer, names)]
    else:
        orders = [list(optimizer.variables), _without_rate(optimizer)]
    # TensorFlow 2.11 and later wrote slots that this optimizer does not use.
    keeps_no_slots = len(orders[-1]) == 1
    for order in orders:
        shapes = [tuple(variable.shape) for variable in order]
        stored = [tuple(value.shape) for value in values]
        if shapes == (stored[: len(shapes)] if keeps_no_slots else stored):
            return [
                Assignment(variable, tuple(value.shape), value.__array__, value.chunks is None)
                for variable, value in zip(order, values)
            ]
    return None
