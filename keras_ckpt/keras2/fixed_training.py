"""Layers and models that keep the `training` that they are called with in a functional model.

As in Keras 2, where a `Dropout` that is called with `training=True` drops values in `predict`, and
a model that is called with `training=False` is in inference mode in `fit`. Keras 3 puts the
`training` of the outer model in its place.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import keras

from keras_ckpt import runtime
from keras_ckpt._typing import Config, Layer, Model
from keras_ckpt.keras2 import layers
from keras_ckpt.keras2.registered import PACKAGE, registered
from keras_ckpt.runtime import internals

#: What stands before the name of a class where it is registered. It keeps its own beside, after
#: which Keras calls the layer in files.
PREFIX = "FixedTraining"

#: The same for layers as Keras 2 had them, some of which Keras 3 has by the same name.
PREFIX_OF_KERAS_2 = PREFIX + "OfKeras2"

if TYPE_CHECKING:
    _Base = Layer
else:
    _Base = object


class _Fixed(_Base):  # type: ignore[misc]
    """Comes before a class of layers or models."""

    # Keras knows classes of functional models by these arguments.
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        internals.keep_training_argument(self)


def _made(cls: type[Layer]) -> type[Layer]:
    prefix = PREFIX_OF_KERAS_2 if cls.__module__.startswith(layers.__name__) else PREFIX
    text = f"`{cls.__name__}` that keeps the `training` that it is called with."
    made = type(cls.__name__, (_Fixed, cls), {"__doc__": text, "__module__": __name__})
    return registered(made, prefix + cls.__name__)


def _classes() -> list[type[Layer]]:
    """Returns the classes of layers and models that are called with `training`."""
    known: dict[str, Any] = {
        name: getattr(keras.layers, name) for name in sorted(dir(keras.layers))
    }
    # Where both Keras 3 and Keras 2 have one of a name, models of Keras 2 have the latter.
    known = {name: known[name] for name in known if name not in layers.MODULES}
    found: list[type[Layer]] = [
        each
        for each in [*known.values(), *layers.every(), keras.Sequential, *_functional()]
        if inspect.isclass(each)
        and issubclass(each, keras.layers.Layer)
        and "training" in inspect.signature(each.call).parameters  # type: ignore[attr-defined]
    ]
    return list(dict.fromkeys(found))


def _functional() -> list[type[Layer]]:
    """Returns the class of functional models, unless Keras cannot make one within another again.

    Keras 3.0 cannot: it loses count of the calls. There such a model keeps its `training` as a
    layer of the user's does.
    """
    return [internals.functional_class()] if runtime.version() >= (3, 3) else []


#: The classes that keep their `training`, by those that do not.
CLASSES = {each: _made(each) for each in _classes()}


def fix(layer: Layer) -> None:
    """Has a layer or model that has been called keep the `training` of its calls.

    It becomes one of a registered class, so that it does after it has been saved and loaded, too.
    A layer of a class of the user's does until then; an HDF5 file as of Keras 2 says so of it, too.
    """
    internals.keep_training_argument(layer)
    cls = CLASSES.get(type(layer))
    if cls is not None:
        # Past the `__setattr__` of Keras, which tracks what is set.
        object.__setattr__(layer, "__class__", cls)


def named(config: Config, model: Model) -> Config:
    """Returns the description of a model with the layers that keep their `training` named so.

    Args:
        config: Dict, the description of the model by Keras 3, without its class.
        model: The model.
    """
    if not isinstance(config.get("layers"), list):
        return config
    by_name = {layer.name: layer for layer in model.layers}
    found = []
    for each in config["layers"]:
        layer = by_name.get(each.get("name"))  # Operations are no layers.
        name = each.get("registered_name") or each["class_name"]
        if hasattr(layer, "layers"):
            each = dict(each, config=named(each["config"], layer))
        if layer is not None and internals.keeps_training_argument(layer) and not unfixed(name):
            each = dict(each, registered_name=f"{PACKAGE}>{PREFIX}{name}")
        found.append(each)
    return dict(config, layers=found)


def unfixed(name: str) -> str | None:
    """Returns the name of the class that does not keep its `training`, None if it is none of these.

    Args:
        name: String, a name in a file, with or without the package.

    Returns:
        String, with the package if it is a layer as Keras 2 had it, else without.
    """
    for start, package in ((PREFIX_OF_KERAS_2, f"{PACKAGE}>"), (PREFIX, "")):
        for full in (f"{PACKAGE}>{start}", start):
            if name.startswith(full):
                return package + name[len(full) :]
    return None
