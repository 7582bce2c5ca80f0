"""Run a scenario through a callback class and return everything that can be observed.

A scenario and a trace are plain data (``json.dumps`` takes both), so a trace recorded in one
environment compares with a trace recorded in another one.  What plain JSON cannot hold is written
in a scenario as ``{"$": tag, ...}`` (see :func:`decode`) and in a trace as text that names the
type (see :class:`Namer`), so that ``1``, ``True`` and ``1.0`` never pass for one another.

Python 3.7 and newer; besides NumPy, only the Keras under test is imported.
"""

from __future__ import annotations

import collections
import contextlib
import copy
import dis
import enum
import functools
import importlib
import importlib.util
import inspect
import json
import logging
import os
import pathlib
import pickle
import re
import shutil
import sys
import tempfile
import types
import warnings
from typing import Any, Callable, Iterator
from unittest import mock

import numpy as np

HOOKS = (
    "_save_model",
    "_get_file_path",
    "_should_save_on_batch",
    "_save_handler",
    "_should_save_model",
    "_is_improvement",
    "_set_monitor_op",
    "_maybe_remove_file",
    "_checkpoint_exists",
    "_get_most_recently_modified_file_matching_pattern",
    "_implements_train_batch_hooks",
)
DIRECTORY = "<dir>"


# ---------------------------------------------------------------- the Keras under test


class Running:
    """The Keras under test: its module, the release that its callbacks are, TensorFlow or None."""

    def __init__(self, keras: Any, release: str, tensorflow: Any) -> None:
        self.keras = keras
        self.release = release
        self.tensorflow = tensorflow

    @property
    def version(self) -> tuple[int, ...]:
        """The release as numbers, e.g. (2, 4, 1); of tf_keras that whose callback it has.

        Those of stand-alone Keras, which came before TF 2, begin with a 1: (1, 2, 3, 1).
        """
        if self.release.startswith("tf_keras"):
            return (2, 15, 0)
        numbers = tuple(int(number) for number in re.findall(r"\d+", self.release)[:3])
        return (1, *numbers) if self.release.startswith("keras ") else numbers

    @property
    def name(self) -> str:
        """The release as its recording is called: "2.4", "3.0.4", "tf_keras", "keras 2.3"."""
        if self.release.startswith("tf_keras"):
            return "tf_keras"
        if self.release.startswith("keras "):
            # As of Keras 3: two patch releases that differ from the last of their minor.
            is_patch = self.version[1:] in ((2, 0, 8), (2, 1, 5))
            return "keras " + ".".join(map(str, self.version[1 : 4 if is_patch else 3]))
        # The one patch release that differs from the last of its minor.
        numbers = self.version[: 3 if self.version[:2] == (3, 0) and self.version[2] < 5 else 2]
        return ".".join(str(number) for number in numbers)

    @property
    def model_checkpoint(self) -> type:
        """The real class."""
        return self.keras.callbacks.ModelCheckpoint


@functools.lru_cache(maxsize=None)
def running() -> Running:
    """Find the Keras under test: tf_keras if asked for, else Keras 3, else ``tf.keras``.

    Where there is stand-alone Keras, up to 2.3, it is that.
    """
    if os.environ.get("TF_USE_LEGACY_KERAS", "") in ("1", "true", "True"):
        keras = importlib.import_module("tf_keras")
        release = "tf_keras " + keras.__version__
        return Running(keras, release, importlib.import_module("tensorflow"))
    try:
        keras = importlib.import_module("keras")
    except ImportError:
        keras = None
    if keras is not None and keras.__version__.startswith("3"):
        has_tensorflow = importlib.util.find_spec("tensorflow") is not None
        tensorflow = importlib.import_module("tensorflow") if has_tensorflow else None
        return Running(keras, keras.__version__, tensorflow)
    tensorflow = importlib.import_module("tensorflow")
    if keras is not None and re.match(r"2\.[0-3]\.", keras.__version__):
        return Running(keras, "keras " + keras.__version__, tensorflow)
    return Running(tensorflow.keras, tensorflow.__version__, tensorflow)


# ---------------------------------------------------------------- values: scenario -> Python


class Odd:
    """A value of no use to a callback, with a text of its own."""

    def __repr__(self) -> str:
        return "<odd>"


class OddPath:
    """A PathLike that is no pathlib path."""

    def __init__(self, path: Any) -> None:
        self.path = path

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return f"OddPath({self.path!r})"


class OddText(str):
    """A subclass of str."""


class OddDict(dict):
    """A subclass of dict."""


class OddInt(enum.IntEnum):
    """Integers that are no plain int."""

    ZERO = 0
    ONE = 1
    TWO = 2
    FIVE = 5


class SaveError(Exception):
    """An exception that no library knows."""


class SaveOSError(OSError):
    """An I/O error that no library knows, with the attribute that Python 2 gave to all."""

    @property
    def message(self) -> Any:
        return self.args[0]


class Unprintable(ValueError):
    """An exception whose text cannot be had."""

    def __str__(self) -> str:
        raise SaveError("no text")


ERRORS: dict[str, type] = {
    error.__name__: error
    for error in (
        OSError,
        FileNotFoundError,
        FileExistsError,
        PermissionError,
        IsADirectoryError,
        NotADirectoryError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RuntimeError,
        NotImplementedError,
        UnicodeError,
        StopIteration,
        SaveError,
        SaveOSError,
        Unprintable,
    )
}


def _operator(name: str) -> Any:
    if name == "lambda":
        return lambda current, best: True
    return getattr(np, name)


class Decoder:
    """Turns the values of one scenario into Python values; remembers what it made."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.made: list[Any] = []

    def text(self, text: str) -> str:
        return text.replace(DIRECTORY, self.directory)

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$" not in value:
            return {key: self(item) for key, item in value.items()}
        return getattr(self, "_" + value["$"])(value)

    def _float(self, value: Any) -> Any:
        return float(value["v"])

    def _np(self, value: Any) -> Any:
        return np.dtype(value["t"]).type(value["v"])

    def _array(self, value: Any) -> Any:
        # A plain number gives a 0-d array.
        numbers = self(value["v"])
        return np.array(numbers, dtype=value["t"])

    def _tensor(self, value: Any) -> Any:
        array = self._array(value)
        current = running()
        if current.version[0] >= 3:
            return current.keras.ops.convert_to_tensor(array)
        return current.tensorflow.constant(array)

    def _variable(self, value: Any) -> Any:
        current = running()
        if current.version[0] >= 3:
            return current.keras.Variable(self._array(value), name="value")
        return current.tensorflow.Variable(self._array(value), name="value")

    def _path(self, value: Any) -> Any:
        return pathlib.Path(self.text(value["v"]))

    def _pure_path(self, value: Any) -> Any:
        return pathlib.PurePosixPath(self.text(value["v"]))

    def _odd_path(self, value: Any) -> Any:
        return OddPath(self(value["v"]))

    def _bytes(self, value: Any) -> Any:
        return self.text(value["v"]).encode()

    def _odd(self, value: Any) -> Any:
        return Odd()

    def _odd_text(self, value: Any) -> Any:
        return OddText(self.text(value["v"]))

    def _odd_int(self, value: Any) -> Any:
        return OddInt(value["v"])

    def _ellipsis(self, value: Any) -> Any:
        return Ellipsis

    def _complex(self, value: Any) -> Any:
        return complex(value["v"])

    def _tuple(self, value: Any) -> Any:
        return tuple(self(item) for item in value["v"])

    def _set(self, value: Any) -> Any:
        return {self(item) for item in value["v"]}

    def _dict(self, value: Any) -> Any:
        return {self(key): self(item) for key, item in value["v"]}

    def _odd_dict(self, value: Any) -> Any:
        return OddDict((self(key), self(item)) for key, item in value["v"])

    def _ordered_dict(self, value: Any) -> Any:
        return collections.OrderedDict((self(key), self(item)) for key, item in value["v"])

    def _operator(self, value: Any) -> Any:
        return _operator(value["v"])

    def _options(self, value: Any) -> Any:
        tensorflow = running().tensorflow
        home: Any = None
        if tensorflow is not None:
            name = value["t"]
            home = getattr(tensorflow.train, name, None)
            home = home or getattr(tensorflow.saved_model, name, None)
        # Without TensorFlow, something that is called so.
        made = home() if home else type(value["t"], (), {})()
        self.made.append(made)
        return made


def decode(value: Any, directory: str = ".") -> Any:
    """The Python value that ``value`` stands for; ``<dir>`` in a text becomes ``directory``."""
    return Decoder(directory)(value)


# ---------------------------------------------------------------- values: Python -> trace


class Namer:
    """Writes any value as plain data that tells its type and hides where the test ran."""

    def __init__(self, directory: str, made: list[Any]) -> None:
        self.directory = directory
        self.made = made

    def text(self, text: str) -> str:
        text = text.replace(self.directory, DIRECTORY)
        text = re.sub(r"/tmp[a-z0-9_]{8}\b", "/<temporary>", text)
        # TF 2.0 and 2.1 number their tensors.
        text = re.sub(r"\bid=\d+", "id=", text)
        return re.sub(r"0x[0-9a-fA-F]{6,}", "0x", text)

    def __call__(self, value: Any) -> Any:
        kind = type(value)
        if value is None or kind in (bool, int, float, complex) or value is Ellipsis:
            return repr(value)
        if kind is str:
            return "'" + self.text(value) + "'"
        if isinstance(value, np.ndarray):
            return ["ndarray", str(value.dtype), list(value.shape), self(value.tolist())]
        if isinstance(value, np.generic):
            return "np." + str(value.dtype) + " " + str(self(value.item()))
        if isinstance(value, StandIn):
            return "model " + object.__getattribute__(value, "_label")
        if isinstance(value, np.ufunc):
            return "ufunc " + value.__name__
        if isinstance(value, type):
            return "type " + value.__name__
        if isinstance(value, enum.Enum):
            return str(kind.__name__) + "." + value.name
        if callable(value) and hasattr(value, "__name__"):
            return "function " + value.__name__
        if isinstance(value, dict):
            return [kind.__name__, [[self(key), self(item)] for key, item in value.items()]]
        if isinstance(value, (list, tuple)):
            return [kind.__name__, [self(item) for item in value]]
        if isinstance(value, (set, frozenset)):
            return [kind.__name__, sorted((self(item) for item in value), key=str)]
        if isinstance(value, BaseException):
            return self.error(value)
        if kind.__name__.endswith("Options"):
            origin = [index for index, made in enumerate(self.made) if made is value]
            return kind.__name__ + (f" given {origin[0]}" if origin else " own")
        if hasattr(value, "dtype") and hasattr(value, "shape"):
            return ["tensor", kind.__name__, str(value.dtype), self.text(str(value))]
        try:
            return kind.__name__ + " " + self.text(repr(value))
        except Exception as error:
            return kind.__name__ + " without a text: " + type(error).__name__

    def error(self, error: BaseException) -> dict[str, Any]:
        """An exception: its type, text, arguments, and the types of those behind it."""
        kind = type(error)
        name = kind.__qualname__
        if kind.__module__ not in ("builtins", __name__):
            name = kind.__module__ + "." + name
        try:
            text = self.text(str(error))
        except Exception as problem:
            text = "no text: " + type(problem).__name__
        found: dict[str, Any] = {
            "type": name,
            "text": text,
            "args": [self(item) for item in error.args],
        }
        if isinstance(error, OSError):
            found["os"] = [self(error.errno), self(error.filename)]
        for name in ("__cause__", "__context__"):
            behind = getattr(error, name)
            if behind is not None:
                found[name] = type(behind).__name__
        if error.__suppress_context__:
            found["__suppress_context__"] = True
        if _is_said(error):
            found["said"] = True
        return found


def _is_said(error: BaseException) -> bool:
    """Whether a `raise` made the error: what Python and NumPy say differs by their releases."""
    step = error.__traceback__
    if step is None:
        return False
    while step.tb_next is not None:
        step = step.tb_next
    operation = step.tb_frame.f_code.co_code[step.tb_lasti]
    return dis.opname[operation] == "RAISE_VARARGS"


# ---------------------------------------------------------------- the journal


class Journal:
    """What happened, in order, since it was last taken."""

    def __init__(self) -> None:
        self.entries: list[list[Any]] = []
        self.muted = False

    def add(self, *entry: Any) -> None:
        if not self.muted:
            self.entries.append(list(entry))

    def take(self) -> list[list[Any]]:
        entries, self.entries = self.entries, []
        return entries


class _Out:
    """A stdout that writes into the journal; neighbouring writes are one entry."""

    encoding = "utf-8"

    def __init__(self, journal: Journal, name: Namer) -> None:
        self._journal = journal
        self._name = name

    def write(self, text: str) -> int:
        entries = self._journal.entries
        if entries and entries[-1][0] == "stdout":
            entries[-1][1] += self._name.text(text)
        else:
            self._journal.add("stdout", self._name.text(text))
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


class _Records(logging.Handler):
    """A log handler that writes into the journal."""

    def __init__(self, journal: Journal, name: Namer) -> None:
        super().__init__(level=logging.NOTSET)
        self._journal = journal
        self._name = name

    def emit(self, record: logging.LogRecord) -> None:
        text = self._name.text(record.getMessage())
        self._journal.add("log", record.name, record.levelname, text)


@contextlib.contextmanager
def _own_logger(logger: logging.Logger, handler: logging.Handler) -> Iterator[None]:
    kept = logger.handlers, logger.propagate, logger.level
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.handlers, logger.propagate = kept[0], kept[1]
        logger.setLevel(kept[2])


@contextlib.contextmanager
def _own_warnings(journal: Journal, name: Namer) -> Iterator[None]:
    def show(message: Any, category: type, *_: Any, **__: Any) -> None:
        if not issubclass(category, ResourceWarning):
            journal.add("warning", category.__name__, name.text(str(message)))

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def listening(journal: Journal, name: Namer) -> Iterator[None]:
    """Log records and warnings go to the journal, and nowhere else."""
    handler = _Records(journal, name)
    with contextlib.ExitStack() as stack:
        # absl may have chosen its own class for its logger: take the one that it made.
        stack.enter_context(_own_logger(logging.getLogger("tensorflow"), handler))
        stack.enter_context(_own_logger(logging.getLogger("absl"), handler))
        stack.enter_context(_own_warnings(journal, name))
        yield


@contextlib.contextmanager
def _working_directory(directory: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


def knows_interactive_logging() -> bool:
    """Whether the running Keras can be told to log what it would print (TF 2.8 on)."""
    return hasattr(running().keras.utils, "disable_interactive_logging")


@contextlib.contextmanager
def _interactive_logging(on: bool) -> Iterator[None]:
    utils = running().keras.utils
    if on or not knows_interactive_logging():
        yield
        return
    utils.disable_interactive_logging()
    try:
        yield
    finally:
        utils.enable_interactive_logging()


@contextlib.contextmanager
def _own_temporary_directory(directory: str) -> Iterator[None]:
    before, tempfile.tempdir = tempfile.tempdir, directory
    try:
        yield
    finally:
        tempfile.tempdir = before


class _TrainingState:
    """Stands in for the training state that TF 2.0 to 2.2 back up when there are workers."""

    def __init__(self, journal: Journal, namer: Namer, restores: bool, *args: Any) -> None:
        self._add = functools.partial(journal.add, "training state")
        self._namer = namer
        self._restores = restores
        self._add("new", [namer(item) for item in args])

    def restore(self) -> bool:
        self._add("restore")
        return self._restores

    def back_up(self, epoch: Any) -> None:
        self._add("back_up", self._namer(epoch))

    def delete_backup(self) -> None:
        self._add("delete_backup")

    @contextlib.contextmanager
    def untrack_vars(self) -> Iterator[None]:
        self._add("untrack_vars")
        try:
            yield
        finally:
            self._add("track_vars")

    def __repr__(self) -> str:
        return "<training state>"


@contextlib.contextmanager
def _cluster(spec: Any, journal: Journal, namer: Namer) -> Iterator[None]:
    """Makes TF 2.0 to 2.2 take this process for one worker of several, without any other."""
    if not spec:
        yield
        return
    context = types.SimpleNamespace(
        should_checkpoint=spec["chief"],
        should_save_summary=spec["chief"],
        experimental_should_init=spec["init"],
    )
    state = functools.partial(_TrainingState, journal, namer, spec["restores"])
    config = {"cluster": {spec["job"]: ["localhost:1", "localhost:2"]}}
    modules = {
        "tensorflow.python.keras.distribute.multi_worker_training_state": {
            "MultiWorkerTrainingState": state
        },
        "tensorflow.python.distribute.distribute_coordinator_context": {
            "get_current_worker_context": lambda: context
        },
    }
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, TF_CONFIG=json.dumps(config)))
        for module, contents in modules.items():
            stack.enter_context(_with(module, contents))
        yield


@contextlib.contextmanager
def _with(name: str, contents: dict[str, Any]) -> Iterator[None]:
    """Changes a module of TensorFlow's; where later releases have it no more, puts one there."""
    with contextlib.ExitStack() as stack:
        try:
            module = importlib.import_module(name)
        except ImportError:
            module = types.ModuleType(name)
            stack.enter_context(mock.patch.dict(sys.modules, {name: module}))
        for key, value in contents.items():
            stack.enter_context(mock.patch.object(module, key, value, create=True))
        yield


@contextlib.contextmanager
def _no_bucket(journal: Journal, name: Namer) -> Iterator[None]:
    """Notes what is asked of a bucket, of which there is none, and no network either."""
    with contextlib.ExitStack() as stack:
        for module in _modules_of_gfile():
            for method in ("exists", "makedirs"):
                original = getattr(module, method)

                def asked(path: Any, method: str = method, original: Any = original) -> Any:
                    if not str(path).startswith("gs://"):
                        return original(path)
                    journal.add("bucket", method, name(path))
                    return False

                stack.enter_context(mock.patch.object(module, method, asked))
        yield


@functools.lru_cache(maxsize=None)
def _modules_of_gfile() -> list[Any]:
    """TensorFlow's file system, under each of its names."""
    if running().tensorflow is None:
        return []
    # Keras 3 imports it so, which may make another module of it.
    with contextlib.suppress(ImportError):
        importlib.import_module("tensorflow.io.gfile")
    names = [name for name in sys.modules if name.endswith("io.gfile")]
    found = {id(sys.modules[name]): sys.modules[name] for name in names}
    return [module for module in found.values() if hasattr(module, "makedirs")]


@contextlib.contextmanager
def _recording(journal: Journal, name: Namer, interactive: bool, cluster: Any) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        stack.enter_context(_working_directory(name.directory))
        stack.enter_context(_own_temporary_directory(name.directory))
        stack.enter_context(_cluster(cluster, journal, name))
        stack.enter_context(listening(journal, name))
        stack.enter_context(_interactive_logging(interactive))
        stack.enter_context(_no_bucket(journal, name))
        stack.enter_context(contextlib.redirect_stdout(_Out(journal, name)))  # type: ignore
        yield


# ---------------------------------------------------------------- the stand-in model


class _Extended:
    """As much of a multi-worker strategy as is asked when a path is made."""

    def __init__(self, chief: bool) -> None:
        self.should_checkpoint = chief
        self.should_save_summary = chief
        self._task_id = 0 if chief else 1

    def _in_multi_worker_mode(self) -> bool:
        return True


def _strategy(name: str) -> Any:
    tensorflow = running().tensorflow
    if name == "none" or (name == "default" and tensorflow is None):
        return None
    if name == "default":
        return tensorflow.distribute.get_strategy()
    return types.SimpleNamespace(extended=_Extended(name == "chief"))


def _metrics(groups: list[Any]) -> list[Any]:
    """Stand-ins for ``model.metrics``: [[kind, [[name, direction or absent], …]], …]."""
    made: list[Any] = []
    for kind, members in groups:
        inner = [
            types.SimpleNamespace(name=member[0])
            if len(member) == 1
            else types.SimpleNamespace(name=member[0], _direction=member[1])
            for member in members
        ]
        if kind == "plain":
            made.extend(inner)
            continue
        # The callback asks isinstance(): only a subclass of the real thing will do.
        home: Any = importlib.import_module("keras.src.trainers.compile_utils")
        base = getattr(home, "CompileMetrics" if kind == "compile" else "MetricsList")
        body = {
            "__init__": lambda self: None,
            "__new__": lambda cls: object.__new__(cls),
            "__setattr__": object.__setattr__,
            "metrics": inner,
        }
        made.append(type(base.__name__ + "StandIn", (base,), body)())
    return made


class StandIn:
    """A model that notes what is asked of it; made by :func:`stand_in`."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return object.__getattribute__(self, name)
        get = functools.partial(object.__getattribute__, self)
        journal, outcomes = get("_journal"), get("_outcomes")
        if name in ("save", "save_weights", "load_weights"):
            return functools.partial(_called, self, name)
        # The base class's own property asks for this one on JAX, whoever is the callback.
        if name == "jax_state_sync":
            raise AttributeError(name)
        offered = get("_offered")
        if name in offered:
            journal.add("model", "read", name)
            return offered[name]
        if name == "_in_multi_worker_mode" and name in outcomes:
            return lambda: journal.add("model", name) or outcomes[name]
        journal.add("model", "read", name, "missing")
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        namer = object.__getattribute__(self, "_namer")
        object.__getattribute__(self, "_journal").add("model", "write", name, namer(value))
        object.__getattribute__(self, "_offered")[name] = value

    def __repr__(self) -> str:
        return "<stand-in>"

    def __deepcopy__(self, memo: Any) -> StandIn:
        return self

    def __reduce__(self) -> Any:
        raise TypeError("cannot pickle a stand-in")


def _called(model: StandIn, method: str, *args: Any, **kwargs: Any) -> Any:
    """A call of save, save_weights or load_weights: note it, then do what the scenario says."""
    get = functools.partial(object.__getattribute__, model)
    journal, namer, outcomes = get("_journal"), get("_namer"), get("_outcomes")
    named = sorted((key, namer(value)) for key, value in kwargs.items())
    journal.add("model", method, [namer(item) for item in args], [list(pair) for pair in named])
    counts = get("_counts")
    counts[method] += 1
    planned = outcomes.get(method) or ["file"]
    # The last outcome stays.
    outcome = planned[min(counts[method], len(planned)) - 1]
    if isinstance(outcome, list):
        _fail(outcome, get("_decoder"))
    if method == "load_weights" or outcome == "nothing" or not args:
        return None
    path = os.fspath(args[0])
    shown = path if isinstance(path, str) else path.decode()
    inside = os.path.abspath(shown).startswith(namer.directory + os.sep)
    if "://" in shown or not inside:
        return None
    if outcome == "directory":
        os.makedirs(path, exist_ok=True)
        path = os.path.join(shown, "saved_model.pb")
    elif outcome == "checkpoint":
        path = shown + ".index"
    with open(path, "w") as file:
        file.write(f"{method} {counts[method]}")
    return None


def _fail(outcome: list[Any], decoder: Decoder) -> None:
    name, args = outcome
    raise ERRORS[name](*[decoder(item) for item in args])


def stand_in(
    spec: dict[str, Any], label: str, journal: Journal, decoder: Decoder, namer: Namer
) -> StandIn:
    """A stand-in model as ``spec`` describes it."""
    kind = type(spec.get("class", "Functional"), (StandIn,), {})
    model = kind()
    offered: dict[str, Any] = {}
    if "graph" in spec:
        offered["_is_graph_network"] = spec["graph"]
    if "strategy" in spec:
        offered["distribute_strategy"] = _strategy(spec["strategy"])
    if "metrics" in spec:
        offered["metrics"] = _metrics(spec["metrics"])
    if "stop_training" in spec:
        offered["stop_training"] = spec["stop_training"]
    outcomes = dict(spec.get("outcomes", {}))
    if "multi_worker" in spec:
        outcomes["_in_multi_worker_mode"] = spec["multi_worker"]
    private = {
        "_label": label,
        "_journal": journal,
        "_decoder": decoder,
        "_namer": namer,
        "_offered": offered,
        "_outcomes": outcomes,
        "_counts": collections.Counter(),
    }
    for name, value in private.items():
        object.__setattr__(model, name, value)
    return model


# ---------------------------------------------------------------- the recording subclass


def _replaced(plan: dict[str, Any], decoder: Decoder, self: Any, count: int) -> Any:
    """What an override that does not call super does."""
    if "save" in plan:
        self.model.save(decoder.text(plan["save"]).format(n=count))
        return None
    value = plan["value"]
    if isinstance(value, str):
        return decoder.text(value).replace("{n}", str(count))
    return decoder(value)


def _override(
    name: str, original: Callable[..., Any], plan: dict[str, Any], journal: Journal,
    decoder: Decoder, namer: Namer,
) -> Callable[..., Any]:  # fmt: skip
    """A hook that notes its call, then calls super as ``plan`` says or does something else."""
    counts = [0]

    @functools.wraps(original)
    def hook(self: Any, *args: Any, **kwargs: Any) -> Any:
        counts[0] += 1
        named = sorted((key, namer(value)) for key, value in kwargs.items())
        journal.add("call", name, [namer(item) for item in args], [list(pair) for pair in named])
        how = plan.get("how", "super")
        try:
            if how == "raise":
                _fail(plan["error"], decoder)
            if how == "replace":
                value = _replaced(plan, decoder, self, counts[0])
            elif how == "by_name":
                bound = inspect.signature(original).bind(self, *args, **kwargs)
                arguments = dict(bound.arguments)
                arguments.pop("self")
                value = original(self, **arguments)
            elif how == "by_position":
                bound = inspect.signature(original).bind(self, *args, **kwargs)
                value = original(*bound.args)
            else:
                value = original(self, *args, **kwargs)
        except Exception as error:
            journal.add("raised", name, type(error).__name__)
            raise
        journal.add("returned", name, namer(value))
        return value

    return hook


def recording_class(
    callback_class: type,
    overrides: dict[str, Any],
    journal: Journal,
    decoder: Decoder,
    namer: Namer,
) -> type:
    """A subclass of ``callback_class`` that notes the calls of its private hooks."""
    body: dict[str, Any] = {"__module__": __name__}
    for name in HOOKS:
        original = getattr(callback_class, name, None)
        if original is not None:
            plan = overrides.get(name, {})
            body[name] = _override(name, original, plan, journal, decoder, namer)
        elif name in overrides:
            # A user's method of that name in a release that never asks for it.
            plan = overrides[name]
            body[name] = _override(name, _absent, plan, journal, decoder, namer)
    return type("Recording", (callback_class,), body)


def _absent(self: Any, *args: Any, **kwargs: Any) -> Any:
    return None


# ---------------------------------------------------------------- a scenario


def _make_files(spec: list[Any], decoder: Decoder) -> None:
    """Put files ([path, text, mtime]) and directories ([path, None, mtime]) in place."""
    for name, text, mtime in spec:
        path = decoder.text(name)
        if text is None:
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(decoder.text(text))
        if mtime is not None:
            os.utime(path, (mtime, mtime))


def files_in(directory: str) -> list[list[Any]]:
    """Everything below ``directory``: files with their text, directories with None."""
    found: list[list[Any]] = []
    for parent, directories, names in os.walk(directory):
        for name in directories:
            found.append([os.path.relpath(os.path.join(parent, name), directory), None])
        for name in names:
            path = os.path.join(parent, name)
            with open(path, errors="replace") as file:
                text = file.read(1000).replace(directory, DIRECTORY)
            found.append([os.path.relpath(path, directory), text])
    return sorted(found, key=lambda entry: str(entry[0]))


def _settle_times(directory: str, moment: int) -> None:
    """Give what was written just now a time that is no clock's: the clock makes ties by chance."""
    for parent, directories, names in os.walk(directory):
        for name in directories + names:
            path = os.path.join(parent, name)
            if os.path.getmtime(path) > 1000000:
                os.utime(path, (moment, moment))


def _copied(callback: Any, how: str) -> Any:
    if how == "pickle":
        return pickle.loads(pickle.dumps(callback))
    return getattr(copy, how)(callback)


class _Run:
    """One scenario on its way through one callback."""

    def __init__(self, callback_class: type, scenario: dict[str, Any], directory: str) -> None:
        self.scenario = scenario
        self.decoder = Decoder(directory)
        self.namer = Namer(directory, self.decoder.made)
        self.journal = Journal()
        self.models: list[StandIn] = []
        self.attributes: dict[str, Any] = {}
        self.callback: Any = None
        self.moment = 10000
        self.callback_class = callback_class
        if scenario.get("wrapped", True):
            overrides = scenario.get("overrides", {})
            self.callback_class = recording_class(
                callback_class, overrides, self.journal, self.decoder, self.namer
            )

    def step(self, action: Callable[[], Any]) -> dict[str, Any]:
        """Do something and tell what happened; nothing that did not happen is mentioned."""
        told: dict[str, Any] = {}
        try:
            value = action()
        except Exception as error:
            told["raised"] = self.namer.error(error)
        else:
            if value is not None:
                told["returned"] = self.namer(value)
        journal = self.journal.take()
        if journal:
            told["journal"] = journal
        told.update(self._changes())
        self.moment += 1
        _settle_times(self.decoder.directory, self.moment)
        return told

    def _changes(self) -> dict[str, Any]:
        if self.callback is None:
            return {}
        self.journal.muted = True
        now = {key: self.namer(value) for key, value in vars(self.callback).items()}
        self.journal.muted = False
        changed = {key: now[key] for key in sorted(now) if self.attributes.get(key) != now[key]}
        gone = sorted(set(self.attributes) - set(now))
        self.attributes = now
        told: dict[str, Any] = {}
        if changed:
            told["attributes"] = changed
        if gone:
            told["gone"] = gone
        return told

    def construct(self) -> None:
        args = [self.decoder(item) for item in self.scenario.get("args", [])]
        kwargs = {key: self.decoder(item) for key, item in self.scenario.get("kwargs", {}).items()}
        self.callback = self.callback_class(*args, **kwargs)

    def event(self, event: list[Any]) -> Any:
        kind, name = event[0], event[1]
        if kind == "call":
            args = [self.decoder(item) for item in event[2]]
            named = event[3] if len(event) > 3 else {}
            kwargs = {key: self.decoder(item) for key, item in named.items()}
            return getattr(self.callback, name)(*args, **kwargs)
        if kind == "model":
            label = str(len(self.models))
            self.models.append(stand_in(event[2], label, self.journal, self.decoder, self.namer))
            return getattr(self.callback, name)(self.models[-1])
        if kind == "set":
            return setattr(self.callback, name, self.decoder(event[2]))
        if kind == "delete":
            return delattr(self.callback, name)
        if kind == "copy":
            self.callback = _copied(self.callback, name)
            return None
        if kind == "files":
            return _make_files(event[2], self.decoder)
        raise ValueError(f"unknown event {event!r}")

    def __call__(self) -> dict[str, Any]:
        interactive = self.scenario.get("interactive", True)
        cluster = self.scenario.get("cluster")
        with _recording(self.journal, self.namer, interactive, cluster):
            for each in self.scenario.get("files", []):
                # Odd paths may lead through what is a file already.
                with contextlib.suppress(OSError):
                    _make_files([each], self.decoder)
            _settle_times(self.decoder.directory, self.moment)
            trace: dict[str, Any] = {"construct": self.step(self.construct), "events": []}
            if self.callback is not None:
                for event in self.scenario.get("events", []):
                    trace["events"].append(self.step(functools.partial(self.event, event)))
        # In the order of the names that are told: a temporary one has its own each time.
        found = files_in(self.decoder.directory)
        trace["files"] = sorted(
            ([self.namer.text("/" + name), text] for name, text in found),
            key=lambda entry: (entry[0], str(entry[1])),
        )
        return trace


def record(callback_class: type, scenario: dict[str, Any], directory: Any) -> dict[str, Any]:
    """Run ``scenario`` through ``callback_class`` in an empty ``directory``; return the trace."""
    path = os.path.realpath(str(directory))
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return _Run(callback_class, scenario, path)()


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two traces differ, each in a line: for the reader of a failed test."""
    if type(one) is not type(other):
        return [f"{where}: {one!r} != {other!r}"]
    found: list[str] = []
    if isinstance(one, dict):
        for key in sorted(set(one) | set(other)):
            if key not in one or key not in other:
                left, right = one.get(key, "<absent>"), other.get(key, "<absent>")
                found.append(f"{where}/{key}: {left!r} != {right!r}")
            else:
                found.extend(differences(one[key], other[key], f"{where}/{key}"))
    elif isinstance(one, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other)):
            found.extend(differences(left, right, f"{where}/{index}"))
    elif one != other:
        found.append(f"{where}: {one!r} != {other!r}")
    return found


# ---------------------------------------------------------------- the class itself


# Marks of a registry (Keras's or ours) tell where a class comes from, not what it does.
_MARKS = re.compile(r"_keras_api_names|_api_export_|_keras_ckpt_|__|_abc_")


def _annotation(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return "none"
    return "type " + value.__name__ if isinstance(value, type) else repr(value)


def signature_of(function: Callable[..., Any]) -> list[list[str]]:
    """A signature as data: name, kind, default, annotation of each parameter, then the result."""
    signature = inspect.signature(function)
    name = Namer("/nowhere", [])
    rows = []
    for parameter in signature.parameters.values():
        default = parameter.default
        shown = "none" if default is inspect.Parameter.empty else str(name(default))
        rows.append([parameter.name, str(parameter.kind), shown, _annotation(parameter.annotation)])
    return rows + [["return", _annotation(signature.return_annotation)]]


def describe_class(callback_class: type) -> dict[str, Any]:
    """What a class shows without being used: signatures, methods, attributes."""
    name = Namer("/nowhere", [])
    found: dict[str, Any] = {
        "name": callback_class.__name__,
        "qualname": callback_class.__qualname__,
        "methods": {},
        "attributes": {},
    }
    for home in reversed(callback_class.__mro__):
        if home is object or home.__name__ == "Callback":
            continue
        if not issubclass(home, _base_callback(callback_class)):
            continue
        for key, value in vars(home).items():
            if key != "__init__" and _MARKS.match(key):
                continue
            plain = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
            if callable(plain):
                found["methods"][key] = signature_of(getattr(callback_class, key))
            else:
                found["attributes"][key] = name(value)
    found["signature"] = signature_of(callback_class)
    return found


def _base_callback(callback_class: type) -> type:
    return next(home for home in callback_class.__mro__ if home.__name__ == "Callback")
