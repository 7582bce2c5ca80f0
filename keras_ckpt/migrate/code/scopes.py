"""The names of a module: where each gets its values, found in one walk over the tree.

`Module(tree)` holds the scopes, and the `Position` of each call and class. `names.py` says what a
name means there, `values` what value it has. The walk does not recurse, so no nesting is too deep
for it.
"""

from __future__ import annotations

import ast
import dataclasses
from typing import TYPE_CHECKING, Callable, Iterator, NamedTuple, Union

if TYPE_CHECKING:
    from keras_ckpt.migrate.code.modules import Project

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
Function = Union[ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda]
#: What says of the code below that it is to fail.
_RAISES = ("raises", "assertRaises", "assertRaisesRegex", "assertRaisesRegexp")
#: The methods of lists and dicts that change them, which is followed.
MUTATIONS = ("append", "extend", "insert", "setdefault", "update")


def dotted_text(node: ast.AST) -> str:
    """Returns an expression such as `self.model` as it is written, or `""` for others."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


class Block:
    """A part of a scope that may be run or not, or again: a branch, the body of a loop.

    Args:
        parent: the block around it, None for a scope's own.
        loop: whether it may be run again.
    """

    __slots__ = ("depth", "loop", "parent")

    def __init__(self, parent: Block | None = None, loop: bool = False) -> None:
        self.parent = parent
        self.loop = loop
        self.depth: int = 0 if parent is None else parent.depth + 1

    def holds(self, other: Block) -> bool:
        """Returns whether `other` is this block or inside of it, so that this one was run first."""
        inner: Block | None = other
        while inner is not None and inner.depth > self.depth:
            inner = inner.parent
        return inner is self

    def repeating(self, other: Block) -> Block | None:
        """Returns the innermost loop that has both blocks in it."""
        outer: Block | None = self
        while outer is not None:
            if outer.loop and outer.holds(other):
                return outer
            outer = outer.parent
        return None


@dataclasses.dataclass(eq=False)
class Scope:
    """A module, class, function or comprehension, with the names that it binds.

    A class has under `self.name` what its methods assign there, too.
    """

    node: ast.AST
    parent: Scope | None
    block: Block
    bindings: dict[str, list[Binding]] = dataclasses.field(default_factory=dict, repr=False)
    #: What `values` has found out of its names, at each place.
    values: dict[tuple[str, int, Block], object] = dataclasses.field(
        default_factory=dict, repr=False
    )
    #: Names that are another scope's, by `global` and `nonlocal`.
    elsewhere: dict[str, str] = dataclasses.field(default_factory=dict)
    stars: list[str] = dataclasses.field(default_factory=list)
    #: Of the scope of a module: the module.
    module: Module | None = dataclasses.field(default=None, repr=False)

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)

    def within(self) -> Module | None:
        """Returns the module that this scope is a part of."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope.module

    def around(self) -> Iterator[Scope]:
        """Returns this scope and those around it whose names can be read here."""
        yield self
        scope = self.parent
        while scope is not None:
            if not scope.is_class:
                yield scope
            scope = scope.parent

    def owner(self) -> Scope | None:
        """Returns the class that a method stands in."""
        scope: Scope | None = self
        while scope is not None and not scope.is_class:
            scope = scope.parent
        return scope

    def find(self, name: str) -> Scope | None:
        """Returns the scope that a name is bound in, as it is read here."""
        first = self.elsewhere.get(name)
        scopes = list(self.around())
        if first == "global":
            scopes = scopes[-1:]
        elif first == "nonlocal":
            scopes = scopes[1:]
        return next((scope for scope in scopes if name in scope.bindings), None)


class Position(NamedTuple):
    """Where something stands: what was bound before is seen there.

    Args:
        scope: the scope.
        block: the part of it.
        step: the statement's number; statements are numbered as they stand.
    """

    scope: Scope
    block: Block
    step: int


class Binding(NamedTuple):
    """What gives a name a value, or changes it.

    Args:
        kind: `"import"` (of the dotted name `target`), `"assign"` (of the expression `node`),
            `"aug"` (`node` is the statement), `"item"` (`name[key] = value`: `node` is the
            statement), a method that changes it (`"append"`, `"update"`, …: `node` is the call),
            `"class"`, `"function"`, `"parameter"` (of the function `node`), `"part"` (of what
            `node` unpacks to, number `target`), `"element"` (of what `node` iterates over, or its
            part `target`), `"enter"` (of `with node`), or `"other"`.
        at: where it stands.
        node: what it is bound by.
        target: of an import, a parameter, or a part.
    """

    kind: str
    at: Position
    node: ast.AST | None = None
    target: str = ""


class Call(NamedTuple):
    """A call, and where it stands."""

    node: ast.Call
    at: Position


class Class(NamedTuple):
    """A class definition, where it stands, and its scope."""

    node: ast.ClassDef
    at: Position
    scope: Scope


class Module:
    """The scopes, calls and classes of a module.

    Args:
        tree: the module, as `ast` has it.
        path: the file that it is in.
        project: what it can import from, None for nothing.
    """

    def __init__(self, tree: ast.Module, path: str = "", project: Project | None = None) -> None:
        self.tree, self.path, self.project = tree, path, project
        block = Block()
        self.scope = Scope(tree, None, block, module=self)
        self.calls: list[Call] = []
        self.classes: list[Class] = []
        #: The scope of each function.
        self.functions: dict[ast.AST, Scope] = {}
        #: What each function returns.
        self.returns: dict[ast.AST, list[tuple[ast.expr, Position]]] = {}
        #: The attributes that are read, by the names of what they are of.
        self.attributes: dict[str, list[ast.Attribute]] = {}
        #: The first and last lines of what stands below `with pytest.raises(…)` and the like.
        self.failing: list[tuple[int, int]] = []
        #: What those who read the module have found in it, by what they call it.
        self.known: dict[object, object] = {}
        #: The modules that are imported, by their full names.
        self.imports: set[str] = set()
        self._step = 0
        self._walk(Position(self.scope, block, 0))

    def class_of(self, node: ast.AST) -> Class | None:
        """Returns the class of a definition, None if that is not in this module."""
        if "classes" not in self.known:
            self.known["classes"] = {each.node: each for each in self.classes}
        table = self.known["classes"]
        found = table.get(node) if isinstance(table, dict) else None
        return found if isinstance(found, Class) else None

    # The walk: a stack of what is still to do, each with where it stands.

    def _walk(self, at: Position) -> None:
        self._todo: list[tuple[ast.AST, Position]] = [
            (node, at) for node in reversed(self.tree.body)
        ]
        handlers = _HANDLERS
        todo = self._todo
        while todo:
            node, at = todo.pop()
            if isinstance(node, ast.stmt):
                self._step += 1
                at = at._replace(step=self._step)
            handler = handlers.get(type(node))
            if handler is None:
                self._children(node, at)
            else:
                handler(self, node, at)

    def _children(self, node: ast.AST, at: Position, but: tuple[str, ...] = ()) -> None:
        found = []
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                if field not in but:
                    found += [(each, at) for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST) and field not in but:
                # Neither has anything in it.
                if not isinstance(value, (ast.expr_context, ast.operator)):
                    found.append((value, at))
        self._todo.extend(reversed(found))

    def _nothing(self, node: ast.AST, at: Position) -> None:
        pass

    def _bind(
        self, at: Position, name: str, kind: str, node: ast.AST | None = None, target: str = ""
    ) -> None:
        self._bind_in(self._owner(at.scope, name), at, name, kind, node, target)

    def _bind_in(
        self,
        scope: Scope,
        at: Position,
        name: str,
        kind: str,
        node: ast.AST | None = None,
        target: str = "",
    ) -> None:
        scope.bindings.setdefault(name, []).append(Binding(kind, at, node, target))

    def _owner(self, scope: Scope, name: str) -> Scope:
        """Returns the scope that a name is bound in where it is assigned in `scope`."""
        where = scope.elsewhere.get(name) if scope.elsewhere else None
        if where == "global":
            return self.scope
        if where == "nonlocal":
            return scope.find(name) or scope
        return scope

    def _bind_target(self, at: Position, target: ast.AST, kind: str, node: ast.AST | None) -> None:
        todo = [(target, kind, node)]
        while todo:
            target, kind, node = todo.pop()
            if isinstance(target, ast.Name):
                self._bind(at, target.id, kind, node)
            elif isinstance(target, ast.Starred):
                todo.append((target.value, "other", None))
            elif isinstance(target, (ast.Tuple, ast.List)):
                if self._parts(at, target, kind, node):
                    continue
                values = getattr(node, "elts", None) if kind == "assign" else None
                if values is None or len(values) != len(target.elts):
                    values = [None] * len(target.elts)
                if any(isinstance(each, ast.Starred) for each in (*values, *target.elts)):
                    values = [None] * len(target.elts)
                todo += [
                    (each, kind if value is not None else "other", value)
                    for each, value in zip(target.elts, values)
                ]
            elif isinstance(target, ast.Attribute):
                owner = at.scope.owner()
                name = dotted_text(target)
                is_own = owner is not None and name.startswith("self.")
                if name:
                    self._bind_in(owner if is_own and owner else at.scope, at, name, kind, node)

    def _parts(self, at: Position, target: ast.Tuple | ast.List, kind: str, node: object) -> bool:
        """Binds the names that a call, or each element of a row, is unpacked to."""
        kinds = {"assign": "part", "element": "element"}
        is_row = kind == "assign" and not isinstance(node, ast.Call)
        if kind not in kinds or is_row or not isinstance(node, ast.AST):
            return False
        for number, each in enumerate(target.elts):
            if isinstance(each, ast.Name):
                self._bind(at, each.id, kinds[kind], node, str(number))
            else:
                self._bind_target(at, each, "other", None)
        return True

    # Statements that bind names

    def _import(self, node: ast.Import, at: Position) -> None:
        for each in node.names:
            self.imports.add(each.name)
            first = each.name.split(".")[0]
            if each.asname:
                self._bind(at, each.asname, "import", node, each.name)
            else:
                self._bind(at, first, "import", node, first)

    def _import_from(self, node: ast.ImportFrom, at: Position) -> None:
        module = "." * (node.level or 0) + (node.module or "")
        self.imports.add(module)
        for each in node.names:
            if each.name == "*":
                at.scope.stars.append(module)
            else:
                target = module + ("" if module.endswith(".") else ".") + each.name
                self._bind(at, each.asname or each.name, "import", node, target)

    def _assign(self, node: ast.Assign, at: Position) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                self._item(target, node, at)
            else:
                self._bind_target(at, target, "assign", node.value)
        self._children(node, at)

    def _item(self, target: ast.Subscript, node: ast.AST, at: Position) -> None:
        if isinstance(target.value, ast.Name):
            self._bind(at, target.value.id, "item", node)

    def _ann_assign(self, node: ast.AnnAssign, at: Position) -> None:
        if node.value is not None:
            self._bind_target(at, node.target, "assign", node.value)
        self._children(node, at)

    def _attribute(self, node: ast.Attribute, at: Position) -> None:
        if isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load):
            self.attributes.setdefault(node.value.id, []).append(node)
        self._children(node, at)

    def _aug_assign(self, node: ast.AugAssign, at: Position) -> None:
        target = node.target
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            self.attributes.setdefault(target.value.id, []).append(target)
        self._bind_target(at, node.target, "aug", node)
        self._children(node, at)

    def _walrus(self, node: ast.NamedExpr, at: Position) -> None:
        scope = at.scope
        while isinstance(scope.node, _COMPREHENSIONS) and scope.parent is not None:
            scope = scope.parent
        if isinstance(node.target, ast.Name):
            self._bind_in(scope, at, node.target.id, "assign", node.value)
        self._children(node, at)

    def _delete(self, node: ast.Delete, at: Position) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                self._item(target, node, at)

    def _global(self, node: ast.Global | ast.Nonlocal, at: Position) -> None:
        kind = "global" if isinstance(node, ast.Global) else "nonlocal"
        for name in node.names:
            at.scope.elsewhere[name] = kind

    def _name(self, node: ast.Name, at: Position) -> None:
        # Targets of what is handled nowhere else; those that are have been bound already.
        if isinstance(node.ctx, ast.Store):
            found = self._owner(at.scope, node.id).bindings.get(node.id)
            if not found or found[-1].at.step != at.step:
                self._bind(at, node.id, "other")

    # Branches, loops, scopes

    def _blocks(self, node: ast.AST, at: Position, *bodies: str) -> None:
        after = []
        for body in bodies:
            loop = isinstance(node, _LOOPS) and body == "body"
            inner = at._replace(block=Block(at.block, loop))
            after += [(each, inner) for each in getattr(node, body, ())]
        self._todo.extend(reversed(after))
        # On top of the stack, so that the head comes first.
        self._children(node, at, but=bodies)

    def _branch(self, node: ast.AST, at: Position) -> None:
        self._blocks(node, at, "body", "orelse")

    def _try(self, node: ast.Try, at: Position) -> None:
        # What is tried is run, as far as it goes; of the handlers one or none.
        handlers = [(each, at._replace(block=Block(at.block))) for each in node.handlers]
        parts = [(each, at) for each in node.body] + handlers
        parts += [(each, at._replace(block=Block(at.block))) for each in node.orelse]
        parts += [(each, at) for each in node.finalbody]
        self._todo.extend(reversed(parts))

    def _handler(self, node: ast.ExceptHandler, at: Position) -> None:
        if node.name:
            self._bind(at, node.name, "other")
        self._children(node, at)

    def _loop(self, node: ast.For | ast.AsyncFor, at: Position) -> None:
        self._bind_target(at, node.target, "element", node.iter)
        self._blocks(node, at, "body", "orelse")

    def _with(self, node: ast.With | ast.AsyncWith, at: Position) -> None:
        for each in node.items:
            if isinstance(each.context_expr, ast.Call):
                called = getattr(each.context_expr.func, "attr", "")
                if called in _RAISES:
                    self.failing.append((node.lineno, node.end_lineno or node.lineno))
            if each.optional_vars is not None:
                self._bind_target(at, each.optional_vars, "enter", each.context_expr)
        self._children(node, at)

    def _return(self, node: ast.Return, at: Position) -> None:
        if node.value is not None:
            scope: Scope | None = at.scope
            while scope is not None and not isinstance(scope.node, _FUNCTIONS):
                scope = scope.parent
            if scope is not None:
                self.returns.setdefault(scope.node, []).append((node.value, at))
        self._children(node, at)

    def _case(self, node: ast.AST, at: Position) -> None:
        self._children(node, at._replace(block=Block(at.block)))

    def _capture(self, node: ast.AST, at: Position) -> None:
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if name:
            self._bind(at, name, "other")
        self._children(node, at)

    def _class(self, node: ast.ClassDef, at: Position) -> None:
        self._bind(at, node.name, "class", node)
        block = Block()
        scope = Scope(node, at.scope, block)
        self.classes.append(Class(node, at, scope))
        inner = Position(scope, block, at.step)
        self._todo.extend((each, inner) for each in reversed(node.body))
        self._children(node, at, but=("body",))

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, at: Position
    ) -> None:
        if not isinstance(node, ast.Lambda):
            self._bind(at, node.name, "function", node)
        block = Block()
        scope = self.functions[node] = Scope(node, at.scope, block)
        inner = Position(scope, block, at.step)
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
        for each in every:
            self._bind(inner, each.arg, "parameter", node, each.arg)
        if isinstance(node, ast.Lambda):
            self.returns[node] = [(node.body, inner)]
        body = node.body if isinstance(node.body, list) else [node.body]
        self._todo.extend((each, inner) for each in reversed(body))
        defaults = [*arguments.defaults, *arguments.kw_defaults]
        outside = [*getattr(node, "decorator_list", ()), *defaults]
        self._todo.extend((each, at) for each in reversed(outside) if each is not None)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, at: Position
    ) -> None:
        # Its variables are its own; they are bound before what reads them.
        block = Block(None, loop=True)
        scope = Scope(node, at.scope, block)
        inner = Position(scope, block, at.step)
        for generator in node.generators:
            self._bind_target(inner, generator.target, "element", generator.iter)
        self._children(node, inner)

    def _call(self, node: ast.Call, at: Position) -> None:
        self.calls.append(Call(node, at))
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in MUTATIONS:
            changed = function.value
            if isinstance(changed, ast.Name):
                self._bind_change(at, changed.id, function.attr, node)
            elif isinstance(changed, ast.Attribute) and isinstance(changed.value, ast.Name):
                owner = at.scope.owner()
                if owner is not None and changed.value.id == "self":
                    self._bind_in(owner, at, "self." + changed.attr, function.attr, node)
        self._children(node, at)

    def _bind_change(self, at: Position, name: str, kind: str, node: ast.Call) -> None:
        scope = at.scope.find(name)
        if scope is not None:
            self._bind_in(scope, at, name, kind, node)


_HANDLERS: dict[type[ast.AST], Callable[..., None]] = {
    ast.Import: Module._import,
    ast.ImportFrom: Module._import_from,
    ast.Assign: Module._assign,
    ast.AnnAssign: Module._ann_assign,
    ast.Attribute: Module._attribute,
    ast.AugAssign: Module._aug_assign,
    ast.Delete: Module._delete,
    ast.Global: Module._global,
    ast.Nonlocal: Module._global,
    ast.Name: Module._name,
    ast.If: Module._branch,
    ast.While: Module._branch,
    ast.For: Module._loop,
    ast.AsyncFor: Module._loop,
    ast.With: Module._with,
    ast.AsyncWith: Module._with,
    ast.Return: Module._return,
    ast.Try: Module._try,
    ast.ExceptHandler: Module._handler,
    ast.ClassDef: Module._class,
    ast.Call: Module._call,
    ast.NamedExpr: Module._walrus,
    # Constants have nothing in them.
    ast.Constant: Module._nothing,
}
_HANDLERS.update(dict.fromkeys(_FUNCTIONS, Module._function))
_HANDLERS.update(dict.fromkeys(_COMPREHENSIONS, Module._comprehension))
# Of later releases of Python.
for _name, _handler in (
    ("TryStar", Module._try),
    ("match_case", Module._case),
    ("MatchAs", Module._capture),
    ("MatchStar", Module._capture),
    ("MatchMapping", Module._capture),
):
    if hasattr(ast, _name):
        _HANDLERS[getattr(ast, _name)] = _handler
