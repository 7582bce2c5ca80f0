"""What layers keep in files of their own beside their values, such as vocabularies."""

from __future__ import annotations

import contextlib
import os
from typing import Iterator

from keras_ckpt._typing import Model
from keras_ckpt.formats.config import vocabularies
from keras_ckpt.formats.keras3 import h5_store
from keras_ckpt.runtime import internals


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
    """Returns Keras's store of the assets in a directory, which finds those of TF 2.12, too."""
    kind = internals.saving_lib().DiskIOStore

    class Store(kind):  # type: ignore[misc, valid-type]
        def get(self, path: str) -> str | None:
            found: str | None = super().get(path)
            return found if found is not None else _old(directory, path)

    return Store(directory, mode="r")


def _old(directory: str, path: str) -> str | None:
    """Returns where TF 2.12 put the assets of a layer, or None if there are none."""
    for name in filter(None, path.split("/")):
        names = os.listdir(directory)
        old = h5_store.old_name(name, names)
        if old not in names:
            return None
        directory = os.path.join(directory, old)
    return directory
