"""TF 2.6: `{batch}` in the template.

The hooks `_save_model` and `_get_file_path` take the batch, so a subclass that overrides them in
the old form fails. IsADirectoryError is handled like the IOError about a directory.
"""

from __future__ import annotations

from keras_ckpt.compat.tf2_5 import PROFILE as TF2_5
from keras_ckpt.compat.tf2_5 import __init__
from keras_ckpt.engine.replica import found_in

PROFILE = TF2_5.replace(
    "2.6",
    hooks=TF2_5.with_hooks(
        drop=["_save_model(epoch, logs)", "_get_file_path(epoch, logs)"],
        add=["_save_model(epoch, batch, logs)", "_get_file_path(epoch, batch, logs)"],
    ),
    is_a_directory=True,
)

ModelCheckpoint: type
__getattr__ = found_in(__name__, PROFILE, __init__)
