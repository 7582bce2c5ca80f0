"""`Release`: what the rules ask of a release. It is `keras_ckpt.compat`'s; no Keras is needed."""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import NamedTuple

from keras_ckpt import compat
from keras_ckpt.compat import saving
from keras_ckpt.endings import Saving
from keras_ckpt.engine.arguments import LEGACY
from keras_ckpt.engine.profile import Profile

#: The last Keras that was a library beside TensorFlow, with `period` where TF 2 has `save_freq`.
STAND_ALONE = list(compat.STAND_ALONE)[-1]


class Release(NamedTuple):
    """A release, by what its `ModelCheckpoint` does.

    Args:
        name: as `keras_ckpt.compat.for_version` takes it, e.g. `"2.4"`, `"3.15"`, `"tf_keras"`.
        profile: what its class does.
        saving: what its functions that save and load take.
        parameters: of `__init__`, in order, without `self`.
        any_keyword: whether other keywords are accepted: silently, except for the profile's
            `legacy_keywords`.
    """

    name: str
    profile: Profile
    saving: Saving
    parameters: tuple[str, ...]
    any_keyword: bool

    @property
    def title(self) -> str:
        """The release in messages: `TF 2.4`, `Keras 3.15`, `tf_keras`."""
        if self.is_tf_keras:
            return self.name
        if self.is_stand_alone:
            return self.name.capitalize()
        return ("Keras " if self.is_keras_3 else "TF ") + self.name

    @property
    def is_tf_keras(self) -> bool:
        """Whether it is tf_keras, which can be installed beside any Keras 3."""
        return self.name.startswith("tf_keras")

    @property
    def is_stand_alone(self) -> bool:
        """Whether it is Keras as a library beside TensorFlow, up to 2.3."""
        return self.name.startswith("keras ")

    def takes(self, name: str) -> bool:
        """Returns whether its class has an argument of this name, and does something with it."""
        return name in self.parameters or (self.profile.legacy_keywords and name in LEGACY)

    @property
    def is_keras_3(self) -> bool:
        """Whether it is of Keras 3."""
        return self.name in compat.KERAS_3


@functools.lru_cache(maxsize=None)
def release(version: str) -> Release:
    """Returns a release.

    Args:
        version: in any form that `keras_ckpt.compat.for_version` takes.

    Raises:
        ValueError: if there is no such release.
    """
    module = importlib.import_module("keras_ckpt.compat." + compat.module_of(version))
    found = list(inspect.signature(vars(module)["__init__"]).parameters.values())[1:]
    return Release(
        compat.canonical(version),
        module.PROFILE,
        saving.of(compat.canonical(version)),
        tuple(each.name for each in found if each.kind is each.POSITIONAL_OR_KEYWORD),
        any(each.kind is each.VAR_KEYWORD for each in found),
    )


def newest() -> Release:
    """Returns the newest Keras 3."""
    return release(compat.VERSIONS[-1])


def newest_of_keras_2() -> Release:
    """Returns the newest release before Keras 3."""
    return [each for each in every() if not each.is_keras_3][-1]


def stand_alone() -> list[Release]:
    """Returns the releases of Keras as a library beside TensorFlow, from 2.0 to 2.3."""
    return [release(version) for version in compat.STAND_ALONE]


def every() -> list[Release]:
    """Returns all releases, from TF 2.0 to the newest Keras 3."""
    return [release(version) for version in compat.VERSIONS]
