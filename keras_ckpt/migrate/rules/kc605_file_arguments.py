"""KC605: arguments of saves and loads that Keras 3 removed."""

from __future__ import annotations

from typing import Iterator

from keras_ckpt.endings import FOREIGN_READ
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.releases.release import Release
from keras_ckpt.migrate.rules.definition import Problem, Rule, drop_argument, register
from keras_ckpt.migrate.sites.site import (
    LOAD_MODEL,
    LOAD_WEIGHTS,
    SAVE,
    SAVE_WEIGHTS,
    CallSite,
    Site,
)

_UNEXPECTED = "TypeError: %(function)s() got an unexpected keyword argument '%(name)s'"
#: How Keras 3 says that it knows no such argument, by the kind of call; and the function of
#: keras_ckpt that does.
_REFUSED: dict[str, tuple[str, str]] = {
    SAVE: ("ValueError: The following argument(s) are not supported: ['%(name)s']", "save_model"),
    SAVE_WEIGHTS: (_UNEXPECTED, "save_weights"),
    LOAD_WEIGHTS: ("ValueError: Invalid keyword arguments: {'%(name)s': ...}", "load_weights"),
    LOAD_MODEL: (_UNEXPECTED, "load_model"),
}
#: Those of TensorFlow's formats.
_ARGUMENTS = ("options", "save_format", "signatures", "save_traces")
#: Which no other library has.
_OF_KERAS = ("save_format", "save_traces")
_FUNCTIONS = {SAVE_WEIGHTS: "Model.save_weights", LOAD_MODEL: "load_model"}


def _refused(kind: str, old: Release, new: Release) -> list[str]:
    """Returns the arguments that a call may have in one release and not in the other."""
    had, has = (each.saving.function(kind).arguments for each in (old, new))
    return [each for each in _ARGUMENTS if each in had and each not in has]


@register
class FileArguments(Rule):
    code = "KC605"
    name = "file-arguments"
    when_dropped = "an argument is left out that is for formats that Keras 3 does not write."
    what = (
        "Finds `save_format`, `options`, `signatures` and `save_traces` in calls of `save`, "
        "`save_weights`, `load_weights` and `load_model`."
    )
    why = (
        "They were for TensorFlow's formats. Keras 3 determines the format by the ending of the "
        "path alone, and raises a TypeError or a ValueError for these arguments, even if they are "
        "None."
    )
    before = """
import keras

model = keras.Sequential([keras.layers.Dense(1)])
model.save_weights("my.weights.h5", save_format="h5")
"""
    after = """
import keras

model = keras.Sequential([keras.layers.Dense(1)])
model.save_weights("my.weights.h5")
"""

    def concerns(self, old: Release, new: Release) -> bool:
        return new.is_keras_3 and any(_refused(kind, old, new) for kind in _REFUSED)

    def check(self, site: Site, old: Release, new: Release) -> Iterator[Problem]:
        if not isinstance(site, CallSite) or site.kind not in _REFUSED:
            return
        said, function = _REFUSED[site.kind]
        argument = site.path(old)
        path = argument.value if argument is not None else None
        may_be = site.may_be_keras(path)
        given = site.bound(old).named if site.complete else site.keywords
        for name in _refused(site.kind, old, new):
            is_of_keras = name in _OF_KERAS and not (
                isinstance(path, Str) and path.ends_in(FOREIGN_READ)
            )
            if name in given and (may_be or is_of_keras):
                values = {"name": name, "function": _FUNCTIONS.get(site.kind, "")}
                yield self.problem(
                    site,
                    f"{new.title} raises {said % values}.",
                    f"Leave `{name}` out: the ending of the path decides the format. To keep a "
                    f"format of Keras 2, write `keras_ckpt.{function}`.",
                    given[name],
                )

    fix = drop_argument
