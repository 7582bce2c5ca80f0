"""What `python -m keras_ckpt run` has Python import as it starts.

It takes its folder off the path again, lets the user's own `sitecustomize` have its turn, and
installs. Each Python that the script starts imports it, too.
"""

from __future__ import annotations

import importlib
import os
import sys


def _take_off() -> str:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
    return os.path.dirname(os.path.dirname(here))


def _install(root: str) -> None:
    if os.environ.get("KERAS_CKPT_RUN_IN") != sys.prefix:
        return  # Another Python, without keras_ckpt.
    # keras_ckpt may have been found in the current directory, which is not searched now.
    sys.path.append(root)
    try:
        from keras_ckpt.installation.patch import install
    finally:
        sys.path.remove(root)
    install(os.environ.get("KERAS_CKPT_RUN_AS") or None)


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


_root = _take_off()
try:
    _install(_root)
finally:
    _users_own()
