"""Findings as one page of HTML that needs nothing else: by file, and by rule."""

from __future__ import annotations

import collections
import datetime
import html
import itertools
from typing import Iterator

from keras_ckpt.migrate.report import wording
from keras_ckpt.migrate.report.finding import Finding, Result
from keras_ckpt.migrate.rules.definition import rules

_STYLE = """
:root { --ink: #1b1f24; --soft: #59636e; --line: #d5dbe1; --page: #fff; --tint: #f5f7f9;
  --mark: #b42318; --bar: #d0442f; --good: #176639; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf0; --soft: #9aa6b2; --line: #353d47;
  --page: #14181d; --tint: #1d232a; --mark: #ff8f7d; --bar: #e5604a; --good: #6fd196; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 2rem 1.5rem 4rem; color: var(--ink);
  background: var(--page); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); }
code { font: .9em ui-monospace, monospace; background: var(--tint); padding: .1em .3em;
  border-radius: 3px; overflow-wrap: anywhere; }
dl { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0; }
dl div { flex: 1 1 9rem; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: 8px; }
dt { color: var(--soft); } dd { margin: 0; font-size: 1.5rem; font-weight: 600; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; color: var(--soft); font-weight: 500; }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; height: .6rem; min-width: 3px; border-radius: 3px;
  background: var(--bar); } td.bars { width: 25%; }
details { border: 1px solid var(--line); border-radius: 8px; margin: .6rem 0; }
summary { cursor: pointer; padding: .6rem 1rem; font-weight: 600; overflow-wrap: anywhere; }
summary .soft { font-weight: 400; float: right; margin-left: 1rem; }
details > div { padding: 0 1rem 1rem; overflow-x: auto; }
.rule { color: var(--mark); font-weight: 600; white-space: nowrap; } .advice { color: var(--good); }
a { color: inherit; } @media print { body { max-width: none; } }
"""


def as_html(result: Result) -> str:
    """Returns the page."""
    title = f"{wording.count(len(result.findings), 'finding')} for {result.new.title}"
    body = [
        f"<h1>{_text(title)}</h1>",
        f'<p class="soft">{_text(wording.summary(result))}</p>',
        *_facts(result),
        *_errors(result),
    ]
    if result.findings:
        body += [*_by_rule(result), *_by_file(result)]
    else:
        body.append('<p class="advice">Nothing was found.</p>')
    made = datetime.date.today().isoformat()
    body.append(
        f'<p class="soft">Made by keras-ckpt {_text(wording.VERSION)} on {made}. '
        "<code>keras-ckpt rule KC101</code> explains a rule, <code>keras-ckpt fix</code> rewrites "
        "the code.</p>"
    )
    head = (
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>"
    )
    content = "\n".join(body)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{content}\n</body>\n'
        "</html>"
    )


def _facts(result: Result) -> Iterator[str]:
    findings = result.findings
    facts = [
        ("findings", f"{len(findings):,}"),
        ("files with findings", f"{len({each.path for each in findings}):,}"),
        ("files read", f"{result.files:,}"),
        ("rules", f"{len({each.code for each in findings}):,}"),
    ]
    yield "<dl>"
    for name, value in facts:
        yield f"<div><dt>{name}</dt><dd>{value}</dd></div>"
    yield "</dl>"


def _errors(result: Result) -> Iterator[str]:
    if result.errors:
        yield "<h2>Errors</h2>\n<ul>"
        for each in result.errors:
            yield f"<li>{_text(each)}</li>"
        yield "</ul>"


def _by_rule(result: Result) -> Iterator[str]:
    counts = collections.Counter(each.code for each in result.findings)
    most = max(counts.values())
    yield '<h2>By rule</h2>\n<table id="rules">'
    yield ('<tr><th>rule</th><th>what it finds</th><th class="number">findings</th><th></th></tr>')
    for code, number in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        rule = rules()[code]
        yield (
            f'<tr><td><span class="rule">{code}</span> {_text(rule.name)}</td>'
            f'<td>{_with_code(rule.what)}</td><td class="number">{number:,}</td>'
            f'<td class="bars"><span class="bar" style="width:{100 * number // most}%"></span></td>'
            "</tr>"
        )
    yield "</table>"


def _by_file(result: Result) -> Iterator[str]:
    yield "<h2>By file</h2>"
    for path, some in itertools.groupby(result.findings, key=lambda each: each.path):
        findings = list(some)
        number = wording.count(len(findings), "finding")
        yield f'<details open><summary>{_text(path)}<span class="soft">{number}</span></summary>'
        yield '<div><table><tr><th class="number">line</th><th>rule</th><th>what happens, and '
        yield "what to write</th></tr>"
        for each in findings:
            yield (
                f'<tr><td class="number">{_line(each)}</td><td><span class="rule">{each.code}'
                f"</span> {_text(each.name)}</td><td>{_with_code(each.message)}<br>"
                f'<span class="advice">{_with_code(each.advice)}</span></td></tr>'
            )
        yield "</table></div></details>"


def _line(each: Finding) -> str:
    return f"cell {each.cell}, {each.line}" if each.cell else str(each.line)


def _text(text: str) -> str:
    """Returns text as HTML, without what no page may have."""
    return html.escape("".join(each if each.isprintable() else " " for each in text))


def _with_code(text: str) -> str:
    """Returns text as HTML, with what stands between ticks as code."""
    parts = _text(text).split("`")
    if len(parts) % 2 == 0:  # A tick that has no other.
        parts[-2:] = ["`".join(parts[-2:])]
    return "".join(f"<code>{p}</code>" if n % 2 else p for n, p in enumerate(parts))
