"""Other endings, in all calls of a file on the disk."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import native

CALL = "from keras.callbacks import ModelCheckpoint\n%s\n"


def test_what_reads_a_file_changes_with_what_writes_it() -> None:
    before = CALL % (
        "import os\nimport keras\n"
        "path = 'best-{epoch}.hdf5'\n"
        "c = ModelCheckpoint(path)\n"
        "if os.path.exists(path.format(epoch=1)):\n"
        "    print('found %s' % path)\n"
        "    m = keras.models.load_model(path.format(epoch=1))\n"
        "m = keras.models.load_model('best-2.hdf5')\n"
        "m.load_weights('best-3.hdf5')\n"
        "other = keras.models.load_model('other.hdf5')"
    )
    after = native(before)
    assert after == before.replace("best-{epoch}.hdf5", "best-{epoch}.keras").replace(
        "best-2.hdf5", "best-2.keras"
    ).replace("best-3.hdf5", "best-3.keras")
