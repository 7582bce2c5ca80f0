"""The functions of `Lambda` layers of Keras 2, made again from the code that Keras 2 stored.

It stored what Python compiled. Another release of Python takes it for something else, or ends the
process. The file does not say which Python wrote it, so the code is read as this one would run it;
if it does not make sense so, it is read as another Python's and compiled anew.
"""

from __future__ import annotations

import ast
import base64
import binascii
import dis
import inspect
import marshal
import sys
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Iterator

from keras_ckpt._typing import CustomObjects, Function, Tensor
from keras_ckpt.formats.config.lambdas import decompiler

if TYPE_CHECKING:
    from types import CellType  # From Python 3.8 on.

_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
_OF_ANOTHER = (
    "its code is not that of Python " + _VERSION + ", which is running: Keras stored it as the "
    "Python of that time compiled it, and it is more than an expression of a Python from 2.7 to "
    "3.11. Load it with that release of Python, or pass the function in custom_objects under the "
    "name of the layer"
)


def function_of(
    described: object, named: CustomObjects, module: str | None, is_code: bool
) -> Function:
    """Returns the function that a `Lambda` of Keras 2 holds.

    Args:
        described: String, the name of a function; or a list of its code, its defaults and its
            closure.
        named: Dict, functions by name: the user's.
        module: String, where the function was defined, for the error; or None.
        is_code: Boolean, whether it is described by its code.

    Raises:
        ValueError: if the function is not known, or the code is of another Python.
    """
    if not is_code:
        name = str(described)
        if name not in named:
            where = f" of {module}" if module else ""
            raise ValueError(f"the function {name!r}{where} that a Lambda calls is not known")
        found: Function = named[name]
        return found
    text, defaults, closure = (
        described if isinstance(described, (list, tuple)) else (described, None, None)
    )
    values = list(closure) if closure else []
    # The names that it uses are those of the user's module, which has imported Keras, as a rule.
    around = dict(_usual_names(), **named)
    try:
        code = _code(str(text))
        _verify(code)
        variables = code.co_freevars
        cells = tuple(map(_cell, values)) or None
    except ValueError:
        code, variables = _compiled_anew(str(text))
        around.update(zip(variables, values), **{decompiler.DIVISION: _division})
        cells = None
    if len(values) != len(variables):
        raise ValueError("a Lambda uses variables around it, which Keras 2 did not store")
    made = FunctionType(code, around, code.co_name, _tuple(defaults), cells)
    unknown = [name for name in _globals_of(code) if name not in around and not _is_builtin(name)]
    if unknown:
        raise ValueError(
            f"a Lambda uses {', '.join(unknown)}, which it does not hold: pass it in custom_objects"
        )
    return made


def source_of(described: object) -> str | None:
    """Returns the Python of the function that a `Lambda` of Keras 2 holds, None if it is not known.

    Args:
        described: What the layer says of its function.
    """
    if isinstance(described, dict):  # From Keras 2.13 on, whatever the format.
        inner = described.get("config") or {}
        described = inner.get("code") or inner.get("value")
    text = described[0] if isinstance(described, (list, tuple)) and described else described
    try:
        tree, _ = decompiler.function(_bytes(str(text)))
    except ValueError:
        return None
    return decompiler.source(tree)


def _compiled_anew(text: str) -> tuple[CodeType, tuple[str, ...]]:
    """Returns the code of a function that another Python compiled, and the variables around it."""
    try:
        tree, variables = decompiler.function(_bytes(text))
        module = compile(ast.Module([tree], []), "<Lambda of Keras 2>", "exec")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"a Lambda cannot be made again: {_OF_ANOTHER}") from error
    (code,) = (each for each in module.co_consts if isinstance(each, CodeType))
    return code, variables


def _division(left: Tensor, right: Tensor) -> Tensor:
    """The `/` of Python 2, which floors where both are integers."""

    def is_integer(value: Tensor) -> bool:
        return "int" in str(getattr(value, "dtype", type(value).__name__))

    return left // right if is_integer(left) and is_integer(right) else left / right


def _cell(value: object) -> CellType:
    def inner() -> object:
        return value

    return inner.__closure__[0]  # type: ignore[index]


def _tuple(value: object) -> tuple[object, ...] | None:
    return tuple(value) if isinstance(value, (list, tuple)) else None


def _bytes(text: str) -> bytes:
    """Returns the bytes of stored code: Keras 2.0 wrote them as they are, and later in base64."""
    try:
        return base64.b64decode("".join(text.split()).encode("ascii"), validate=True)
    except (UnicodeError, binascii.Error):
        return text.encode("raw_unicode_escape")


def _code(text: str) -> CodeType:
    try:
        data = _bytes(text)
        found = marshal.loads(data) if _is_laid_out(data) else None
    except (ValueError, EOFError, TypeError, SystemError, UnicodeError, binascii.Error) as error:
        raise ValueError(f"a Lambda cannot be made again: {_OF_ANOTHER}") from error
    if not isinstance(found, CodeType) or any(each.co_code not in data for each in _all(found)):
        raise ValueError(f"a Lambda cannot be made again: {_OF_ANOTHER}")
    return found


def _is_laid_out(data: bytes) -> bool:
    """Returns whether bytes are laid out as code of the running Python.

    `marshal` takes what has another layout for something else, and may end the process.
    """
    # Type; then five numbers, six in Python 3.8 to 3.10; then the instructions, as bytes.
    numbers = 5 if sys.version_info < (3, 8) or sys.version_info >= (3, 11) else 6
    start = 1 + 4 * numbers
    if len(data) < start + 6 or chr(data[0] & 0x7F) != "c" or chr(data[start] & 0x7F) != "s":
        return False
    is_new = dis.opname[data[start + 5]] in _FIRST
    if is_new != (numbers == 5 and sys.hexversion >= 0x030B0000):
        return False
    return all(_has_its_caches(each) for each in _instructions_in(data, start))


def _instructions_in(data: bytes, start: int) -> Iterator[bytes]:
    """Yields the instructions of each code in stored code, the inner ones included.

    Args:
        data: bytes of `marshal`.
        start: how far from the beginning of a code its instructions are.
    """
    for position in range(len(data) - start - 5):
        if chr(data[position] & 0x7F) == "c" and chr(data[position + start] & 0x7F) == "s":
            begin = position + start + 5
            length = int.from_bytes(data[begin - 4 : begin], "little")
            if length <= len(data) - begin:
                yield data[begin : begin + length]


#: What code begins with from Python 3.11 on. Its number differs between most releases.
_FIRST = frozenset(["COPY_FREE_VARS", "MAKE_CELL", "RESUME", "RETURN_GENERATOR"])


def _usual_names() -> dict[str, Any]:
    """Returns what scripts call the modules that they import, for those that are loaded."""
    names = {
        "tensorflow": ("tensorflow", "tf"),
        "keras": ("keras",),
        "numpy": ("numpy", "np"),
        "math": ("math",),
    }
    found: dict[str, Any] = {"__builtins__": __builtins__}
    for module, aliases in names.items():
        if module in sys.modules:
            found.update(dict.fromkeys(aliases, sys.modules[module]))
    return found


def _is_builtin(name: str) -> bool:
    builtins = sys.modules["builtins"]
    return hasattr(builtins, name)


def _globals_of(code: CodeType) -> Iterator[str]:
    """Yields the names that code takes from its module, each once."""
    seen = set()
    for each in _all(code):
        for instruction in dis.get_instructions(each):
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                name = str(instruction.argval)
                if name not in seen:
                    seen.add(name)
                    yield name


def _all(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _all(each)


def _verify(code: CodeType) -> None:
    """Raises ValueError unless the running Python can have compiled some code."""
    for each in _all(code):
        if not _makes_sense(each):
            raise ValueError(f"a Lambda cannot be made again: {_OF_ANOTHER}")


def _makes_sense(code: CodeType) -> bool:
    """Returns whether each instruction is one of this Python, with what it takes on the stack."""
    try:
        found = list(dis.get_instructions(code))
    except (IndexError, ValueError, TypeError, KeyError):
        return False  # A name, constant or variable that is not there.
    known = set(dis.opmap.values())
    if not found or any(each.opcode not in known for each in found):
        return False
    if not _has_its_caches(code.co_code):
        return False
    # What a generator is resumed with is on its stack from the beginning.
    is_generator = bool(code.co_flags & inspect.CO_GENERATOR)
    starts = {each.offset: number for number, each in enumerate(found)}
    depths: dict[int, int] = {0: int(is_generator)}
    waiting = [0]
    ends = False
    while waiting:
        number = waiting.pop()
        each, depth = found[number], depths[number]
        is_jump = each.opcode in dis.hasjrel or each.opcode in dis.hasjabs
        following: list[tuple[int, bool]] = []
        if is_jump:
            if each.argval not in starts:
                return False
            following.append((starts[each.argval], True))
        if each.opname in ("RETURN_VALUE", "RETURN_CONST"):
            ends = True
            if each.opname == "RETURN_VALUE" and depth != 1 and not is_generator:
                return False
        elif each.opname not in _NEVER_ON:
            if number + 1 == len(found):
                return False
            following.append((number + 1, False))
        for target, jumps in following:
            after = _after(each, depth, jumps)
            if after is None or after < 0 or after > code.co_stacksize + is_generator:
                return False
            if target not in depths:
                depths[target] = after
                waiting.append(target)
            elif depths[target] != after:
                return False
    return ends


_NEVER_ON = frozenset(
    [
        "JUMP_FORWARD",
        "JUMP_ABSOLUTE",
        "JUMP_BACKWARD",
        "JUMP_BACKWARD_NO_INTERRUPT",
        "RAISE_VARARGS",
    ]
    + ["RERAISE"]
)


def _after(instruction: dis.Instruction, depth: int, jumps: bool) -> int | None:
    """Returns how much is on the stack after an instruction, None if it cannot be carried out."""
    argument = instruction.arg if instruction.opcode >= dis.HAVE_ARGUMENT else None
    try:
        if sys.version_info >= (3, 8):
            effect = dis.stack_effect(instruction.opcode, argument, jump=jumps)
        else:
            effect = dis.stack_effect(instruction.opcode, argument)
    except (ValueError, TypeError):
        return None
    return depth + effect


def _has_its_caches(code: bytes) -> bool:
    """Returns whether instructions are followed by the room that this Python leaves.

    From Python 3.11 on, code is changed when it is made, and memory behind it is, too, if a release
    left less room.
    """
    sizes: Any = getattr(dis, "_inline_cache_entries", None)
    if sizes is None:
        return True  # Before Python 3.11.
    position = 0
    while position < len(code):
        name = dis.opname[code[position]]
        room = sizes.get(name, 0) if isinstance(sizes, dict) else sizes[code[position]]
        after = position + 2 + 2 * int(room)
        if name == "CACHE" or after > len(code) or any(code[position + 2 : after]):
            return False
        position = after
    return True
