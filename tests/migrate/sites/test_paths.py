"""Names of files: whose they may be, and what to write instead."""

from __future__ import annotations

import pytest

from keras_ckpt.endings import ANY, Function
from keras_ckpt.migrate.code.values.infer import Str
from keras_ckpt.migrate.sites.paths import example, is_keras_path, lost, write_ending


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("d/cp-{epoch:04d}.ckpt",), "cp-{epoch:04d}.keras"),
        (("w.weights.h5",), "w.keras"),
        (("model",), "model.keras"),
        (("a.b",), "a.b.keras"),
        (("d/",), "d/model.keras"),
        (("C:\\d\\m.hdf5",), "m.keras"),
        ((None, "/m.h5"), "m.keras"),
        ((None,), ""),
        (("m-", None, ".h5"), ""),
        (("",), ""),
    ],
)
def test_the_name_with_another_ending(parts: tuple[str | None, ...], expected: str) -> None:
    assert example(Str(parts), ".keras") == expected
    advice = write_ending(Str(parts), ".keras")
    assert advice == "Let the path end in `.keras`" + (f": `{expected}`." if expected else ".")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("m.h5", True),
        ("m.ckpt-12", True),
        ("m.weights.json", True),
        ("weights/m", True),
        ("Checkpoint", True),
        ("my_model", False),
        ("m.json", False),
        ("m.pt", False),
        ("weights.{epoch:02d}.npz", False),
        ("weights.{epoch:02d}", True),
        (".hidden", False),
    ],
)
def test_whether_only_keras_would_call_it_so(path: str, expected: bool) -> None:
    assert is_keras_path(Str((path,))) is expected


H5, HUB = Function((".h5",), ()), Function((".h5",), (), ("hf://",))


@pytest.mark.parametrize(
    ("parts", "old", "new", "expected"),
    [
        (("a",), Function(ANY, ()), H5, True),
        (("a.h5",), Function(ANY, ()), H5, False),
        ((None,), Function(ANY, ()), H5, False),
        (("a",), H5, H5, False),
        (("hf://a", None), HUB, H5, False),
        (("hf://a",), HUB, H5, True),
        (("hf://a",), H5, HUB, False),
    ],
)
def test_what_a_function_no_longer_takes(
    parts: tuple[str | None, ...], old: Function, new: Function, expected: bool
) -> None:
    assert lost(Str(parts), old, new) is expected
