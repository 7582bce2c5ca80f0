"""What layers keep in files of their own beside their values, such as vocabularies."""

from __future__ import annotations

import contextlib
import os
from typing import Callable, Iterator

from keras_ckpt._typing import Model
from keras_ckpt.formats.config import vocabularies
from keras_ckpt.formats.keras3 import h5_store
from keras_ckpt.runtime import internals


def collected(put: Callable[[object], None]) -> dict[str, bytes]:
    """Returns the content of files by their paths, with slashes.

    Args:
        put: function that puts them into Keras's store of them.
    """
    kind = internals.saving_lib().DiskIOStore

    class Store(kind):  # type: ignore[misc, valid-type]
        """Makes its directory when the first layer wants one: few models have such a layer."""

        is_made = False

        def __init__(self) -> None:
            pass

        def make(self, path: str) -> str:
            if not self.is_made:
                super().__init__("assets", mode="w")
                self.is_made = True
            made: str = super().make(path)
            return made

    found: dict[str, bytes] = {}
    store = Store()
    try:
        put(store)
        for folder, _, names in os.walk(store.working_dir) if store.is_made else ():
            for name in names:
                path = os.path.join(folder, name)
                inside = os.path.relpath(path, store.working_dir).replace(os.sep, "/")
                with open(path, "rb") as file:
                    found[inside] = file.read()
    finally:
        if store.is_made:
            store.close()
    return found


def of_model(model: Model) -> dict[str, bytes]:
    """Returns the content of the files of a model's layers by their paths."""
    return collected(
        lambda store: internals.saving_lib()._save_state(model, None, store, "", set())
    )


def load(model: Model, directory: str) -> None:
    """Gives the layers of a model the files of theirs that are in a directory."""
    errors: dict[int, tuple[object, Exception]] = {}
    with whole_vocabularies(model):
        internals.saving_lib()._load_state(
            model, None, store(directory), "", False, set(), set(), errors
        )
    for _, error in errors.values():
        raise error


@contextlib.contextmanager
def whole_vocabularies(model: Model) -> Iterator[None]:
    """Lets layers load their vocabularies as they were saved, which Keras shortens."""
    found = list(vocabularies.layers(model))
    for layer in found:
        object.__setattr__(layer, "load_assets", vocabularies.loader(layer))
    try:
        yield
    finally:
        for layer in found:
            object.__delattr__(layer, "load_assets")


def store(directory: str) -> object:
    """Returns Keras's store of the files in a directory, which finds those of TF 2.12, too."""
    kind = internals.saving_lib().DiskIOStore

    class Store(kind):  # type: ignore[misc, valid-type]
        def get(self, path: str) -> str | None:
            found: str | None = super().get(path)
            return found if found is not None else _old(directory, path)

    return Store(directory, mode="r")


def _old(directory: str, path: str) -> str | None:
    """Returns where TF 2.12 put the files of a layer, or None if there are none."""
    for name in filter(None, path.split("/")):
        names = os.listdir(directory)
        old = h5_store.old_name(name, names)
        if old not in names:
            return None
        directory = os.path.join(directory, old)
    return directory
