"""What a checkpoint says of itself in its headers, whatever its format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from keras_ckpt._typing import Config

if TYPE_CHECKING:
    from typing import TypedDict

    class Described(TypedDict):
        """The fields of a `Summary` that a description says."""

        model: str | None
        compiled: bool | None
        optimizer: str | None


WEIGHT = "weight"
OPTIMIZER = "optimizer"
STATE = "state"

_ITERATIONS = re.compile(r"(^|/)(iter|_?iterations?)$")
# What a model keeps and does not count among its weights.
_OF_STATE = re.compile(r"(^|/)(keras_api/|seed_generator[^/]*/)|^_?metrics/")


class Variable(NamedTuple):
    """A variable in a checkpoint.

    Attributes:
        name: what it is called there.
        shape: its shape.
        dtype: name of its type, e.g. `"float32"`.
        size: its bytes.
        role: `"weight"`, `"optimizer"`, or `"state"`: of metrics and of random generators.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    size: int
    role: str

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        count = 1
        for length in self.shape:
            count *= length
        return count

    @property
    def is_counter(self) -> bool:
        """Whether it is a whole number, as the steps of an optimizer are."""
        return self.shape == () and "int" in self.dtype

    @property
    def counts_steps(self) -> bool:
        """Whether it is named as the steps of an optimizer are."""
        return _ITERATIONS.search(self.name) is not None


class Summary(NamedTuple):
    """What a checkpoint says of itself; None where it says nothing."""

    variables: list[Variable]
    written_by: dict[str, str] = {}
    optimizer: str | None = None
    iterations: int | None = None
    compiled: bool | None = None
    model: str | None = None
    load_weights: bool = True
    load_model: bool = False


def role_of(name: str) -> str:
    """Returns what a variable that is not the optimizer's is for, by its name."""
    return STATE if _OF_STATE.search(name) else WEIGHT


def in_order(variables: list[Variable]) -> list[Variable]:
    """Returns variables by name, numbers in their order, and those of the optimizer at last."""

    def key(variable: Variable) -> tuple[bool, list[tuple[int, str]]]:
        parts = re.split(r"(\d+)", variable.name)
        numbered = [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
        return variable.role == OPTIMIZER, numbered

    return sorted(variables, key=key)


def keras_version(version: str) -> dict[str, str]:
    """Returns which release wrote a checkpoint, which has `""` where that is not recorded."""
    return {"keras": version} if version else {}


def of_description(described: Config, config: object, optimizer: str) -> Described:
    """Returns the fields of a `Summary` that a description says.

    Args:
        described: how the model is made; empty if that is not recorded.
        config: how it was compiled.
        optimizer: under which name that has the optimizer.
    """
    compiled = config if isinstance(config, dict) else {}
    return {
        "model": class_name(described),
        "compiled": bool(config) if described else None,
        "optimizer": class_name(compiled.get(optimizer)),
    }


def class_name(config: object) -> str | None:
    """Returns the name of a described class, without the package that it is registered under."""
    name = config.get("class_name") if isinstance(config, dict) else config
    return name.split(">")[-1] if isinstance(name, str) else None
