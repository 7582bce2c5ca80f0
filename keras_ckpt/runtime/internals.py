"""The private parts of Keras 3 and TensorFlow that keras_ckpt needs.

The only place that names their private modules: each is imported when its function is called, and
a new release that moves one is met here.
"""

from __future__ import annotations

import collections
import contextlib
import copy
import functools
import importlib
import importlib.util
import inspect
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Callable, Collection, ContextManager, Iterable, Iterator

from keras_ckpt._typing import Layer, Metric, Model, Optimizer, Tensor, Variable

if TYPE_CHECKING:
    from typing import Protocol
else:  # Python 3.7 has no Protocol.
    Protocol = object

_KERAS = "keras.src."
#: Where Keras's `load_own_variables` does nothing but assign what it is given.
_ASSIGNING = tuple(
    _KERAS + each for each in ("layers.layer", "layers.core.", "layers.convolutional.")
)
#: The modules of Keras that define operations.
_OPERATIONS = ("core", "numpy", "nn", "math", "image", "linalg")
#: The layers that Keras's applications are made of and that it does not publish.
_OF_APPLICATIONS = {
    "CustomScaleLayer": "applications.inception_resnet_v2",
    "LayerScale": "applications.convnext",
    "StochasticDepth": "applications.convnext",
}
#: The collections in which Keras keeps those of a layer, and what they are.
_TRACKED = {
    "TrackedList": list,
    "TrackedDict": dict,
    "TrackedOrderedDict": collections.OrderedDict,
    "TrackedSet": set,
}
_copying = threading.RLock()


def _of_keras(name: str) -> ModuleType:
    return importlib.import_module(_KERAS + name)


# The values of models.


def variable_class() -> type:
    """Returns the class of the variables of the running backend."""
    found: type = _of_keras("backend").Variable
    return found


def is_tensor_function() -> Callable[[object], bool]:
    """Returns Keras's own `is_tensor`, which only some releases of Keras 3 publish."""
    found: Callable[[object], bool] = _of_keras("backend").is_tensor
    return found


def only_assigns(layer: Layer) -> bool:
    """Returns whether a layer's `load_own_variables` does nothing but assign."""
    return bool(type(layer).load_own_variables.__module__.startswith(_ASSIGNING))


def compiled_metrics(model: Model) -> list[Metric]:
    """Returns the metrics that a model was compiled with, without the containers they are in."""
    module = _of_keras("trainers.compile_utils")
    names = ("CompileMetrics", "MetricsList")
    kinds = tuple(getattr(module, name) for name in names if hasattr(module, name))
    found = [each for each in model.metrics if isinstance(each, kinds)]
    return [metric for container in found for metric in container.metrics]


def compile_arguments(model: Model) -> dict[str, object]:
    """Returns what `compile` was given, by the names of its arguments."""
    config = getattr(getattr(model, "_compile_config", None), "config", None)
    return config if isinstance(config, dict) else {}


def function_arguments(of: object) -> dict[str, object]:
    """Returns what a loss or metric of Keras gives the function that computes it."""
    found = getattr(of, "_fn_kwargs", None)
    return found if isinstance(found, dict) else {}


def keep_training_argument(layer: Layer) -> None:
    """Makes a layer keep the `training` that it is called with in a functional model.

    As in Keras 2. Keras 3 puts that of the model in its place whenever the model is called with
    one, as `fit` does.
    """
    # Past the `__setattr__` of Keras, which tracks what is set.
    if hasattr(layer, "_call_context_args"):
        kept = {name for name in layer._call_context_args if name != "training"}
        object.__setattr__(layer, "_call_context_args", kept)
    object.__setattr__(layer, "_call_has_training_arg", False)


def keeps_training_argument(layer: Layer) -> bool:
    """Returns whether `keep_training_argument` was called for a layer."""
    takes_it = "training" in inspect.signature(layer.call).parameters
    return takes_it and vars(layer).get("_call_has_training_arg") is False


def functional_class() -> type[Model]:
    """Returns the class of functional models."""
    found: type[Model] = _of_keras("models.functional").Functional
    return found


def layer_of_applications(name: str) -> type[Layer] | None:
    """Returns a layer by its name that `keras.applications` does not publish, None if unknown."""
    module = _OF_APPLICATIONS.get(name)
    found: type[Layer] | None = getattr(_of_keras(module), name, None) if module else None
    return found


def mask_of(tensor: Tensor) -> Tensor | None:
    """Returns the mask of a tensor, None if it has none.

    Args:
        tensor: a symbolic one, or one of any backend. Those of JAX take no attributes, and Keras
            keeps their masks elsewhere.
    """
    find = getattr(_of_keras("backend"), "get_keras_mask", None)
    return find(tensor) if find is not None else getattr(tensor, "_keras_mask", None)


def set_mask(tensor: Tensor, mask: Tensor | None) -> None:
    """Gives a symbolic tensor another mask for the layers that are called on it."""
    tensor._keras_mask = mask


@contextlib.contextmanager
def names_reserved(names: Iterable[str]) -> Iterator[None]:
    """Keeps Keras from giving these names to what it names itself.

    Args:
        names: names of layers.
    """
    state = _of_keras("backend.common.global_state")
    counts = state.get_global_attribute(
        "object_name_uids", default=collections.defaultdict(int), set_to_default=True
    )
    before = dict(counts)
    for name in names:
        first, _, number = name.rpartition("_")
        if number.isdigit():
            counts[first] = max(counts.get(first, 0), int(number) + 1)
        counts[name] = max(counts.get(name, 0), 1)
    try:
        yield
    finally:
        counts.clear()
        counts.update(before)


# Saving and loading.


def saving_lib() -> ModuleType:
    """Returns the module in which Keras 3 writes and reads its formats."""
    saving = _of_keras("saving.saving_lib")
    _keep_skipped_attributes(saving)
    return saving


def _keep_skipped_attributes(saving: ModuleType) -> None:
    """Lets Keras find what it knows of the attributes that a kind of object has in any case.

    Newer releases store that under one name and look for it under another: they make a new layer
    to find it out for each layer that is saved or loaded.
    """
    if not hasattr(saving, "get_attr_skipset"):
        return
    state = _of_keras("backend.common.global_state")
    for kind in ("Operation", "Layer", "Functional", "Sequential", "Loss", "Metric", "Optimizer"):
        looked_for = f"saving_attr_skiplist_{kind}"
        if state.get_global_attribute(looked_for) is not None:
            continue
        found = state.get_global_attribute(f"saving_attr_skipset_{kind}")
        # A new optimizer has variables, which not every process may make just now.
        if found is None and kind != "Optimizer":
            with contextlib.suppress(ValueError):  # Not each release knows each kind.
                found = saving.get_attr_skipset(kind)
        state.set_global_attribute(looked_for, found)


def object_sharing_scope() -> ContextManager[object]:
    """Returns the context in which objects that a description shares are made once."""
    found: ContextManager[object] = _of_keras("saving.serialization_lib").ObjectSharingScope()
    return found


def safe_mode_scope(safe_mode: bool) -> ContextManager[object]:
    """Returns the context in which code in descriptions is refused, or is not."""
    found: ContextManager[object] = _of_keras("saving.serialization_lib").SafeModeScope(safe_mode)
    return found


def is_safe_mode(given: bool | None) -> bool:
    """Returns whether code in files is refused, when `safe_mode=given`, as Keras 3 decides it."""
    of_all = _of_keras("saving.serialization_lib").in_safe_mode()
    return bool(given if of_all is None else of_all)


def may_overwrite(path: str) -> bool:
    """Returns what the user answers to Keras 3's own question whether to overwrite `path`."""
    return bool(_of_keras("utils.io_utils").ask_to_proceed_with_overwrite(path))


def hdf5_descriptions() -> ModuleType:
    """Returns the module that describes models for HDF5, and makes them from descriptions."""
    return _of_keras("legacy.saving.saving_utils")


def hdf5_json() -> ModuleType:
    """Returns the module with the JSON of descriptions in HDF5."""
    return _of_keras("legacy.saving.json_utils")


def hdf5_scope() -> ContextManager[object]:
    """Returns the context in which Keras 3 describes models as for HDF5, and makes them so."""
    options = _of_keras("legacy.saving.saving_options")
    found: ContextManager[object] = options.keras_option_scope(use_legacy_config=True)
    return found


@contextlib.contextmanager
def plain_copies() -> Iterator[None]:
    """Gives a context in which a list that a layer holds is copied as a list.

    Keras 3 copies the description of a functional model for HDF5. A list of a layer in it would be
    copied with all that the layer tracks, such as the generator of a random layer, which cannot be.
    """
    tracking = _of_keras("utils.tracking")
    with _copying, contextlib.ExitStack() as stack:
        for name, plain in _TRACKED.items():
            kind = getattr(tracking, name, None)
            if kind is not None and "__deepcopy__" not in vars(kind):
                kind.__deepcopy__ = functools.partialmethod(_copied, plain)
                stack.callback(delattr, kind, "__deepcopy__")
        yield


def _copied(value: Collection[object], plain: type, memo: dict[int, object]) -> object:
    return copy.deepcopy(plain(value), memo)


def build_optimizer_of_keras_2(optimizer: Optimizer, variables: Collection[Variable]) -> None:
    """Gives an optimizer of Keras 2 its variables, as the first step would."""
    if hasattr(optimizer, "build"):  # From TF 2.11 on.
        optimizer.build(variables)
    elif hasattr(optimizer, "_create_all_weights"):
        optimizer._create_all_weights(variables)
    elif hasattr(optimizer, "_create_slots"):  # TF 2.0 and 2.1.
        assert optimizer.iterations is not None  # It is made when it is asked for.
        optimizer._create_hypers()
        optimizer._create_slots(variables)


# Operations.


def module_of_operation(name: str, base: type) -> str | None:
    """Returns the name of the module that defines an operation.

    Args:
        name: string, the name of the operation's class.
        base: the class that operations derive from.

    Returns:
        String, or None if there is no such operation.
    """
    for each in _OPERATIONS:
        module = _KERAS + "ops." + each
        if importlib.util.find_spec(module) is not None:
            cls = getattr(importlib.import_module(module), name, None)
            if isinstance(cls, type) and issubclass(cls, base):
                return module
    return None


def stop_gradient(tensor: Tensor) -> Tensor:
    """Returns a tensor without its gradient, also of releases that publish no such operation."""
    return _of_keras("ops.core").StopGradient()(tensor)


# The clusters of TensorFlow 2.0 to 2.2.


class WorkerContext(Protocol):
    """What TF 2.0 to 2.2 know of the worker that runs."""

    @property
    def should_checkpoint(self) -> bool:
        """Whether the worker should save."""

    @property
    def experimental_should_init(self) -> bool:
        """Whether the worker should load what was saved."""


class TrainingState(Protocol):
    """What TF 2.0 to 2.2 back the state of a training up with."""

    def restore(self) -> bool: ...

    def back_up(self, epoch: int) -> None: ...

    def delete_backup(self) -> None: ...

    def untrack_vars(self) -> ContextManager[object]: ...


def worker_context() -> WorkerContext | None:
    """Returns what TF 2.0 to 2.2 know of the worker that runs; None elsewhere."""
    coordinator = _of_tensorflow("distribute.distribute_coordinator_context")
    if coordinator is None:
        return None
    found: WorkerContext | None = coordinator.get_current_worker_context()
    return found


def training_state_class() -> Callable[[Model, str], TrainingState] | None:
    """Returns the class that TF 2.0 to 2.2 back the training state up with; None elsewhere."""
    module = _of_tensorflow("keras.distribute.multi_worker_training_state")
    if module is None:
        return None
    found: Callable[[Model, str], TrainingState] = module.MultiWorkerTrainingState
    return found


def _of_tensorflow(name: str) -> ModuleType | None:
    try:
        return importlib.import_module("tensorflow.python." + name)
    except ImportError:
        return None
