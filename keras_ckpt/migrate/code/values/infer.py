"""What value an expression has, as far as it can be told without running it.

`value(expression, at)` gives a `Known` constant, a `Text` of which parts may be known, a `Number`,
a `Table` (dict) or `Row` (list, tuple), or `UNKNOWN`. Of `Text` the ending can be asked, of tables
and rows what is in them: both hold expressions with the place that they stand at.
"""

from __future__ import annotations

# These register what they know with `types`.
from keras_ckpt.migrate.code.values import containers, operators, strings, variables  # noqa: F401
from keras_ckpt.migrate.code.values.types import (
    UNKNOWN,
    Known,
    Number,
    Part,
    Row,
    Table,
    Text,
    Unknown,
    Value,
    text,
    value,
)

__all__ = [
    "UNKNOWN",
    "Known",
    "Number",
    "Part",
    "Row",
    "Table",
    "Text",
    "Unknown",
    "Value",
    "text",
    "value",
]
