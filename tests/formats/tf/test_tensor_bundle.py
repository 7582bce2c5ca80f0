import os
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from keras_ckpt import runtime
from keras_ckpt.formats import CheckpointError
from keras_ckpt.formats.tensorflow import protobuf, sstable, tensor_bundle

TYPES = ["float32", "float64", "float16", "int8", "int32", "int64", "uint8", "bool", "complex64"]
ARRAYS = st.sampled_from(TYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_side=5, min_side=0))
)
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=600), min_size=1, max_size=30)
needs_tensorflow = pytest.mark.skipif(not runtime.has_tensorflow(), reason="needs TensorFlow")


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tensors=st.dictionaries(NAMES, st.one_of(ARRAYS, st.binary(max_size=300)), max_size=40))
def test_round_trip(tmp_path, tensors):
    prefix = str(tmp_path / "cp")
    tensor_bundle.write(prefix, tensors)
    reader = tensor_bundle.Reader(prefix)
    assert set(reader) == set(tensors)
    for name, tensor in tensors.items():
        if isinstance(tensor, bytes):
            assert reader.get(name) == [tensor]
        else:
            assert same(reader.get(name), tensor)


@needs_tensorflow
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tensors=st.dictionaries(NAMES, ARRAYS, min_size=1, max_size=40))
def test_tensorflow_reads_it(tmp_path, tensors):
    prefix = str(tmp_path / "cp")
    tensor_bundle.write(prefix, dict(tensors, _TEXT=b"text"))
    reader = runtime.tensorflow().train.load_checkpoint(prefix)
    assert reader.get_tensor("_TEXT") == b"text"
    for name, tensor in tensors.items():
        assert same(np.asarray(reader.get_tensor(name)), tensor)


@needs_tensorflow
def test_reads_what_tensorflow_writes(tmp_path):
    tf = runtime.tensorflow()
    names = [f"t{number:04d}" for number in range(600)]
    arrays = [np.random.RandomState(i).rand(i % 7, 3).astype("float32") for i in range(600)]
    arrays[5] = np.random.RandomState(5).rand(200, 700)
    half = tf.cast([1.5, -2.0], tf.bfloat16)
    tensors = [*arrays, tf.constant([b"a", b"", b"long" * 99]), half]
    prefix = str(tmp_path / "cp")
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=[*names, "text", "half"],
        shape_and_slices=[""] * len(tensors),
        tensors=tensors,
    )
    reader = tensor_bundle.Reader(prefix)
    for name, array in zip(names, arrays):
        assert same(reader.get(name), array)
    assert reader.get("text") == [b"a", b"", b"long" * 99]
    assert reader.entries["half"].dtype_name == "bfloat16"
    pytest.importorskip("ml_dtypes", reason="NumPy has no bfloat16 of its own")
    assert reader.get("half").astype("float32").tolist() == [1.5, -2.0]


@needs_tensorflow
def test_reads_several_shards(tmp_path):
    tf = runtime.tensorflow()
    parts = []
    for number in range(3):
        parts.append(str(tmp_path / (f"part{number}")))
        tf.raw_ops.SaveV2(
            prefix=parts[-1],
            tensor_names=[f"t{number}"],
            shape_and_slices=[""],
            tensors=[tf.fill([4], number)],
        )
    prefix = str(tmp_path / "cp")
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=parts, destination_prefix=prefix)
    reader = tensor_bundle.Reader(prefix)
    assert [reader.get(f"t{number}").tolist() for number in range(3)] == [[i] * 4 for i in range(3)]
    os.remove(prefix + ".data-00001-of-00003")
    with pytest.raises(FileNotFoundError, match="lacks its data file .*00001-of-00003"):
        tensor_bundle.Reader(prefix)


def test_a_changed_byte_is_found(tmp_path):
    prefix = str(tmp_path / "cp")
    tensor_bundle.write(prefix, {"a": np.arange(50.0), "text": b"some text"})
    for path in (prefix + ".data-00000-of-00001", prefix + ".index"):
        with open(path, "rb") as file:
            good = file.read()
        for position in range(0, len(good), 7):
            with open(path, "wb") as file:
                file.write(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
            try:
                reader = tensor_bundle.Reader(prefix)
                unharmed = reader.get("a").tolist() == list(range(50))
                assert unharmed and reader.get("text") == [b"some text"]
            except (CheckpointError, KeyError, FileNotFoundError):
                pass
        with open(path, "wb") as file:
            file.write(good)


@pytest.mark.parametrize("verified", [True, False])
def test_a_byte_that_changes_after_it_was_opened_is_found(tmp_path, verified):
    prefix = str(tmp_path / "cp")
    tensor_bundle.write(prefix, {"a": np.arange(50.0)})
    with tensor_bundle.Reader(prefix) as reader:
        if verified:
            reader.verify("a")
            assert reader.read("a").tolist() == list(range(50))
            time.sleep(0.02)  # The clock of the file system is no faster.
        with open(prefix + ".data-00000-of-00001", "r+b") as file:
            file.seek(100)
            file.write(b"\xff")
        with pytest.raises(CheckpointError, match="the checksum of 'a' is wrong"):
            reader.read("a")


def test_a_reader_stays_with_the_files_that_it_opened(tmp_path):
    prefix = str(tmp_path / "cp")
    tensor_bundle.write(prefix, {"a": np.zeros(50)})
    with tensor_bundle.Reader(prefix) as reader:
        tensor_bundle.write(prefix, {"a": np.ones(70)})
        assert reader.read("a").tolist() == [0.0] * 50
    assert tensor_bundle.Reader(prefix).read("a").tolist() == [1.0] * 70


NAMES = ["cp.data-00000-of-00001", "cp.index"]


def test_what_earlier_saves_left_is_removed(tmp_path):
    prefix = str(tmp_path / "cp")
    for name in ("cp.data-00000-of-00002", "cp.data-00001-of-00002", "cp.data-00000-of-00003"):
        (tmp_path / name).write_bytes(b"")
    others = ["cp.data-00000-of-00001.bak", "cp2.data-00000-of-00001", "xcp.data-00000-of-00001"]
    for name in others:
        (tmp_path / name).write_bytes(b"")
    for _ in range(3):
        tensor_bundle.write(prefix, {"a": np.zeros(3)})
        assert sorted(os.listdir(tmp_path)) == sorted([*NAMES, *others])


@pytest.mark.parametrize("taken", [True, False])
def test_a_write_that_fails_leaves_what_was_there(tmp_path, taken):
    def fails():
        raise KeyboardInterrupt

    prefix = str(tmp_path / "cp")
    if taken:
        tensor_bundle.write(prefix, {"a": np.zeros(3)})
    with pytest.raises(KeyboardInterrupt):
        tensor_bundle.write(prefix, {"a": np.ones(3), "b": fails})
    assert sorted(os.listdir(tmp_path)) == (NAMES if taken else [])
    if taken:
        assert tensor_bundle.Reader(prefix).get("a").tolist() == [0.0] * 3


def test_links_go_on_to_lead_where_they_led(tmp_path):
    (tmp_path / "there").mkdir()
    tensor_bundle.write(str(tmp_path / "there" / "real"), {"a": np.zeros(3)})
    (tmp_path / "cp.index").symlink_to("there/real.index")
    tensor_bundle.write(str(tmp_path / "cp"), {"a": np.ones(3)})
    assert (tmp_path / "cp.index").is_symlink()
    found = tensor_bundle.Reader(str(tmp_path / "there" / "real")).get("a")
    assert found.tolist() == [1.0] * 3


@pytest.mark.parametrize("kept", [0, 5, 47, 60])
def test_a_truncated_index_says_so(tmp_path, kept):
    prefix = str(tmp_path / "cp")
    tensor_bundle.write(prefix, {"a": np.zeros(3)})
    with open(prefix + ".index", "r+b") as file:
        file.truncate(kept)
    with pytest.raises(CheckpointError, match=r"cp\.index: the index is damaged"):
        tensor_bundle.Reader(prefix)


def test_truncated_data_says_so(tmp_path):
    prefix = str(tmp_path / "cp")
    tensor_bundle.write(prefix, {"a": np.zeros(3)})
    os.truncate(prefix + ".data-00000-of-00001", 10)
    with pytest.raises(CheckpointError, match=r"ends before the tensor 'a' does \(14 bytes"):
        tensor_bundle.Reader(prefix).get("a")


def test_a_compressed_block_says_so():
    data = bytearray(sstable.dump([(b"", b""), (b"key", b"value")]))
    from keras_ckpt.storage.checksum import masked

    end = data.index(b"value") + 5 + 8
    data[end] = 1
    data[end + 1 : end + 5] = masked(bytes(data[: end + 1])).to_bytes(4, "little")
    with pytest.raises(ValueError, match="compressed"):
        sstable.load(bytes(data))


@given(st.integers(-(2**63), 2**63 - 1))
def test_varint(value):
    read, end = protobuf.read_varint(protobuf.varint(value) + b"\x01", 0)
    assert protobuf.signed(read) == value
    assert end == len(protobuf.varint(value))
