"""Variables by their paths: which value belongs to which, when layers have other numbers.

Keras numbers the layers that a user does not name by how many there have been in the process:
`dense/kernel` of one model is `dense_4/kernel` of the next, and a model's own name may stand before
it or not.
"""

from __future__ import annotations

import re
from typing import Callable, Collection, Iterable, Iterator, NamedTuple, Sequence, Tuple, TypeVar

import numpy as np

from keras_ckpt import runtime
from keras_ckpt._typing import Model, Tensor, Variable
from keras_ckpt.formats import assignment
from keras_ckpt.formats.assignment import Assignment

#: A path, part by part.
_Parts = Tuple[str, ...]
_NUMBERED = re.compile(r"(.+?)_(\d+)")
#: What a model keeps for its random layers: another model goes on from its own.
_OF_RANDOM = re.compile(r"(.*/)?seed_generator(_\d+)?/seed_generator_state")


class Stored(NamedTuple):
    """A value in a checkpoint, not read yet.

    Attributes:
        shape: its shape.
        read: function that returns it.
    """

    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]


def refuse_own_values(model: Model) -> None:
    """Refuses layers that save something else than their variables, which has no path.

    Raises:
        ValueError: if there is one.
    """
    for layer in model._flatten_layers():
        if type(layer).save_own_variables.__module__.startswith("keras."):
            continue
        saved: dict[str, Tensor] = {}
        layer.save_own_variables(saved)
        own = layer._trainable_variables + layer._non_trainable_variables
        pairs = list(zip(saved.values(), own))
        if len(saved) != len(own) or not all(_is_value_of(*pair) for pair in pairs):
            raise ValueError(
                f"The layer {layer.name!r} of the class {type(layer).__name__} saves something "
                "else than its variables in its `save_own_variables`, and this format stores "
                "nothing else. Save the model in another, such as `.weights.h5` or `.keras`."
            )


def _is_value_of(saved: Tensor, variable: Variable) -> bool:
    return saved is variable or np.array_equal(
        np.asarray(runtime.to_numpy(saved)), runtime.to_numpy(variable)
    )


def by_path(variables: Iterable[Variable]) -> dict[str, Variable]:
    """Returns variables by their paths.

    Raises:
        ValueError: if two have the same.
    """
    found: dict[str, Variable] = {}
    for variable in variables:
        path = assignment.variable_name(variable)
        if path in found:
            raise ValueError(
                f"Two variables of the model have the path {path!r}, and this format stores them "
                "by their paths. Give the layers names of their own, or save the model in another "
                "format."
            )
        found[path] = variable
    return found


def matched(
    wanted: Sequence[str],
    stored: Collection[str],
    order: Sequence[str] | None = None,
    classes: Collection[str] = (),
) -> dict[str, str]:
    """Returns which stored path belongs to each wanted one.

    Args:
        wanted: strings, the paths of the variables of a model, in their order.
        stored: strings, the paths in a checkpoint.
        order: strings, the stored paths in the order of the model that was saved. Defaults to
            `None`: that is not known.
        classes: strings, the names of the user's own classes, from which Keras makes names, too.
            Defaults to none.

    Returns:
        Dict from wanted to stored paths. Those that belong to none are not in it.
    """
    if set(wanted) == set(stored):
        return {path: path for path in wanted}
    if order is not None and set(order) == set(stored) and len(order) == len(stored):
        pairs = dict(zip(wanted, order))
        if len(order) == len(wanted) and all(_is_alike(*pair) for pair in pairs.items()):
            return pairs
    elif len(stored) == len(wanted):
        ours, theirs = _counted(wanted, stored, _names_that_keras_gives(classes))
        for mine in _with_and_without_model(ours):
            for its in _with_and_without_model(theirs):
                if set(mine) == set(its):
                    return {path: its[parts] for parts, path in mine.items()}
    return {path: path for path in wanted if path in stored}


def _is_alike(one: str, other: str) -> bool:
    """Returns whether two paths end alike, but for the numbers of layers."""
    ours, theirs = ([_numbered(part)[0] for part in path.split("/")] for path in (one, other))
    shorter = min(len(ours), len(theirs))
    return ours[-shorter:] == theirs[-shorter:]


def _counted(
    wanted: Collection[str], stored: Collection[str], given: Collection[str]
) -> tuple[dict[_Parts, str], dict[_Parts, str]]:
    """Returns the paths of both by their parts, with the numbers that Keras gave counted from 0.

    Where both have as many layers of a kind, without a gap, they are the same ones in their order.
    Names that Keras does not give stay as they are.
    """
    split = [
        {path: [_numbered(part) for part in path.split("/")] for path in paths}
        for paths in (wanted, stored)
    ]
    numbers: list[dict[str, set[int]]] = []
    for paths in split:
        of_kind: dict[str, set[int]] = {}
        for parts in paths.values():
            for name, number in parts:
                of_kind.setdefault(name, set()).add(number)
        numbers.append(of_kind)
    starts: list[dict[str, int]] = [{}, {}]
    for name in set(numbers[0]) & set(numbers[1]) & set(given):
        lengths = [max(each[name]) - min(each[name]) + 1 for each in numbers]
        if lengths[0] == lengths[1] == len(numbers[0][name]) == len(numbers[1][name]):
            for start, each in zip(starts, numbers):
                start[name] = min(each[name])
    ours, theirs = (
        {
            tuple(f"{name}_{number - start.get(name, 0)}" for name, number in parts): path
            for path, parts in paths.items()
        }
        for paths, start in zip(split, starts)
    )
    return ours, theirs


def _names_that_keras_gives(classes: Iterable[str]) -> set[str]:
    """Returns what the names begin with that Keras gives to layers, models and optimizers."""
    keras = runtime.keras()
    members = [*vars(keras.layers).values(), *vars(keras.optimizers).values()]
    found = {each.__name__ for each in members if isinstance(each, type)}
    found |= {"Functional", "Model", "Sequential", *classes}
    return {_snake_case(name) for name in found}


def _snake_case(name: str) -> str:
    """Returns the name that Keras makes of that of a class."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _numbered(part: str) -> tuple[str, int]:
    """Returns a part of a path as Keras makes it: a name, and its number, the first without one."""
    found = _NUMBERED.fullmatch(part)
    return (found.group(1), int(found.group(2))) if found else (part, 0)


def _with_and_without_model(paths: dict[_Parts, str]) -> Iterator[dict[_Parts, str]]:
    """Yields the paths as they are, and without the name of the model if all begin with one."""
    yield paths
    if len({parts[0] for parts in paths}) == 1 and all(len(parts) > 2 for parts in paths):
        yield {parts[1:]: path for parts, path in paths.items()}


def fit(
    path: str,
    model: Model,
    stored: dict[str, Stored],
    strict: bool,
    order: Sequence[str] | None = None,
) -> tuple[list[Assignment], dict[str, str]]:
    """Returns what the weights of a model get from a checkpoint, and which path is which.

    Args:
        path: the checkpoint.
        model: the model.
        stored: the values of weights in it, by their paths.
        strict: as in `assignment.fit`.
        order: as in `matched`.

    Returns:
        Tuple of the assignments, and of a dict from the model's paths to the checkpoint's.

    Raises:
        MismatchedCheckpoint: if it does not fit the model.
    """
    wanted = by_path(model.weights)
    stored = {name: value for name, value in stored.items() if not _OF_RANDOM.fullmatch(name)}
    if order is not None:
        order = [name for name in order if name in stored]
    classes = {type(layer).__name__ for layer in model._flatten_layers()}
    pairs = matched(list(wanted), list(stored), order, classes)
    found = [
        Assignment(wanted[ours], stored[theirs].shape, stored[theirs].read)
        for ours, theirs in pairs.items()
    ]
    missing = [name for name in wanted if name not in pairs]
    unused = [name for name in stored if name not in set(pairs.values())]
    return assignment.fit(path, found, missing, unused, strict), pairs


_Any = TypeVar("_Any")


def _without_scopes(of_optimizer: dict[str, _Any]) -> dict[str, _Any]:
    """Returns what belongs to an optimizer by the last two parts of its paths, if they tell all.

    One for mixed precision stands before the paths of the optimizer within it, or not, by where
    that was built.
    """
    found = {"/".join(path.split("/")[-2:]): each for path, each in of_optimizer.items()}
    return found if len(found) == len(of_optimizer) else of_optimizer


def fit_optimizer(
    path: str, model: Model, stored: dict[str, Stored], pairs: dict[str, str]
) -> list[Assignment]:
    """Returns what the optimizer of a model gets from a checkpoint.

    Args:
        path: the checkpoint, for the warning.
        model: the model.
        stored: the values of the optimizer in it, by their paths.
        pairs: which path of the checkpoint is which of the model, as `fit` returns it.

    Returns:
        An empty list, with a warning, if they are the values of another kind of optimizer.
    """
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not stored:
        return []
    if not optimizer.built:
        unused = by_path(optimizer.variables)
        if len(stored) == len(unused) and all(each.shape == () for each in stored.values()):
            # It had made no step: there is nothing but the step and the rate.
            pairs_of_it = matched(list(unused), list(stored))
            return [
                Assignment(unused[ours], stored[theirs].shape, stored[theirs].read)
                for ours, theirs in pairs_of_it.items()
            ]
        optimizer.build(model.trainable_variables)
    wanted = {
        _of_checkpoint(ours, pairs): each for ours, each in by_path(optimizer.variables).items()
    }
    wanted, stored = _without_scopes(wanted), _without_scopes(stored)
    found = matched(list(wanted), list(stored))
    fits = len(found) == len(wanted) == len(stored) and all(
        tuple(wanted[ours].shape) == stored[theirs].shape for ours, theirs in found.items()
    )
    if not fits:
        assignment.warn_of_new_optimizer(
            optimizer,
            f"its state in {path} is not that of the {type(optimizer).__name__} that the model "
            "has now.",
        )
        return []
    return [
        Assignment(wanted[ours], stored[theirs].shape, stored[theirs].read)
        for ours, theirs in found.items()
    ]


def _of_checkpoint(path: str, pairs: dict[str, str]) -> str:
    """Returns the path of an optimizer's variable with the checkpoint's name of the weight in it.

    The path of the weight stands in one part of it, `adam/dense_2_kernel_momentum`.
    """
    head, _, last = path.rpartition("/")
    weights: Sequence[str] = [ours for ours in pairs if last.startswith(_joined(ours) + "_")]
    if not weights:
        return path
    ours = max(weights, key=len)
    return f"{head}/{_joined(pairs[ours])}{last[len(ours) :]}"


def _joined(path: str) -> str:
    return path.replace("/", "_")
