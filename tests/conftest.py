"""Settings for all tests."""

from __future__ import annotations

from hypothesis import settings

# What runs for the first time takes long, and so does anything on a busy machine.
settings.register_profile("keras_ckpt", deadline=None)
settings.load_profile("keras_ckpt")
