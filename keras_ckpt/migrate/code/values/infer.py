"""What value an expression has, as far as that can be determined without running it.

`value(expression, at)` returns a `Constant`, a `Str` of which parts may be known, a `Number`, a
`Mapping` (dict) or `Sequence` (list, tuple), or `UNKNOWN`. A `Str` can be asked for its ending, a
`Mapping` or `Sequence` for what is in it: expressions with the position at which they stand.
"""

from __future__ import annotations

# These register what they know with `types`.
from keras_ckpt.migrate.code.values import (  # noqa: F401
    attributes,
    containers,
    functions,
    operators,
    strings,
    variables,
)
from keras_ckpt.migrate.code.values.alternatives import Possible, alternatives
from keras_ckpt.migrate.code.values.types import (
    UNKNOWN,
    Constant,
    Element,
    Mapping,
    Number,
    Sequence,
    Str,
    Unknown,
    Value,
    integer,
    text,
    value,
)

__all__ = [
    "UNKNOWN",
    "Constant",
    "Element",
    "Mapping",
    "Number",
    "Possible",
    "Sequence",
    "Str",
    "Unknown",
    "Value",
    "alternatives",
    "integer",
    "text",
    "value",
]
