"""A step of Orbax that is open: what is in it, read when it is asked for.

Several processes that train together each read it on their own, and only their parts of it.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
from types import ModuleType
from typing import Any, Dict, Iterator, Mapping, Tuple

import numpy as np

from keras_ckpt._typing import Tensor, Variable
from keras_ckpt.errors import DamagedCheckpoint, NotACheckpoint
from keras_ckpt.formats import parsing, summary
from keras_ckpt.formats.variable_paths import Stored
from keras_ckpt.runtime import processes
from keras_ckpt.storage import remote

#: The parts of a step, each a directory.
VALUES = "pytree"
DESCRIPTION = "model_config"
ASSETS = "assets"
#: The parts of the values, and what `inspect` calls them.
ROLES = {
    "trainable_variables": summary.WEIGHT,
    "non_trainable_variables": summary.WEIGHT,
    "optimizer_variables": summary.OPTIMIZER,
    "metrics_variables": summary.STATE,
}

#: Values by their paths, part by part.
Tree = Dict[str, Any]
#: What a value stands under in a tree.
_Keys = Tuple[str, ...]

MISSING = (
    "Orbax checkpoints need the package orbax-checkpoint, 0.12 or later. Install it with "
    '`pip install "keras-ckpt[orbax]"`.'
)
#: Where Orbax counts what it does.
_NUMBERS = "orbax.checkpoint._src.futures.synchronization"


def library() -> ModuleType:
    """Returns Orbax.

    Raises:
        ImportError: if it is missing, or too old.
    """
    try:
        found: ModuleType = importlib.import_module("orbax.checkpoint").v1
    except (ImportError, AttributeError):
        raise ImportError(MISSING) from None
    return found


def together() -> processes.Alone:
    """Returns the processes that write together: those of JAX, which Orbax knows of."""
    found = processes.group()
    return found if found.has_parts else processes.Alone()


def leaves(tree: object, keys: _Keys = ()) -> Iterator[tuple[_Keys, Tensor]]:
    """Yields the values in a tree, each with its keys."""
    if not isinstance(tree, dict):
        yield keys, tree
        return
    for name, inside in tree.items():
        yield from leaves(inside, (*keys, name))


def flat(tree: object) -> Iterator[tuple[str, Tensor]]:
    """Yields the values in a tree, each with its path."""
    for keys, value in leaves(tree):
        yield "/".join(keys), value


def kind(metadata: Tensor) -> tuple[tuple[int, ...], str]:
    """Returns the shape and the type of a value of which Orbax has metadata."""
    if hasattr(metadata, "shape"):
        return tuple(int(length) for length in metadata.shape), str(metadata.dtype)
    # Of single numbers it keeps nothing but that they are whole or not.
    return (), "int64" if isinstance(metadata, int) else "float64"


@contextlib.contextmanager
def errors(path: str) -> Iterator[None]:
    """Makes a DamagedCheckpoint of what Orbax raises. Only its calls go inside."""
    try:
        with parsing.by_library(path):
            yield
    except FileNotFoundError as error:
        raise DamagedCheckpoint(path, f"it is damaged: {parsing.one_line(error)}") from error


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Lets this process read without waiting for those that it trains with."""
    index = together().index
    if together().count == 1:
        yield
        return
    context = library().Context()
    options = context.multiprocessing
    options.primary_host = index
    options.active_processes = {index}
    # Several of them may be reading at once.
    options.barrier_sync_key_prefix = f"keras_ckpt_{index}_"
    # Orbax numbers what it does, and would wait for ever where another process had done less.
    numbers = importlib.import_module(_NUMBERS).OperationIdGenerator
    before = numbers._operation_id_counter, numbers._operation_id
    numbers._operation_id_counter = itertools.count(numbers._operation_id + 1)
    try:
        with context:
            yield
    finally:
        numbers._operation_id_counter, numbers._operation_id = before


class _Value:
    """A value in a step, which is read once it is asked for.

    Args:
        step: the step.
        keys: what it stands under in the tree, key by key.
        shape: its shape.

    Attributes:
        wanted: what Orbax is to give.
    """

    def __init__(self, step: OpenStep, keys: _Keys, shape: tuple[int, ...]) -> None:
        self._step = step
        self._keys = keys
        self.shape = shape
        self.wanted: object = np.ndarray

    def __call__(self) -> Tensor:
        found = self._step.read()
        for key in self._keys:
            found = found[key]
        return found if processes.part(found) is not None else np.asarray(found)


class OpenStep:
    """A step that is open.

    Args:
        step: String, its path.
        local: String, the path of the same on this machine.

    Attributes:
        groups: Dict, the values of each group of variables, by their paths.
    """

    def __init__(self, step: str, local: str) -> None:
        self._step, self._local = step, local
        self._library = library()
        with errors(step), alone():
            found = self._library.checkpointables_metadata(local).metadata
        self.described = found.get(VALUES)
        if not isinstance(self.described, dict) or "trainable_variables" not in self.described:
            raise NotACheckpoint(
                step,
                "it was written by Orbax, but not by Keras",
                "known are those of `keras.callbacks.OrbaxCheckpoint`",
            )
        self._others = [name for name in (DESCRIPTION, ASSETS) if name in found]
        self._values: dict[_Keys, _Value] = {}
        self._read: Tree | None = None
        self.groups = {
            group: {
                "/".join(keys): self._value((group, *keys), kind(each)[0])
                for keys, each in leaves(self.described.get(group) or {})
                if keys and keys != ("",)
            }
            for group in ROLES
        }

    def _value(self, keys: _Keys, shape: tuple[int, ...]) -> _Value:
        found = self._values[keys] = _Value(self, keys, shape)
        return found

    def of(self, *groups: str) -> dict[str, Stored]:
        """Returns the values of groups of variables, by their paths."""
        return {
            path: Stored(value.shape, value)
            for group in groups
            for path, value in self.groups[group].items()
        }

    def read(self) -> Tree:
        """Returns all values: whole, or the part of this process where that is wanted.

        A step may have been written by more processes than read it, or by fewer.
        """
        if self._read is None:
            found = self._load({VALUES: self._wanted(self.described, ())})
            self._read = found[VALUES]
        return self._read

    def _wanted(self, tree: Tensor, keys: _Keys) -> object:
        """Returns the tree of what Orbax is to give."""
        if isinstance(tree, dict):
            return {name: self._wanted(inside, (*keys, name)) for name, inside in tree.items()}
        if not hasattr(tree, "shape"):
            return tree  # A number.
        return self._values[keys].wanted if keys in self._values else np.ndarray

    def others(self) -> Tree:
        """Returns what else is in the step: the description of a model, and files of layers."""
        return self._load(dict.fromkeys(self._others)) if self._others else {}

    def _load(self, wanted: Mapping[str, object]) -> Tree:
        with errors(self._step), alone():
            found: Tree = self._library.load_checkpointables(self._local, wanted)
        return found


def want_part(read: object, variable: Variable) -> None:
    """Has a value read in part, if its variable has a part of it in this process.

    Args:
        read: what reads the value, as `OpenStep.of` gives it.
        variable: the variable.
    """
    value = processes.part(variable)
    if value is not None and isinstance(read, _Value):
        read.wanted = processes.like(value)


@contextlib.contextmanager
def opened(step: str) -> Iterator[OpenStep]:
    """Opens a step in a `with` block."""
    with remote.local_directory(step) as local:
        yield OpenStep(step, local)
