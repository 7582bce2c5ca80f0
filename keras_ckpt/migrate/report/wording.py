"""What all kinds of reports say in the same words."""

from __future__ import annotations

import sys

from keras_ckpt.migrate.report.finding import Result

#: The version of keras_ckpt.
VERSION = str(sys.modules[__name__.partition(".")[0]].__version__)


def count(number: int, what: str) -> str:
    """Returns a number with its noun: `1 finding`, `2 findings`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def summary(result: Result) -> str:
    """Returns the last line: how much was found, and between which releases."""
    errors = len(result.errors_found)
    notes = len(result.findings) - errors
    found = count(errors, "finding") if errors else "No finding" if notes else "Nothing found"
    if notes:
        found += f" and {count(notes, 'place')} not followed"
    text = f"{found} in {count(result.files, 'file')}, "
    if result.old is None:
        text += f"checked for {result.new.title}."
    else:
        text += f"from {result.old.title} ({result.why}) to {result.new.title}."
    if result.known:
        text += f" The baseline has {count(result.known, 'more finding')}."
    if result.stays:
        text += " What is imported from tf_keras runs as it is; --from tf_keras checks it too."
    return text
