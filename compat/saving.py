"""What the functions of each release that save and load take, as what changed in it.

Example:

>>> from keras_ckpt.compat import saving
>>> saving.of("3.9").load_weights.takes("model.weights.json")
False
>>> saving.of("3.10").load_weights.takes("model.weights.json")
True
"""

from __future__ import annotations

import dataclasses
import functools

from keras_ckpt import compat
from keras_ckpt.endings import (
    ANY,
    ARCHIVE,
    HDF5,
    HUB,
    SHARDED_WEIGHTS,
    WEIGHTS,
    Function,
    Saving,
)

#: The first: Keras as a library beside TensorFlow.
FIRST = Saving(
    save=Function(ANY, ("overwrite", "include_optimizer")),
    save_weights=Function(ANY, ("overwrite",)),
    load_model=Function(ANY, ("custom_objects", "compile")),
    load_weights=Function(ANY, ("by_name",)),
)

#: The functions that changed, by the release that changed them: each as it is from then on.
CHANGES: dict[str, dict[str, Function]] = {
    "keras 2.1": {"load_weights": Function(ANY, ("by_name", "skip_mismatch", "reshape"))},
    "2.0": {
        "save": Function(
            ANY, ("overwrite", "include_optimizer", "save_format", "signatures", "options")
        ),
        "save_weights": Function(ANY, ("overwrite", "save_format")),
        "load_weights": Function(ANY, ("by_name",)),
    },
    "2.1": {"load_weights": Function(ANY, ("by_name", "skip_mismatch"))},
    "2.3": {
        "save_weights": Function(ANY, ("overwrite", "save_format", "options")),
        "load_model": Function(ANY, ("custom_objects", "compile", "options")),
        "load_weights": Function(ANY, ("by_name", "skip_mismatch", "options")),
    },
    "2.4": {
        "save": Function(
            ANY,
            (
                "overwrite",
                "include_optimizer",
                "save_format",
                "signatures",
                "options",
                "save_traces",
            ),
        )
    },
    # `safe_mode` is for the archives, which this release brought.
    "2.12": {
        "load_model": Function(ANY, ("custom_objects", "compile", "safe_mode", "options")),
    },
    # TensorFlow's formats went, and their arguments.
    "3.0": {
        "save": Function((*ARCHIVE, *HDF5), ("overwrite", "include_optimizer", "save_format")),
        "save_weights": Function(WEIGHTS, ("overwrite",)),
        "load_model": Function((*ARCHIVE, *HDF5), ("custom_objects", "compile", "safe_mode")),
        "load_weights": Function((*ARCHIVE, *WEIGHTS, *HDF5), ("skip_mismatch", "by_name")),
    },
    "3.2": {
        "load_weights": Function(
            (*ARCHIVE, *WEIGHTS, *HDF5), ("skip_mismatch", "by_name", "objects_to_skip")
        ),
    },
    # A model can be a directory.
    "3.4": {
        "save": Function(
            (*ARCHIVE, *HDF5), ("overwrite", "zipped", "include_optimizer", "save_format")
        ),
    },
    "3.5": {
        "save": Function(
            (*ARCHIVE, *HDF5), ("overwrite", "zipped", "include_optimizer", "save_format"), HUB
        ),
    },
    "3.6": {
        "load_model": Function((*ARCHIVE, *HDF5), ("custom_objects", "compile", "safe_mode"), HUB),
    },
    # Weights can be several files, one of which names the others. `max_shard_size` asks for that,
    # and alone lets the path end in `.weights.json`.
    "3.10": {
        "save_weights": Function(WEIGHTS, ("overwrite", "max_shard_size")),
        "load_weights": Function(
            (*ARCHIVE, *WEIGHTS, *SHARDED_WEIGHTS, *HDF5),
            ("skip_mismatch", "by_name", "objects_to_skip"),
        ),
    },
}

#: tf_keras has what the last release before Keras 3 had.
_LAST_BEFORE_KERAS_3 = "2.15"


@functools.lru_cache(maxsize=None)
def of(version: str) -> Saving:
    """Returns what the functions of a release take.

    Args:
        version: string, as `keras_ckpt.compat.canonical` returns it.

    Returns:
        A `keras_ckpt.endings.Saving`.

    Raises:
        ValueError: if there is no such release.
    """
    name = _LAST_BEFORE_KERAS_3 if version.startswith("tf_keras") else version
    if name in compat.PATCHES or name in compat.STAND_ALONE_PATCHES:
        name = name.rpartition(".")[0]
    releases = (*compat.STAND_ALONE, *compat.VERSIONS)
    if name not in releases:
        raise ValueError(f"There is no release {version!r}. Releases are {releases}.")
    found = FIRST
    for each in releases[: releases.index(name) + 1]:
        found = dataclasses.replace(found, **CHANGES.get(each, {}))
    return found
