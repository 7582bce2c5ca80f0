"""Turns the code of a function that some other Python compiled into an abstract syntax tree.

Functions of `Lambda` layers are short: an expression, at times with a few assignments before it.
These are made again, with conditional expressions and inner functions; all else (loops, exceptions,
generators) is refused, as is what two releases of Python would understand differently.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import sys
from typing import Sequence, TypeVar, Union

from keras_ckpt.formats.config.lambdas import code_objects, instructions
from keras_ckpt.formats.config.lambdas.code_objects import Code, Unreadable
from keras_ckpt.formats.config.lambdas.instructions import Instruction, Python

#: What `/` of Python 2 is called in the tree: it takes two arguments, and floors for integers.
DIVISION = "python_2_division"

_VARARGS, _VARKEYWORDS, _RESUMED = 0x04, 0x08, 0x20 | 0x80 | 0x200

#: A conditional has what follows it twice: what is larger was written by nobody.
_MOST_STEPS = 10_000

_UNARY: dict[str, type[ast.unaryop]] = {
    "UNARY_POSITIVE": ast.UAdd,
    "UNARY_NEGATIVE": ast.USub,
    "UNARY_NOT": ast.Not,
    "UNARY_INVERT": ast.Invert,
}
#: In the order in which Python 3.11 numbers them.
_BINARY: dict[str, type[ast.operator]] = {
    "ADD": ast.Add,
    "AND": ast.BitAnd,
    "FLOOR_DIVIDE": ast.FloorDiv,
    "LSHIFT": ast.LShift,
    "MATRIX_MULTIPLY": ast.MatMult,
    "MULTIPLY": ast.Mult,
    "MODULO": ast.Mod,
    "OR": ast.BitOr,
    "POWER": ast.Pow,
    "RSHIFT": ast.RShift,
    "SUBTRACT": ast.Sub,
    "TRUE_DIVIDE": ast.Div,
    "XOR": ast.BitXor,
}
_COMPARISONS: tuple[type[ast.cmpop], ...] = (
    *(ast.Lt, ast.LtE, ast.Eq, ast.NotEq, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot),
)


@dataclasses.dataclass
class _Null:
    """What Python 3.11 has below a function that is no method."""


@dataclasses.dataclass
class _InPlace:
    """The result of `x += y`, which must be stored as `x`."""

    target: ast.Name
    operator: ast.operator
    value: ast.expr


@dataclasses.dataclass
class _Import:
    """A module that is imported, or one of its names."""

    module: str
    level: int
    names: object  # the names that are imported from it, or None
    name: str | None = None


_NAMED = {"True": True, "False": False, "None": None}

_T = TypeVar("_T")
_Item = Union[ast.expr, Code, _Null, _InPlace, _Import]


def function(data: bytes) -> tuple[ast.FunctionDef, tuple[str, ...]]:
    """Returns the function that bytes hold, without the values of its defaults.

    Args:
        data: Bytes, a code object that `marshal` of a Python from 2.7 to 3.11 wrote.

    Returns:
        A tree in which variables of a closure are global names, and these variables.

    Raises:
        Unreadable: if they hold something else, or a function that has more in it than is read.
    """
    if sys.version_info < (3, 9):
        # Its trees are others, and it writes no source.
        raise Unreadable("this Python is too old to make a function of another Python again")
    found: dict[str, tuple[ast.FunctionDef, tuple[str, ...]]] = {}
    reason = Unreadable("it is no code object")
    for python in instructions.PYTHONS:
        try:
            code = code_objects.read(data, python.layout)
            tree = _Function(code, python).definition()
        except Unreadable as error:
            reason = error
        else:
            found[ast.dump(tree)] = ast.fix_missing_locations(tree), code.freevars
    if len(found) > 1:
        raise Unreadable("several releases of Python would each run something else")
    if not found:
        raise reason
    (result,) = found.values()
    return result


def source(tree: ast.FunctionDef) -> str:
    """Returns the text of a function, as a lambda if it is one."""
    (last, *before) = reversed(tree.body)
    shown = _Divisions().visit(copy.deepcopy(tree))
    if before or not isinstance(last, ast.Return):
        return ast.unparse(ast.fix_missing_locations(shown))
    expression = ast.Lambda(args=shown.args, body=shown.body[0].value)
    return ast.unparse(ast.fix_missing_locations(ast.Expression(expression)))


class _Divisions(ast.NodeTransformer):
    """Writes the division of Python 2 as it was written."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == DIVISION:
            return ast.BinOp(node.args[0], ast.Div(), node.args[1])
        return node


class _Function:
    """One code object on its way to a tree."""

    def __init__(self, code: Code, python: Python) -> None:
        if code.flags & _RESUMED:
            raise Unreadable("it is a generator")
        self.code = code
        self.python = python
        self.instructions = instructions.of_code(code, python)
        self.statements: list[ast.stmt] = []
        self.seen: set[int] = set()
        self.steps = 0
        self.conditions = 0
        self.stack: list[_Item] = []
        self.keywords: tuple[str, ...] = ()

    def definition(self) -> ast.FunctionDef:
        result = self.run(0)
        unseen = [each for at, each in self.instructions.items() if at not in self.seen]
        # The end of a function of statements, which is not reached if all its branches return.
        is_end = [each.name for each in unseen] == ["LOAD_CONST", "RETURN_VALUE"]
        if unseen and not (is_end and self.code.consts[unseen[0].argument] is None):
            raise Unreadable("some of it is never run")
        found = ast.parse("def function(): pass").body[0]
        assert isinstance(found, ast.FunctionDef)
        found.args = self.arguments()
        found.body = [*self.statements, ast.Return(result)]
        return found

    def arguments(self) -> ast.arguments:
        names = iter(self.code.varnames)
        try:
            positional = [ast.arg(next(names)) for _ in range(self.code.argcount)]
            keywords = [ast.arg(next(names)) for _ in range(self.code.kwonlyargcount)]
            vararg = ast.arg(next(names)) if self.code.flags & _VARARGS else None
            kwarg = ast.arg(next(names)) if self.code.flags & _VARKEYWORDS else None
        except StopIteration:
            raise Unreadable("it has fewer variables than arguments") from None
        if keywords:
            raise Unreadable("it has arguments by keyword alone, whose defaults are not stored")
        return ast.arguments(
            posonlyargs=[],
            args=positional,
            vararg=vararg,
            kwonlyargs=[],
            kw_defaults=[],
            kwarg=kwarg,
            defaults=[],
        )

    def run(self, offset: int) -> ast.expr:
        """Returns what the function returns when it goes on at an offset."""
        while True:
            each = self.instructions.get(offset)
            self.steps += 1
            if each is None or self.steps > _MOST_STEPS:
                raise Unreadable("it jumps to where no instruction begins")
            self.seen.add(offset)
            if each.name == "RETURN_VALUE":
                result = self.pop()
                if self.stack:
                    raise Unreadable("it leaves something on the stack")
                return result
            if each.name in ("POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE"):
                return self.conditional(each)
            if each.name == "JUMP_FORWARD":
                offset = self.target(each, is_absolute=False)
                continue
            offset = each.end
            read = getattr(self, "on_" + each.name.lower().replace("+", "_"), None)
            if each.name in _UNARY:
                self.stack.append(ast.UnaryOp(_UNARY[each.name](), self.pop()))
            elif each.name.split("_", 1)[-1] in _BINARY and read is None:
                kind, operator = each.name.split("_", 1)
                self.binary(_BINARY[operator](), kind == "INPLACE")
            elif each.name == "UNPACK_SEQUENCE":
                offset = self.unpack(each)
            elif read is None:
                raise Unreadable(f"it has a {each.name}")
            else:
                read(each.argument)

    def conditional(self, each: Instruction) -> ast.expr:
        test = self.pop()
        target = self.target(each, is_absolute=self.python.version < (3, 11))
        before = list(self.stack)
        self.conditions += 1
        following = self.run(each.end)
        self.stack = before
        jumped = self.run(target)
        self.conditions -= 1
        if each.name == "POP_JUMP_IF_TRUE":
            following, jumped = jumped, following
        return ast.IfExp(test, following, jumped)

    def target(self, each: Instruction, is_absolute: bool) -> int:
        step = each.argument * (2 if self.python.version >= (3, 10) else 1)
        target = step if is_absolute else each.end + step
        if target < each.end:
            raise Unreadable("it has a loop")
        return target

    # What is on the stack.

    def item(self) -> _Item:
        if not self.stack:
            raise Unreadable("it takes more from the stack than is there")
        return self.stack.pop()

    def pop(self) -> ast.expr:
        found = self.item()
        if not isinstance(found, ast.expr):
            raise Unreadable("it uses what is no value")
        return found

    def several(self, count: int) -> list[ast.expr]:
        if count > len(self.stack):
            raise Unreadable("it takes more from the stack than is there")
        return [self.pop() for _ in range(count)][::-1]

    def constant(self, number: int) -> object:
        return _at(self.code.consts, number)

    def texts(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, tuple) or not all(isinstance(each, str) for each in value):
            raise Unreadable("it has names that are no text")
        return value

    def cell(self, number: int) -> str:
        if self.python.version >= (3, 11):
            return _at(self.code.varnames, number)
        return _at(self.code.cellvars + self.code.freevars, number)

    def emit(self, statement: ast.stmt) -> None:
        if self.conditions:
            raise Unreadable("it has statements under a condition")
        self.statements.append(statement)

    # Instructions.

    def ignore(self, argument: int) -> None:
        """Does nothing that the tree has to say."""

    on_nop = on_resume = on_precall = on_copy_free_vars = on_make_cell = ignore

    def on_load_const(self, number: int) -> None:
        value = self.constant(number)
        self.stack.append(value if isinstance(value, Code) else _constant(value))

    def on_load_fast(self, number: int) -> None:
        self.stack.append(_name(_at(self.code.varnames, number)))

    def on_load_deref(self, number: int) -> None:
        self.stack.append(_name(self.cell(number)))

    on_load_closure = on_load_deref

    def on_load_global(self, number: int) -> None:
        if self.python.version >= (3, 11):
            if number & 1:
                self.stack.append(_Null())
            number >>= 1
        name = _at(self.code.names, number)
        if name in self.code.varnames:
            raise Unreadable(f"{name!r} is a variable and a global name")
        # These are names in Python 2.
        self.stack.append(ast.Constant(_NAMED[name]) if name in _NAMED else _name(name))

    def on_load_attr(self, number: int) -> None:
        self.stack.append(ast.Attribute(self.pop(), _at(self.code.names, number), ast.Load()))

    def on_load_method(self, number: int) -> None:
        value = self.pop()
        self.stack.append(_Null())
        self.stack.append(ast.Attribute(value, _at(self.code.names, number), ast.Load()))

    def on_push_null(self, argument: int) -> None:
        self.stack.append(_Null())

    def binary(self, operator: ast.operator, in_place: bool) -> None:
        left, right = self.several(2)
        if not in_place:
            self.stack.append(ast.BinOp(left, operator, right))
        elif isinstance(left, ast.Name):
            self.stack.append(_InPlace(left, operator, right))
        else:
            raise Unreadable("it changes what has no name")

    def on_binary_op(self, number: int) -> None:
        operators = list(_BINARY.values())
        self.binary(_at(operators, number % len(operators))(), number >= len(operators))
        if number >= 2 * len(operators):
            raise Unreadable("it has an operator that is not known")

    def on_binary_divide(self, argument: int) -> None:
        left, right = self.several(2)
        self.stack.append(ast.Call(_name(DIVISION), [left, right], []))

    def on_binary_subscr(self, argument: int) -> None:
        value, index = self.several(2)
        self.stack.append(ast.Subscript(value, index, ast.Load()))

    def slice(self, has_lower: bool, has_upper: bool) -> None:
        upper = self.pop() if has_upper else None
        lower = self.pop() if has_lower else None
        self.stack.append(ast.Subscript(self.pop(), ast.Slice(lower, upper), ast.Load()))

    def on_slice_0(self, argument: int) -> None:
        self.slice(False, False)

    def on_slice_1(self, argument: int) -> None:
        self.slice(True, False)

    def on_slice_2(self, argument: int) -> None:
        self.slice(False, True)

    def on_slice_3(self, argument: int) -> None:
        self.slice(True, True)

    def on_build_slice(self, count: int) -> None:
        if count not in (2, 3):
            raise Unreadable("it has a slice that is none")
        given = self.several(count)
        parts = [None if _is_none(each) else each for each in given]
        self.stack.append(ast.Slice(*parts))

    def on_compare_op(self, number: int) -> None:
        if number >= len(_COMPARISONS) or (number > 5 and self.python.version >= (3, 9)):
            raise Unreadable("it has a comparison that is not known")
        self.compare(_COMPARISONS[number]())

    def on_is_op(self, inverted: int) -> None:
        self.compare(ast.IsNot() if inverted else ast.Is())

    def on_contains_op(self, inverted: int) -> None:
        self.compare(ast.NotIn() if inverted else ast.In())

    def compare(self, operator: ast.cmpop) -> None:
        left, right = self.several(2)
        self.stack.append(ast.Compare(left, [operator], [right]))

    def on_build_tuple(self, count: int) -> None:
        self.stack.append(ast.Tuple(self.several(count), ast.Load()))

    def on_build_list(self, count: int) -> None:
        self.stack.append(ast.List(self.several(count), ast.Load()))

    def on_build_set(self, count: int) -> None:
        self.stack.append(ast.Set(self.several(count)))

    def on_build_map(self, count: int) -> None:
        # In Python 2 it is the size that is expected, and items follow.
        items = self.several(2 * count) if self.python.version >= (3, 5) else []
        self.stack.append(ast.Dict(list(items[::2]), list(items[1::2])))

    def on_store_map(self, argument: int) -> None:
        found, value, key = self.several(3)
        if not isinstance(found, ast.Dict):
            raise Unreadable("it stores an item in what is no dict")
        self.stack.append(ast.Dict([*found.keys, key], [*found.values, value]))

    def on_build_const_key_map(self, count: int) -> None:
        names = _value(self.pop())
        if not isinstance(names, tuple):
            raise Unreadable("it has a dict without keys")
        values = self.several(count)
        self.stack.append(ast.Dict([_constant(each) for each in names], values))

    def on_list_extend(self, argument: int) -> None:
        found, more = self.several(2)
        if argument != 1 or not isinstance(found, ast.List):
            raise Unreadable("it extends what is no list")
        known = _value(more)
        added: list[ast.expr] = [ast.Starred(more, ast.Load())]
        if isinstance(known, tuple):
            added = [_constant(each) for each in known]
        self.stack.append(ast.List([*found.elts, *added], ast.Load()))

    def on_list_to_tuple(self, argument: int) -> None:
        found = self.pop()
        if not isinstance(found, ast.List):
            raise Unreadable("it makes a tuple of what is no list")
        self.stack.append(ast.Tuple(found.elts, ast.Load()))

    # Calls.

    def call(self, count: int, keywords: list[ast.keyword], has_null: bool) -> None:
        given = self.several(count)
        called = self.pop()
        if has_null and not isinstance(self.item(), _Null):
            raise Unreadable("it calls a method in another way")
        self.stack.append(ast.Call(called, given, keywords))

    def on_call_function(self, count: int) -> None:
        keywords: list[ast.keyword] = []
        if self.python.version < (3, 6):
            for _ in range(count >> 8):
                name, value = self.several(2)
                (text,) = self.texts((_value(name),))
                keywords.insert(0, ast.keyword(text, value))
            count &= 0xFF
        self.call(count, keywords, has_null=False)

    def on_call_function_kw(self, count: int) -> None:
        self.call_with(self.texts(_value(self.item())), count, has_null=False)

    def on_call_method(self, count: int) -> None:
        self.call(count, [], has_null=True)

    def on_kw_names(self, number: int) -> None:
        self.keywords = self.texts(self.constant(number))

    def on_call(self, count: int) -> None:
        names, self.keywords = self.keywords, ()
        self.call_with(names, count, has_null=True)

    def call_with(self, names: tuple[str, ...], count: int, has_null: bool) -> None:
        if len(names) > count:
            raise Unreadable("it has more names than arguments")
        values = self.several(len(names))
        keywords = [ast.keyword(name, value) for name, value in zip(names, values)]
        self.call(count - len(names), keywords, has_null)

    def on_make_function(self, flags: int) -> None:
        self.inner(flags, has_closure=flags == 8 and self.python.version >= (3, 6))

    def on_make_closure(self, defaults: int) -> None:
        self.inner(defaults, has_closure=True)

    def inner(self, flags: int, has_closure: bool) -> None:
        if flags and not (has_closure and flags == 8):
            raise Unreadable("it has a function with defaults")
        if (3, 0) <= self.python.version < (3, 11):
            self.pop()  # its qualified name
        code = self.item()
        if not isinstance(code, Code):
            raise Unreadable("it makes a function of what is no code")
        cells = self.pop() if has_closure else ast.Tuple([], ast.Load())
        named = [each.id for each in getattr(cells, "elts", []) if isinstance(each, ast.Name)]
        if tuple(named) != code.freevars:
            raise Unreadable("it has a function with other variables around it")
        made = _Function(code, self.python).definition()
        if len(made.body) != 1 or not isinstance(made.body[0], ast.Return):
            raise Unreadable("it has a function of several statements in it")
        result = made.body[0].value
        assert result is not None
        self.stack.append(ast.Lambda(made.args, result))

    # Statements.

    def on_pop_top(self, argument: int) -> None:
        found = self.item()
        if isinstance(found, ast.expr):
            self.emit(ast.Expr(found))
        elif not isinstance(found, _Import):
            raise Unreadable("it drops what is no value")

    def on_store_fast(self, number: int) -> None:
        name = _at(self.code.varnames, number)
        value = self.item()
        self.not_waiting(name)
        target = ast.Name(name, ast.Store())
        if isinstance(value, ast.expr):
            self.emit(ast.Assign([target], value, lineno=1))
        elif isinstance(value, _InPlace) and value.target.id == name:
            self.emit(ast.AugAssign(target, value.operator, value.value))
        elif isinstance(value, _Import):
            self.emit(_import(value, name))
        else:
            raise Unreadable("it stores what is no value")

    def not_waiting(self, name: str) -> None:
        """Raises Unreadable if a variable that changes is in what was to be computed before."""
        waiting = [each for each in self.stack if isinstance(each, ast.AST)]
        names = (node for each in waiting for node in ast.walk(each))
        if any(isinstance(node, ast.Name) and node.id == name for node in names):
            raise Unreadable(f"it changes {name!r} while it is in use")

    def unpack(self, each: Instruction) -> int:
        value = self.pop()
        targets: list[ast.expr] = []
        offset = each.end
        for _ in range(each.argument):
            following = self.instructions.get(offset)
            if following is None or following.name != "STORE_FAST":
                raise Unreadable("it unpacks values that are no variables")
            self.seen.add(offset)
            name = _at(self.code.varnames, following.argument)
            self.not_waiting(name)
            targets.append(ast.Name(name, ast.Store()))
            offset = following.end
        self.emit(ast.Assign([ast.Tuple(targets, ast.Store())], value, lineno=1))
        return offset

    def on_import_name(self, number: int) -> None:
        level, names = self.several(2)
        depth = _value(level)
        if not isinstance(depth, int):
            raise Unreadable("it imports what has no name")
        # Python 2 has -1 for what may be relative, which is absolute here.
        self.stack.append(_Import(_at(self.code.names, number), max(0, depth), _value(names)))

    def on_import_from(self, number: int) -> None:
        module = self.item()
        if not isinstance(module, _Import) or not isinstance(module.names, tuple):
            raise Unreadable("it imports from what is no module")
        self.stack.append(module)
        name = _at(self.code.names, number)
        self.stack.append(dataclasses.replace(module, name=name))


def _import(found: _Import, name: str) -> ast.stmt:
    if found.name is not None:
        return ast.ImportFrom(found.module, [ast.alias(found.name, name)], found.level)
    if found.names or found.level or "." in found.module:
        raise Unreadable("it imports a module within another")
    return ast.Import([ast.alias(found.module, name)])


def _name(name: str) -> ast.Name:
    if not name.isidentifier():
        raise Unreadable(f"it has the name {name!r}")
    return ast.Name(name, ast.Load())


def _constant(value: object) -> ast.Constant:
    # The types of constants that `ast` is annotated with leave out tuples and frozen sets.
    return ast.Constant(value)  # type: ignore[arg-type]


def _value(node: _Item) -> object:
    """Returns what a constant is, or the item itself."""
    return node.value if isinstance(node, ast.Constant) else node


def _is_none(node: ast.expr) -> bool:
    return _value(node) is None


def _at(values: Sequence[_T], number: int) -> _T:
    try:
        return values[number]
    except IndexError:
        raise Unreadable("it has a number of what is not there") from None
