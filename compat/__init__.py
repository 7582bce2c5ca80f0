"""The `ModelCheckpoint` of every release, as it was: for tests of version compatibility.

Example:

>>> from keras_ckpt import compat
>>> ModelCheckpoint = compat.for_version("2.4")
>>> checkpoint = ModelCheckpoint("weights.{epoch:02d}.hdf5", period=5)

One module stands for each release of TensorFlow 2, Keras 3, tf_keras and stand-alone Keras that
changed something: its `ModelCheckpoint`, its `__init__` and its `PROFILE`, which is the difference
from a release beside it. Importing this package imports no Keras.
"""

from __future__ import annotations

import importlib
import re
from typing import Any, Callable

#: The module of each release.
MODULES: dict[str, str] = {
    "2.0": "tf2_0",
    "2.1": "tf2_1",
    "2.2": "tf2_2",
    "2.3": "tf2_3",
    "2.4": "tf2_4",
    "2.5": "tf2_5",
    "2.6": "tf2_6",
    "2.7": "tf2_7",
    "2.8": "tf2_8",
    "2.9": "tf2_8",
    "2.10": "tf2_10",
    "2.11": "tf2_10",
    "2.12": "tf2_12",
    "2.13": "tf2_13",
    "2.14": "tf2_14",
    "2.15": "tf2_15",
    "3.0": "keras3_0",
    "3.1": "keras3_0",
    "3.2": "keras3_0",
    "3.3": "keras3_0",
    "3.4": "keras3_0",
    "3.5": "keras3_0",
    "3.6": "keras3_0",
    "3.7": "keras3_0",
    "3.8": "keras3_8",
    "3.9": "keras3_8",
    "3.10": "keras3_10",
    "3.11": "keras3_11",
    "3.12": "keras3_11",
    "3.13": "keras3_13",
    "3.14": "keras3_14",
    "3.15": "keras3_14",
}

#: Patch releases that differ from the last of their minor.
PATCHES: dict[str, str] = {f"3.0.{patch}": "keras3_0_0" for patch in range(5)}

#: tf_keras, the Keras 2 for the TensorFlows that have no Keras of their own.
TF_KERAS: dict[str, str] = {f"tf_keras 2.{minor}": "tf_keras" for minor in range(15, 22)}

#: Keras as a library of its own beside TensorFlow, before TensorFlow 2 had it.
STAND_ALONE: dict[str, str] = {
    "keras 2.0": "keras2_0",
    "keras 2.1": "keras2_1",
    "keras 2.2": "keras2_1",
    "keras 2.3": "keras2_1",
}

#: Its patch releases that differ from the last of their minor.
STAND_ALONE_PATCHES: dict[str, str] = {
    **{f"keras 2.0.{patch}": "keras2_0_0" for patch in range(9)},
    **{f"keras 2.1.{patch}": "keras2_0" for patch in range(3)},
    **{f"keras 2.1.{patch}": "keras2_1_3" for patch in range(3, 6)},
}

#: The Keras 3 that was out when a TensorFlow came that has no Keras of its own.
KERAS_OF_TENSORFLOW: dict[str, str] = {
    "2.16": "3.0",
    "2.17": "3.4",
    "2.18": "3.6",
    "2.19": "3.9",
    "2.20": "3.11",
    "2.21": "3.13",
}

_ALL = (MODULES, PATCHES, TF_KERAS, STAND_ALONE, STAND_ALONE_PATCHES)

#: The canonical names of the releases of Keras 3.
KERAS_3: frozenset[str] = frozenset(
    name for name, module in {**MODULES, **PATCHES}.items() if module.startswith("keras3")
)

#: The canonical names of the releases of TensorFlow and of Keras 3, without `PATCHES`.
VERSIONS: tuple[str, ...] = tuple(MODULES)

_NAME = re.compile(
    r"(?P<library>tf[-_]keras|tf|tensorflow|tensorflow-cpu|keras)?\s*(?:==|-|_)?\s*v?"
    r"(?P<minor>\d+\.\d+)(?P<patch>\.\d+)?(?:(?:a|b|rc|\.post|\.dev)\d+)?"
)
# `keras` 2.4 and 2.5 had no callback of their own.
_LIBRARIES: dict[str, Callable[[str], bool]] = {
    "": lambda minor: True,
    "tf": lambda minor: minor.startswith("2."),
    "keras": lambda minor: (
        minor.startswith("3.") or minor in VERSIONS[6:] or "keras " + minor in STAND_ALONE
    ),
    "tf_keras": lambda minor: "tf_keras " + minor in TF_KERAS,
}


def for_version(version: str) -> Any:
    """Returns the `ModelCheckpoint` of a release, on the Keras that is running.

    Args:
        version: String, the release, as in `"2.4"`, `"2.4.1"`, `"tf2.4"`, `"TF 2.4"`,
            `"tensorflow==2.4.1"`, `"3.8"`, `"keras==3.8.0"`, `"tf_keras==2.16.0"`,
            `"tf_keras"`, or stand-alone Keras, as in `"keras==2.2.4"`. `VERSIONS`, `TF_KERAS` and
            `STAND_ALONE` have all of them.
            `"3.0"` means 3.0.5. TF 2.16 and later mean the Keras 3 of their day.

    Returns:
        A subclass of `keras.callbacks.Callback`. It is the same class for all releases between
        which nothing changed.

    Raises:
        ValueError: if there is no such release.
        ImportError: if no Keras is installed.

    Example:

    ```python
    from keras_ckpt import compat

    ModelCheckpoint = compat.for_version("2.4")
    checkpoint = ModelCheckpoint("weights.{epoch:02d}.hdf5", period=5)
    ```
    """
    module = importlib.import_module(f"{__name__}.{module_of(version)}")
    return module.ModelCheckpoint


def __getattr__(name: str) -> Any:
    if any(name in modules.values() for modules in _ALL):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def module_of(version: str) -> str:
    """Returns the name of the module in this package for a release.

    Args:
        version: String, the release, in any form that `for_version` takes.

    Raises:
        ValueError: if there is no such release.
    """
    name = version.strip().lower() if isinstance(version, str) else ""
    if name in ("tf_keras", "tf-keras"):
        name = list(TF_KERAS)[-1]
    match = _NAME.fullmatch(name)
    if match is not None:
        library, minor = (match["library"] or "").replace("-", "_"), match["minor"]
        if library.startswith("tensorflow"):
            library = "tf"
        if _LIBRARIES[library](minor):
            if library == "tf_keras":
                return TF_KERAS["tf_keras " + minor]
            if library == "keras" and "keras " + minor in STAND_ALONE:
                full = f"keras {minor}{match['patch'] or ''}"
                return STAND_ALONE_PATCHES.get(full) or STAND_ALONE["keras " + minor]
            if library != "keras":
                minor = KERAS_OF_TENSORFLOW.get(minor, minor)
            patch = PATCHES.get(match["minor"] + (match["patch"] or ""))
            if minor in MODULES:
                return patch or MODULES[minor]
    newest = list(KERAS_OF_TENSORFLOW)[-1]
    raise ValueError(
        f"There is no ModelCheckpoint of version {version!r}.{_nearest(version)} Versions are "
        f"TF 2.0 to {newest}, Keras 3.0 to {VERSIONS[-1]}, tf_keras 2.15 to {newest} and "
        "stand-alone Keras 2.0 to 2.3, as strings such as '2.4', 'keras==3.8.0' or 'keras==2.2.4'."
    )


def canonical(version: str) -> str:
    """Returns the name of a release as in `VERSIONS` or one of the other tables, or `"tf_keras"`.

    Args:
        version: String, the release, in any form that `for_version` takes.

    Raises:
        ValueError: if there is no such release.
    """
    module = module_of(version)
    text = version.strip().lower()
    minor = re.search(r"(\d+\.\d+)(\.\d+)?", text)
    if re.match("tf[-_]keras", text) or minor is None:
        return "tf_keras"
    if module in STAND_ALONE.values() or module in STAND_ALONE_PATCHES.values():
        full = "keras " + minor.group()
        return full if full in STAND_ALONE_PATCHES else "keras " + minor.group(1)
    if minor.group() in PATCHES:
        return minor.group()
    return KERAS_OF_TENSORFLOW.get(minor.group(1), minor.group(1))


def _nearest(version: Any) -> str:
    wanted = str(version).lower()
    if not re.search(r"\d", wanted):
        return ""
    names = VERSIONS + tuple(KERAS_OF_TENSORFLOW)
    if re.search("tf[-_]keras", wanted):
        names = tuple(TF_KERAS)
    nearest = min(names, key=lambda name: abs(_number(name) - _number(wanted)))
    return f" The nearest is {nearest!r}."


def _number(name: str) -> int:
    # Another major is further away than any minor.
    major, minor = (re.findall(r"\d+", name) + ["0"])[:2]
    return int(major) * 1000 + int(minor)
