"""Bytes are read as a code object of some Python, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.formats.config.lambdas import code_objects


@pytest.mark.parametrize("layout", code_objects.LAYOUTS)
@given(data=st.binary(max_size=200))
def test_other_bytes_are_no_code(layout: str, data: bytes) -> None:
    with pytest.raises(code_objects.Unreadable):
        code_objects.read(data, layout)
