"""What other libraries save by themselves."""

from __future__ import annotations

import pytest
from snippets import unfollowed


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import wandb.keras\nwandb.keras.WandbCallback()", ["KC903"]),
        ("import mlflow\nmlflow.tensorflow.autolog()", ["KC903"]),
        ("from stardist.models import StarDist2D\nStarDist2D(c)", ["KC903"]),
        ("from x import WandbCallback\nWandbCallback()", []),
    ],
)
def test_goes_by_the_name(code: str, expected: list[str]) -> None:
    assert unfollowed("import keras\n" + code) == expected
