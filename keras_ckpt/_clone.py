"""Finds `keras_ckpt.compat` where it stands in a clone: beside the package, not in it."""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec

_NAME = "keras_ckpt.compat"
_INSIDE = os.path.dirname(os.path.abspath(__file__))
_BESIDE = os.path.join(os.path.dirname(_INSIDE), "compat")


class _Finder:
    """Finds the one package that is not where its name says."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Returns where `keras_ckpt.compat` is, None for any other name."""
        if name != _NAME:
            return None
        return importlib.util.spec_from_file_location(
            name, os.path.join(_BESIDE, "__init__.py"), submodule_search_locations=[_BESIDE]
        )


def find_compat() -> None:
    """Lets `keras_ckpt.compat` be found in a clone. Where it is installed nothing is done."""
    in_clone = os.path.isfile(os.path.join(os.path.dirname(_BESIDE), "setup.cfg"))
    if in_clone and not os.path.isdir(os.path.join(_INSIDE, "compat")):
        if os.path.isfile(os.path.join(_BESIDE, "tf2_0.py")):
            # Before those of another clone that this Python may have installed for development.
            sys.meta_path.insert(0, _Finder)
