"""The metric of a run over its epochs: as lines of text, and as a page of its own."""

from __future__ import annotations

import html
import json
import math

from keras_ckpt.restarts.catalogue import Checkpoint

#: How many lines the text has, and how many columns at most.
_HEIGHT, _WIDTH = 8, 72


def _points(found: list[Checkpoint]) -> list[Checkpoint]:
    of_newest = (each for each in found if each.monitor == found[-1].monitor)
    return [each for each in of_newest if each.value is not None and math.isfinite(each.value)]


def lines(found: list[Checkpoint], best: set[str]) -> list[str]:
    """Returns a curve of the monitored metric, nothing if there are not two values.

    Args:
        found: the checkpoints of one run, the newest last.
        best: the paths of the best, which are drawn as `*`. What is kept is `o`, the rest `.`.
    """
    points = _points(found)
    if len(points) < 2:
        return []
    values = [each.value or 0.0 for each in points]
    low, high = min(values), max(values)
    columns = min(len(points), _WIDTH)
    grid = [[" "] * columns for _ in range(_HEIGHT)]
    order = {".": 0, "o": 1, "*": 2, " ": -1}
    for index, (each, value) in enumerate(zip(points, values)):
        column = index * columns // len(points)
        share = 0.0 if high == low else (value - low) / (high - low)
        row = _HEIGHT - 1 - round(share * (_HEIGHT - 1))
        mark = "*" if each.path in best else "o" if each.kept_by else "."
        if order[mark] > order[grid[row][column]]:
            grid[row][column] = mark
    margin = max(len(f"{low:.4g}"), len(f"{high:.4g}"))
    labels = {0: f"{high:.4g}", _HEIGHT - 1: f"{low:.4g}"}
    drawn = [f"{points[0].monitor} of run {points[0].run[:8]}   * best   o kept"]
    for index, row_of in enumerate(grid):
        drawn.append(f"{labels.get(index, ''):>{margin}} |{''.join(row_of).rstrip()}")
    first, last = str(points[0].epoch), str(points[-1].epoch)
    axis = f"{first}{last:>{max(columns - len(first), len(last) + 1)}}"
    return [*drawn, " " * margin + " +" + "-" * columns, " " * margin + "  " + axis + "  epoch"]


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em }}
table {{ border-collapse: collapse; width: 100% }} h2 {{ margin-bottom: 0 }}
th, td {{ text-align: left; padding: .3em .6em; white-space: nowrap }}
tr {{ border-bottom: 1px solid #8884 }}
td:first-child, td:last-child {{ white-space: normal; overflow-wrap: anywhere }}
th {{ cursor: pointer }} th[aria-sort=ascending]::after {{ content: " \\25B2" }}
th[aria-sort=descending]::after {{ content: " \\25BC" }}
td.number, th.number {{ text-align: right; font-variant-numeric: tabular-nums }}
svg {{ width: 100%; height: auto }} svg text {{ fill: currentColor; font-size: 11px }}
polyline {{ fill: none; stroke: #8888 }} .best {{ fill: #d33 }} .kept {{ fill: #27c }}
.other {{ fill: #999 }}
</style></head><body><h1>{title}</h1>{charts}
<table><thead><tr>{head}</tr></thead><tbody>
{rows}
</tbody></table>
<script>
const heads = [...document.querySelectorAll("th")];
const sort = (head, column) => {{
  const body = document.querySelector("tbody"), key = row => row.cells[column].dataset.key;
  const up = head.getAttribute("aria-sort") !== "ascending";
  const number = text => text === "" ? NaN : Number(text);
  const compare = (a, b) => {{
    const x = number(a), y = number(b);
    if (isNaN(x) && isNaN(y)) return a.localeCompare(b);
    return isNaN(x) ? 1 : isNaN(y) ? -1 : x - y;
  }};
  heads.forEach(each => each.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  [...body.rows].sort((a, b) => (up ? 1 : -1) * compare(key(a), key(b)))
    .forEach(row => body.append(row));
}};
heads.forEach((head, column) => {{
  head.tabIndex = 0;
  head.onclick = () => sort(head, column);
  head.onkeydown = event => {{ if (event.key === "Enter") sort(head, column) }};
}});
</script></body></html>
"""
_HEAD = ("Checkpoint", "Run", "Epoch", "Batch", "Metric", "Value", "Bytes", "Time", "Kept by")
_NUMBERS = ("Epoch", "Batch", "Value", "Bytes")
_NUMBER = ' class="number"'
#: What the colors of the dots mean.
_LEGEND = (("best", "best"), ("kept", "kept"), ("other", "other"))


def page(title: str, found: list[Checkpoint], best: set[str]) -> str:
    """Returns a page that needs nothing else: a curve for each run, and a sortable table."""
    runs: dict[str, list[Checkpoint]] = {}
    for each in found:
        runs.setdefault(each.run, []).append(each)
    rows = []
    for each in found:
        cells: list[object] = [
            each.path,
            each.run[:8],
            each.epoch,
            "" if each.batch is None else each.batch,
            each.monitor or "",
            "" if each.value is None else each.value,
            each.size,
            each.time[:19].replace("T", " "),
            ", ".join(("best",) * (each.path in best) + each.kept_by),
        ]
        rows.append("<tr>" + "".join(map(_cell, cells)) + "</tr>")
    return _PAGE.format(
        title=html.escape(title),
        charts="".join(_svg(group, best) for group in runs.values()),
        head="".join(f"<th{_NUMBER if name in _NUMBERS else ''}>{name}</th>" for name in _HEAD),
        rows="\n".join(rows),
    )


def _cell(value: object) -> str:
    text = html.escape(
        f"{value:.6g}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )
    key = html.escape(json.dumps(value) if isinstance(value, (int, float)) else str(value))
    kind = _NUMBER if isinstance(value, (int, float)) else ""
    return f'<td{kind} data-key="{key}">{text}</td>'


def _svg(found: list[Checkpoint], best: set[str]) -> str:
    points = _points(found)
    if len(points) < 2:
        return ""
    values = [each.value or 0.0 for each in points]
    low, high = min(values), max(values)
    places = []
    for index, value in enumerate(values):
        x = 60 + 720 * index / (len(values) - 1)
        y = 20 + 160 * (0.5 if high == low else (high - value) / (high - low))
        places.append((x, y))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = ""
    for each, (x, y) in zip(points, places):
        kind = "best" if each.path in best else "kept" if each.kept_by else "other"
        label = html.escape(f"{each.path}: epoch {each.epoch}, {each.monitor} {each.value:.6g}")
        dots += f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4">'
        dots += f"<title>{label}</title></circle>"
    name = html.escape(f"{points[0].monitor} of run {points[0].run[:8]}")
    legend = "".join(
        f'<circle class="{kind}" cx="{560 + 60 * i}" cy="8" r="4"/>'
        f'<text x="{568 + 60 * i}" y="12">{text}</text>'
        for i, (kind, text) in enumerate(_LEGEND)
    )
    return (
        f'<h2>{name}</h2><svg viewBox="0 0 800 216" role="img" aria-label="{name}">{legend}'
        f'<text x="0" y="25">{high:.4g}</text><text x="0" y="185">{low:.4g}</text>'
        f'<text x="60" y="208">epoch {points[0].epoch}</text>'
        f'<text x="780" y="208" text-anchor="end">epoch {points[-1].epoch}</text>'
        f'<polyline points="{line}"/>{dots}</svg>'
    )
