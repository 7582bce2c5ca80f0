"""Names that a release does not save to."""

from __future__ import annotations

import pytest
from snippets import codes, found, native

HEAD = "import keras\nmodel = keras.Sequential([])\n"
HUB = 'model.save("hf://x/y")'


@pytest.mark.parametrize(
    ("code", "old", "new", "expected"),
    [
        (HUB, "3.5", "3.4", ["KC604"]),
        (HUB, "2.15", "3.5", []),
        ("model.save('m')", "2.15", "3.0", ["KC604"]),
        ("model.save('m')", "2.0", "2.15", []),
        ("model.save(filepath='m')", "2.15", "3.0", ["KC604"]),
        ("model.save('m.h5')", "2.15", "3.0", []),
        ("model.save('m.hdf5')", "2.15", "3.0", []),
        ("model.save(path)", "2.15", "3.0", []),
        ("model.save_weights('m.h5')", "2.15", "3.0", ["KC604"]),
        ("model.save_weights('m.weights.h5')", "2.15", "3.0", []),
        ("keras.models.save_model(model, 'm')", "2.15", "3.0", ["KC604"]),
        ("keras.models.save_model(model, filepath='m')", "2.15", "3.0", ["KC604"]),
        ("keras.models.save_model(model=model, filepath='m')", "2.15", "3.0", ["KC604"]),
        ("keras.saving.save_model(model, 'm.keras')", "2.15", "3.0", []),
        # Directories of Keras 3, which do not matter to releases without them.
        ("model.save('m', zipped=False)", "2.15", "3.15", []),
        ("model.save_weights('m', max_shard_size=1)", "2.15", "3.15", []),
        ("model.save_weights('m', max_shard_size=1)", "2.15", "3.0", ["KC604"]),
    ],
)
def test_goes_by_the_name_and_the_releases(
    code: str, old: str, new: str, expected: list[str]
) -> None:
    assert codes(HEAD + code, old, new) == expected


@pytest.mark.parametrize("call", ["figure.save('m')", "np.save('m', x)", "torch.save(m, 'm')"])
def test_other_things_are_saved_too(call: str) -> None:
    assert codes(HEAD + call, "2.4") == []


def test_the_advice_names_function_and_file() -> None:
    (only,) = found(HEAD + "model.save_weights('d/m.ckpt')", "2.4")
    assert "`m.weights.h5`" in only.advice and "`keras_ckpt.save_weights(" in only.advice
    (other,) = found(HEAD + "model.save('d/')", "2.4")
    assert "`d/model.keras`" in other.advice and "`keras_ckpt.save_model(" in other.advice


def test_natively_it_is_renamed() -> None:
    assert native(HEAD + "model.save('m')") == HEAD + "model.save('m.keras')"
