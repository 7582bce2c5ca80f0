"""What is known of a source while it is made native."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import native, notes

PARTIAL = (
    "import functools\nfrom keras.callbacks import ModelCheckpoint\n"
    "make = functools.partial(ModelCheckpoint, save_weights_only=True, period=%d)\n"
    "make('w.{epoch}.hdf5')\nmake('v.hdf5'%s)\nm.load_weights('v.hdf5')\n"
)


@pytest.mark.parametrize(("period", "more"), [(2, ""), (1, ", load_weights_on_restart=True")])
def test_a_partial_is_made_native_with_all_its_calls_or_not_at_all(period: int, more: str) -> None:
    code = PARTIAL % (period, more)
    assert native(code) == code
    lines = {each.split()[0] for each in notes(code)}
    assert {"4", "5"} <= lines
    after = (PARTIAL % (1, "")).replace(", period=1", "").replace(".hdf5", ".weights.h5")
    assert native(PARTIAL % (1, "")) == after
