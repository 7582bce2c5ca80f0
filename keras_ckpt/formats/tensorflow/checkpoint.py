"""TensorFlow checkpoints: what `model.save_weights("path/prefix")` wrote in TensorFlow 2.x."""

from __future__ import annotations

import functools
import json
import logging
import os
import re
from typing import Callable, Match, NamedTuple

import numpy as np

from keras_ckpt import _typing as typed
from keras_ckpt import progress, runtime
from keras_ckpt._typing import Layer, Model, Optimizer
from keras_ckpt.errors import (
    CheckpointError,
    DamagedCheckpoint,
    MismatchedCheckpoint,
    NotACheckpoint,
)
from keras_ckpt.formats import assignment
from keras_ckpt.formats.assignment import Assignment
from keras_ckpt.formats.base import Format, LoadStatus, Probe, Snapshot
from keras_ckpt.formats.config import beside_variables, optimizer_state, vocabularies
from keras_ckpt.formats.summary import OPTIMIZER, Summary, Variable, in_order, role_of
from keras_ckpt.formats.tensorflow import object_graph, tensor_bundle
from keras_ckpt.runs.record import FILE, LIMIT, Record, parse
from keras_ckpt.storage import commit, files

STATE_FILE = "checkpoint"
# Counts how often a `tf.train.Checkpoint` was saved, and is not a variable of the model.
_SAVE_COUNTER = "save_counter"
#: What optimizers of the new kind, which came with TensorFlow 2.11, call the steps that they made.
_STEPS_SINCE_2_11 = "_iterations"
# The file names all checkpoints that were kept.
_LARGEST_STATE = 1 << 20

_logger = logging.getLogger(__name__)


def _quote(text: str) -> str:
    """Returns `text` as a string of the text format of protocol buffers."""
    out = []
    for byte in os.fsencode(text):
        char = chr(byte)
        if char in '\\"':
            out.append("\\" + char)
        else:
            out.append(char if 32 <= byte < 127 else f"\\{byte:03o}")
    return f'"{"".join(out)}"'


_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f"}


def _unquote(quoted: bytes) -> str:
    def replace(found: Match[bytes]) -> bytes:
        octal, hexadecimal, char = found.groups()
        if octal:
            return bytes([int(octal, 8) & 0xFF])
        if hexadecimal:
            return bytes([int(hexadecimal, 16)])
        return _ESCAPED.get(bytes(char), bytes(char))

    return os.fsdecode(_ESCAPE.sub(replace, quoted))


#: What the checksum of an index is called in a record, and how many records there may be.
_INDEX, _RECORDS = "index", 2


def _record_path(prefix: str) -> str:
    return f"{prefix}.{FILE}"


def _records(prefix: str) -> list[Record]:
    """Returns the records beside a checkpoint: its own, and what it was or was to be."""
    try:
        with files.reading(_record_path(prefix)) as file:
            found = json.loads(file.read(2 * _RECORDS * LIMIT))
    except (OSError, ValueError, RecursionError):
        return []
    texts = [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
    return [each for each in map(parse, texts[:_RECORDS]) if each is not None]


def _put_record(prefix: str, record: Record, index: int) -> None:
    """Writes the record of a checkpoint whose index comes next, beside that of the one there.

    Two files cannot change at once. Each record says of which index it is.
    """
    there = tensor_bundle.checksum(prefix)
    kept = [each for each in _records(prefix) if each.checksums.get(_INDEX) == there]
    found = [record.of(record.name, record.size, **{_INDEX: index}), *kept[:1]]
    with commit.replacing(_record_path(prefix)) as made, open(made, "w") as file:
        json.dump([each.dumped() for each in found], file)


def write_state(prefix: str) -> None:
    """Records the checkpoint at `prefix` as the newest of its directory, as TensorFlow does."""
    directory, name = files.split(prefix)
    quoted = _quote(name)
    state = os.path.join(directory, STATE_FILE)
    with commit.replacing(state) as temporary, open(temporary, "w") as file:
        file.write(f"model_checkpoint_path: {quoted}\n")
        file.write(f"all_model_checkpoint_paths: {quoted}\n")


def latest_checkpoint(directory: str) -> str | None:
    """Returns the prefix of the newest TensorFlow checkpoint in `directory`, or None.

    Args:
        directory: where the checkpoints are, with their file named `checkpoint`.

    Example:

    ```python
    keras_ckpt.load_weights(model, latest_checkpoint("/tmp/ckpt"))
    ```
    """
    prefix = latest_in_state(directory)
    if prefix is None or not files.isfile(tensor_bundle.index_path(prefix)):
        return None
    return prefix


def latest_in_state(directory: str) -> str | None:
    """Returns the prefix in the file named `checkpoint`, with or without files; None if unknown."""
    directory = os.fspath(directory)
    state = os.path.join(directory, STATE_FILE)
    if not files.isfile(state):
        return None
    try:
        with files.reading(state) as file:
            text = file.read(_LARGEST_STATE)
    except OSError:
        return None
    found = re.search(
        rb"^\s*model_checkpoint_path\s*:\s*\"((?:[^\"\\]|\\.)*)\"", text, re.MULTILINE
    )
    name = _unquote(found.group(1)) if found else ""
    if not name or "\0" in name or ".." in re.split(r"[/\\]", name):
        return None  # It is none, or one of another directory.
    return os.path.join(directory, name)


def _value(node: object_graph.Node) -> np.ndarray:
    value = runtime.readonly_view(node.variable)
    return value.astype(node.dtype) if node.dtype else value


def _lasting(node: object_graph.Node) -> np.ndarray:
    return runtime.lasting(_value(node) if node.dtype else node.variable)


def _counted(read: Callable[[], np.ndarray], advance: Callable[[int], None]) -> np.ndarray:
    value = read()
    advance(value.nbytes)
    return value


def summary(prefix: str) -> Summary:
    """Returns what is in the checkpoint at `prefix`."""
    reader = tensor_bundle.Reader(prefix)
    variables = []
    iterations = None
    for key, entry in reader.entries.items():
        name = object_graph.way_of(key)
        if entry.dtype_name == "string" or name == _SAVE_COUNTER:
            continue
        parts = name.split("/")
        of_optimizer = OPTIMIZER in parts[:-1] or ".OPTIMIZER_SLOT" in parts
        role = OPTIMIZER if of_optimizer else role_of(name)
        variable = Variable(name, entry.shape, entry.dtype_name, entry.size, role)
        variables.append(variable)
        if role == OPTIMIZER and variable.counts_steps and variable.is_counter:
            iterations = int(np.asarray(reader.get(key)))
    has_graph = object_graph.KEY in reader
    return Summary(in_order(variables), iterations=iterations, load_weights=has_graph)


class TFCheckpoint(Format):
    """The format of `model.save_weights("path/prefix")` in TensorFlow 2.x."""

    name = "TensorFlow checkpoint"

    def recognises(self, probe: Probe) -> bool:
        return files.isfile(tensor_bundle.index_path(probe.path))

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        assignment.require_variables(model, "saved")
        graph, variables = object_graph.dump(object_graph.describe(model))
        total = assignment.nbytes(model)
        values: dict[str, Callable[[], np.ndarray]] = {
            key: _lasting(node).view if copy else functools.partial(_value, node)
            for key, node in variables.items()
        }

        def write(path: str, record: Record | None) -> None:
            with progress.bar(total, "Saving") as advance:
                tensors: dict[str, tensor_bundle.Tensor | Callable[[], tensor_bundle.Tensor]] = {
                    key: functools.partial(_counted, read, advance) for key, read in values.items()
                }
                tensors[object_graph.KEY] = graph
                if record is None:
                    tensor_bundle.write(path, tensors)
                    commit.remove(_record_path(path))
                else:
                    said = record.of(os.path.basename(path), total)
                    tensor_bundle.write(path, tensors, functools.partial(_put_record, path, said))
            write_state(path)

        return Snapshot(write, can_be_in_background=copy)

    def inspect(self, path: str) -> Summary:
        return summary(path)

    def record(self, path: str) -> Record | None:
        index = tensor_bundle.checksum(path)
        found = (each for each in _records(path) if each.checksums.get(_INDEX) == index)
        return next(found, None)

    def put_record(self, path: str, record: Record) -> None:
        index = tensor_bundle.checksum(path)
        if index is not None:
            _put_record(path, record, index)

    def files(self, path: str) -> list[str]:
        beside = [*tensor_bundle.data_files(path), _record_path(path)]
        return [tensor_bundle.index_path(path), *filter(files.lexists, beside)]

    def verify(self, path: str) -> None:
        with tensor_bundle.Reader(path) as reader:
            reader.verify(*reader)

    def load_weights(
        self, model: Model, path: str, strict: bool = True, part: str | None = None
    ) -> LoadStatus:
        load_bundle(model, path, path, strict, part)
        return LoadStatus()


def load_bundle(
    model: Model,
    prefix: str,
    path: str,
    strict: bool = True,
    part: str | None = None,
    is_whole: bool = False,
) -> None:
    """Gives a model the values in a tensor bundle that has an object graph.

    Args:
        model: Keras 3 model with variables.
        prefix: the bundle.
        path: what to call it in messages.
        strict: as of `assignment.fit`.
        part: String, the names on the way to the model in it, with dots between them; or None.
        is_whole: Boolean, whether the model was made from the same checkpoint, so that a warning
            says if its optimizer starts anew. Defaults to `False`.
    """
    assignment.require_variables(model, "loaded")
    with tensor_bundle.Reader(prefix) as reader:
        _load(model, reader, path, strict, part, is_whole)


def _load(
    model: Model,
    reader: tensor_bundle.Reader,
    path: str,
    strict: bool,
    part: str | None,
    is_whole: bool,
) -> None:
    if object_graph.KEY not in reader:
        raise NotACheckpoint(
            path,
            "it has no graph of objects: it was written by a `tf.compat.v1.train.Saver`, "
            "by variable names alone",
            "write it again with `model.save_weights`",
        )
    try:
        stored = object_graph.load(_graph(reader))
    except CheckpointError:
        raise
    except ValueError as error:
        raise DamagedCheckpoint(
            path, f"its graph of objects is damaged: {error}", "copy the files again"
        ) from error
    root = object_graph.describe(model)
    optimizer = root.children.pop("optimizer", None)
    start = _model_in(path, root, stored, part)
    match = object_graph.match(root, stored, start)
    assignments = _assignments(path, reader, match)
    assignments += [
        _assignment(path, variable, reader, key)
        for layer, name, key in match.beside
        if key in reader
        for variable in [beside_variables.of(layer, name, reader.entries[key].shape)]
        if variable is not None
    ]
    assignments = assignment.fit(path, assignments, match.missing, match.unused, strict)
    number = stored[start].children.get("optimizer")
    if number is not None and getattr(model, "optimizer", None) is not None:
        state = _Stored(path, reader, stored, number)
        found = _optimizer_assignments(model, optimizer, state, match)
        if found is None and is_whole:
            assignment.warn_of_new_optimizer(
                model.optimizer, f"its state in {path} does not fit that of {model.optimizer.name}"
            )
        elif found is None:
            _logger.debug("%s: the optimizer in it is not a %s", path, model.optimizer.name)
        assignments += found or []
    for name, child in stored[start].children.items():
        if name != "optimizer" and object_graph.is_optimizer(stored[child]):
            _warn_of_own_optimizer(path, model, name)
    tables = [(layer, _tokens(reader, key, layer)) for layer, key in match.tables]
    token_weights = {
        id(layer): np.asarray(reader.get(key))
        for layer, name, key in match.beside
        if name == vocabularies.TOKEN_WEIGHTS
    }
    if not assignment.can_be_undone(assignments):
        values = [each.read for each in assignments]
        reader.verify(*[each.key for each in values if isinstance(each, _Value)])
    assignment.assign(model, assignments)
    if number is not None and _STEPS_SINCE_2_11 not in stored[number].children:
        optimizer_state.divide_by_rate(model)
    for layer, tokens in tables:
        if tokens:
            vocabularies.fill(layer, tokens, token_weights.get(id(layer)))


def _warn_of_own_optimizer(path: str, model: Model, name: str) -> None:
    """Warns that an optimizer that a model has as an attribute does not get its state."""
    optimizer = getattr(model, name, None)
    if isinstance(optimizer, runtime.keras().optimizers.Optimizer):
        assignment.warn_of_new_optimizer(
            optimizer,
            f"{path} has a state of `{name}`, but only that of `model.optimizer` is loaded",
        )


def _tokens(reader: tensor_bundle.Reader, key: str, layer: Layer) -> list[object]:
    """Returns the tokens in a table, in the order of their numbers, with the special ones."""
    if key + "-keys" not in reader or key + "-values" not in reader:
        return []
    keys, values = (np.ravel(reader.get(key + each)).tolist() for each in ("-keys", "-values"))
    return vocabularies.in_order(layer, dict(zip(values, keys)))


def _graph(reader: tensor_bundle.Reader) -> bytes:
    entry = reader.entries[object_graph.KEY]
    if entry.dtype_name != "string" or entry.elements() != 1:
        raise ValueError("it is not text")
    graph: bytes = reader.get(object_graph.KEY)[0]
    return graph


def _model_in(
    path: str, root: object_graph.Node, stored: list[object_graph.StoredNode], part: str | None
) -> int:
    """Returns where the model is: the root, or under it in a `tf.train.Checkpoint(model=...)`."""
    names = stored[0].children
    if part is not None:
        number = 0
        for name in part.split("."):
            if name not in stored[number].children:
                raise MismatchedCheckpoint(
                    path,
                    f"it has no part {part!r}",
                    f"its parts are {', '.join(_parts(stored)) or 'none'}; nothing has been loaded",
                )
            number = stored[number].children[name]
        return number
    if set(root.children) & set(names):
        return 0
    fitting = [
        name for name in _parts(stored) if not object_graph.match(root, stored, names[name]).missing
    ]
    if len(fitting) > 1:
        raise MismatchedCheckpoint(
            path,
            f"the model may be each of its parts {', '.join(fitting)}",
            f"name the one: keras_ckpt.load_weights(model, path, part={fitting[0]!r})",
        )
    if not fitting and "model" not in names and len(_parts(stored)) > 1:
        raise MismatchedCheckpoint(
            path,
            "it does not fit the model, which is none of its parts " + ", ".join(_parts(stored)),
        )
    return names[fitting[0]] if fitting else names.get("model", 0)


def _parts(stored: list[object_graph.StoredNode]) -> list[str]:
    """Returns the names of the objects in a checkpoint of several that hold variables."""
    return [
        name
        for name, number in stored[0].children.items()
        if number and stored[number].key is None and stored[number].children
    ]


def _assignments(
    path: str, reader: tensor_bundle.Reader, match: object_graph.Match
) -> list[Assignment]:
    return [_assignment(path, node.variable, reader, key) for node, key in match.found.values()]


def _assignment(
    path: str, variable: typed.Variable, reader: tensor_bundle.Reader, key: str
) -> Assignment:
    if key not in reader:
        raise DamagedCheckpoint(
            path, f"its index lacks {key!r}, which its graph names", "copy the files again"
        )
    if reader.entries[key].dtype_name == "string":
        raise DamagedCheckpoint(path, f"{key!r} in it is text", "copy the files again")

    # Its bytes are verified before the first is assigned.
    value = _Value(reader, key, variable)
    return Assignment(variable, reader.entries[key].shape, value, is_sure=True)


class _Value:
    """What a variable gets from a checkpoint, when it is called."""

    def __init__(self, reader: tensor_bundle.Reader, key: str, variable: typed.Variable) -> None:
        self.key = key
        self._reader = reader
        self._variable = variable

    def __call__(self) -> np.ndarray:
        value = self._reader.read(self.key)
        # The counter of steps, and whatever is of another precision now.
        # To ask a variable of TensorFlow's for its value costs a copy of it.
        dtype = runtime.keras().backend.standardize_dtype(self._variable.dtype)
        is_same = value.dtype.name in (dtype, "bfloat16")
        return value if is_same else value.astype(_dtype_of(self._variable))


def _dtype_of(variable: typed.Variable) -> np.dtype:
    return runtime.to_numpy(variable).dtype


class _Stored(NamedTuple):
    path: str
    reader: tensor_bundle.Reader
    nodes: list[object_graph.StoredNode]
    optimizer: int


def _optimizer_assignments(
    model: Model,
    described: object_graph.Node | None,
    state: _Stored,
    weights: object_graph.Match,
) -> list[Assignment] | None:
    """Returns what the optimizer gets; None if the checkpoint holds the state of another."""
    optimizer_state.build(model)
    if described is None:
        described = object_graph.describe(model).children["optimizer"]
    optimizer = optimizer_state.inner(model.optimizer)
    if _STEPS_SINCE_2_11 in state.nodes[state.optimizer].children:
        assignments = _since_2_11(optimizer, described, state)
    else:
        assignments = _before_2_11(model, state, weights)
    if assignments is None:
        return None
    fits = all(tuple(each.variable.shape) == each.shape for each in assignments)
    return assignments if fits else None


def _since_2_11(
    optimizer: Optimizer, described: object_graph.Node, state: _Stored
) -> list[Assignment] | None:
    match = object_graph.match(described, state.nodes, state.optimizer)
    names = state.nodes[state.optimizer].children
    arrays = [each for each in optimizer.variables if len(each.shape)]
    if any(id(each) not in match.found for each in [optimizer.iterations, *arrays]):
        return None
    slots = {
        name
        for name, number in names.items()
        if name.startswith("_")
        and any(state.nodes[child].key for child in state.nodes[number].children.values())
    }
    if arrays and slots - set(described.children):
        return None  # It has slots that this one does not have.
    assignments = _assignments(state.path, state.reader, match)
    return assignments + optimizer_state.derived(optimizer, assignments)


def _of_loss_scale(model: Model, state: _Stored) -> dict[int, tuple[typed.Variable, str]]:
    """Returns which tensors an optimizer for mixed precision gets, beside that within it."""
    number = state.nodes[state.optimizer].children.get(object_graph.LOSS_SCALE)
    children = {} if number is None else state.nodes[number].children
    found = {}
    for name, variable in optimizer_state.loss_scale(model.optimizer).items():
        key = state.nodes[children[name]].key if name in children else None
        if key is not None:
            found[id(variable)] = (variable, key)
    return found


def _before_2_11(
    model: Model, state: _Stored, weights: object_graph.Match
) -> list[Assignment] | None:
    """Returns what an optimizer gets from the slots that the first optimizers of Keras 2 had."""
    optimizer = optimizer_state.inner(model.optimizer)
    node = state.nodes[state.optimizer]
    by_key = {key: variable for variable, (_, key) in weights.found.items()}
    position = {id(variable): i for i, variable in enumerate(model.trainable_variables)}
    keys: dict[int, tuple[typed.Variable, str]] = {}
    for original, name, number in node.slots:
        variables = optimizer_state.slot(optimizer, name)
        place = position.get(by_key.get(state.nodes[original].key or "", 0))
        key = state.nodes[number].key
        if variables is None or place is None or key is None:
            return None
        keys[id(variables[place])] = (variables[place], key)
    rate = getattr(optimizer, "_learning_rate", None)
    scalars = [("iter", optimizer.iterations), ("learning_rate", rate)]
    scalars.append(("momentum_cache", getattr(optimizer, "_u_product", None)))
    for name, variable in scalars:
        key = state.nodes[node.children[name]].key if name in node.children else None
        if key is not None and any(variable is each for each in optimizer.variables):
            keys[id(variable)] = (variable, key)
    if any(id(variable) not in keys for variable in optimizer.variables if len(variable.shape)):
        return None
    if id(optimizer.iterations) not in keys:
        return None
    keys.update(_of_loss_scale(model, state))
    assignments = [
        _assignment(state.path, variable, state.reader, key) for variable, key in keys.values()
    ]
    return assignments + optimizer_state.derived(optimizer, assignments)
