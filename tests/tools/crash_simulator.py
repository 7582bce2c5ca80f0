"""What may be on a disk after a crash in the middle of a save.

A file system keeps what was flushed. Of all else it may keep or lose what it likes: the content of
a file, which is then empty, half, or as it was; and what happened in a directory since that was
flushed, from some moment on. `CrashSimulator` follows what a program does in a directory, and gives
each state in which a crash at any moment may leave it, those of a killed process among them.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import random
import stat
from typing import Any, Callable, Iterator, Tuple, Union

#: What is in a directory: bytes of a file, the target of a link, None for a directory; by path.
State = Tuple[Tuple[str, Union[bytes, str, None]], ...]

#: How many states of one moment are looked at; of more, a sample.
MOST = 64


class File:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.versions: list[bytes] = [b"", content]

    def flush(self) -> None:
        self.versions = [self.content]

    def possible(self) -> list[bytes]:
        half = [self.content[: len(self.content) // 2]] if len(self.versions) > 1 else []
        return list(dict.fromkeys([self.content, *self.versions, *half]))


class Link:
    def __init__(self, target: str) -> None:
        self.target = target


class Directory:
    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}
        self.versions: list[dict[str, Any]] = [{}]

    def flush(self) -> None:
        self.versions = [dict(self.entries)]

    def note(self) -> None:
        if self.versions[-1] != self.entries:
            self.versions.append(dict(self.entries))


class CrashSimulator:
    """Follows what is done in a directory, all of which is taken to be on the disk at first.

    Args:
        root: the directory.

    Attributes:
        states: the states that a crash may leave.
        at_the_end: those that it may leave after the last operation.
    """

    def __init__(self, root: pathlib.Path) -> None:
        self._root = str(root)
        self._nodes: dict[tuple[int, int], Any] = {}
        self._tree = Directory()
        self._random = random.Random(0)
        self.operations: list[str] = []
        self.states: dict[State, str] = {}
        self.at_the_end: dict[State, str] = {}

    @contextlib.contextmanager
    def following(self, monkeypatch: Any, modules: list[tuple[Any, str]]) -> Iterator[None]:
        """Follows what is done in a `with` block.

        Args:
            monkeypatch: pytest's.
            modules: functions that change names, or flush, as (module, name).
        """
        self._scan()
        for node in self._nodes.values():
            if not isinstance(node, Link):
                node.flush()
        with monkeypatch.context() as patch:
            for module, name in modules:
                patch.setattr(module, name, self._noted(getattr(module, name), name))
            yield
        self._moment("the end")
        self.at_the_end = dict.fromkeys(self._possible(), "the end")

    def _noted(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            self._moment(f"before {name}{args}")
            result = function(*args, **kwargs)
            self._scan()
            if name == "fsync":
                found = os.fstat(args[0])
                node = self._nodes.get((found.st_dev, found.st_ino))
                if node is not None:
                    node.flush()
            self._moment(f"after {name}{args}")
            return result

        return noted

    def _moment(self, name: str) -> None:
        self._scan()
        self.operations.append(name)
        for state in self._possible():
            self.states.setdefault(state, name)

    def _scan(self) -> None:
        seen: dict[tuple[int, int], Any] = {}
        self._tree = self._scanned(self._root, seen)
        self._nodes = seen

    def _scanned(self, path: str, seen: dict[tuple[int, int], Any]) -> Any:
        found = os.lstat(path)
        key = (found.st_dev, found.st_ino)
        old = self._nodes.get(key)
        if key in seen:
            return seen[key]
        if stat.S_ISDIR(found.st_mode):
            node = old if isinstance(old, Directory) else Directory()
            seen[key] = node
            node.entries = {
                name: self._scanned(os.path.join(path, name), seen)
                for name in sorted(os.listdir(path))
            }
            node.note()
        elif stat.S_ISLNK(found.st_mode):
            node = Link(os.readlink(path))
        else:
            content = pathlib.Path(path).read_bytes()
            node = old if isinstance(old, File) else File(content)
            if node.content != content:
                node.content = content
                node.versions.append(content)
        seen[key] = node
        return node

    def _possible(self) -> list[State]:
        """Returns the states in which a crash now may leave the disk."""
        nodes = list(self._nodes.values())
        choices = [
            (node.versions[::-1] if isinstance(node, Directory) else node.possible())
            for node in nodes
            if not isinstance(node, Link)
        ]
        nodes = [node for node in nodes if not isinstance(node, Link)]
        count = 1
        for each in choices:
            count *= len(each)
        if count <= MOST:
            picked: Any = itertools.product(*choices)
        else:
            # The first of each is what a killed process leaves.
            picked = [[each[0] for each in choices], [each[-1] for each in choices]]
            picked += [[self._random.choice(each) for each in choices] for _ in range(MOST)]
        found = []
        for pick in picked:
            chosen = {id(node): value for node, value in zip(nodes, pick)}
            state: list[tuple[str, bytes | str | None]] = []
            self._put(self._tree, "", chosen, state)
            found.append(tuple(sorted(state, key=lambda each: each[0])))
        return found

    def _put(self, node: Any, path: str, chosen: dict[int, Any], state: list[Any]) -> None:
        if isinstance(node, Link):
            state.append((path, node.target))
        elif isinstance(node, File):
            # One that was removed has no choice of its own any more.
            state.append((path, chosen.get(id(node), node.content)))
        else:
            if path:
                state.append((path, None))
            for name, each in chosen.get(id(node), node.entries).items():
                self._put(each, f"{path}/{name}" if path else name, chosen, state)


def restore(state: State, directory: pathlib.Path) -> None:
    """Makes a directory that is in a state."""
    for name, content in state:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir(exist_ok=True)
        elif isinstance(content, str):
            path.symlink_to(content)
        else:
            path.write_bytes(content)
