"""Write ``docs/formats.md``: ``python tests/tools/formats/page.py``."""

from __future__ import annotations

import io
import json
import pathlib
import re
import tarfile
import zipfile
from typing import Any, Iterator

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data"
PAGE = ROOT / "docs" / "formats.md"
KERAS_3 = [f"3.{minor}" for minor in range(16)]
RELEASES = ["2.0", "2.3", "2.6", "2.9", "2.11", "2.12", "2.15", "tf_keras", *KERAS_3]
# Those whose `.weights.h5` have the state of the optimizer.
KEEPING = ["2.12", "2.15", "tf_keras", *KERAS_3]
# What no reader can make again, for the release described it wrongly.
WRONG = {
    ("3.2", "nested", "model.keras"): "Keras 3.2 forgot which call of a shared layer gives what",
}
KINDS = {
    "weights.h5": "`.weights.h5`",
    "weights.hdf5": "`.hdf5` weights",
    "checkpoint": "TF checkpoint",
    "model.h5": "`.h5` model",
    "saved_model": "SavedModel",
    "model.keras": "`.keras`",
}
START = """\
# Files of Keras 2 and 3, read on Keras 3

Each release trained each model, saved it in each of its formats, and went on for three steps. The
releases are TensorFlow from 2.0 to 2.15, tf_keras, and Keras 3 from 3.0 to the newest.
`keras_ckpt.load_weights` (weights) and `keras_ckpt.load_model` (whole models, compiled) read the
files on Keras 3 with TensorFlow, JAX and PyTorch. **yes**: the predictions are those of the release
(float32: to 1e-6) and no variable is missing or left over. For whole models, TensorFlow checkpoints
and `.weights.h5` of TensorFlow 2.12 and later, the next three losses in training are the same, too,
which requires the state of the optimizer. Each **yes** is a test
(`tests/formats/test_legacy_files.py`). `python tests/tools/formats/page.py` makes this page, and a
test checks that it is up to date.

- **weights**: the model has a class of the user's own, so the weights are loaded into a model that
  the user builds; the error of `load_model` names the class. Or the release described the model
  wrongly: Keras 3.2 did not save which call of a shared layer an output comes from.
- **yes, without its optimizer**: the same, except for the next losses. Keras 3 loses the optimizer
  of a model once it has written it as HDF5, and leaves it out of the next `.keras`.
- **none**: the release has no such format or layer, or could not write the file.

| release | model | {kinds} |
|---|---|{rule}|
"""

#: How far a release came, as `read_ours.py` says and as the page does.
FAR = {"training": "yes", "predictions": "predictions", "no": "none"}
ELSEWHERE = """
# Files that Keras 3 writes with keras_ckpt, read on TensorFlow 2

`keras_ckpt.save_weights` and `keras_ckpt.save_model` wrote each model on Keras 3.15, and each
release read it with its own `load_weights` and `load_model`; a SavedModel was served by
`tf.saved_model.load`. **yes**: the predictions and the next three losses in training are the same.
**predictions**: the predictions are the same, but the optimizer starts anew, or a SavedModel can
only be served. **none**: the release has no such format, layer or operation.
`tests/formats/test_elsewhere.py` tries the releases whose environments exist, and
`PYTHONPATH=tests/tools python tests/tools/formats/elsewhere.py` all of them.

- `.weights.h5` and `.keras` have the layout of Keras 3, which other releases cannot read. For
  TensorFlow 2, use `.h5` or a TensorFlow checkpoint.
- Keras 3 reads the whole models in `.h5`, too. Where the file can suit only one of Keras 2 and
  Keras 3 (a `MultiHeadAttention`), it suits Keras 3.
- TensorFlow before 2.11 uses other names for the state of optimizers than later releases, which
  refuse files with both.
- The graph that TensorFlow 2.21 writes is served by TensorFlow 2.10 and later.

| release | model | {kinds} |
|---|---|{rule}|
"""


def expected(release: str) -> Any:
    """What a reader of the files of a release must come to."""
    with tarfile.open(str(DATA / "legacy" / (release + ".tar.xz"))) as archive:
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
            cells = [_cell(told.get(model), release, model, kind) for kind in KINDS]
            rows.append("| {} | {} | {} |".format(release, model, " | ".join(cells)))
    columns = {"kinds": " | ".join(KINDS.values()), "rule": "|".join(["---"] * len(KINDS))}
    start, between = START.format(**columns), ELSEWHERE.format(**columns)
    return start + "\n".join(rows) + "\n" + between + "\n".join(_elsewhere()) + "\n"


def _number(release: str) -> list[int]:
    # tf_keras, which has none, comes last.
    return [int(number) for number in re.findall(r"\d+", release)] or [9]


def _elsewhere() -> Iterator[str]:
    every = json.loads((DATA / "elsewhere.json").read_text(encoding="utf-8"))
    for release in sorted(every, key=_number):
        for model in expected("2.15"):
            cells = [FAR[every[release][model][kind]] for kind in KINDS]
            yield "| {} | {} | {} |".format(release, model, " | ".join(cells))


def _cell(told: Any, release: str, model: str, kind: str) -> str:
    if told is None or kind not in told["written"]:
        return "none"
    whole = kind in ("model.h5", "saved_model", "model.keras")
    if (whole and model == "subclassed") or (release, model, kind) in WRONG:
        return "weights"
    return "yes, without its optimizer" if not _has_optimizer(release, model, kind) else "yes"


def _has_optimizer(release: str, model: str, kind: str) -> bool:
    """Whether an archive of Keras 3 says how the model was compiled in whole."""
    if kind != "model.keras" or release not in KERAS_3:
        return True
    with tarfile.open(str(DATA / "legacy" / (release + ".tar.xz"))) as files:
        content = files.extractfile(f"{model}.{kind}")
        assert content is not None
        with zipfile.ZipFile(io.BytesIO(content.read())) as archive:
            return "optimizer" in json.loads(archive.read("config.json"))["compile_config"]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
