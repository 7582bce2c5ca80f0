"""`Release`: what the rules ask of a release. It is `keras_ckpt.compat`'s; no Keras is needed."""

from __future__ import annotations

import functools
import importlib
import inspect
import re
from typing import Any, NamedTuple

from keras_ckpt import compat
from keras_ckpt.profile import Profile


class Release(NamedTuple):
    """A release, by what its `ModelCheckpoint` does.

    Args:
        name: as `keras_ckpt.compat.for_version` takes it, e.g. `"2.4"`, `"3.15"`, `"tf_keras"`.
        profile: what its class does.
        parameters: of `__init__`, in order, without `self`.
        any_keyword: whether other keywords are taken: in silence, but for the profile's
            `legacy_arguments`.
    """

    name: str
    profile: Profile
    parameters: tuple[str, ...]
    any_keyword: bool

    @property
    def title(self) -> str:
        """The release in messages: `TF 2.4`, `Keras 3.15`, `tf_keras`."""
        if self.name.startswith("tf_keras"):
            return self.name
        return ("Keras " if self.is_keras_3 else "TF ") + self.name

    @property
    def is_keras_3(self) -> bool:
        """Whether it knows the formats of Keras 3 alone."""
        return not self.profile.legacy_arguments


@functools.lru_cache(maxsize=None)
def release(version: str) -> Release:
    """Returns a release.

    Args:
        version: in any form that `keras_ckpt.compat.for_version` takes.

    Raises:
        ValueError: if there is no such release.
    """
    module = importlib.import_module("keras_ckpt.compat." + compat.module_of(version))
    made: Any = vars(module)["__init__"]
    found = list(inspect.signature(made).parameters.values())[1:]
    return Release(
        _canonical(version),
        module.PROFILE,
        tuple(each.name for each in found if each.kind is each.POSITIONAL_OR_KEYWORD),
        any(each.kind is each.VAR_KEYWORD for each in found),
    )


def _canonical(version: str) -> str:
    text = version.strip().lower()
    minor = re.search(r"(\d+\.\d+)(\.\d+)?", text)
    if re.match("tf[-_]keras", text) or minor is None:
        return "tf_keras"
    if minor.group() in compat.PATCHES:
        return minor.group()
    canonical: str = compat.KERAS_OF_TENSORFLOW.get(minor.group(1), minor.group(1))
    return canonical


def newest() -> Release:
    """Returns the newest Keras 3."""
    return release(compat.VERSIONS[-1])


def every() -> list[Release]:
    """Returns all releases, from TF 2.0 to the newest Keras 3."""
    return [release(version) for version in compat.VERSIONS]
