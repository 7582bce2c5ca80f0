"""The calls of one file on the disk: which they are, and what they end in."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import native, notes

HEAD = "import keras\nfrom keras.callbacks import ModelCheckpoint\nm = keras.Sequential()\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("m.save_weights('w')\nm.load_weights('w')", "w.weights.h5"),
        ("m.save_weights('w.ckpt')\nm.load_weights('./w.ckpt')", "w.weights.h5"),
        ("m.save('d')\nkeras.models.load_model('d')", "d.keras"),
        ("ModelCheckpoint('w', save_weights_only=True)\nm.load_weights('w')", "w.weights.h5"),
    ],
)
def test_what_is_written_decides(before: str, after: str) -> None:
    done = native(HEAD + before)
    assert done.count(after) == 2
    assert native(done) == done


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("m.save('a')\nm.save_weights('a')", "both weights and whole models"),
        ("ModelCheckpoint('a', save_weights_only=flag)", "whether weights alone are saved"),
        ("m.load_weights('a')", "nothing in this file writes it"),
        ("m.save(d + name)", None),
        ("m.save('a')\nupload('a')", None),
        ("ModelCheckpoint('a.hdf5', period=2)\nkeras.models.load_model('a.hdf5')", "period"),
    ],
)
def test_what_cannot_change_stays(code: str, why: str | None) -> None:
    done = native(HEAD + code)
    if why is not None:
        assert done == HEAD + code
        assert any(why in each for each in notes(HEAD + code))


def test_a_load_in_the_old_format_says_that_a_converted_file_is_needed() -> None:
    code = HEAD + "m.save_weights('w.ckpt', save_format='tf').expect_partial()\n"
    assert native(code) == code or "save_format" not in native(code)


def test_the_result_of_expect_partial_goes_with_it() -> None:
    code = HEAD + "m.save_weights('w')\nm.load_weights('w').expect_partial()\n"
    assert native(code).endswith("m.load_weights('w.weights.h5')\n")
    used = code.replace("m.load", "status = m.load")
    assert native(used) == used
    assert any("the result of `load_weights` in line 5 is used." in each for each in notes(used))


def test_arguments_of_the_old_formats_go_with_the_ending() -> None:
    code = HEAD + "m.save('d', save_format='tf', save_traces=False)\n"
    assert native(code) == HEAD + "m.save('d.keras')\n"


def test_the_change_is_noted_once() -> None:
    code = HEAD + "m.save('d')\nkeras.models.load_model('d')\nkeras.models.load_model('d')\n"
    about = [each for each in notes(code) if "is now" in each]
    assert about == [
        "5 KC602 `d` is now `d.keras`, in another format. Files from before are read by "
        "`keras-ckpt convert` and `keras_ckpt.load_model`. Whatever else reads them, elsewhere, "
        "has to be changed, too."
    ]


@pytest.mark.parametrize(
    ("use", "renamed"),
    [
        ("print(os.path.getsize('best_0.h5'))", True),
        ("shutil.copy('best_0.h5', 'kept.h5')", False),
        ("print(os.path.getsize('other_0.h5'))", None),
    ],
)
def test_names_that_a_template_makes_are_readers(use: str, renamed: bool | None) -> None:
    before = f"""
import os
import shutil

import keras
from keras.callbacks import ModelCheckpoint

for fold in range(3):
    path = "best_%d.h5" % fold
    keep = ModelCheckpoint(path, save_weights_only=True)
    model.fit(x, y, callbacks=[keep])
    model.load_weights(path)
{use}
"""
    expected = before
    if renamed is not False:
        expected = before.replace("best_%d.h5", "best_%d.weights.h5")
    if renamed:
        expected = expected.replace("best_0.h5", "best_0.weights.h5")
    assert native(before) == expected
