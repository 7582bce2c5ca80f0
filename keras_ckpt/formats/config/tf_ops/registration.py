"""The operations that are known, by the names that TensorFlow gives them.

The modules of this folder register each operation beside the function that computes it. A function
has the parameters of TensorFlow's, after the `Operations` that it is called by.
"""

from __future__ import annotations

from typing import Any, Callable

Function = Callable[..., Any]

#: What each function of TensorFlow computes.
TABLE: dict[str, Function] = {}
#: What each kind of node of TensorFlow's graph computes, and which of its attributes are arguments,
#: by the names of these.
NODES: dict[str, tuple[Function, dict[str, str]]] = {}

# Other names of the same functions.
_ALIASES = {
    "argmax_v2": "argmax",
    "div": "truediv",
    "divide": "truediv",
    "eq": "equal",
    "floor_div": "floordiv",
    "floor_mod": "floormod",
    "mod": "floormod",
    "ne": "not_equal",
    "neg": "negative",
    "realdiv": "truediv",
    "swish": "silu",
}
# Where in TensorFlow the functions are; another one of that name elsewhere is another function.
_MODULES = frozenset(
    ["", "__operators__", "compat.v1", "compat.v1.linalg", "compat.v1.math", "compat.v1.nn"]
    + ["linalg", "math", "nn"]
)


def op(name: str, *kinds: str, **attributes: str) -> Callable[[Function], Function]:
    """Registers what computes a function of TensorFlow.

    Args:
        name: String. The function, without the module if that is in `tf`, `tf.math` or `tf.nn`.
        kinds: Strings. The kinds of nodes that are the same.
        attributes: Strings. The arguments that attributes of these nodes are, by their names.
    """

    def register(function: Function) -> Function:
        if name in TABLE:
            raise ValueError(f"tf.{name} is registered already")
        TABLE[name] = function
        for kind in kinds:
            node(kind, **attributes)(function)
        return function

    return register


def node(kind: str, **attributes: str) -> Callable[[Function], Function]:
    """Registers what computes a kind of node; `attributes` are as those of `op`."""

    def register(function: Function) -> Function:
        if kind in NODES:
            raise ValueError(f"the node {kind} is registered already")
        NODES[kind] = (function, attributes)
        return function

    return register


def gathered(function: Callable[..., Any], last: int = 0) -> Callable[..., Any]:
    """The same of a list, which the node has as operands of its own before the `last`."""

    def call(o: Any, *operands: Any, **attributes: Any) -> Any:
        end = len(operands) - last
        return function(o, list(operands[:end]), *operands[end:], **attributes)

    return call


def function_of(name: str) -> Callable[..., Any]:
    """What a function of TensorFlow computes.

    Raises:
        ValueError: if it is not known.
    """
    module, _, short = name.rpartition(".")
    short = _ALIASES.get(short, short)
    if name in TABLE:
        return TABLE[name]
    if module in _MODULES and short in TABLE and name != "compat.v1.div":
        return TABLE[short]
    raise ValueError(f"it holds the operation tf.{name}, which is not known here")


def function_of_node(kind: str) -> tuple[Function, dict[str, str]]:
    """What a node of the kind computes, and its attributes that are arguments, by their names.

    Raises:
        ValueError: if it is not known.
    """
    if kind not in NODES:
        raise ValueError(f"it holds the operation {kind} of TensorFlow, which is not known here")
    return NODES[kind]
