"""What a checkpoint gives a model and its optimizer when a run goes on."""

from __future__ import annotations

import contextlib
import os
from typing import ContextManager, Iterator

from keras_ckpt import runtime
from keras_ckpt._typing import Model, Optimizer, Variable
from keras_ckpt.formats import api, assignment, registry
from keras_ckpt.formats.config import optimizer_state
from keras_ckpt.formats.hdf5 import hdf5_file
from keras_ckpt.formats.hdf5 import model as hdf5_model
from keras_ckpt.formats.tensorflow.saved_model import VARIABLES
from keras_ckpt.runs.record import Record
from keras_ckpt.runtime import internals
from keras_ckpt.storage import files, rereading

#: What to do with a model that has no variables.
HOW_TO_BUILD = "Build it before `fit`, by an Input, or by calling it on a batch."


def step_of(model: Model) -> int | None:
    """Returns how many steps the optimizer of a model has made, None if it has none."""
    count = getattr(getattr(model, "optimizer", None), "iterations", None)
    return None if count is None else int(runtime.to_numpy(count))


def optimizer_class(model: Model) -> str | None:
    """Returns the class of Keras's that the optimizer of a model is of, None if of none."""
    optimizer = getattr(model, "optimizer", None)
    return None if optimizer is None else optimizer_state.class_of(optimizer)


def learning_rate(model: Model) -> float | None:
    """Returns the learning rate of the optimizer of a model, None if it has none or a schedule."""
    optimizer = getattr(model, "optimizer", None)
    try:
        rate = optimizer_state.inner(optimizer).get_config().get("learning_rate")
        return None if isinstance(rate, dict) else float(rate)
    except Exception:  # There is no optimizer, or it is of a class that says nothing of itself.
        return None


def _optimizer_before(path: str, record: Record | None) -> str | None:
    """Returns the class of the optimizer whose state a checkpoint has, as far as it says so."""
    if record is not None and record.optimizer is not None:
        return record.optimizer
    if runtime.is_keras_3():  # Where each format compares what it has.
        return None
    name = registry.format_of(path).inspect(path).optimizer
    return None if name is None or name.startswith("LossScale") else name


def _is_another(optimizer: Optimizer | None, name: str | None) -> bool:
    """Returns whether an optimizer keeps other values than the one of Keras called `name`."""
    if optimizer is None or name is None:
        return False
    return optimizer_state.is_of_another_kind(optimizer_state.inner(optimizer), name)


def _build_optimizer(model: Model) -> None:
    """Makes the variables of the optimizer of a model, as its first step would."""
    if runtime.is_keras_3():
        optimizer_state.build(model)
    else:
        _build_natively(model)


def has_variables(model: Model) -> bool:
    return assignment.is_built(model) if runtime.is_keras_3() else bool(model.built)


def load(model: Model, path: str, record: Record | None) -> bool:
    """Gives a model and its optimizer their values. Returns whether the optimizer has got them."""
    if not has_variables(model):
        raise ValueError(
            f"{path} cannot be resumed: the model has no variables yet. {HOW_TO_BUILD}"
        )
    optimizer = getattr(model, "optimizer", None)
    assignment.new_optimizers.discard(optimizer)
    with runtime.scope_of(model):
        # One that has made no step has no state, and may never make one.
        if optimizer is not None and not (record is not None and record.step == 0):
            _build_optimizer(model)
        before = _optimizer_before(path, record)
        if _is_another(optimizer, before):
            load_weights(model, path)
            now = type(optimizer).__name__
            assignment.warn_of_new_optimizer(
                optimizer, f"{path} is of a training with {before}, and the model has {now} now."
            )
            return False
        if not runtime.is_keras_3():
            _load_natively(model, path)
        else:
            with _others_are_seen(model, path):
                rereading.settled(path, lambda: registry.format_of(path).load_state(model, path))
    if optimizer is None or record is None or record.step is None:
        return True
    is_restored = step_of(model) == record.step
    if not is_restored and optimizer not in assignment.new_optimizers:
        _warn_of_optimizer(path)
    return is_restored


@contextlib.contextmanager
def _others_are_seen(model: Model, path: str) -> Iterator[None]:
    """Warns of optimizers beside that of `compile` which do not get their state back."""
    kind = runtime.keras().optimizers.Optimizer
    own = getattr(model, "optimizer", None)
    others = {
        name: each
        for name, each in vars(model).items()
        if isinstance(each, kind) and each is not own
    }
    anew = [name for name, each in others.items() if not each.built]
    before = {
        name: runtime.to_numpy(each.iterations) for name, each in others.items() if each.built
    }
    for name in before:
        others[name].iterations.assign(-1)  # Which none is at that a checkpoint has.
    try:
        yield
    finally:
        for name, steps in before.items():
            if int(runtime.to_numpy(others[name].iterations)) == -1:
                others[name].iterations.assign(steps)
                anew.append(name)
    if anew:
        one = len(anew) == 1
        runtime.warn_user(
            f"{path} does not give the optimizer{'' if one else 's'} {' and '.join(anew)} of the "
            f"model {'its' if one else 'their'} state back. Save `.keras` or `.weights.h5`, and "
            f"build what has no variables before `fit`: `model.{anew[0]}.build(variables)`."
        )


def _warn_of_optimizer(path: str) -> None:
    which = "whole models" + (", `.weights.h5`" if runtime.is_keras_3() else "")
    runtime.warn_user(
        f"The weights of {path} are taken up, and not the state of the optimizer, which begins "
        f"anew. To have both back, save {which} or TensorFlow checkpoints."
    )


def load_weights(model: Model, path: str) -> None:
    """Gives a model the weights in a checkpoint, and leaves its optimizer as it is."""
    optimizer = getattr(model, "optimizer", None)
    if not runtime.is_keras_3():
        _load_weights_natively(model, path)
        return
    with runtime.scope_of(model), assignment.as_it_is(optimizer):
        rereading.settled(path, lambda: registry.format_of(path).load_weights(model, path))


# Keras 2 reads its own files. Its `load_weights` gives the optimizer its state, too, once that has
# its variables, from all files that have it but HDF5 files of whole models.


def _build_natively(model: Model) -> None:
    """Makes the variables of the optimizer of a model, as its first step would."""
    with _scope(model):
        internals.build_optimizer_of_keras_2(model.optimizer, model.trainable_weights)


def _load_natively(model: Model, path: str) -> None:
    """Gives a model, and its optimizer, which is built, their values in a checkpoint.

    Args:
        model: model of Keras 2 with variables.
        path: String, what the running Keras has saved.
    """
    optimizer = getattr(model, "optimizer", None)
    with _scope(model):
        _load_by_keras(model, path)
        if optimizer is not None and hdf5_file.is_hdf5(path):
            with hdf5_file.opened(path) as file:
                values = hdf5_model.optimizer_values(file)
            if values:
                optimizer.set_weights(values)


def _load_weights_natively(model: Model, path: str) -> None:
    """Gives a model its weights in a checkpoint, and leaves its optimizer as it is."""
    optimizer = getattr(model, "optimizer", None)
    kept = [] if optimizer is None else [each.numpy() for each in _variables(optimizer)]
    with _scope(model):
        _load_by_keras(model, path)
        if optimizer is not None and kept:
            optimizer.set_weights(kept)


def _variables(optimizer: Optimizer) -> list[Variable]:
    # From TF 2.11 on an optimizer has no `weights`.
    return list(optimizer.weights if hasattr(optimizer, "weights") else optimizer.variables)


def _load_by_keras(model: Model, path: str) -> None:
    # A SavedModel has them in a TensorFlow checkpoint.
    api.load_weights(model, os.path.join(path, VARIABLES) if files.isdir(path) else path)


def _scope(model: Model) -> ContextManager[object]:
    strategy = getattr(model, "distribute_strategy", None)
    found: ContextManager[object] = (
        contextlib.nullcontext() if strategy is None else strategy.scope()
    )
    return found
