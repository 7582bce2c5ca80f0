"""Settings for all tests."""

from __future__ import annotations

import pytest
from hypothesis import settings

# What runs for the first time takes long, and so does anything on a busy machine.
settings.register_profile("keras_ckpt", deadline=None)
settings.load_profile("keras_ckpt")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the modules with slow tests first: no process waits for another at the end."""
    slow = {item.nodeid.partition("::")[0] for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.nodeid.partition("::")[0] not in slow)
