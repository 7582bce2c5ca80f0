"""Write ``docs/formats.md``: ``python tests/formats/page.py``."""

from __future__ import annotations

import json
import pathlib
import tarfile
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs" / "formats.md"
RELEASES = ["2.0", "2.3", "2.6", "2.9", "2.11", "2.12", "2.15", "tf_keras"]
KINDS = {
    "weights.h5": "`.weights.h5`",
    "weights.hdf5": "`.hdf5` weights",
    "checkpoint": "TF checkpoint",
    "model.h5": "`.h5` model",
    "saved_model": "SavedModel",
    "model.keras": "`.keras`",
}
START = """\
# Files of Keras 2, read on Keras 3

Each release trained each model, saved it in each of its formats, and went on for three steps.
`keras_ckpt.load_weights` (weights) and `keras_ckpt.load_model` (whole models, compiled) read the
files on Keras 3 with TensorFlow, JAX and PyTorch. **yes**: the predictions are those of the release
(float32: to 1e-6), all variables are accounted for and, for whole models and TensorFlow
checkpoints, the next three losses in training are the same, which takes the state of the optimizer.
Each **yes** is a test (`tests/formats/test_legacy.py`), and another keeps this page true, which
`python tests/formats/page.py` makes.

- **weights**: the class is the user's own, so the weights are loaded into a model that the user
  builds; `load_model` names the class.
- **none**: the release has no such format or layer, or could not write the file.

| release | model | {kinds} |
|---|---|{rule}|
"""


def expected(release: str) -> Any:
    """What a reader of the files of a release must come to."""
    with tarfile.open(str(HERE / "legacy" / (release + ".tar.xz"))) as archive:
        content = archive.extractfile("expected.json")
        assert content is not None
        return json.loads(content.read().decode("utf-8"))


def page() -> str:
    """The page, from what the releases wrote."""
    models = list(expected("2.15"))
    rows = []
    for release in RELEASES:
        told = expected(release)
        for model in models:
            cells = [_cell(told.get(model), model, kind) for kind in KINDS]
            rows.append("| {} | {} | {} |".format(release, model, " | ".join(cells)))
    start = START.format(kinds=" | ".join(KINDS.values()), rule="|".join(["---"] * len(KINDS)))
    return start + "\n".join(rows) + "\n"


def _cell(told: Any, model: str, kind: str) -> str:
    if told is None or kind not in told["written"]:
        return "none"
    whole = kind in ("model.h5", "saved_model", "model.keras")
    return "weights" if whole and model == "subclassed" else "yes"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
