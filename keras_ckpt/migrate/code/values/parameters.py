"""What comes from outside of an expression: what parameters are given, options of the command line.

`default` and `passed` are of the parameters of functions, `option` of the options that argparse,
absl, TensorFlow's flags and click declare, `of_environment` of variables of the environment.
"""

from __future__ import annotations

import ast
from typing import Iterable, Iterator, NamedTuple

from keras_ckpt.migrate.code.names import meaning
from keras_ckpt.migrate.code.scopes import Binding, Call, Function, Module, Position, dotted_text
from keras_ckpt.migrate.code.values.types import Sequence, value

#: Functions that declare an option: its name, and its default.
_FLAGS = ("DEFINE_string", "DEFINE_enum", "DEFINE_multi_string", "DEFINE_list", "DEFINE_integer")
DECLARING = ("add_argument", "add_option", *_FLAGS)
_MOST = 20


class Default(NamedTuple):
    """A default.

    Args:
        node: its expression.
        at: where that stands.
        of: what it is the default of.
    """

    node: ast.expr
    at: Position
    of: str


# Parameters


def default(binding: Binding) -> Default | None:
    """Returns the default of a parameter, None if it has none."""
    node, name = binding.node, binding.target
    outer = binding.at.scope.parent
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or outer is None:
        return None
    there = Position(outer, outer.block, 1 << 30)
    of_click = _of_click(node, name, there)
    if of_click is not None:
        return of_click
    found = dict(_defaults(node.args)).get(name)
    if found is None:
        return None
    if isinstance(found, ast.Call):  # `typer.Option("a.ckpt")`
        called = dotted_text(found.func).rpartition(".")[2]
        if called in ("Option", "Argument") and found.args:
            return Default(found.args[0], there, f"`--{name}`")
    return Default(found, there, f"`{name}`")


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    for each, found in zip(reversed(positional), reversed(arguments.defaults)):
        yield each.arg, found
    for each, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults):
        if keyword is not None:
            yield each.arg, keyword


def _of_click(node: Function, name: str, at: Position) -> Default | None:
    for each in getattr(node, "decorator_list", ()):
        if isinstance(each, ast.Call) and dotted_text(each.func).rpartition(".")[2] in (
            "option",
            "argument",
        ):
            found = _keyword(each, "default")
            if name in destinations(each) and found is not None:
                return Default(found, at, _shown(each, name))
    return None


def _shown(node: ast.Call, name: str) -> str:
    """Returns an option as it is passed."""
    written = [str(getattr(each, "value", "")) for each in node.args]
    options = [each.split("/")[0] for each in written if each.startswith("--")]
    return f"`{options[0] if options else '--' + name}`"


def compared(binding: Binding) -> frozenset[str]:
    """Returns the texts that a function compares a parameter with: words for something else."""
    node, name = binding.node, binding.target
    module = binding.at.scope.within()
    if module is None or node is None:
        return frozenset()
    key = "compared", node, name
    if key not in module.known:
        module.known[key] = frozenset(_compared(node, name, binding.at))
    found = module.known[key]
    return found if isinstance(found, frozenset) else frozenset()


def _compared(node: ast.AST, name: str, at: Position) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Compare):
            sides = [each.left, *each.comparators]
            if any(isinstance(side, ast.Name) and side.id == name for side in sides):
                for side in sides:
                    for inner in ast.walk(side):
                        row = value(inner, at) if isinstance(inner, ast.Name) else None
                        items = row.items if isinstance(row, Sequence) else ()
                        for each_word in (inner, *(item.node for item in items)):
                            if isinstance(each_word, ast.Constant):
                                if isinstance(each_word.value, str):
                                    yield each_word.value


def passed(binding: Binding) -> list[tuple[ast.expr, Position]]:
    """Returns what a parameter is given by the calls of its function, as far as they are known."""
    node, name = binding.node, binding.target
    module = binding.at.scope.within()
    if module is None or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return []
    key = "passed", node, name
    if key not in module.known:
        module.known[key] = []
        module.known[key] = list(_passed(node, name, binding.at))[:_MOST]
    found = module.known[key]
    return found if isinstance(found, list) else []


def _passed(
    node: ast.FunctionDef | ast.AsyncFunctionDef, name: str, at: Position
) -> Iterator[tuple[ast.expr, Position]]:
    skip = 0
    if at.scope.parent is not None and at.scope.parent.is_class:
        decorators = {dotted_text(each) for each in node.decorator_list}
        skip = 0 if "staticmethod" in decorators else 1
    parameters = [each.arg for each in (*node.args.posonlyargs, *node.args.args)][skip:]
    place = parameters.index(name) if name in parameters else -1
    for call in callers(node, at):
        yield from _given(call, name, place)


def callers(node: ast.AST, at: Position) -> Iterator[Call]:
    """Returns the calls of a function, in its file and in others.

    Args:
        node: the function.
        at: a place in it.
    """
    module = at.scope.within()
    if module is None or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    owner = at.scope.parent if at.scope.parent is not None and at.scope.parent.is_class else None
    called = node.name
    if node.name == "__init__" and owner is not None and isinstance(owner.node, ast.ClassDef):
        called = owner.node.name
    is_method = owner is not None and node.name != "__init__"
    modules = [module]
    if module.project is not None and not is_method:
        modules += [each for each in module.project.mentioning(called + "(") if each is not module]
    for each in modules:
        for call in calls_of(each).get(called, ()):
            if _is_of(call, node, owner.node if owner is not None else None, is_method):
                yield call


def given(binding: Binding, call: Call) -> tuple[ast.expr, Position] | None:
    """Returns what a call gives a parameter of the function that it calls, None for nothing."""
    node, name = binding.node, binding.target
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        return None
    names = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
    if names[:1] in (["self"], ["cls"]):
        names = names[1:]
    place = names.index(name) if name in names else -1
    return next(_given(call, name, place), None)


def _given(call: Call, name: str, place: int) -> Iterator[tuple[ast.expr, Position]]:
    for keyword in call.node.keywords:
        if keyword.arg == name:
            yield keyword.value, call.at
            return
    if 0 <= place < len(call.node.args):
        before = call.node.args[: place + 1]
        if not any(isinstance(each, ast.Starred) for each in before):
            yield before[-1], call.at


def calls_of(module: Module) -> dict[str, list[Call]]:
    """Returns the calls of a module by the last name of what they call, except those to fail."""
    if "calls" not in module.known:
        table: dict[str, list[Call]] = {}
        for call in module.calls:
            line = call.node.lineno
            if any(first <= line <= last for first, last in module.failing):
                continue
            function = call.node.func
            name = getattr(function, "attr", getattr(function, "id", ""))
            table.setdefault(str(name), []).append(call)
        module.known["calls"] = table
    found = module.known["calls"]
    assert isinstance(found, dict)
    return found


def _is_of(call: Call, node: ast.AST, owner: ast.AST | None, is_method: bool) -> bool:
    """Returns whether a call is one of a function, or makes an instance of a class."""
    function = call.node.func
    if not is_method:
        means = meaning(function, call.at)
        return means.node is (owner or node)
    if not isinstance(function, ast.Attribute):
        return False
    if getattr(function.value, "id", "") in ("self", "cls"):
        around = call.at.scope.owner()
        return around is not None and around.node is owner
    return _is_instance(function.value, call.at, owner)


def _is_instance(node: ast.expr, at: Position, owner: ast.AST | None) -> bool:
    if isinstance(node, ast.Call):
        return meaning(node.func, at).node is owner
    scope = at.scope.find(node.id) if isinstance(node, ast.Name) else None
    bindings = scope.bindings.get(getattr(node, "id", ""), []) if scope is not None else []
    return any(
        each.kind in ("assign", "enter")
        and isinstance(each.node, ast.Call)
        and meaning(each.node.func, each.at).node is owner
        for each in bindings
    )


# Options of the command line


def option(node: ast.Attribute, at: Position) -> Default | None:
    """Returns the default of the option that an attribute such as `FLAGS.weights` reads."""
    module = at.scope.within()
    if module is None or dotted_text(node).startswith(("self.model", "np.", "tf.", "keras.")):
        return None
    name = node.attr
    if name == "value" and isinstance(node.value, ast.Name):
        return _of_holder(node.value, at)
    found = _options(module).get(name)
    if found is None and module.project is not None and name not in _declares(module):
        # Where it is declared elsewhere, what holds the options is not known by its binding.
        others = (
            _options(each).get(name)
            for word in ("add_argument", "DEFINE_")
            for each in module.project.mentioning(word)
        )
        every = {each.node: each for each in others if each is not None}
        found = next(iter(every.values())) if len(every) == 1 else None
    return found


def attribute_of(node: ast.Subscript, at: Position) -> ast.Attribute | None:
    """Returns `args.weights` for `vars(args)["weights"]`, None for other items."""
    holder, key = node.value, node.slice
    if isinstance(holder, ast.Name):
        scope = at.scope.find(holder.id)
        bindings = scope.bindings.get(holder.id, []) if scope is not None else []
        plain = len(bindings) == 1 and bindings[0].kind == "assign"
        holder = bindings[0].node if plain and isinstance(bindings[0].node, ast.expr) else holder
    if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
        return None
    of = holder.value if isinstance(holder, ast.Attribute) and holder.attr == "__dict__" else None
    if isinstance(holder, ast.Call) and getattr(holder.func, "id", "") == "vars":
        of = holder.args[0] if len(holder.args) == 1 else None
    if of is None:
        return None
    return ast.copy_location(ast.Attribute(of, key.value, ast.Load()), node)


def _of_holder(node: ast.Name, at: Position) -> Default | None:
    """Returns the default of `_WEIGHTS = flags.DEFINE_string(…)`, for `_WEIGHTS.value`."""
    scope = at.scope.find(node.id)
    for each in scope.bindings[node.id] if scope is not None else ():
        if each.kind == "assign" and isinstance(each.node, ast.Call):
            for _, found in declared(Call(each.node, each.at)):
                return found
    return None


def _options(module: Module) -> dict[str, Default]:
    if "options" not in module.known:
        table: dict[str, Default] = {}
        for called in DECLARING:
            for call in calls_of(module).get(called, ()):
                table.update(declared(call))
        module.known["options"] = table
    found = module.known["options"]
    assert isinstance(found, dict)
    return found


def _declares(module: Module) -> frozenset[str]:
    """Returns the options that a module declares, with a default or without."""
    if "declares" not in module.known:
        calls = (each for name in DECLARING for each in calls_of(module).get(name, ()))
        every = (name for call in calls for name in destinations(call.node))
        module.known["declares"] = frozenset(every)
    found = module.known["declares"]
    assert isinstance(found, frozenset)
    return found


def declared(call: Call) -> Iterator[tuple[str, Default]]:
    """Returns the options that a call declares, by what their values are called."""
    node, called = (
        call.node,
        str(getattr(call.node.func, "attr", getattr(call.node.func, "id", ""))),
    )
    found = _keyword(node, "default")
    if called in _FLAGS and found is None and len(node.args) > 1:
        found = node.args[1]
    if found is None:
        return
    for name in destinations(node):
        yield name, Default(found, call.at, _shown(node, name))


def destinations(node: ast.Call) -> Iterable[str]:
    """Returns what the value of an option is called."""
    chosen = _keyword(node, "dest") or _keyword(node, "name")
    if isinstance(chosen, ast.Constant):
        return [str(chosen.value)]
    names = [each.value for each in node.args if isinstance(each, ast.Constant)]
    texts = [each for each in names if isinstance(each, str)]
    if str(getattr(node.func, "attr", getattr(node.func, "id", ""))) in _FLAGS:
        return texts[:1]
    plain = [each for each in texts if not each.startswith("-")]
    long = [each[2:] for each in texts if each.startswith("--")]
    short = [each.lstrip("-") for each in texts if each.startswith("-")]
    return [each.split("/")[0].replace("-", "_") for each in (plain or long or short)[:1]]


def _keyword(node: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in node.keywords if each.arg == name), None)


# The environment


def of_environment(node: ast.Call, name: str, at: Position) -> Default | None:
    """Returns the default of `os.environ.get("NAME", default)` and the like, or of `getattr`."""
    of_env = name in ("os.environ.get", "os.getenv", "os.environ.setdefault")
    count = 3 if name == "getattr" else 2
    if not (of_env or name == "getattr") or len(node.args) < count:
        return None
    variable = node.args[count - 2]
    shown = str(getattr(variable, "value", "…"))
    return Default(node.args[count - 1], at, f"`{shown}`")
