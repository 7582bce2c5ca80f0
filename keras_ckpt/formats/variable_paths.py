"""Variables by their paths: which value belongs to which, when layers have other numbers.

Keras numbers the layers that a user does not name by how many there have been in the process:
`dense/kernel` of one model is `dense_4/kernel` of the next, and a model's own name may stand before
it or not.
"""

from __future__ import annotations

import re
from typing import Callable, Collection, Iterable, NamedTuple, Sequence, Tuple

import numpy as np

from keras_ckpt import runtime
from keras_ckpt._typing import Model, Variable
from keras_ckpt.formats import assignment
from keras_ckpt.formats.assignment import Assignment

#: A path, part by part.
_Parts = Tuple[str, ...]
_NUMBERED = re.compile(r"(.+?)_(\d+)")
#: What a model keeps for its random layers: another model goes on from its own.
_OF_RANDOM = "seed_generator"


class Stored(NamedTuple):
    """A value in a checkpoint, not read yet.

    Attributes:
        shape: its shape.
        read: function that returns it.
    """

    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]


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


def matched(wanted: Collection[str], stored: Collection[str]) -> dict[str, str]:
    """Returns which stored path belongs to each wanted one.

    Args:
        wanted: strings, the paths of the variables of a model.
        stored: strings, the paths in a checkpoint.

    Returns:
        Dict from wanted to stored paths. Those that belong to none are not in it.
    """
    found: dict[str, str] = {}
    for read, pair in (
        (_parts, _by_whole),
        (_counted, _by_whole),
        (_counted, _by_ends),
        (_parts, _by_ends),
    ):
        pairs = pair(read(wanted), read(stored))
        if len(pairs) > len(found):
            found = pairs
        if len(found) == len(wanted) == len(stored):
            break
    return found


def _parts(paths: Collection[str]) -> dict[_Parts, str]:
    return {tuple(path.split("/")): path for path in paths}


def _counted(paths: Collection[str]) -> dict[_Parts, str]:
    """Returns paths by their parts, with the numbers of each kind of layer counted from 0."""
    split = {path: [_numbered(part) for part in path.split("/")] for path in paths}
    numbers: dict[str, set[int]] = {}
    for parts in split.values():
        for name, number in parts:
            numbers.setdefault(name, set()).add(number)
    ranks = {name: {n: rank for rank, n in enumerate(sorted(ns))} for name, ns in numbers.items()}
    return {
        tuple(f"{name}_{ranks[name][number]}" for name, number in parts): path
        for path, parts in split.items()
    }


def _numbered(part: str) -> tuple[str, int]:
    """Returns a part of a path as Keras makes it: a name, and its number, the first without one."""
    found = _NUMBERED.fullmatch(part)
    return (found.group(1), int(found.group(2))) if found else (part, 0)


def _by_whole(wanted: dict[_Parts, str], stored: dict[_Parts, str]) -> dict[str, str]:
    """Returns the pairs of equal paths."""
    return {path: stored[parts] for parts, path in wanted.items() if parts in stored}


def _by_ends(wanted: dict[_Parts, str], stored: dict[_Parts, str]) -> dict[str, str]:
    """Returns the pairs of paths that end alike, and like no others: the longest ends first."""
    found = _by_whole(wanted, stored)
    taken = set(found.values())
    for length in range(max(map(len, [*wanted, *stored]), default=0), 1, -1):
        ours = _unique_ends(length, {p: path for p, path in wanted.items() if path not in found})
        theirs = _unique_ends(length, {p: path for p, path in stored.items() if path not in taken})
        for end in set(ours) & set(theirs):
            found[ours[end]] = theirs[end]
            taken.add(theirs[end])
    return found


def _unique_ends(length: int, paths: dict[_Parts, str]) -> dict[_Parts, str]:
    found: dict[_Parts, list[str]] = {}
    for parts, path in paths.items():
        if len(parts) >= length:
            found.setdefault(parts[-length:], []).append(path)
    return {end: of_end[0] for end, of_end in found.items() if len(of_end) == 1}


def fit(
    path: str, model: Model, stored: dict[str, Stored], strict: bool
) -> tuple[list[Assignment], dict[str, str]]:
    """Returns what the weights of a model get from a checkpoint, and which path is which.

    Args:
        path: the checkpoint.
        model: the model.
        stored: the values of weights in it, by their paths.
        strict: as in `assignment.fit`.

    Returns:
        Tuple of the assignments, and of a dict from the model's paths to the checkpoint's.

    Raises:
        MismatchedCheckpoint: if it does not fit the model.
    """
    wanted = by_path(model.weights)
    stored = {name: value for name, value in stored.items() if _OF_RANDOM not in name}
    pairs = matched(list(wanted), list(stored))
    found = [
        Assignment(wanted[ours], stored[theirs].shape, stored[theirs].read)
        for ours, theirs in pairs.items()
    ]
    missing = [name for name in wanted if name not in pairs]
    unused = [name for name in stored if name not in set(pairs.values())]
    return assignment.fit(path, found, missing, unused, strict), pairs


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
        optimizer.build(model.trainable_variables)
    wanted = {
        _of_checkpoint(ours, pairs): each for ours, each in by_path(optimizer.variables).items()
    }
    found = matched(list(wanted), list(stored))
    fits = len(found) == len(wanted) == len(stored) and all(
        tuple(wanted[ours].shape) == stored[theirs].shape for ours, theirs in found.items()
    )
    if not fits:
        runtime.warn_user(
            f"The optimizer starts anew: its state in {path} is not that of the "
            f"{type(optimizer).__name__} that the model has now.",
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
