"""What is checked of an HDF5 file before h5py reads it: how one structure leads to the next."""

from __future__ import annotations

import io
import pathlib
import tarfile
import zipfile
from typing import Any, Callable

import h5py
import numpy as np
import pytest
from damage import replaced

import keras_ckpt
from keras_ckpt.formats.hdf5 import validation
from keras_ckpt.formats.hdf5.hdf5_structures import MAGIC, Damaged, Refused, superblock

LEGACY = pathlib.Path(__file__).resolve().parents[2] / "data" / "legacy"
TEXT = h5py.special_dtype(vlen=str)


def written(fill: Callable[[Any], Any], libver: str = "earliest") -> bytes:
    opened = io.BytesIO()
    with h5py.File(opened, "w", libver=libver) as file:
        fill(file)
    content = opened.getvalue()
    # What is empty at the end is not written here.
    return content.ljust(superblock(content[:96]).end, b"\0")


def model(file: Any) -> None:
    file.attrs["backend"] = "numpy"
    for name in ("first", "second"):
        values = file.create_group(f"layers/{name}/vars")
        values.create_dataset("0", data=np.ones((3, 4), "f4"))
        values.create_dataset("1", data=np.ones((8, 8)), chunks=(4, 4), compression="gzip")


OLD, NEW = written(model), written(model, "latest")


def check(content: bytes, whole: bool = True) -> bool:
    return validation.check(io.BytesIO(content), len(content), whole)


def refused(content: bytes, text: str, error: type[Exception] = Damaged) -> None:
    with pytest.raises(error, match=text) as caught:
        check(content)
    assert type(caught.value) is error


def address_of(content: bytes, name: str) -> int:
    with h5py.File(io.BytesIO(content), "r") as file:
        return int(h5py.h5o.get_info(file[name].id).addr)


def at_number(content: bytes, number: int, new: int) -> bytes:
    """Returns the content with another number in the one place where a number is."""
    sought = number.to_bytes(8, "little")
    assert content.count(sought) == 1
    return content.replace(sought, new.to_bytes(8, "little"))


# ------------------------------------------------ what is good


@pytest.mark.parametrize("archive", sorted(path.name for path in LEGACY.glob("*.tar.xz")))
def test_what_real_releases_wrote(archive: str) -> None:
    seen = 0
    with tarfile.open(str(LEGACY / archive)) as files:
        for member in files:
            opened = files.extractfile(member)
            content = opened.read() if opened else b""
            if content.startswith(b"PK\x03\x04"):
                with zipfile.ZipFile(io.BytesIO(content)) as inside:
                    weights = [name for name in inside.namelist() if name.endswith(".h5")]
                    content = inside.read(weights[0])
            if content.startswith(MAGIC):
                assert check(content) and check(content, whole=False)
                seen += 1
    assert seen


@pytest.mark.parametrize("libver", ["earliest", "v108", "latest"])
def test_all_that_checkpoints_may_hold(libver: str) -> None:
    def fill(file: Any) -> None:
        file.attrs["text"], file.attrs["list"] = "of any length", np.array([b"a", b"bc"])
        file.attrs.create("texts", ["a", "bc"], dtype=TEXT)
        file.attrs["empty"] = h5py.Empty(np.dtype("f4"))
        for name in ("f2", "f8", ">f4", "i1", "c8", "?"):
            file["of type " + name] = np.ones(3, name)
        file["scalar"], file["nothing"] = 1.0, np.ones((0, 3))
        file.create_dataset("unwritten", shape=(3,))
        file.create_dataset("growing", data=np.ones(3), maxshape=(None,), chunks=(2,))
        for packing in ("gzip", "lzf"):
            data = np.arange(400.0).reshape(20, 20)
            file.create_dataset(packing, data=data, chunks=(3, 7), compression=packing)
        file.create_dataset("many pieces", data=np.ones(1000), chunks=(2,))
        for number in range(100):
            file.create_group(f"many/of them/{number}")

    content = written(fill, libver)
    # New files have trees of another kind, which HDF5 has checksums of.
    assert check(content) is (libver == "earliest")
    with h5py.File(io.BytesIO(content), "r") as file:
        validation.refuse_foreign(file, h5py)


def test_the_first_group_alone() -> None:
    address = address_of(OLD, "layers/second/vars/0")
    damaged = replaced(OLD, address, b"\x07")
    refused(damaged, "what should be a header is not one")
    assert check(damaged, whole=False)


# ------------------------------------------------ places


@pytest.mark.parametrize("content", [OLD, NEW], ids=["old", "new"])
def test_a_file_that_ends_too_early(content: bytes) -> None:
    for size in range(100, len(content), 97):
        refused(content[:size], f"^{len(content) - size} bytes are missing$")


@pytest.mark.parametrize(
    ("signature", "text"),
    [
        (b"TREE\x00", "what should be a tree is not one"),
        (b"TREE\x01", "what should be a tree is not one"),
        (b"HEAP", "what should be a heap of names is not one"),
        (b"SNOD", "what should be a list of names is not one"),
    ],
)
def test_a_structure_that_is_none(signature: bytes, text: str) -> None:
    refused(replaced(OLD, OLD.index(signature), b"????"), text)


def test_a_header_that_is_none() -> None:
    for content in (OLD, NEW):
        refused(
            replaced(content, address_of(content, "layers/first"), b"????"),
            "what should be a header is not one",
        )


@pytest.mark.parametrize("where", ["tree", "heap", "names"])
def test_an_address_over_the_end(where: str) -> None:
    root = superblock(OLD[:96]).symbols
    assert root is not None
    heap = root[1]
    place = {"tree": 80, "heap": 88, "names": heap + 24}[where]
    content = replaced(OLD, place, len(OLD))
    if where != "names":
        # The header of the group has it, too.
        address = OLD.index(root[0].to_bytes(8, "little") + heap.to_bytes(8, "little"), 96)
        content = replaced(content, address + (0 if where == "tree" else 8), len(OLD))
    refused(content, "is beyond its end")


# ------------------------------------------------ groups


def test_a_group_that_is_described_in_two_ways() -> None:
    assert superblock(OLD[:96]).symbols is not None
    refused(replaced(OLD, 80, 8), "its first group is described in two ways")
    entry = OLD.index(b"SNOD") + 8
    refused(replaced(OLD, entry + 24, 8), "a group is described in two ways")


def test_a_group_in_itself() -> None:
    def fill(file: Any) -> None:
        file.create_group("outer/inner")
        file["outer/inner/again"] = file["outer"]

    for libver in ("earliest", "latest"):
        refused(written(fill, libver), "a group is in itself, or in two places")


def test_a_dataset_under_two_names() -> None:
    def fill(file: Any) -> None:
        file["a"] = np.ones(3)
        file["b"] = file["a"]

    assert check(written(fill))


def test_groups_that_are_too_deep() -> None:
    assert check(written(lambda file: file.create_group("/".join("a" * 200))))
    deep = written(lambda file: file.create_group("/".join("a" * 201)))
    refused(deep, "its groups are too deep")


def test_names_in_each_other() -> None:
    content = written(lambda file: [file.create_group(name) for name in ("abcdefg", "hijklmn")])
    at = content.index(b"abcdefg")
    # Seven names of one text: all begin at the same place.
    list_of_names = content.index(b"SNOD")
    first = content[list_of_names + 8 : list_of_names + 48]
    heap = content.index(b"HEAP")
    size = int.from_bytes(content[heap + 8 : heap + 16], "little")
    content = replaced(content, list_of_names + 6, size // 7 + 1, 2)
    assert size // 7 + 1 > 8 and content[at : at + 7] == b"abcdefg"
    refused(content, "a list of names has more entries than room for them")
    long = b"a" * (size - 9) + b"\0"
    content = replaced(content, list_of_names + 6, 2, 2)
    content = replaced(content, list_of_names + 48, first)
    place = int.from_bytes(content[heap + 24 : heap + 32], "little")
    content = replaced(content, heap + 16, 1)
    refused(replaced(content, place + 8, long), "names in a group overlap")


def test_a_tree_that_goes_round() -> None:
    content = written(lambda file: [file.create_group(f"g{number}") for number in range(400)])
    roots = [superblock(content[:96]).symbols]
    tree = roots[0][0] if roots[0] is not None else 0
    assert content[tree + 5] == 1  # It has a level of its own above the leaves.
    child = int.from_bytes(content[tree + 32 : tree + 40], "little")
    refused(replaced(content, tree + 48, child), "a tree leads back to itself")
    refused(replaced(content, child + 5, b"\1"), "a tree is not in order")
    leaf = int.from_bytes(content[child + 32 : child + 40], "little")
    refused(replaced(content, child + 48, leaf), "a list of names is in two places")


def test_a_group_of_another_kind_than_the_file() -> None:
    content = written(lambda file: file.create_group("g"), "latest")
    root = superblock(content[:96]).root
    at = content.index(b"\x02\x12\0", root)  # a Link Info Message
    refused(replaced(content, at, b"\x11\x12"), "a group is of another kind than the file")


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_link_to_elsewhere(libver: str) -> None:
    def soft(file: Any) -> None:
        file["soft"] = h5py.SoftLink("/elsewhere")

    def external(file: Any) -> None:
        file["external"] = h5py.ExternalLink("other.h5", "/")

    refused(written(soft, libver), "it has a link to another place", Refused)
    if libver == "latest":
        refused(written(external, libver), "it has a link to another place or file", Refused)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("others", [0, 20], ids=["few names", "many names"])
@pytest.mark.parametrize("where", ["group", "attribute"])
def test_a_name_that_is_no_text(
    tmp_path: pathlib.Path, where: str, others: int, libver: str
) -> None:
    """h5py gives bytes for it, where all that reads weights takes text."""
    path = tmp_path / "w.weights.h5"
    with h5py.File(path, "w", libver=libver) as file:
        layers = file.create_group("layers")
        layers.create_dataset("a/vars/0", data=[1.0])
        for number in range(others):
            layers.create_group(f"other_{number}")
        if where == "group":
            layers.create_group(b"\xff")
        else:
            scalar = h5py.h5s.create(h5py.h5s.SCALAR)
            h5py.h5a.create(layers.id, b"\xff", h5py.h5t.NATIVE_INT64, scalar)
    with pytest.raises(
        keras_ckpt.DamagedCheckpoint, match=r"a name in it is not text \(b'\\xff'\)"
    ):
        keras_ckpt.inspect(path)


# ------------------------------------------------ headers


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_header_in_parts(libver: str) -> None:
    def fill(file: Any) -> None:
        file["d"] = np.ones(3)
        for number in range(7):
            file["d"].attrs[f"attribute {number}"] = np.arange(10)

    content = written(fill, libver)
    assert check(content)
    root = superblock(content[:96]).root
    if libver == "latest":
        part = content.index(b"OCHK")
        refused(replaced(content, part, b"?"), "what should be a part of a header is not one")
        refused(at_number(content, part, len(content)), "a header is beyond its end")
        return
    address = address_of(content, "d")
    at = content.index(b"\x10\0\x10\0", address)  # an Object Header Continuation Message
    place = int.from_bytes(content[at + 8 : at + 16], "little")
    assert address < place < len(content) and root != address
    again = replaced(content, place, content[at : at + 24])
    refused(again, "a header leads back to itself")


@pytest.mark.parametrize(
    ("kind", "flags", "text"),
    [
        (0x09, 0, "a header holds something unknown"),
        (0x99, 0, "a header holds something unknown"),
        (0x01, 2, "a header shares a part with another one"),
        (0x03, 2, "a header shares a part with another one"),
        (0x00, 0, "a dataset has no shape or type"),
        (0x11, 0, "an object is a group and a dataset"),
        (0x07, 0, "the values of a dataset are in another file"),
    ],
)
def test_messages_that_a_header_cannot_have(kind: int, flags: int, text: str) -> None:
    content = written(lambda file: file.create_dataset("d", data=np.ones((3, 2))))
    first = address_of(content, "d") + 16
    assert content[first] == 0x01
    content = replaced(replaced(content, first, kind, 2), first + 4, flags, 1)
    refused(content, text, Refused if kind == 0x07 else Damaged)


def test_an_object_that_is_nothing() -> None:
    content = written(lambda file: file.create_group("g"))
    at = address_of(content, "g") + 16
    assert content[at] == 0x11
    root = superblock(content[:96]).root + 16
    refused(replaced(content, root, b"\0"), "an object is neither a group nor a dataset")


def test_texts_of_attributes() -> None:
    content = written(lambda file: file.attrs.create("t", ["some", "texts"], dtype=TEXT))
    assert check(content)
    heap = content.index(b"GCOL")
    reference = heap.to_bytes(8, "little")
    at = content.index(reference)
    refused(replaced(content, at - 4, 5, 4), "a text is missing")
    refused(replaced(content, at + 8, 9, 4), "a text is missing")
    refused(replaced(content, at, len(content)), "a heap of texts is beyond its end")
    refused(replaced(content, heap + 8, len(content)), "a heap of texts is beyond its end")
    refused(replaced(content, heap, b"?"), "what should be a heap of texts is not one")


def test_texts_that_many_attributes_share() -> None:
    """So that a small file has large attributes."""

    def fill(file: Any) -> None:
        file.attrs.create("t", ["a" * (1 << 20)] + ["b"] * 999, dtype=TEXT)

    content = written(fill)
    at = content.index(content.rindex(b"GCOL").to_bytes(8, "little")) - 4
    reference = content[at : at + 16]
    content = replaced(content, at, reference * 1000)
    refused(content, r"its values take \d+ bytes, and it has \d+", Refused)


# ------------------------------------------------ datasets


def test_datasets_of_texts_are_refused() -> None:
    content = written(lambda file: file.create_dataset("d", data="text", dtype=TEXT))
    refused(content, "a dataset holds texts, where weights are numbers", Refused)


def test_values_in_other_files_are_refused(tmp_path: pathlib.Path) -> None:
    outside = [(str(tmp_path / "values"), 0, 24)]
    content = written(lambda file: file.create_dataset("d", (3,), "f8", external=outside))
    refused(content, "the values of a dataset are in another file", Refused)

    def virtual(file: Any) -> None:
        layout = h5py.VirtualLayout(shape=(3,), dtype="f8")
        layout[:] = h5py.VirtualSource("other.h5", "d", shape=(3,))
        file.create_virtual_dataset("d", layout)

    refused(written(virtual, "latest"), "values of a dataset are in another file", Refused)


def test_a_dataset_in_one_piece() -> None:
    content = written(lambda file: file.create_dataset("d", data=np.ones(777)))
    length = (777 * 8).to_bytes(8, "little")
    assert content.count(length) == 1
    at = content.index(length)
    refused(replaced(content, at, 777 * 8 - 1), "a dataset is smaller than its shape")
    over = replaced(content, at - 8, len(content) - 777 * 8 + 1)
    refused(over, "the values of a dataset are beyond its end")


def test_a_dataset_without_values() -> None:
    assert check(written(lambda file: file.create_dataset("d", (1 << 17,), "f8")))
    for chunks in (None, (1024,)):
        how = {"shape": ((1 << 17) + 1,), "dtype": "f8", "chunks": chunks}
        content = written(lambda file, how=how: file.create_dataset("d", **how))
        refused(content, "a dataset has no values")


def test_a_dataset_in_its_header() -> None:
    def fill(file: Any) -> None:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((5,))
        h5py.h5d.create(file.id, b"d", h5py.h5t.IEEE_F32LE, space, properties)

    content = written(fill)
    assert check(content)
    at = content.index(b"\x03\x00\x14\x00", address_of(content, "d"))
    refused(replaced(content, at + 2, b"\x13"), "a dataset is smaller than its shape")


def test_a_packed_dataset_in_one_piece() -> None:
    how = {"data": np.ones((6, 6)), "chunks": (3, 3), "compression": "gzip"}
    content = written(lambda file: file.create_dataset("d", **how))
    at = content.index(b"\x03\x02\x03", address_of(content, "d"))
    refused(replaced(content, at, b"\x03\x01"), "a dataset in one piece is packed")


@pytest.mark.parametrize(
    ("at", "new", "text"),
    [
        (2, b"\x02", "the pieces of a dataset have other dimensions"),
        (11, b"\0", "the pieces of a dataset have no size"),
        (19, b"\x04", "the pieces of a dataset have no size"),
        (14, b"\x7f", "the pieces of a dataset are too large"),
        (3, 1 << 40, "a tree is beyond its end"),
        (3, 0, "what should be a tree is not one"),
    ],
)
def test_pieces_of_another_shape(at: int, new: bytes | int, text: str) -> None:
    content = written(lambda file: file.create_dataset("d", data=np.ones((6, 6)), chunks=(3, 3)))
    layout = content.index(b"\x03\x02\x03", address_of(content, "d"))
    refused(replaced(content, layout + at, new), text)


def test_pieces_in_wrong_places() -> None:
    content = written(lambda file: file.create_dataset("d", data=np.ones((6, 6)), chunks=(3, 3)))
    leaf = content.index(b"TREE\x01") + 24
    refused(replaced(content, leaf, 71, 4), "a piece of a dataset has a wrong size")
    over = replaced(content, leaf + 32, len(content) - 71)
    refused(over, "a piece of a dataset is beyond its end")


def bomb(chunks: tuple[int, ...], libver: str = "earliest") -> bytes:
    """Returns a file with a dataset that takes much memory, and one that takes much of the file."""
    how = {"shape": (100 << 17,), "dtype": "f8", "chunks": chunks, "compression": "gzip"}

    def fill(file: Any) -> None:
        file["other"] = np.ones(1 << 18)
        file.create_dataset("d", **how)[0] = 1.0

    return written(fill, libver)


def test_more_values_than_are_stored() -> None:
    refused(bomb((1 << 16,)), r"a dataset takes \d+ bytes, of which \d+ are stored", Refused)
    content = bomb((1 << 16,), "latest")
    assert not check(content)
    refusal = pytest.raises(Refused, match="of which few are stored")
    with h5py.File(io.BytesIO(content), "r") as file, refusal:
        validation.refuse_foreign(file, h5py)


# ------------------------------------------------ what HDF5 is asked


def foreign(name: str, value: Any) -> Callable[[Any], None]:
    def fill(file: Any) -> None:
        file.create_group("layers")[name] = value

    return fill


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (h5py.SoftLink("/a"), r"it has a link to another place or file \('d'\)"),
        (h5py.ExternalLink("other.h5", "/a"), r"it has a link to another place or file \('d'\)"),
        (np.array(["a"], dtype=object), "a dataset holds texts, where weights are numbers"),
    ],
)
def test_what_is_refused_in_an_open_file(value: Any, text: str) -> None:
    if isinstance(value, np.ndarray):
        value = value.astype(TEXT)
    content = written(foreign("d", value), "latest")
    with h5py.File(io.BytesIO(content), "r") as file, pytest.raises(Refused, match=text):
        validation.refuse_foreign(file, h5py)
