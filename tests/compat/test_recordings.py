"""What is the same everywhere: records of one class on different Pythons and NumPys compare."""

from __future__ import annotations

import numpy as np
import pytest
import recordings


def finer() -> type:
    """Returns the type of error that the running NumPy raises for a comparison of text."""
    with pytest.raises(TypeError) as caught:
        np.less(np.float64(1), b"half")
    return caught.type


@pytest.mark.parametrize(
    "record",
    [
        lambda cls: ["raised", "on_epoch_end", cls.__name__],
        lambda cls: {"type": f"{cls.__module__}.{cls.__qualname__}", "args": ["half"], "said": []},
    ],
)
def test_errors_of_numpy_are_type_errors_of_old(record):
    def of_old(cls):
        found = record(cls)
        return dict(found, type="TypeError") if isinstance(found, dict) else found

    assert recordings.portable(record(finer())) == recordings.portable(of_old(TypeError))


@pytest.mark.parametrize("cls", [ValueError, KeyError, RuntimeError])
def test_other_errors_stay(cls):
    record = ["raised", "on_epoch_end", cls.__name__]
    assert recordings.portable(record) == record
