"""Directories of the library Orbax, in the layout of Keras's callback `OrbaxCheckpoint`.

Keras writes them from 3.13 on, and reads them from 3.14 on: a directory with one directory for each
step, in which the variables stand under their paths.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import importlib
import importlib.util
import json
import os
import threading
from types import ModuleType
from typing import Iterator, Mapping

import numpy as np

from keras_ckpt import progress, runtime
from keras_ckpt._typing import Config, CustomObjects, Model, Variable
from keras_ckpt.errors import NotACheckpoint, UnsafeCheckpoint, WeightsOnly
from keras_ckpt.formats import assignment, parsing, summary, variable_paths
from keras_ckpt.formats.base import Format, Probe, Snapshot, record_in
from keras_ckpt.formats.config import safety
from keras_ckpt.formats.keras3 import assets, description
from keras_ckpt.formats.orbax import open_step
from keras_ckpt.formats.orbax.open_step import Tree
from keras_ckpt.formats.summary import Summary
from keras_ckpt.runs.record import FILE, Record, name_of
from keras_ckpt.runtime import processes
from keras_ckpt.storage import commit, files, scratch

#: The file in which Orbax keeps what is said of a step, and what is said of those written here.
_METADATA = "_CHECKPOINT_METADATA"
_CUSTOM = "custom_metadata"
_MARK = "written_by_keras_ckpt"
_ORDER = "keras_variables"
_VERSION = "keras_version"
_ITERATIONS = "iterations"

#: What a step is found by, which comes last where not all appears at once.
_LAST = (FILE, _METADATA, f"{open_step.VALUES}/_METADATA")


# Where the steps are.


def _is_step(path: str) -> bool:
    return files.isdir(os.path.join(path, open_step.VALUES)) and files.isfile(
        os.path.join(path, open_step.VALUES, "_METADATA")
    )


def steps(path: str) -> list[int]:
    """Returns the numbers of the steps in a directory. Those that are being written have none."""
    if not files.isdir(path):
        return []
    found = [name for name in files.listdir(path) if name.isdigit() and str(int(name)) == name]
    return sorted(int(name) for name in found if _is_step(os.path.join(path, name)))


def newest_step(path: str) -> str | None:
    """Returns the directory of the newest step in a directory, or the directory if it is one.

    Args:
        path: String, a path.

    Returns:
        None if there is no step of the layout of Keras's callback.
    """
    found = steps(path)
    if found:
        return os.path.join(path, str(found[-1]))
    return path if _is_step(path) else None


def _step(path: str) -> str:
    found = newest_step(path)
    if found is None:
        raise NotACheckpoint(path, "there is no step of Orbax in it")
    # Orbax takes no other paths.
    return files.abspath(found)


def _said(step: str) -> Config:
    """Returns what keras_ckpt has said of a step that it wrote; empty for those of others."""
    with contextlib.suppress(
        FileNotFoundError, NotADirectoryError, ValueError, AttributeError
    ), files.reading(os.path.join(step, _METADATA)) as file:
        found = json.load(file).get(_CUSTOM)
        if isinstance(found, dict) and _MARK in found:
            return found
    return {}


# Trees of values.


def _nested(flat: Mapping[str, object]) -> Tree:
    """Returns values by their paths as a tree."""
    tree: Tree = {}
    for path, value in flat.items():
        *parts, last = path.split("/")
        inside = tree
        for part in parts:
            inside = inside.setdefault(part, {})
            if not isinstance(inside, dict):
                break
        if not isinstance(inside, dict) or last in inside:
            raise ValueError(
                f"The path {path!r} of a variable of the model begins with that of another, or "
                "another with it, and Orbax stores them as a tree. Give the layers names of their "
                "own, or save the model in another format."
            )
        inside[last] = value
    return tree


# Writing.

#: What Orbax is doing in one thread may end up in the directory of another.
_ONE_AT_A_TIME = threading.Lock()


def _taken(variable: Variable, copy: bool) -> object:
    """Returns a value as Keras hands it to Orbax."""
    in_parts = processes.part(variable)
    if in_parts is not None:
        return in_parts
    value = np.asarray((runtime.lasting if copy else runtime.readonly_view)(variable))
    if value.ndim == 0:
        return value.item()
    if not value.size:
        raise ValueError(
            f"Orbax stores no arrays without values, and {assignment.variable_name(variable)} of "
            f"the model has the shape {value.shape}. Save the model in another format."
        )
    return value


def _values(model: Model, with_training: bool, copy: bool) -> Tree:
    """Returns the values of a model, in the tree that Keras makes of them."""
    groups = {
        "trainable_variables": model.trainable_variables,
        "non_trainable_variables": model.non_trainable_variables,
    }
    if with_training:
        optimizer = getattr(model, "optimizer", None)
        groups["optimizer_variables"] = [] if optimizer is None else optimizer.variables
        groups["metrics_variables"] = model.metrics_variables
    return {
        name: _nested(
            {path: _taken(each, copy) for path, each in variable_paths.by_path(variables).items()}
        )
        for name, variables in groups.items()
    }


def _snapshot(model: Model, whole: bool, copy: bool) -> Snapshot:
    assignment.require_variables(model, "saved")
    variable_paths.refuse_own_values(model)
    library = open_step.library()
    optimizer = getattr(model, "optimizer", None)
    iterations = 0 if optimizer is None else int(optimizer.iterations)
    said = {
        _MARK: True,
        _ORDER: list(variable_paths.by_path(model.weights)),
        _VERSION: ".".join(map(str, runtime.version())),
        **({} if optimizer is None or not whole else {_ITERATIONS: iterations}),
    }
    # What Orbax cannot store is said now, also if all is read again when it is written.
    parts: dict[str, object] = {open_step.VALUES: _values(model, whole, copy)}
    if whole:
        parts[open_step.DESCRIPTION] = {"config": description.of(model)[0]}
        kept = assets.of_model(model)
        if kept:
            content = {path: np.frombuffer(each, np.uint8) for path, each in kept.items()}
            parts[open_step.ASSETS] = _nested(content)
    total = assignment.nbytes(model)
    # A snapshot that has a copy needs the model no more.
    read = None if copy else functools.partial(_values, model, whole, False)

    def begin(stack: contextlib.ExitStack, path: str) -> tuple[str, int, list[int]]:
        """Makes the directory that becomes that of the step."""
        if files.lexists(path) and not files.isdir(path):
            raise FileExistsError(errno.EEXIST, "A file is where a directory is to be", path)
        before = steps(path)
        if files.isdir(path) and files.listdir(path) and not before:
            raise FileExistsError(
                errno.EEXIST, "It is a directory in which there is no checkpoint of Orbax", path
            )
        number = max(iterations, before[-1] + 1 if before else 0)
        commit.make_directory(path)
        return stack.enter_context(commit.directory_beside(path)), number, before

    def write(path: str, record: Record | None) -> None:
        name = name_of(path)
        path = files.realpath(path)
        together = open_step.together()
        with contextlib.ExitStack() as stack:
            made, number, before = together.by_first(functools.partial(begin, stack, path))
            new = os.path.join(made, str(number))
            if read is not None:
                parts[open_step.VALUES] = read()
            _save(together, library, made, new, parts, said, total)
            if not together.is_first:
                return
            if record is not None:
                with open(os.path.join(new, FILE), "w", encoding="ascii") as file:
                    file.write(record.of(name, total).dumped())
            commit.move(new, os.path.join(path, str(number)), last=_LAST)
        for each in before:
            old = os.path.join(path, str(each))
            if _said(old):
                commit.remove(old)

    return Snapshot(write, can_be_in_background=copy)


def _save(
    together: processes.Alone,
    library: ModuleType,
    made: str,
    new: str,
    parts: Mapping[str, object],
    said: Config,
    total: int,
) -> None:
    """Has Orbax write a step, in all processes that write together."""
    missing = (
        None
        if files.isdir(made)
        else FileNotFoundError(
            errno.ENOENT,
            "The first of the processes that write a checkpoint together has made a directory "
            "that this one does not see. They need a file system that they share",
            made,
        )
    )
    together.agree(missing)
    failure: BaseException | None = None
    try:
        with _ONE_AT_A_TIME, progress.watching(made, total, "Saving"), _failing_disk(new):
            library.save_checkpointables(new, parts, custom_metadata=said)
    except BaseException as error:
        failure = error
    together.agree(failure)


@contextlib.contextmanager
def _failing_disk(path: str) -> Iterator[None]:
    """Makes an OSError of what TensorStore says of a disk. Only Orbax's call goes inside."""
    try:
        yield
    except ValueError as error:
        # What is wrong with values has been said before.
        reason = parsing.one_line(error).split(" [tensorstore_spec")[0]
        raise OSError(f"{path} cannot be written: {reason}") from error


# Reading.


def _load(model: Model, path: str, opened: open_step.OpenStep, strict: bool) -> None:
    stored = opened.of("trainable_variables", "non_trainable_variables")
    made, pairs = variable_paths.fit(path, model, stored, strict, _said(path).get(_ORDER))
    made += variable_paths.fit_optimizer(path, model, opened.of("optimizer_variables"), pairs)
    for each in made:
        open_step.want_part(each.read, each.variable)
    assignment.assign(model, made)


class OrbaxWeights(Format):
    """A step of Orbax with the weights alone: `OrbaxCheckpoint(save_weights_only=True)`."""

    # Keras 3.14 and later read them, but leave what has another path as it is.
    name = "checkpoint of weights by Orbax"
    keras_3_misreads = True
    in_parts = True

    def require(self) -> None:
        # The library takes seconds to import.
        if not (importlib.util.find_spec("orbax") and importlib.util.find_spec("orbax.checkpoint")):
            raise ImportError(open_step.MISSING)

    def recognises(self, probe: Probe) -> bool:
        step = probe.ask(newest_step)
        return step is not None and not files.isdir(os.path.join(step, open_step.DESCRIPTION))

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        return _snapshot(model, False, copy)

    def inspect(self, path: str) -> Summary:
        step = _step(path)
        with open_step.opened(step) as opened:
            variables = [
                summary.Variable(
                    name, shape, dtype, assignment.size(dtype, shape), _role(group, name)
                )
                for group in open_step.ROLES
                for name, each in open_step.flat(opened.described.get(group) or {})
                if name
                for shape, dtype in [open_step.kind(each)]
            ]
        said = _said(step)
        return Summary(
            summary.in_order(variables),
            written_by=summary.keras_version(str(said.get(_VERSION, ""))),
            iterations=said.get(_ITERATIONS),
        )

    def record(self, path: str) -> Record | None:
        return record_in(_step(path))

    def verify(self, path: str) -> None:
        with open_step.opened(_step(path)) as opened:
            opened.others()
            opened.read()

    def load_weights(self, model: Model, path: str, strict: bool = True) -> None:
        assignment.require_variables(model, "loaded")
        step = _step(path)
        with open_step.opened(step) as opened:
            _load(model, step, opened, strict)


def _role(group: str, name: str) -> str:
    return (
        summary.role_of(name)
        if open_step.ROLES[group] == summary.WEIGHT
        else open_step.ROLES[group]
    )


class OrbaxCheckpoint(OrbaxWeights):
    """A step of Orbax with the model: what Keras's callback of that name writes."""

    name = "checkpoint of a model by Orbax"

    def recognises(self, probe: Probe) -> bool:
        step = probe.ask(newest_step)
        return step is not None and files.isdir(os.path.join(step, open_step.DESCRIPTION))

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        return _snapshot(model, True, copy)

    def inspect(self, path: str) -> Summary:
        step = _step(path)
        found = super().inspect(path)
        with open_step.opened(step) as opened:
            described = opened.others()
        config = _config(step, described)
        of_model = summary.of_description(config, config.get("compile_config"), "optimizer")
        return found._replace(load_model=True, **of_model)

    def load_model(
        self,
        path: str,
        custom_objects: CustomObjects | None = None,
        compile: bool = True,
        safe_mode: bool = True,
    ) -> Model:
        step = _step(path)
        with open_step.opened(step) as opened:
            found = opened.others()
            config = _config(step, found)
            if not compile:
                config["compile_config"] = None
            weights = opened.of("trainable_variables", "non_trainable_variables")
            safety.refuse_sizes(
                step, config, sum(int(np.prod(each.shape)) for each in weights.values())
            )
            model = description.make(step, config, custom_objects, safe_mode)
            _load(model, step, opened, True)
        content = found.get(open_step.ASSETS)
        if content:
            with scratch.directory() as directory:
                _put_files(step, directory, content)
                assets.load(model, directory)
        return model


def _config(step: str, found: Tree) -> Config:
    described = found.get(open_step.DESCRIPTION)
    text = described.get("config") if isinstance(described, dict) else None
    if not isinstance(text, str):
        raise WeightsOnly(step, "there is no description of a model in it")
    return parsing.described(step, text)


def _put_files(step: str, directory: str, content: Tree) -> None:
    """Writes the files of layers that a step has into a directory, and nowhere else."""
    for path, value in open_step.flat(content):
        parts = path.split("/")
        if any(part in ("", ".", "..") or os.sep in part or "\\" in part for part in parts):
            raise UnsafeCheckpoint(
                step, f"it names a file that is not in its own directory, {path!r}"
            )
        target = os.path.join(directory, *parts)
        os.makedirs(files.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(np.asarray(value, np.uint8).tobytes())
