"""Notices when a package has been imported, without importing it."""

from __future__ import annotations

import sys
import threading
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, Iterable, Sequence


class ImportHook:
    """Calls a function each time one of some packages has been imported.

    Packages that import one another count as one, which has the name of the first. It stands on
    `sys.meta_path`, and the loaders that it finds there are those of others.

    Args:
        names: the packages.
        imported: what to call, with the name of the package.
    """

    def __init__(self, names: Iterable[str], imported: Callable[[str], None]) -> None:
        self._names = frozenset(names)
        self._imported = imported
        self._local = threading.local()

    def start(self) -> None:
        """Begins to listen, in front of the other finders."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """Listens no longer."""
        while self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns what the other finders find, with a loader that reports when it has loaded."""
        finding: set[str] = self._local.__dict__.setdefault("finding", set())
        if name not in self._names or name in finding:
            return None  # Or another hook asks this one while this one asks it.
        finding.add(name)
        try:
            return self._found(name, path, target)
        finally:
            finding.discard(name)

    def _found(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = None
            if finder is not self and find is not None:
                spec = find(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    self._listen(spec.loader, name)
                return spec
        return None

    def _listen(self, loader: Any, name: str) -> None:
        load = loader.exec_module
        before = vars(loader).get("exec_module")  # That of another hook.

        def exec_module(module: ModuleType) -> None:
            # Code that reads a module through its loader must find the loader as it was.
            if before is None:
                del loader.exec_module
            else:
                loader.exec_module = before
            local = self._local.__dict__
            local.setdefault("loading", []).append(name)
            try:
                load(module)
                local.setdefault("loaded", set()).add(name)
            finally:
                local["loading"].pop()
                if not local["loading"]:
                    loaded = local.pop("loaded", set())
                    first = name if name in loaded or not loaded else sorted(loaded)[0]
                    if loaded and self in sys.meta_path:
                        self._imported(first)

        loader.exec_module = exec_module
