"""The state of optimizers: what Keras 2 kept under which name, and where Keras 3 keeps it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Sequence

import numpy as np

from keras_ckpt import runtime
from keras_ckpt._typing import Model, Optimizer, Variable
from keras_ckpt.formats import assignment
from keras_ckpt.formats.assignment import Assignment

if TYPE_CHECKING:
    from typing import Protocol
else:  # Python 3.7 has none.
    Protocol = object


class Stored(Protocol):
    """A value in a file, which is not read before `__array__` is called: an HDF5 dataset."""

    shape: tuple[int, ...]

    @property
    def chunks(self) -> tuple[int, ...] | None: ...

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
#: Attributes with a single value, by the names that they had before TensorFlow 2.11.
_SCALARS = {"momentum_cache": "_u_product", "learning_rate": "_learning_rate"}


# The slots of optimizers of Keras before it was TensorFlow's, which wrote one after the other.
_LISTS: dict[str, tuple[str, ...]] = {
    "Adadelta": ("accum_grad", "accum_var"),
    "Adagrad": ("accumulator",),
    "Adam": ("m", "v", "vhat"),
    "Adamax": ("m", "v"),
    "Nadam": ("m", "v"),
    "RMSprop": ("rms",),
    "SGD": ("momentum",),
}
#: The names that it gave to a variable of a slot: they do not say of which weight it is.
_OF_A_LIST = re.compile(
    r"([^/]*/){0,2}(param|[Vv]ariable|m|v|u|vhat|accumulator|delta_accumulator|moment)(_\d+)*(:0)?"
)
#: And its values for an optimizer as a whole.
_OF_ALL = {"iterations": "iterations", "m_schedule": "_u_product"}


def inner(optimizer: Optimizer) -> Optimizer:
    """Returns the optimizer within one for mixed precision; any other optimizer is returned.

    For an optimizer for mixed precision, Keras 2 kept the state of the inner one, and the scale of
    the loss.
    """
    return getattr(optimizer, "inner_optimizer", optimizer)


#: How many steps the scale of the loss was never too large.
GOOD_STEPS = "good_steps"


def loss_scale(optimizer: Optimizer) -> dict[str, Variable]:
    """Returns what an optimizer for mixed precision knows of its scale, by the names in Keras 2.

    Nothing of any other optimizer, and of one that is not built.
    """
    found = {"current_loss_scale": "dynamic_scale", GOOD_STEPS: "step_counter"}
    if inner(optimizer) is optimizer or getattr(optimizer, "dynamic_scale", None) is None:
        return {}
    return {name: getattr(optimizer, ours) for name, ours in found.items()}


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


#: Releases of Keras, those of TensorFlow 2.3 to 2.5, in which the linear terms of an Ftrl with
#: `l2_shrinkage_regularization_strength` were kept multiplied by its rate.
_TIMES_RATE = ("2.4.0", "2.5.0")


def restore(
    path: str, model: Model, names: Sequence[str], values: Sequence[Stored], version: str = ""
) -> None:
    """Gives the optimizer of a model the state in a checkpoint, whose weights the model has.

    If that is the state of another kind of optimizer, a warning says that this one starts anew.

    Args:
        path: String, the checkpoint, for the warning.
        model: the model, compiled.
        names: names of the values, as they stand in the file.
        values: the values.
        version: String, the release of Keras that wrote it. Defaults to an unknown one.
    """
    for each in state(path, model, names, values):
        each.variable.assign(each.read())
    if version in _TIMES_RATE:
        divide_by_rate(model)


def divide_by_rate(model: Model) -> None:
    """Divides the linear terms of an Ftrl by its rate, where they are multiplied by it.

    TensorFlow 2.3 to 2.5 did so, but for embeddings, and a TensorFlow checkpoint does not say of
    which release it is. The weights do: each follows from its linear term and accumulator.

    Args:
        model: the model, compiled, with the weights and the state of a checkpoint.
    """
    optimizer = inner(getattr(model, "optimizer", None))
    if not getattr(optimizer, "l2_shrinkage_regularization_strength", 0) or not optimizer.built:
        return
    rate = float(runtime.to_numpy(optimizer.learning_rate))
    slots = zip(optimizer._trainable_variables, optimizer._accumulators, optimizer._linears)
    for variables in slots:
        weight, accumulator, linear = (runtime.to_numpy(each) for each in variables)

        def apart(given: np.ndarray) -> float:
            excess = np.clip(given, -strength, strength) - given  # noqa: B023
            root = accumulator**-optimizer.learning_rate_power  # noqa: B023
            quadratic = (root + optimizer.beta) / rate + 2 * optimizer.l2_regularization_strength
            return float(np.abs(weight - excess / quadratic)[given != 0].sum())  # noqa: B023

        strength = optimizer.l1_regularization_strength
        if rate > 0 and apart(linear / rate) < apart(linear):
            variables[-1].assign(linear / rate)


def state(
    path: str,
    model: Model,
    names: Sequence[str],
    values: Sequence[Stored],
    of: str | None = None,
) -> list[Assignment]:
    """Returns the value that each variable of the optimizer of a model gets from a checkpoint.

    Args:
        path: String, the checkpoint, for the warning.
        model: the model, compiled.
        names: names of the values, as they stand in the file.
        values: the values.
        of: String, the name of the optimizer of Keras 3 that had them, which are then those of all
            its variables, in order. Defaults to `None`: the file does not say.

    Returns:
        An empty list, with a warning, if they are the state of another kind of optimizer.
    """
    if of is not None and not model.optimizer.built:
        found = _in_order(model.optimizer, values)
        if found is not None:  # Neither has made a step.
            return found
    build(model)
    # Keras 3 lists the variables of both.
    is_whole = len(values) == len(model.optimizer.variables)
    optimizer = model.optimizer if is_whole else inner(model.optimizer)
    if of is None:
        # Other kinds may keep as many values of the same shapes, under the same names.
        is_other = any(is_of_another_kind(inner(optimizer), each) for each in _written_by(names))
        found = None if is_other else assignments(optimizer, names, values)
    elif is_of_another_kind(optimizer, of):
        found = None
    else:
        found = _in_order(optimizer, values)
    if found is None:
        assignment.warn_of_new_optimizer(
            model.optimizer,
            f"its state in {path} is not that of the {type(model.optimizer).__name__} that the "
            "model has now.",
        )
    return found or []


def _kind(name: str) -> str:
    """Returns an optimizer's class in lower case, by the name that Keras gives it."""
    return re.sub(r"_\d+$", "", name).replace("_", "").lower()


def _written_by(names: Sequence[str]) -> set[str]:
    """Returns the names of optimizers that names of values in an HDF5 file begin with.

    `adam/dense_kernel_momentum:0`, `Adam/dense/kernel/m:0`, `training/Adam/Variable:0`. What is
    around another one, for mixed precision, is not among them.
    """
    firsts = {part for each in names for part in each.split("/")[:-1][:2]}
    return {each for each in firsts if not _kind(each).startswith("lossscale")}


def _kinds() -> dict[str, type]:
    """Returns Keras's optimizers, by their names in lower case."""
    found = vars(runtime.keras().optimizers).values()
    return {each.__name__.lower(): each for each in found if isinstance(each, type)}


def class_of(optimizer: Optimizer) -> str | None:
    """Returns the name of the optimizer of Keras that one is, or is derived from, None if of none.

    Of one for mixed precision, it is that of the optimizer within.
    """
    kinds = _kinds()
    names = [cls.__name__ for cls in type(inner(optimizer)).__mro__]
    return next((name for name in names if name.lower() in kinds and name != "Optimizer"), None)


def is_of_another_kind(optimizer: Optimizer, name: str) -> bool:
    """Returns whether the optimizer of Keras called `name` keeps other values than `optimizer`.

    They may be as many, and of the same shapes: a mean here, a sum of squares there.
    """
    kinds = _kinds()
    other = kinds.get(_kind(name))
    own = getattr(optimizer, "name", None) or optimizer._name  # The latter in TensorFlow 2.0.
    if other is None or _kind(own) == _kind(name):
        return False
    # On PyTorch, Keras has classes of its own below them; those of users come last.
    known = set(kinds.values())
    ours = next((each for each in type(optimizer).__mro__ if each in known), object)
    return not (issubclass(ours, other) or issubclass(other, ours))


def _orders(optimizer: Optimizer) -> list[list[Variable]]:
    """Returns the variables in the order of each release of Keras 3, the running one first."""
    variables = list(optimizer.variables)
    product = getattr(optimizer, "_u_product", None)
    if product is None:
        return [variables]
    # Nadam had its product before its slots up to Keras 3.9, and has it after them since.
    others = [each for each in variables if each is not product]
    return [variables, [*others[:2], product, *others[2:]], [*others, product]]


def _in_order(optimizer: Optimizer, values: Sequence[Stored]) -> list[Assignment] | None:
    """Returns what the variables of an optimizer of Keras 3 get, None if the shapes are others."""
    stored = [tuple(each.shape) for each in values]
    for order in _orders(optimizer):
        if [tuple(each.shape) for each in order] == stored:
            return [
                Assignment(variable, tuple(value.shape), value.__array__, value.chunks is None)
                for variable, value in zip(order, values)
            ]
    return None


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


def _is_scalar(variable: Variable) -> bool:
    return len(variable.shape) == 0


def _arrays(optimizer: Optimizer) -> list[Variable]:
    """Returns the variables but for those of one value, of which Keras 2 had others, or none."""
    return [variable for variable in optimizer.variables if not _is_scalar(variable)]


def _by_slots(optimizer: Optimizer, names: Sequence[str]) -> list[Variable | None]:
    """Returns the variables of the first optimizers in the order of a file.

    Args:
        optimizer: the optimizer.
        names: the names in the file: the step, then `.../m:0` for each variable and slot.

    Returns:
        The variables, None for those that this optimizer does not have.
    """
    order: list[Variable | None] = [optimizer.iterations]
    count: dict[str, int] = {}
    for name in names[1:]:
        short = name.split(":")[0].split("/")[-1]
        # A second variable of the same name within one optimizer is numbered.
        short = short.rstrip("0123456789").rstrip("_")
        if short in _SCALARS:
            order.append(getattr(optimizer, _SCALARS[short], None))
            continue
        number = count.get(short, 0)
        count[short] = number + 1
        variables = slot(optimizer, short) or []
        order.append(variables[number] if number < len(variables) else None)
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
    is_by_slots = bool(names) and names[0].split(":")[0].endswith("/iter")
    if names and not is_by_slots and _OF_A_LIST.fullmatch(names[-1]):
        return _of_lists(optimizer, names, values)
    keeps_no_slots = not _arrays(optimizer)
    if is_by_slots:
        orders: list[list[Variable | None]] = [_by_slots(optimizer, names)]
    else:
        rate = getattr(optimizer, "_learning_rate", None)
        steps = [optimizer.iterations]
        orders = [
            *_orders(optimizer),
            [variable for variable in optimizer.variables if variable is not rate],
            steps + _arrays(optimizer),
            [*steps, rate, *_arrays(optimizer)],
        ]
    stored = [tuple(value.shape) for value in values]
    trained = [tuple(each.shape) for each in getattr(optimizer, "_trainable_variables", [])]
    for order in orders:
        # TensorFlow 2.11 to 2.15 wrote the momentum of an SGD that does not use any.
        unused = stored[len(order) :] if keeps_no_slots else []
        if unused not in ([], trained):
            continue
        length = len(stored) - len(unused)
        if len(order) != length or any(variable is None for variable in order):
            continue
        if [tuple(variable.shape) for variable in order if variable is not None] != stored[:length]:
            continue
        found = [
            _assignment(variable, value)
            for variable, value in zip(order, values)
            if variable is not None
        ]
        if _has_all_slots(optimizer, found):
            return found + derived(optimizer, found)
    return None


def _assignment(variable: Variable, value: Stored) -> Assignment:
    return Assignment(variable, tuple(value.shape), value.__array__, value.chunks is None)


def _has_all_slots(optimizer: Optimizer, found: Sequence[Assignment]) -> bool:
    given = {id(each.variable) for each in found}
    return all(id(each) in given for each in _arrays(optimizer))


def _of_lists(
    optimizer: Optimizer, names: Sequence[str], values: Sequence[Stored]
) -> list[Assignment] | None:
    """Returns the same for a list of Keras before it was TensorFlow's: slot after slot."""
    kinds = [cls.__name__.replace("Keras2", "") for cls in type(optimizer).__mro__]
    slots = next((_LISTS[kind] for kind in kinds if kind in _LISTS), ())
    found = []
    start = 0
    # RMSprop, Adagrad and Adadelta began to keep their steps in Keras 2.3, Nadam its product.
    for name, value in zip(names, values):
        attribute = _OF_ALL.get(name.split(":")[0].split("/")[-1])
        if attribute is None:
            break
        start += 1
        variable = getattr(optimizer, attribute, None)
        if variable is not None:
            found.append(_assignment(variable, value))
    trained = [tuple(each.shape) for each in getattr(optimizer, "_trainable_variables", [])]
    rest = values[start:]
    if len(rest) % max(len(trained), 1) or len(rest) > len(slots) * len(trained):
        return None
    for number, name in enumerate(slots[: len(rest) // max(len(trained), 1)]):
        stored = rest[number * len(trained) : (number + 1) * len(trained)]
        variables = slot(optimizer, name)
        if variables is None:
            # The momentum that an SGD does not use, and what an Adam has without AMSGrad.
            continue
        if [tuple(value.shape) for value in stored] != trained:
            return None
        found += [_assignment(variable, value) for variable, value in zip(variables, stored)]
    return found + derived(optimizer, found) if _has_all_slots(optimizer, found) else None


def derived(optimizer: Optimizer, found: Sequence[Assignment]) -> list[Assignment]:
    """Returns the values that an optimizer gets which are not in a file, but follow from it.

    Args:
        optimizer: the optimizer.
        found: the values that it gets from the file.
    """
    product = getattr(optimizer, "_u_product", None)
    steps = [each for each in found if each.variable is optimizer.iterations]
    if product is None or not steps or any(each.variable is product for each in found):
        return []

    def read() -> np.ndarray:
        # Nadam keeps the product of the momentums of all steps.
        count = int(np.asarray(steps[0].read()))
        decay = getattr(optimizer, "schedule_decay", 1.0)
        momentums = optimizer.beta_1 * (1 - 0.5 * 0.96 ** (decay * np.arange(1.0, count + 1)))
        return np.asarray(np.prod(momentums), "float32")

    return [Assignment(product, (), read, is_sure=True)]
