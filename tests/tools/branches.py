"""Which branches of the real class a run of scenarios reaches."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any, Callable, Iterator, NamedTuple

import recorder


class Reached(NamedTuple):
    """Branches of the real class: how many there are, and which were never taken."""

    total: int
    #: Of each: the method, and the lines within the class that it would lead from and to.
    missed: list[list[Any]]

    @property
    def share(self) -> float:
        """The share of the branches that was taken."""
        return 1 - len(self.missed) / self.total


def of_real_class(run: Callable[[], Any]) -> Reached:
    """Do ``run`` and tell which branches of the real class, and of its bases, it took."""
    # Only where it is measured, since Keras may stand without it.
    import coverage

    homes = list(_homes())
    files = [str(inspect.getsourcefile(home)) for home in homes]
    watch = coverage.Coverage(branch=True, include=files, data_file=None, config_file=False)
    watch.start()
    try:
        run()
    finally:
        watch.stop()
    total = 0
    missed = []
    for home, file in zip(homes, files):
        lines, first = inspect.getsourcelines(home)
        inside = range(first, first + len(lines))
        names = _methods("".join(lines))
        analysis = watch._analyze(file)
        total += sum(
            there for line, (there, _) in analysis.branch_stats().items() if line in inside
        )
        for line, targets in sorted(analysis.missing_branch_arcs().items()):
            if line in inside:
                at = line - first
                missed.extend(
                    [names.get(at, "?"), at, target - first if target > 0 else "end"]
                    for target in targets
                )
    return Reached(total, missed)


def _homes() -> Iterator[type]:
    """The real class, and those behind it that are not the base of all callbacks."""
    for home in recorder.running().model_checkpoint.__mro__:
        if home.__name__ == "Callback":
            return
        yield home


def _methods(source: str) -> dict[int, str]:
    """The name of the method that each line of a class belongs to."""
    (body,) = ast.parse(textwrap.dedent(source)).body
    names: dict[int, str] = {}
    name = "class"
    starts = {node.lineno: node.name for node in body.body if isinstance(node, ast.FunctionDef)}  # type: ignore[attr-defined]
    for number in range(len(source.splitlines())):
        name = starts.get(number + 1, name)
        names[number] = name
    return names
