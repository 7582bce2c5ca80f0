"""Ends in a traceback of two exceptions, with output that is not flushed before."""

import atexit
import sys

atexit.register(print, "at the end")
sys.stdout.write("no newline")


def inner(depth):
    if depth:
        return inner(depth - 1)
    raise KeyError("inner")


try:
    inner(3)
except KeyError:
    raise RuntimeError("outer: é")
