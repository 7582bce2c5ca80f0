"""Other libraries, as data."""

from __future__ import annotations

import pytest

from keras_ckpt.migrate.sites import libraries


@pytest.mark.parametrize(
    ("name", "skip"),
    [
        ("wandb.keras.WandbModelCheckpoint", 0),
        ("wandb.integration.keras.WandbModelCheckpoint", 0),
        ("wandb.integration.keras.callbacks.model_checkpoint.WandbModelCheckpoint", 0),
        ("tensorflow_addons.callbacks.AverageModelCheckpoint", 1),
        ("pytorch_lightning.callbacks.ModelCheckpoint", None),
    ],
)
def test_callbacks(name: str, skip: int | None) -> None:
    found = libraries.checkpoint(name)
    assert (found.skip if found is not None else None) == skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wandb.keras.WandbCallback", True),
        ("mlflow.tensorflow.autolog", True),
        ("kerastuner.tuners.Hyperband", True),
        ("stardist.models.StarDist2D", True),
        ("wandb.init", False),
        ("numpy.save", False),
    ],
)
def test_what_saves_by_itself(name: str, expected: bool) -> None:
    assert (libraries.saver(name) is not None) is expected


def test_what_returns_models() -> None:
    assert libraries.makes_models("segmentation_models.Unet")
    assert libraries.makes_models("transformers.TFBertModel.from_pretrained")
    assert not libraries.makes_models("transformers.BertModel.from_pretrained")
    assert libraries.returns_models("export_model")
