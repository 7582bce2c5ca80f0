"""What `python -m keras_ckpt run` has Python import as it starts.

It takes its folder off the path again, lets the user's own `sitecustomize` have its turn, and
installs. Each Python that the script starts imports it, too.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys


def _take_off() -> str:
    """Takes this folder off the path; returns the folder of the package."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
    return os.path.dirname(os.path.dirname(here))


def _install(package: str) -> None:
    if os.environ.get("KERAS_CKPT_RUN_IN") != sys.prefix:
        return  # Another Python, without keras_ckpt.
    # The one that `run` is of, which may have been found in the current directory: that is not
    # searched now.
    spec = importlib.util.spec_from_file_location(
        "keras_ckpt",
        os.path.join(package, "__init__.py"),
        submodule_search_locations=[package],
    )
    assert spec is not None and spec.loader is not None
    sys.modules["keras_ckpt"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["keras_ckpt"])
    from keras_ckpt.installation.patch import install

    # One report is of one process: those that this one starts write none.
    report = os.environ.pop("KERAS_CKPT_RUN_REPORT", None)
    install(os.environ.get("KERAS_CKPT_RUN_AS") or None, report)


def _users_own() -> None:
    this = sys.modules.pop(__name__)
    try:
        importlib.import_module(__name__)
    except ImportError as error:
        if error.name != __name__:
            raise
    finally:
        # The import that runs this module looks for it afterwards.
        sys.modules.setdefault(__name__, this)


_package = _take_off()
try:
    _install(_package)
finally:
    _users_own()
