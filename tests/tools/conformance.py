"""Write ``docs/conformance.md``: ``python tests/tools/conformance.py``."""

from __future__ import annotations

import pathlib

import recordings

from keras_ckpt import compat

#: All that there are recordings of.
RELEASES = (
    *compat.STAND_ALONE,
    "keras 2.0.8",
    "keras 2.1.5",
    *compat.VERSIONS,
    "3.0.4",
    "tf_keras",
)
PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "conformance.md"
START = """\
# Conformance

What the replicas in `keras_ckpt.compat` are compared with, release by release. This page is made by
`python tests/tools/conformance.py`, and a test keeps it true.

**Here**: the class of the release ran random scenarios in its own environment, with its real
TensorFlow: right and wrong arguments, by position and by name, several fits, odd logs, saves that
fail, files that exist already, subclasses that override each hook. `tests/data/recorded/` has
everything that could be observed: attributes after each event, output, log records, warnings,
exceptions, calls on the model, files. The replica of each release must do the same on the Keras
that the tests run on, with TensorFlow, JAX and PyTorch. Of errors and warnings whose text comes
from Python, NumPy or TensorFlow, only the type is compared. NumPy arrays with a shape and variables
are left out for TF 2.x and stand-alone Keras, whose NumPy treated them differently, and tensors for
stand-alone Keras, in which they had no values. `options` and buckets are left out
where TensorFlow is not installed, since they belong to TensorFlow. Where tox has the environment of
a release, its class also runs 200 scenarios that are in no recording.

**There**: in the environment of each release (`tox -e tf2.4`, `tox -e keras2.3`, `tox -m matrix`)
the real class and the replica run 1000 new scenarios, with nothing left out and every text
compared, and 25 real fits, with the files compared by content. Where the release supports it, so do
two worker processes of a `MultiWorkerMirroredStrategy` and a `MirroredStrategy` of two devices.

Branches are those of the real class that the recorded scenarios reach; those that they do not
are listed below. Differences are those found in all of the recorded scenarios.

| release | Python | TensorFlow | Keras | scenarios | branches reached | differences |
|---|---|---|---|---|---|---|
"""


def page() -> str:
    """The page, from the heads of the recordings."""
    rows, missed = [], []
    for release in RELEASES:
        head, pairs = recordings.read(release)
        on = head["runs_on"]
        keras = on.get("tf_keras") or on.get("keras") or "in TensorFlow"
        reached = head["branches"] - len(head["missed"])
        # A difference fails the test that replays the recording.
        rows.append(
            "| {} | {} | {} | {} | {} | {} of {} | 0 |".format(
                release,
                on["python"],
                on["tensorflow"],
                keras,
                len(pairs),
                reached,
                head["branches"],
            )
        )
        for method, at, to in head["missed"]:
            goal = "its end" if to == "end" else f"line {to}"
            missed.append(f"- {release}: `{method}`, from line {at} of the class to {goal}")
    text = START + "\n".join(rows) + "\n"
    text += "\n## Branches not reached\n\n"
    if missed:
        text += "By chance: each has its scenarios, of which this recording has none.\n\n"
    return text + ("\n".join(missed) or "None.") + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
