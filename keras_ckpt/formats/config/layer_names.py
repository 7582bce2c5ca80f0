"""Names of layers that Keras 3 does not take."""

from __future__ import annotations

from typing import Any, Iterable

from keras_ckpt._typing import Config

#: What Keras 2 had in names, and what Keras's own models have in its place since Keras 3.
_REFUSED, _INSTEAD = "/", "_"


def allowed(names: Iterable[str]) -> dict[str, str]:
    """Returns the names that Keras 3 takes, each different, by those that Keras 2 had.

    A name stays as it is unless it has a slash: `conv1/conv` becomes `conv1_conv`.

    Args:
        names: the names of all layers of a model, in their order.
    """
    names = list(dict.fromkeys(names))
    taken = {name for name in names if _REFUSED not in name}
    found = {}
    for name in names:
        new = name
        if _REFUSED in name:
            first = new = name.replace(_REFUSED, _INSTEAD)
            number = 0
            while new in taken:
                number += 1
                new = f"{first}_{number}"
            taken.add(new)
        found[name] = new
    return found


def with_allowed_names(config: Config) -> Config:
    """Returns the description of a model with the names that Keras 3 takes.

    Args:
        config: Dict with `class_name` and `config`.
    """
    if not any(_REFUSED in name for name in names_in(config)):
        return config
    found: Config = _Renamed(allowed(names_in(config))).value(config)
    return found


def names_in(config: Any) -> Iterable[str]:
    """Yields the names of the layers and models in a description, the outer first.

    Args:
        config: Dict with `class_name` and `config`.
    """
    waiting = [config]
    for value in waiting:
        if isinstance(value, dict):
            settings = value.get("config")
            if "class_name" in value and isinstance(settings, dict):
                for each in (value.get("name"), settings.get("name")):
                    if isinstance(each, str):
                        yield each
            waiting += list(value.values())
        elif isinstance(value, list):
            waiting += value


class _Renamed:
    """Replaces names, and the references to them."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def value(self, value: Any) -> Any:
        if isinstance(value, dict):
            found = {key: self.value(each) for key, each in value.items()}
            if "class_name" in value:
                for each in (found, found.get("config")):
                    if isinstance(each, dict) and isinstance(each.get("name"), str):
                        each["name"] = self._names.get(each["name"], each["name"])
            return found
        if not isinstance(value, list):
            return value
        found_list = [self.value(each) for each in value]
        is_reference = len(value) in (3, 4) and isinstance(value[0], str)
        if is_reference and isinstance(value[1], int) and isinstance(value[2], int):
            found_list[0] = self._names.get(value[0], value[0])
        return found_list
