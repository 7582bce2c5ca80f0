"""`replica` makes the class of a release from its `Profile`.

Each hook of the class reads all that differed between releases from the profile of its class.
"""

from __future__ import annotations

import sys
from typing import Any, Callable

from keras_ckpt import runtime
from keras_ckpt._typing import Model
from keras_ckpt.engine._types import Replica
from keras_ckpt.engine.hooks import HOOKS
from keras_ckpt.engine.profile import Profile


def replica(
    profile: Profile, init: Callable[..., None], module: str, name: str = "ModelCheckpoint"
) -> type:
    """Returns the `ModelCheckpoint` of a release, on the Keras that is running.

    Args:
        profile: what the release's class does.
        init: its `__init__`, which has the true signature and calls `construct`.
        module: the module that the class is found in.
        name: what the class is called.
    """
    base = runtime.callback_base()
    members: dict[str, Any] = {
        "__init__": init,
        "__module__": module,
        "__doc__": f"The `ModelCheckpoint` of {profile.release}.",
        "_keras_ckpt_profile": profile,
        "_keras_ckpt_saving": None,
    }
    for form in profile.hooks:
        members[form.partition("(")[0]] = HOOKS[form]
    if profile.settable_model and isinstance(getattr(base, "model", None), property):
        members["model"] = _settable(base.model)  # type: ignore[attr-defined]
    return type(name, (base,), members)


def _settable(model: property) -> property:
    """Returns the property `model` of Keras 3 so that it can be set, as subclasses did in 2.x."""

    def set_model(self: Replica, value: Model) -> None:
        self._model = value

    return model.setter(set_model)


def found_in(module: str, profile: Profile, init: Callable[..., None]) -> Callable[[str], type]:
    """Returns the `__getattr__` of a release's module, which makes its class at first use.

    That is what lets the module be read without a Keras.
    """
    init.__qualname__ = "ModelCheckpoint.__init__"

    def getattr_(name: str) -> type:
        if name != "ModelCheckpoint":
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        made = replica(profile, init, module)
        setattr(sys.modules[module], name, made)
        return made

    return getattr_
