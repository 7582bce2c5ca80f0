"""`run` of a notebook: its cells in a kernel of this Python, after `keras_ckpt.install()`.

What the cells print is printed as it comes; the notebook itself stays as it is.
"""

from __future__ import annotations

import os
import sys
from typing import Mapping, Sequence

from keras_ckpt.installation.launcher import REPORT, UsageError

#: For `sitecustomize.py`, and so for the kernel: which notebook it runs.
NOTEBOOK = "KERAS_CKPT_RUN_NOTEBOOK"
#: The seconds that a kernel has to end.
_SHUTDOWN = 60.0


def run(arguments: Sequence[str], variables: Mapping[str, str]) -> int:
    """Runs all cells of a notebook; returns 1 if one of them raises an error, otherwise 0.

    Args:
        arguments: the notebook alone, for it takes none.
        variables: the environment for the kernel.

    Raises:
        UsageError: if there is no such notebook, or a package that runs notebooks is missing.
    """
    path = arguments[0]
    if len(arguments) > 1:
        raise UsageError(
            f"A notebook takes no arguments, and {path} was given {' '.join(arguments[1:])}."
        )
    try:
        import ipykernel.kernelspec
        import nbclient
        import nbformat
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
    except ImportError as error:
        raise UsageError(
            f"Running a notebook needs the packages nbclient and ipykernel, and there is no "
            f'{error.name}. Install them with `pip install "keras-ckpt[notebook]"`.'
        ) from None
    try:
        notebook = nbformat.read(path, as_version=4)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except Exception as error:  # nbformat raises many kinds, some of other packages.
        raise UsageError(f"{path} is not a Jupyter notebook: {error}") from None

    class ThisPython(KernelSpecManager):  # type: ignore[misc]
        """Knows one kernel, whatever the notebook asks for: that with keras_ckpt in it."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(resource_dir="", **ipykernel.kernelspec.get_kernel_dict())

    class Kernel(AsyncKernelManager):  # type: ignore[misc]
        def __init__(self, **values: object) -> None:
            # The report is written while the kernel ends.
            values.update(kernel_spec_manager=ThisPython(), shutdown_wait_time=_SHUTDOWN)
            super().__init__(**values)

    class Printing(nbclient.NotebookClient):  # type: ignore[misc]
        """Prints what the cells print, as it comes."""

        def output(self, outs: object, msg: dict[str, object], *more: object) -> object:
            _print(msg)
            return super().output(outs, msg, *more)

    client = Printing(
        notebook,
        kernel_manager_class=Kernel,
        timeout=None,
        shutdown_kernel="graceful",
        resources={"metadata": {"path": os.path.dirname(os.path.abspath(path))}},
    )
    try:
        client.execute(env=dict(variables, **{NOTEBOOK: os.path.abspath(path)}))
    except nbclient.exceptions.CellExecutionError:
        return 1  # The traceback has been printed.
    except nbclient.exceptions.DeadKernelError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    finally:
        # What the kernel says of it while it ends is not passed on.
        if REPORT in variables:
            print(f"keras-ckpt: the report is in {variables[REPORT]}", file=sys.stderr)
    return 0


def _print(message: dict[str, object]) -> None:
    content = message.get("content")
    assert isinstance(content, dict)
    kind = message.get("msg_type")
    if kind == "stream":
        stream = sys.stderr if content.get("name") == "stderr" else sys.stdout
        print(content.get("text", ""), end="", file=stream, flush=True)
    elif kind in ("execute_result", "display_data"):
        print(content.get("data", {}).get("text/plain", ""), flush=True)
    elif kind == "error":
        print("\n".join(content.get("traceback", ())), file=sys.stderr, flush=True)


def cells_of(path: str) -> dict[str, tuple[str, int]]:
    """Returns the notebook and the number of each of its cells, by what its kernel calls its code.

    To be called in the kernel. Cells are counted from 1, with those of text, as `check` does.

    Args:
        path: the notebook.
    """
    import nbformat
    from ipykernel.compiler import get_file_name

    found: dict[str, tuple[str, int]] = {}
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells, 1):
        if cell.cell_type == "code":
            # Cells with the same code are the same to the kernel.
            found.setdefault(get_file_name(cell.source), (path, number))
    return found
