"""Makes `docs/inventory.md` of the results of `replay.py`.

    python tests/tools/inventory/page.py RELEASE=RESULT.json ...

Those of `take_back.py` are given as `back:RELEASE=RESULT.json`. What the repository has of these
releases is replaced, or kept and added to by `RELEASE+=RESULT.json`: of other models or formats.
Results of other releases are kept.
"""

from __future__ import annotations

import collections
import json
import pathlib
import re
import sys
from typing import Any, Iterator

import reasons

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "inventory.md"
COUNTS = ROOT / "tests" / "data" / "inventory" / "counts.json"
KINDS = ("kinds and compiled", "layers", "parts of layers", "losses and metrics", "optimizers")
FORMATS = (
    "model.h5", "weights.h5", "model.json", "model.yaml", "checkpoint", "object", "saved_model",
    "model.keras",
)  # fmt: skip

HEAD_OF_BACK = """
## And back

Models that came back from `model.h5` were saved again by keras_ckpt on Keras 3, in three formats,
and the release loaded that. It must predict what it predicted before. Where Keras 2 cannot
describe a model, its `model.h5` is in the words of Keras 3, which the release refuses.

| release | models | format | as before | refused, for a reason |
|---|---|---|---|---|
"""

HEAD = """# The inventory of Keras 2

In the environment of each release, a program walked what the release exports: layers,
activations, initializers, regularizers, constraints, losses, metrics, optimizers and schedules,
each with values of its arguments that are not the default, and models of every kind around them.
The release trained and saved each in its formats, and wrote what it predicts, its losses, and its
weights after one more step. Keras 3.15 on TensorFlow read the files with keras_ckpt, and must
come to the same numbers: predictions, losses and weights to 1e-5 of the largest. **as saved**
counts the files that do. The others are refused by a `CheckpointError`, or differ for a reason
that is given below. No file may come back otherwise: a sample of them is a test
(`tests/formats/test_inventory.py`).

Where a release has fewer models than others, or a format fewer than `model.h5`, a sample was
walked: one model of each name that the release exports.

`weights.h5`, `checkpoint` and `object` (a `tf.train.Checkpoint` under another name) are read into
the model that `model.json` describes.

| release | models | format | as saved | refused or different, for a reason |
|---|---|---|---|---|
"""


def kind_of(name: str) -> str:
    first = name.split("/")[0].split(".")[0]
    return {
        "kinds": KINDS[0], "compiled": KINDS[0], "layers": KINDS[1], "compat": KINDS[1],
        "losses": KINDS[3], "metrics": KINDS[3], "weighted_metrics": KINDS[3],
        "optimizers": KINDS[4], "experimental": KINDS[4],
    }.get(first, KINDS[2])  # fmt: skip


def counted(results: dict[str, dict[str, str]], release: str) -> dict[str, Any]:
    """The numbers of the results, and what has no reason."""
    rows: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    why: dict[str, int] = collections.Counter()
    for name, found in results.items():
        for format_, result in found.items():
            row = rows[f"{kind_of(name)}|{format_}"]
            if result == "same":
                row[0] += 1
                continue
            reason = reasons.reason(name, format_, result, release)
            if reason is None:
                raise SystemExit(f"{name} {format_}: {result} has no reason")
            row[1] += 1
            why[reason] += 1
    return {"rows": rows, "reasons": why}


def _added(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    rows = {
        name: [
            sum(each)
            for each in zip(one["rows"].get(name, (0, 0)), other["rows"].get(name, (0, 0)))
        ]
        for name in (*one["rows"], *other["rows"])
    }
    why = collections.Counter(one["reasons"])
    why.update(other["reasons"])
    return {"rows": rows, "reasons": why}


def _in_order(release: str) -> tuple[bool, list[int]]:
    """Keras before it was TensorFlow's, then TensorFlow by its numbers, then tf_keras."""
    return not release.startswith("keras-"), [
        int(each) for each in re.findall(r"\d+", release)
    ] or [99]


def _rows(counts: dict[str, Any]) -> Iterator[str]:
    for release in sorted(counts, key=_in_order):
        rows = counts[release]["rows"]
        for kind in KINDS:
            for format_ in FORMATS:
                if f"{kind}|{format_}" in rows:
                    same, other = rows[f"{kind}|{format_}"]
                    yield f"| {release} | {kind} | `{format_}` | {same} | {other or ''} |\n"


def _reasons(counts: dict[str, Any]) -> Iterator[str]:
    why: dict[str, int] = collections.Counter()
    for each in counts.values():
        why.update(each["reasons"])
    for reason, many in sorted(why.items(), key=lambda each: -each[1]):
        yield f"| {reason} | {many} |\n"


def page(counts: dict[str, Any]) -> str:
    there = {
        release: found for release, found in counts.items() if not release.startswith(reasons.BACK)
    }
    back = {
        release[len(reasons.BACK) :]: counts[release] for release in counts if release not in there
    }
    lines = [HEAD, *_rows(there)]
    lines.append("\n## What does not come back as it was\n\n| reason | files |\n|---|---|\n")
    lines += [*_reasons(there), HEAD_OF_BACK, *_rows(back), "\n| reason | files |\n|---|---|\n"]
    lines += _reasons(back)
    lines.append(
        "\n## Walking it\n\n"
        "The whole walk takes about ten minutes for a release, and twenty to read:\n\n"
        "```sh\ntox -e inventory-tf2.4 -- /tmp/tf2.4\n"
        "tox -e inventory -- /tmp/tf2.4 /tmp/tf2.4.json\n```\n"
    )
    return "".join(lines)


def main(given: list[str]) -> None:
    counts = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    for each in given:
        release, path = each.split("=")
        is_more = release.endswith("+")
        release = release.rstrip("+")
        found = counted(json.loads(pathlib.Path(path).read_text()), release)
        counts[release] = _added(counts[release], found) if is_more else found
    COUNTS.write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n")
    PAGE.write_text(page(counts), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
