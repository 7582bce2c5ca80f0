"""How variables get their values: all that a checkpoint has for them, or none."""

from __future__ import annotations

import contextlib
import re
import weakref
from typing import Callable, Iterable, Iterator, NamedTuple

import numpy as np

from keras_ckpt import progress, runtime
from keras_ckpt._typing import Layer, Model, Optimizer, Tensor, Variable
from keras_ckpt.errors import MismatchedCheckpoint

# Bytes of old values that are kept to put them back, though only the disk can fail.
_MUCH = 256 << 20
_IN_PART = (
    "build the model as it was when the checkpoint was saved, or load what fits by "
    "`keras_ckpt.load_weights(model, path, strict=False)`; nothing has been loaded"
)
#: The optimizers of which a warning has said that they start anew.
new_optimizers: weakref.WeakSet[Optimizer] = weakref.WeakSet()
# Those that are to stay as they are.
_left_alone: weakref.WeakSet[Optimizer] = weakref.WeakSet()


class Assignment(NamedTuple):
    """A value that waits for its variable.

    Attributes:
        variable: the variable.
        shape: shape of the value.
        read: a function that returns the value, which may become that of the variable uncopied.
        is_sure: whether nothing but the disk can keep it from being read.
    """

    variable: Variable
    shape: tuple[int, ...]
    read: Callable[[], Tensor]
    is_sure: bool = False


@contextlib.contextmanager
def as_it_is(optimizer: Optimizer | None) -> Iterator[None]:
    """Leaves an optimizer as it is, whatever is loaded, and says nothing of it."""
    if optimizer is None:
        yield
        return
    variables = list(optimizer.variables)
    values = [runtime.to_numpy(each) for each in variables]
    _left_alone.add(optimizer)
    try:
        yield
    finally:
        _left_alone.discard(optimizer)
        for variable, value in zip(variables, values):
            variable.assign(value)


def warn_of_new_optimizer(optimizer: Optimizer, why: str) -> None:
    """Warns that an optimizer does not get the state in a checkpoint."""
    if optimizer in _left_alone:
        return
    new_optimizers.add(optimizer)
    runtime.warn_user(f"The optimizer starts anew: {why}")


def variable_name(variable: Variable) -> str:
    """Returns a name of a variable that no other variable of its model has."""
    return str(getattr(variable, "path", None) or variable.name)


def fit(
    path: str,
    assignments: Iterable[Assignment],
    missing: Iterable[str] = (),
    unused: Iterable[str] = (),
    strict: bool = True,
    refusals: Iterable[str] = (),
) -> list[Assignment]:
    """Returns the assignments that can be made: all, or MismatchedCheckpoint is raised.

    Args:
        path: the checkpoint.
        assignments: which value each variable is to get.
        missing: names of the variables of the model that have none.
        unused: names of the values in the checkpoint that no variable takes.
        strict: whether each variable must have a value of its shape, and none be left over. If
            not, what does not fit is left out, with a warning.
        refusals: why layers refuse their values.
    """
    assignments, missing, unused = list(assignments), sorted(missing), sorted(unused)
    shapes = [
        (variable_name(variable), tuple(variable.shape), tuple(shape))
        for variable, shape, _, _ in assignments
        if tuple(variable.shape) != tuple(shape)
    ]
    wrong = []
    if missing:
        wrong.append(f"it has no value for {_listed(missing)}")
    if unused:
        wrong.append(f"the model has no variable for its {_listed(unused)}")
    if shapes:
        differing = [
            f"{name} is {in_model} in the model and {in_checkpoint} in the checkpoint"
            for name, in_model, in_checkpoint in shapes[:8]
        ]
        wrong.append("shapes differ: " + "; ".join(differing) + _more(len(shapes)))
    wrong += refusals
    found = [each for each in assignments if tuple(each.variable.shape) == tuple(each.shape)]
    if wrong and not strict:
        if not found:
            raise MismatchedCheckpoint(
                path,
                "nothing in it fits the model: " + "; ".join(wrong),
                missing=missing,
                unused=unused,
                shapes=shapes,
            )
        runtime.warn_user(
            f"{path} does not fit the model, and is loaded in part: {'; '.join(wrong)}."
        )
        return found
    if wrong:
        text = "it does not fit the model: " + "; ".join(wrong)
        advice = _IN_PART if found and not refusals else None
        raise MismatchedCheckpoint(path, text, advice, missing, unused, shapes)
    return assignments


def _more(count: int) -> str:
    return f" and {count - 8} more" if count > 8 else ""


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + _more(len(names))


def assign(model: Model, assignments: Iterable[Assignment]) -> None:
    """Gives each variable its value and lets the layers make what they derive from it."""
    assignments = list(assignments)
    total = _total(assignments)
    kept = [each.variable for each in assignments] if can_be_undone(assignments) else []
    with or_as_before(model, kept), progress.bar(total, "Loading") as advance:
        for each in assignments:
            each.variable.assign(runtime.as_owned_tensor(each.read()))
            advance(size(str(each.variable.dtype), each.shape))
    finalize(model)


def _total(assignments: list[Assignment]) -> int:
    return sum(size(str(each.variable.dtype), each.shape) for each in assignments)


def can_be_undone(assignments: list[Assignment]) -> bool:
    """Returns whether `assign` keeps the old values until it has all the new ones.

    It does unless that would take much memory, and all values are sure.
    """
    return _total(assignments) <= _MUCH or not all(each.is_sure for each in assignments)


@contextlib.contextmanager
def or_as_before(model: Model, variables: Iterable[Variable]) -> Iterator[None]:
    """Gives variables their values back if they cannot all be replaced."""
    variables = list(variables)
    values = [_kept(variable) for variable in variables]
    try:
        yield
    except BaseException:
        # Also when the user interrupts the program.
        for variable, value in zip(variables, values):
            variable.assign(value)
        finalize(model)
        raise


def _kept(variable: Variable) -> Tensor:
    """Returns the value of a variable, which stays as it is when the variable changes."""
    value: Tensor = getattr(variable, "value", None)
    if hasattr(value, "read_value"):
        # TensorFlow gives its variable another tensor, so none is copied.
        return value.read_value()
    if runtime.backend() == "jax":
        return value
    return runtime.to_numpy(variable).copy()


def finalize(model: Model) -> None:
    """Lets layers that keep state derived from their variables compute it again."""
    for layer in model._flatten_layers():
        # Of a layer without a vocabulary, the reader speaks.
        if hasattr(layer, "finalize_state") and not _is_to_adapt(layer):
            layer.finalize_state()


def _is_to_adapt(layer: Layer) -> bool:
    """Returns whether a layer has nothing of which it could make what it derives."""
    if hasattr(layer, "bin_boundaries"):
        return not np.size(layer.summary)
    table = getattr(layer, "_lookup_layer", layer)
    return getattr(table, "output_mode", "") == "tf_idf" and not hasattr(table, "idf_weights")


def nbytes(model: Model) -> int:
    """Returns how many bytes the variables of `model` and of its optimizer take."""
    variables = list(model.variables)
    if getattr(model, "optimizer", None) is not None:
        variables += list(model.optimizer.variables)
    return sum(size(str(variable.dtype), variable.shape) for variable in variables)


def size(dtype: str, shape: Iterable[int]) -> int:
    """Returns how many bytes the values of an array take."""
    return width(dtype) * int(np.prod([int(n) for n in shape], dtype=np.int64))


def width(dtype: str) -> int:
    """Returns how many bytes a value of a type takes, e.g. 2 for `"bfloat16"`."""
    # The names of types have their bits in them, but for that of booleans.
    bits = re.search(r"\d+", dtype)
    return int(bits.group()) // 8 if bits else 1


def is_built(model: Model) -> bool:
    """Returns whether a model has made all its variables.

    A model of models that is never called itself, such as a GAN, has when they have.
    """
    if getattr(model, "built", True):
        return True
    layers = model._flatten_layers(include_self=False)
    return bool(model.weights) and all(layer.built for layer in layers)


def require_variables(model: Model, action: str) -> None:
    """Raises ValueError if `model` has not made its variables yet."""
    if is_built(model):
        return
    raise ValueError(
        f"The model {model.name!r} has no variables yet, so that its weights cannot be {action}. "
        "Call it on a batch of data, or call its `build()`, first."
    )
