"""Groups, datasets and attributes of HDF5 files."""

from __future__ import annotations

import pathlib
from typing import Any

import h5py
import numpy as np

from keras_ckpt.formats.hdf5 import hdf5_file


def test_what_is_not_there_is_no_damage(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    path = str(tmp_path / "a.h5")
    with h5py.File(path, "w") as file:
        file.create_group("there/vars")["0"] = np.zeros(3)

    def get(self: Any, name: str, *_: object) -> Any:
        if name in self:
            return self[name]
        # As that of h5py 3.16 does at times, where the text of HDF5's own error has gone.
        raise UnicodeDecodeError("utf-8", b"\xd3", 0, 1, "invalid continuation byte")

    for kind in (h5py.Group, h5py.AttributeManager):
        monkeypatch.setattr(kind, "get", get)
    with hdf5_file.opened(path) as found:
        assert found.get("there/nothing") is None
        assert found.get("nothing/vars") is None
        assert found.group("there/vars").attrs.text("nothing", "none") == "none"
