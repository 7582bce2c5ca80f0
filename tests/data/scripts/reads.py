"""Reads what it is sent."""

import sys

print([line.upper() for line in sys.stdin], sys.argv)
