"""The operations that are known, by the names that TensorFlow gives them.

The modules of this folder register each operation beside the function that computes it. A function
has the parameters of TensorFlow's, after the `Operations` that it is called by.
"""

from __future__ import annotations

from typing import Any, Callable, TypeVar

#: Takes the `Operations` that it is called by and the arguments of TensorFlow's function, and
#: returns a tensor, an array, or a list of them.
Function = Callable[..., Any]
_Function = TypeVar("_Function", bound=Function)

#: What computes each function of TensorFlow, by its name.
TABLE: dict[str, Function] = {}
#: What computes each kind of node of TensorFlow's graph, and the names of the arguments that its
#: attributes are, by the names of the attributes.
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


def op(name: str, *kinds: str, **attributes: str) -> Callable[[_Function], _Function]:
    """Returns a decorator that registers what computes a function of TensorFlow.

    Args:
        name: String, the function, without the module if that is `tf`, `tf.math` or `tf.nn`.
        kinds: Strings, the kinds of nodes that compute the same.
        attributes: Strings, the arguments that the attributes of these nodes are, by the names of
            the attributes.
    """

    def register(function: _Function) -> _Function:
        if name in TABLE:
            raise ValueError(f"tf.{name} is registered already")
        TABLE[name] = function
        for kind in kinds:
            node(kind, **attributes)(function)
        return function

    return register


def node(kind: str, **attributes: str) -> Callable[[_Function], _Function]:
    """Returns a decorator that registers what computes a kind of node.

    Args:
        kind: String, the kind.
        attributes: as for `op`.
    """

    def register(function: _Function) -> _Function:
        if kind in NODES:
            raise ValueError(f"the node {kind} is registered already")
        NODES[kind] = (function, attributes)
        return function

    return register


def gathered(function: Function, last: int = 0) -> Function:
    """Returns the function for a node, which has the items of its list as operands.

    Args:
        function: takes a list.
        last: Integer, how many operands come after the list. Defaults to `0`.
    """

    def call(o: object, *operands: object, **attributes: object) -> object:
        end = len(operands) - last
        return function(o, list(operands[:end]), *operands[end:], **attributes)

    return call


def function_of(name: str) -> Function:
    """Returns what computes a function of TensorFlow.

    Args:
        name: String, the function as a file has it: `"math.add"`, `"nn.relu"`.

    Raises:
        ValueError: if it is not known.
    """
    module, _, short = name.rpartition(".")
    short = _ALIASES.get(short, short)
    if name in TABLE:
        return TABLE[name]
    if module in _MODULES and short in TABLE and name != "compat.v1.div":
        return TABLE[short]
    raise ValueError(f"it holds the operation tf.{name}, which is not known to keras_ckpt")


def function_of_node(kind: str) -> tuple[Function, dict[str, str]]:
    """Returns what computes a kind of node, and the arguments that its attributes are.

    Args:
        kind: String, the kind: `"AddV2"`.

    Raises:
        ValueError: if it is not known.
    """
    if kind not in NODES:
        raise ValueError(
            f"it holds the operation {kind} of TensorFlow, which is not known to keras_ckpt"
        )
    return NODES[kind]
