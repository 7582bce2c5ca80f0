"""What a model was compiled with, described whole.

Keras leaves arguments of some losses and metrics out of their configurations, up to 3.15 `delta`
of `Huber` and `axis` of `CosineSimilarity` and `SparseCategoricalCrossentropy`: a model that is
loaded would have the defaults, and train to another end.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from typing import Iterator

from keras_ckpt import runtime
from keras_ckpt._typing import Config, Loss, Metric, Model
from keras_ckpt.runtime import internals


@contextlib.contextmanager
def described_whole(model: Model) -> Iterator[None]:
    """Has the losses and metrics of a model describe all of their arguments in a `with` block."""
    with contextlib.ExitStack() as stack:
        for each in _objects(internals.compile_arguments(model)):
            left_out = _left_out(each)
            if left_out:
                config = {**each.get_config(), **left_out}
                # Past the `__setattr__` of Keras, which tracks what is set.
                object.__setattr__(each, "get_config", functools.partial(dict, config))
                stack.callback(object.__delattr__, each, "get_config")
        yield


def _objects(structure: object) -> Iterator[Loss | Metric]:
    """Yields the losses and metrics in what `compile` was given."""
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, (list, tuple)):
        for each in structure:
            yield from _objects(each)
    elif isinstance(structure, (runtime.keras().Loss, runtime.keras().Metric)):
        yield structure
        yield from _objects(getattr(structure, "loss", None))


def _left_out(of: Loss | Metric) -> Config:
    """Returns the arguments of a loss or metric of Keras that its configuration lacks."""
    if type(of).__module__.split(".")[0] != "keras":
        return {}
    config, taken = of.get_config(), inspect.signature(type(of)).parameters
    return {
        name: runtime.keras().saving.serialize_keras_object(value)
        for name, value in internals.function_arguments(of).items()
        if name in taken and name not in config and value != taken[name].default
    }
