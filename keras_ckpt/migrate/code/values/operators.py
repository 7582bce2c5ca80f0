"""The values of constants, and of operators applied to other values."""

from __future__ import annotations

import ast
import contextlib
from typing import Callable

from keras_ckpt.migrate.code.scopes import Position
from keras_ckpt.migrate.code.values.strings import percent
from keras_ckpt.migrate.code.values.types import (
    LONG,
    UNKNOWN,
    Constant,
    Number,
    Sequence,
    Str,
    Value,
    handles,
    is_number,
    joined,
    number,
    of_parts,
    text,
    value,
)


@handles(ast.Constant)
def _constant(node: ast.Constant, at: Position, depth: int) -> Value:
    if isinstance(node.value, str):
        return Str((node.value,))
    if node.value is None or isinstance(node.value, (bool, int, float)):
        return Constant(node.value)
    return UNKNOWN


@handles(ast.BinOp)
def _binary(node: ast.BinOp, at: Position, depth: int) -> Value:
    if isinstance(node.op, ast.Add):
        return _sum(node, at, depth)
    left = value(node.left, at, depth)
    if isinstance(node.op, ast.Mod) and isinstance(left, Str):
        return percent(left, node.right, at, depth)
    right = value(node.right, at, depth)
    if isinstance(node.op, ast.Div) and (isinstance(left, Str) or isinstance(right, Str)):
        return of_parts([*text(node.left, at, depth), "/", *text(node.right, at, depth)])
    return _arithmetic(node.op, left, right)


def _sum(node: ast.BinOp, at: Position, depth: int) -> Value:
    # A long sum is nested as deeply as it is long: its terms are taken one by one.
    terms: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
        terms.append(left.right)
        left = left.left
    values = [value(each, at, depth) for each in (left, *reversed(terms[-LONG:]))]
    if any(isinstance(each, Str) for each in values):
        parts: list[str | None] = []
        for each in values:
            parts += each.parts if isinstance(each, Str) else (None,)
        return of_parts(parts)
    if all(isinstance(each, Sequence) for each in values):
        rows = [each for each in values if isinstance(each, Sequence)]
        items = tuple(item for row in rows for item in row.items)
        return Sequence(items, all(row.complete for row in rows))
    result = values[0]
    for each in values[1:]:
        result = _arithmetic(ast.Add(), result, each)
    return result


def _arithmetic(operator: ast.operator, left: Value, right: Value) -> Value:
    if is_number(left) and is_number(right):
        first, second, compute = number(left), number(right), _OPERATORS.get(type(operator))
        if first is not None and second is not None and compute is not None:
            with contextlib.suppress(ArithmeticError, ValueError):
                if max(abs(first), abs(second)) < 1e15:
                    return Constant(compute(first, second))
        return Number()
    # `5 * steps` is a number even if nothing is known of `steps`.
    if isinstance(operator, (ast.Mult, ast.FloorDiv, ast.Div, ast.Sub)):
        if is_number(left) or is_number(right):
            return Number()
        if isinstance(operator, ast.FloorDiv):
            return Number()
    return UNKNOWN


_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
}


@handles(ast.UnaryOp)
def _unary(node: ast.UnaryOp, at: Position, depth: int) -> Value:
    found = value(node.operand, at, depth)
    if isinstance(node.op, ast.Not):
        return Constant(not found.value) if isinstance(found, Constant) else UNKNOWN
    if isinstance(node.op, ast.USub) and is_number(found):
        known = number(found)
        return found if known is None else Constant(-known)
    return UNKNOWN


@handles(ast.IfExp)
def _conditional(node: ast.IfExp, at: Position, depth: int) -> Value:
    return joined([value(node.body, at, depth), value(node.orelse, at, depth)])


@handles(ast.BoolOp)
def _either(node: ast.BoolOp, at: Position, depth: int) -> Value:
    return joined([value(each, at, depth) for each in node.values[:100]])
