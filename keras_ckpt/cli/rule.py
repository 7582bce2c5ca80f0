"""`keras-ckpt rule`: the documentation of a rule."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.markdown import Markdown

from keras_ckpt.cli.display.terminal import printable
from keras_ckpt.migrate.report import pages
from keras_ckpt.migrate.rules.definition import code_of, rules


@click.command("rule", short_help="Explain a rule of check.")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain the rule CODE: what it does, why it matters, an example, the releases concerned.

    CODE may be the name of the rule, too, such as period. Without CODE, list all rules.
    """
    if code is None:
        for rule in rules().values():
            click.echo(f"{rule.code}  {rule.name:<24} {printable(rule.what)}")
        return
    found = rules().get(code_of(code) or "")
    if found is None:
        raise click.UsageError(f"There is no rule {printable(code)}. `keras-ckpt rule` lists them.")
    text = pages.page(found)
    if sys.stdout.isatty():
        Console().print(Markdown(text))
    else:
        # Line by line, for encodings that have not all of it.
        click.echo("\n".join(printable(line) for line in text.splitlines()))
