"""Tells of all that a script may look at."""

import os
import sys

__all__ = []


class Mine:
    pass


print(sys.argv, __name__, os.path.basename(__file__), __doc__, __package__, bool(__spec__))
print(sys.path)
print(sys.flags, sys.warnoptions, getattr(sys, "_xoptions", None))
print(sorted(vars(sys.modules["__main__"])), Mine.__module__)
print(sys.executable, sys.prefix, os.getcwd(), sys.stdout.write_through, sys.stdout.encoding)
print([name for name in ("keras", "tensorflow", "numpy", "h5py") if name in sys.modules])
print(getattr(sys, "orig_argv", None))
