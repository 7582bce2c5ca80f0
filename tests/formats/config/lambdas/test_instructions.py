"""The tables of instructions are those of the releases, as far as one of them is running."""

from __future__ import annotations

import dis
import sys

import pytest

from keras_ckpt.formats.config.lambdas import code_objects, instructions


@pytest.mark.parametrize("python", instructions.PYTHONS, ids=str)
def test_numbers_and_room_are_those_of_the_release(python: instructions.Python) -> None:
    if python.version != sys.version_info[:2]:
        pytest.skip("another release is running")
    for number, name in python.names.items():
        known = dis.opname[number].replace("POP_JUMP_FORWARD_IF", "POP_JUMP_IF")
        assert known == name
    sizes = getattr(dis, "_inline_cache_entries", None)
    if sizes is not None:
        for number, name in python.names.items():
            assert python.caches.get(name, 0) == sizes[number], name


@pytest.mark.parametrize("python", instructions.PYTHONS, ids=str)
def test_each_layout_is_known(python: instructions.Python) -> None:
    assert python.layout in code_objects.LAYOUTS
    assert len(set(python.names.values())) == len(python.names)
