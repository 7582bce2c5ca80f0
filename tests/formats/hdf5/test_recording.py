"""What is put into a recording is in the file that is written from it, as h5py itself puts it."""

from __future__ import annotations

import itertools

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ckpt.formats.hdf5 import recording

NUMBERS = itertools.count()
ARRAYS = st.sampled_from(
    [
        np.arange(6.0).reshape(2, 3),
        np.zeros((0, 3), "float16"),
        np.array(7, "int64"),
        np.array([b"a", b"bc"]),
        np.array([True, False]),
    ]
)
ATTRIBUTES = st.dictionaries(st.sampled_from("ab"), st.one_of(st.integers(0, 9), st.text("xy")))
TREES = st.recursive(
    st.tuples(ARRAYS, ATTRIBUTES),
    lambda inner: st.tuples(st.dictionaries(st.sampled_from("abcd"), inner), ATTRIBUTES),
    max_leaves=8,
)


def fill(group, members, attributes):
    group.attrs.update(attributes)
    for name, (content, own) in members.items():
        if isinstance(content, dict):
            fill(group.create_group(name), content, own)
        else:
            group.create_dataset(name, data=content).attrs.update(own)


def contents(group):
    found = {"attributes": dict(group.attrs)}
    for name, member in group.items():
        if isinstance(member, h5py.Group):
            found[name] = contents(member)
        else:
            value = member[()]
            found[name] = (value.dtype.str, value.shape, value.tolist(), dict(member.attrs))
    return found


def in_memory():
    # HDF5 takes two of one name for one file.
    name = f"{next(NUMBERS)}.h5"
    return h5py.File(name, "w", driver="core", backing_store=False)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from("abcd"), TREES), ATTRIBUTES)
def test_it_becomes_what_h5py_would_have_made(members, attributes):
    recorded = recording.Group()
    fill(recorded, members, attributes)
    with in_memory() as expected, in_memory() as written:
        fill(expected, members, attributes)
        recorded.write(written)
        assert contents(written) == contents(expected)
        assert sorted(recorded) == sorted(expected) and len(recorded) == len(expected)


def test_it_has_copies():
    value = np.zeros(3)
    recorded = recording.Group()
    recorded.create_dataset("a", recording.value_for(recorded, value))
    value[:] = 1
    with in_memory() as file:
        recorded.write(file)
        assert file["a"][()].tolist() == [0, 0, 0]


@pytest.mark.parametrize("make", [recording.Group, in_memory])
def test_a_name_stands_once(make):
    group = make()
    group.create_group("a")
    # The oldest h5py raises a RuntimeError.
    with pytest.raises((ValueError, RuntimeError), match="already exists"):
        group.create_dataset("a", data=np.zeros(1))
    del group["a"]
    group.create_dataset("a", data=np.zeros(1))
