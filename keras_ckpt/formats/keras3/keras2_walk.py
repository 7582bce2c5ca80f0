"""How TF 2.12 to 2.15 went through a model, which the groups in its files are called after.

Each release of Keras takes the attributes of a model or layer of a user's class one by one. A layer
gets its group where it is met first: under the name of an attribute, or with a number among all of
`model.layers`.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Collection, ContextManager, Iterable, Iterator, NamedTuple

from keras_ckpt import runtime
from keras_ckpt._typing import Layer, Model
from keras_ckpt.errors import CheckpointError
from keras_ckpt.formats.hdf5 import hdf5_file
from keras_ckpt.formats.keras3 import h5_store, state
from keras_ckpt.runtime import internals

# Patching a module is for one at a time.
_PATCHING = threading.RLock()


class Walk(NamedTuple):
    """What differs between the releases of Keras 2.

    Attributes:
        descends: whether attributes were taken from the last of the alphabet to the first.
        counts_again: whether what has its group already was counted in lists.
    """

    descends: bool
    counts_again: bool


#: By the first release that has it.
WALKS = {
    (2, 12): Walk(descends=False, counts_again=True),
    (2, 14): Walk(descends=False, counts_again=False),
    (2, 15): Walk(descends=True, counts_again=False),
}


def of_version(version: str) -> Walk | None:
    """Returns the walk of the release of Keras that wrote an archive, None for Keras 3."""
    numbers = tuple(int(each) for each in version.split(".")[:2] if each.isdigit())
    if numbers >= (3,):
        return None
    found = [walk for first, walk in WALKS.items() if first <= numbers]
    return found[-1] if found else WALKS[2, 12]


@contextlib.contextmanager
def followed(
    path: str, model: Model, walk: Walk | None, in_any_order: bool = False
) -> Iterator[set[int]]:
    """Has Keras find the layers of users' classes where the release put them that wrote a file.

    Args:
        path: the file, for the error.
        model: the model.
        walk: how the release went through it, None for Keras 3.
        in_any_order: Boolean, whether the order of the layers does not matter. Defaults to `False`.

    Yields:
        A set for `saving_lib._load_state`, which puts those into it that it has visited.

    Raises:
        CheckpointError: if it is not known which layer came first, as PyTorch keeps layers and
            lists of them apart.
    """
    visited: set[int] = set()
    if walk is None:
        yield visited
        return
    saving = internals.saving_lib()
    name = "_walk_saveable" if hasattr(saving, "_walk_saveable") else "_walk_trackable"
    thread = threading.get_ident()
    with _PATCHING:
        by_keras_3 = getattr(saving, name)

        def children(parent: Layer) -> Iterator[tuple[str, object]]:
            found = by_keras_3(parent)
            if threading.get_ident() != thread or not _is_of_user(parent):
                yield from found
                return
            refused = None if in_any_order else path
            yield from _as_in_keras_2(refused, parent, dict(found), walk, visited)

        setattr(saving, name, children)
        try:
            yield visited
        finally:
            setattr(saving, name, by_keras_3)


def _is_of_user(parent: object) -> bool:
    is_layer = isinstance(parent, runtime.keras().layers.Layer)
    return is_layer and not type(parent).__module__.startswith("keras.")


def _as_in_keras_2(
    path: str | None, parent: Layer, found: dict[str, object], walk: Walk, visited: set[int]
) -> Iterator[tuple[str, object]]:
    own = "layers"
    if _has_graph(parent) and not walk.descends:
        own = h5_store.OF_2_12
        found[own] = found.pop("layers")
    for name in sorted(found, reverse=walk.descends):
        value = found[name]
        if name == own and isinstance(parent, runtime.keras().Model):
            layers = _layers(path, parent, found, visited)
            if own == h5_store.OF_2_12 and walk.counts_again:
                # Those with weights stood there twice.
                layers = [each for layer in layers for each in [layer] * (1 + bool(layer.weights))]
            value = layers
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            # Lists in lists had no groups of their own.
            value = [
                each
                for each in value
                if not isinstance(each, (list, tuple, dict))
                and (walk.counts_again or id(each) not in visited)
            ]
        yield name, value


def _layers(
    path: str | None, model: Model, found: Collection[str], visited: set[int]
) -> list[Layer]:
    """Returns the layers of a model in the order of Keras 2: by where they are, not when made.

    Those of a functional model come first, as they are in it.
    """
    attributes = [value for name, value in vars(model).items() if name in found]
    modules = vars(model).get("_modules")
    apart = list(_layers_in(attributes))
    of_graph: list[Layer] = list(model.layers) if _has_graph(model) else []
    if modules and apart:  # PyTorch keeps them apart.
        own = list(_layers_in([modules]))
        if path is not None:
            passed = visited | {id(layer) for layer in of_graph}
            _refuse_unknown_order(path, model, own, apart, passed)
        # Each kind is in its order, and where one of its kind was made.
        kinds = iter(own), iter(apart)
        is_apart = {id(layer) for layer in apart}
        merged = [next(kinds[id(layer) in is_apart], None) for layer in model.layers]
        attributes = [layer for layer in merged if layer is not None]
    known: dict[int, Layer] = {}
    for layer in (*of_graph, *_layers_in(attributes), *model.layers):
        known.setdefault(id(layer), layer)
    return list(known.values())


def _has_graph(model: object) -> bool:
    return isinstance(model, (runtime.keras().Sequential, internals.functional_class()))


def _refuse_unknown_order(
    path: str, model: Model, attributes: list[Layer], apart: list[Layer], visited: set[int]
) -> None:
    """Refuses layers of which two could be exchanged unnoticed: in another order all others miss.

    Args:
        path: the archive.
        model: what has them.
        attributes: those that are attributes.
        apart: those in lists and dicts.
        visited: those that have been found by their own names, by identity.
    """

    def looks(layers: list[Layer]) -> set[tuple[str, tuple[tuple[int, ...], ...]]]:
        return {
            (type(each).__name__, tuple(tuple(one.shape) for one in each.weights))
            for each in layers
            if id(each) not in visited
        }

    for name, _ in sorted(looks(attributes) & looks(apart)):
        raise CheckpointError(
            path,
            f"Keras 2 counted the {name} layers of {type(model).__name__} by its attributes, and "
            "PyTorch does not keep their order",
            "load it with the TensorFlow or JAX backend, and save it again",
        )


def _layers_in(values: Iterable[object]) -> Iterator[Layer]:
    for value in values:
        if isinstance(value, runtime.keras().layers.Layer):
            yield value
        elif isinstance(value, dict):
            keys = list(value)
            if all(isinstance(key, str) for key in keys):
                keys.sort()
            yield from _layers_in(value[key] for key in keys)
        elif isinstance(value, (list, tuple)):
            yield from _layers_in(value)


def of_file(path: str, model: Model, file: hdf5_file.Group) -> ContextManager[set[int]]:
    """Has Keras find the layers of a model where the release put them that wrote a file of weights.

    From 3.6 on, Keras notes names, as keras_ckpt does. Without, the file is of an older Keras 3 or
    of TF 2.12 to 2.15: of that by whose walk each layer finds what it needs at the first place.

    Args:
        path: the file, for the error.
        model: the model.
        file: the file, open.

    Raises:
        CheckpointError: if those differ of several releases.
    """
    if h5_store.has_names(file) or not any(map(_is_of_user, model._flatten_layers())):
        return followed(path, model, None)
    fitting: dict[Walk | None, dict[int, str]] = {}
    for walk in (None, *WALKS.values()):
        with followed(path, model, walk, in_any_order=True) as visited:
            if state.groups(model, file, visited, of_shapes=False) is None:
                continue
        with followed(path, model, walk) as visited:
            found = state.groups(model, file, visited)
        if found is not None and found not in fitting.values():
            fitting[walk] = found
    if len(fitting) > 1:
        raise CheckpointError(
            path,
            "it does not say whether Keras 2 or Keras 3.0 to 3.5 wrote it, which put layers of "
            f"{type(model).__name__} in each other's place",
            "if TF 2.12 to 2.15 wrote it, save `.keras` there; if Keras 3 did, load it by "
            "Keras's own `load_weights` and save it again",
        )
    return followed(path, model, next(iter(fitting), None))
