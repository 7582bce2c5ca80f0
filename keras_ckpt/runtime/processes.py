"""The processes that train one model together: of JAX, of PyTorch, or of `tf.distribute`.

The first of them decides and writes; what it says is told to all. A library that the program has
not loaded is not asked, and not loaded either.
"""

from __future__ import annotations

import builtins
import contextlib
import contextvars
import functools
import json
import sys
from types import ModuleType
from typing import Any, Callable, Iterable, Iterator, TypeVar

import numpy as np

from keras_ckpt._typing import Model, Tensor, Variable
from keras_ckpt.runtime import installed

T = TypeVar("T")

#: The values of variables of which this process has but a part, while they are written.
_gathered: contextvars.ContextVar[dict[int, np.ndarray] | None] = contextvars.ContextVar(
    "gathered", default=None
)


class Alone:
    """A process that trains on its own, or in a way that needs no agreement.

    Attributes:
        count: Integer, how many processes there are.
        index: Integer, which of them this is.
        has_parts: Boolean, whether a variable can be spread over them, and each write its part.
        first_writes: Boolean, whether the others have nothing to do while the first one saves.
    """

    count = 1
    index = 0
    has_parts = False
    first_writes = True

    @property
    def is_first(self) -> bool:
        """Whether this process decides and writes."""
        return self.index == 0

    def told(self, value: T) -> T:
        """Returns what the first process gives, in all of them. It is what JSON can say."""
        return value

    def most(self, number: int) -> int:
        """Returns the largest of the numbers that the processes give."""
        return number

    def by_first(self, function: Callable[[], T]) -> T:
        """Returns what `function`, called in the first process alone, returns there.

        Raises:
            Exception: what it raises in the first; in the others one of the same built-in class, or
                a RuntimeError.
        """
        if self.count == 1:
            return function()
        found: T | None = None
        said, failure = "", None
        if self.is_first:
            try:
                found = function()
            except BaseException as error:
                said, failure = str(error) or type(error).__name__, error
        kind = "" if failure is None else type(failure).__name__
        told: list[Any] = self.told([kind, said, found if failure is None else None])
        kind, said, value = told
        if failure is not None:
            raise failure
        if kind:
            same = getattr(builtins, kind, RuntimeError)
            raised = same if issubclass(same, Exception) else RuntimeError
            raise raised(f"The first of {self.count} processes has failed: {kind}: {said}")
        answer: T = value
        return answer

    def agree(self, failure: BaseException | None) -> None:
        """Raises in all processes if something has failed in one of them.

        Args:
            failure: what has been raised in this one, `None` if nothing.

        Raises:
            Exception: `failure`, or a RuntimeError that names the process where it was raised.
        """
        failed = self.most(0 if failure is None else self.index + 1) if self.count > 1 else 0
        if failure is not None:
            raise failure
        if failed:
            raise RuntimeError(
                f"Process {failed - 1} of {self.count} has failed: its own error says why."
            )


class OfJax(Alone):
    """The processes of `jax.distributed`."""

    has_parts = True

    def __init__(self, jax: ModuleType) -> None:
        self._jax = jax
        self.count = int(jax.process_count())
        self.index = int(jax.process_index())

    def told(self, value: T) -> T:
        utilities = self._utilities()
        text = json.dumps(value).encode("utf-8") if self.is_first else b""
        size = int(utilities.broadcast_one_to_all(np.asarray(len(text), np.int32)))
        content = np.zeros(size, np.uint8)
        content[: len(text)] = np.frombuffer(text, np.uint8)
        found: T = json.loads(bytes(np.asarray(utilities.broadcast_one_to_all(content))))
        return found

    def most(self, number: int) -> int:
        return int(np.max(self._utilities().process_allgather(np.asarray(number, np.int32))))

    def gathered(self, value: Tensor) -> np.ndarray:
        """Returns the whole of a value of which each process has a part. All must call it."""
        return np.asarray(self._utilities().process_allgather(value, tiled=True))

    def _utilities(self) -> ModuleType:
        from jax.experimental import multihost_utils

        found: ModuleType = multihost_utils
        return found


class OfTorch(Alone):
    """The processes of `torch.distributed`."""

    def __init__(self, distributed: ModuleType) -> None:
        self._distributed = distributed
        self.count = int(distributed.get_world_size())
        self.index = int(distributed.get_rank())

    def told(self, value: T) -> T:
        held = [value if self.is_first else None]
        self._distributed.broadcast_object_list(held, src=0)
        # In the same types as by the other libraries.
        found: T = json.loads(json.dumps(held[0]))
        return found

    def most(self, number: int) -> int:
        held: list[int] = [0] * self.count
        self._distributed.all_gather_object(held, number)
        return max(held)


class OfStrategy(Alone):
    """The workers of a strategy of `tf.distribute`, whose scope this is called in.

    Reading a variable can need all of them: each saves, and those that are not the chief to a
    temporary place.
    """

    first_writes = False

    def __init__(self, tensorflow: ModuleType, strategy: Tensor) -> None:
        self._tensorflow, self._strategy = tensorflow, strategy
        extended = strategy.extended
        self.count = int(extended._num_workers)
        own = int(getattr(extended, "_id_in_cluster", extended._task_id))
        self.index = 0 if extended.should_checkpoint else max(own, 1)

    def told(self, value: T) -> T:
        text = json.dumps(value).encode("utf-8") if self.is_first else b""
        (size,) = self._sum(np.array([len(text)], np.int32))
        content = np.zeros(size, np.int32)
        content[: len(text)] = np.frombuffer(text, np.uint8)
        found: T = json.loads(bytes(self._sum(content).astype(np.uint8)))
        return found

    def most(self, number: int) -> int:
        own = np.zeros(self.count, np.int32)
        own[self.index] = number
        return int(self._sum(own).max())

    def _sum(self, array: np.ndarray) -> np.ndarray:
        """Returns the sum of the arrays that the workers give."""
        tensorflow, strategy = self._tensorflow, self._strategy
        run = getattr(strategy, "run", None) or strategy.experimental_run_v2
        here = strategy.num_replicas_in_sync // self.count

        def of_replica() -> Tensor:
            # One for each worker.
            number = tensorflow.distribute.get_replica_context().replica_id_in_sync_group
            is_one = tensorflow.cast(tensorflow.equal(number % here, 0), tensorflow.int32)
            return tensorflow.constant(array) * is_one

        def of_all() -> Tensor:
            kind = tensorflow.distribute.ReduceOp.SUM
            return strategy.reduce(kind, run(of_replica), axis=None)

        found: np.ndarray = tensorflow.function(of_all)().numpy()
        return found


def spans_workers(strategy: Tensor) -> bool:
    """Returns whether a strategy of `tf.distribute` is one for several workers."""
    extended: Tensor = getattr(strategy, "extended", None)
    if hasattr(extended, "_in_multi_worker_mode"):
        return bool(extended._in_multi_worker_mode())
    # The strategies of TF 2.0 do not say, but one for several workers counts them.
    return bool(getattr(extended, "_num_workers", 1) > 1)


def _of_tensorflow() -> Alone:
    tensorflow = installed.tensorflow_if_loaded()
    if tensorflow is None:
        return Alone()
    strategy = tensorflow.distribute.get_strategy()
    if spans_workers(strategy) and getattr(strategy.extended, "_num_workers", 1) > 1:
        return OfStrategy(tensorflow, strategy)
    return Alone()


def group() -> Alone:
    """Returns the processes that this one is of."""
    if not {"keras", "tensorflow"} & set(sys.modules):
        return Alone()  # Nothing is trained here.
    backend = installed.backend() if installed.is_keras_3() else "tensorflow"
    if backend == "tensorflow":
        return _of_tensorflow()
    if backend == "jax" and "jax" in sys.modules:
        jax = sys.modules["jax"]
        return OfJax(jax) if jax.process_count() > 1 else Alone()
    if backend == "torch" and "torch.distributed" in sys.modules:
        distributed = sys.modules["torch.distributed"]
        if distributed.is_available() and distributed.is_initialized():
            return OfTorch(distributed) if distributed.get_world_size() > 1 else Alone()
    return Alone()


def _is_in_parts(value: Tensor) -> bool:
    """Returns whether other processes have parts of a value that this one has not."""
    return not (
        getattr(value, "is_fully_addressable", True) or getattr(value, "is_fully_replicated", True)
    )


def part(variable: Tensor | Variable) -> Tensor | None:
    """Returns the value of a variable that is spread over processes, None of any other."""
    value: Tensor = getattr(variable, "value", variable)
    return value if group().has_parts and _is_in_parts(value) else None


def like(value: Tensor) -> Tensor:
    """Returns the shape of a value that is spread over processes, its type, and what each has."""
    return sys.modules["jax"].ShapeDtypeStruct(value.shape, value.dtype, sharding=value.sharding)


def whole(variable: Tensor | Variable) -> np.ndarray | None:
    """Returns the value of a variable that spans processes, None if it is one of this process.

    Keras would compute with it, which all processes would have to do.
    """
    known = _gathered.get()
    found = None if known is None else known.get(id(variable))
    if found is not None or not installed.is_keras_3() or installed.backend() != "jax":
        return found
    value: Tensor = getattr(variable, "value", variable)
    is_replica = not getattr(value, "is_fully_addressable", True) and value.is_fully_replicated
    return np.asarray(value.addressable_data(0)) if is_replica else None


@contextlib.contextmanager
def gathering(variables: Iterable[Variable]) -> Iterator[None]:
    """Lets the first process read in a `with` block what is spread over all of them.

    All must come here, and with the same variables. The others keep nothing of it.
    """
    together = group()
    found: dict[int, np.ndarray] = {}
    if isinstance(together, OfJax):
        for variable in variables:
            value = part(variable)
            if value is not None:
                array = together.gathered(value)
                if together.is_first:
                    found[id(variable)] = found[id(value)] = array
    token = _gathered.set(found)
    try:
        with _undistributed() if isinstance(together, OfJax) else contextlib.nullcontext():
            yield
    finally:
        _gathered.reset(token)


@contextlib.contextmanager
def writing(model: Model, in_parts: bool) -> Iterator[bool]:
    """Has one checkpoint written by all processes. All must come here, and go on once it is there.

    Args:
        model: the model that is saved.
        in_parts: Boolean, whether its format lets each process write its part.

    Yields:
        Whether this process has anything to write.
    """
    together = group()
    if together.count == 1 or not together.first_writes:
        yield True
        return
    in_parts = in_parts and together.has_parts
    failure: BaseException | None = None
    with gathering([] if in_parts else _variables(model)):
        try:
            yield in_parts or together.is_first
        except BaseException as error:
            failure = error
    # None goes on before it is there, or as if it were there.
    together.by_first(functools.partial(_raise, failure))
    _raise(failure)


def is_of_all(model: Model, in_parts: bool) -> bool:
    """Returns whether a model can only be saved by all processes together.

    Args:
        model: the model.
        in_parts: Boolean, as of `writing`.
    """
    return group().has_parts and (
        in_parts or any(part(each) is not None for each in _variables(model))
    )


def _variables(model: Model) -> list[Variable]:
    """Returns the variables that a save may read, in the same order in all processes."""
    optimizer = getattr(model, "optimizer", None)
    found = [*model.variables, *([] if optimizer is None else optimizer.variables)]
    return list({id(each): each for each in [*found, *model.metrics_variables]}.values())


def _raise(error: BaseException | None) -> None:
    if error is not None:
        raise error


@contextlib.contextmanager
def _undistributed() -> Iterator[None]:
    """Has Keras make variables of this process alone.

    It makes an optimizer when it saves one, to see what all have, and spreading its variables over
    the processes would take all of them.
    """
    distribution = installed.keras().distribution
    before = distribution.distribution()
    distribution.set_distribution(None)
    try:
        yield
    finally:
        distribution.set_distribution(before)
