"""Why the calls that write and read a file cannot be given another ending of its path."""

from __future__ import annotations

import ast
import posixpath
from typing import Collection

from keras_ckpt.endings import ARCHIVE, HDF5
from keras_ckpt.migrate.code.names import keras_name
from keras_ckpt.migrate.code.values import parameters
from keras_ckpt.migrate.code.values.infer import Constant, Str
from keras_ckpt.migrate.fix.native.context import Context
from keras_ckpt.migrate.fix.native.renames import directories
from keras_ckpt.migrate.fix.native.renames import literals as written
from keras_ckpt.migrate.rules.definition import WITH_KERAS_CKPT, Reason
from keras_ckpt.migrate.sites.finder import Sites
from keras_ckpt.migrate.sites.site import (
    LATEST,
    LOAD_MODEL,
    LOAD_WEIGHTS,
    PATH,
    SAVE,
    SAVE_WEIGHTS,
    Argument,
    CallSite,
)

_FILES = (*HDF5, *ARCHIVE)


def of_call(context: Context, site: CallSite, argument: Argument) -> str:
    """Returns what stands against changing a call, `""` if nothing does."""
    if site.kind == LOAD_WEIGHTS:
        by_name = site.bound(context.old).named.get("by_name")
        if by_name is not None and by_name.value != Constant(False):
            return Reason("", line_of(site), " loads it by name. " + WITH_KERAS_CKPT)
        if not _is_unused(context, site.node):
            return Reason("the result of `load_weights` in ", line_of(site), " is used.")
    if site.kind in (SAVE, SAVE_WEIGHTS):
        behind = len(site.positional) - site.parameters(context.old).index(PATH)
        if behind > 2 or not site.complete:
            more = " has more arguments by position than Keras 3 takes."
            return Reason("", line_of(site), more)
        optimizer = site.keywords.get("include_optimizer")
        if optimizer is not None and optimizer.value != Constant(True):
            return Reason("", line_of(site), " saves without the optimizer. " + WITH_KERAS_CKPT)
        return directories.obstacle(context, site, argument)
    return ""


def _is_unused(context: Context, call: ast.AST) -> bool:
    """Returns whether the result of a call is used, but for `expect_partial()`."""
    parent = context.names.parents[call]
    if isinstance(parent, ast.Attribute) and parent.attr == "expect_partial":
        parent = context.names.parents[context.names.parents[parent]]
    return isinstance(parent, ast.Expr)


def of_weights(context: Context, sites: Sites, calls: list[tuple[CallSite, Argument]]) -> str:
    """Returns what stands against changing the paths of weights."""
    for site, _ in calls:
        if site.kind == LOAD_MODEL:
            return Reason("", line_of(site), " loads a whole model of what are weights.")
    for other in sites.found:
        if not isinstance(other, CallSite) or other.kind != LATEST:
            continue
        if any(_is_beside(context, other, argument) for _, argument in calls):
            finds = " finds TensorFlow checkpoints alone. " + WITH_KERAS_CKPT
            return Reason("`latest_checkpoint` in ", line_of(other), finds)
    return ""


def _is_beside(context: Context, latest: CallSite, argument: Argument) -> bool:
    """Returns whether the newest checkpoint is looked for where a path is, or may be."""
    given, path = latest.path(context.old), argument.value
    if given is None or not isinstance(path, Str) or path.ends_in(_FILES):
        return False
    directory = context.paths.directory(given.node, given.at)
    return directory is None or written.fit(directory, posixpath.dirname(path.shown))


def of_models(
    context: Context, calls: list[tuple[CallSite, Argument]], ends: Collection[ast.AST]
) -> str:
    """Returns what stands against changing the paths of whole models."""
    loads = [site for site, _ in calls if site.kind == LOAD_MODEL]
    if not loads or any((written.end_text(each) or "").endswith(_FILES) for each in ends):
        return ""
    for found in context.names.classes:
        bases = [keras_name(context.names.full_name(each)) for each in found.node.bases]
        if not any(each.rpartition(".")[2] in ("Model", "Layer") for each in bases):
            continue
        for site in loads:
            if "custom_objects" not in site.keywords and len(site.positional) < 2:
                return Reason(
                    "",
                    line_of(site),
                    f" loads a SavedModel without the class `{found.node.name}`, which `.keras` "
                    f"needs in `custom_objects`. {WITH_KERAS_CKPT}",
                )
    return ""


def pattern(context: Context, ends: Collection[ast.AST], ending: str) -> str:
    """Returns whether files are looked for by the ending that is to be changed."""
    names = context.names
    old = {posixpath.splitext(written.end_text(each) or "")[1] for each in ends} - {"", ending}
    for node in names.nodes:
        text, parent = written.text_of(node), names.parents.get(node)
        if not text or node in ends or isinstance(parent, ast.Expr):
            continue
        if isinstance(parent, ast.keyword) and "format" in (parent.arg or ""):
            continue
        if isinstance(parent, ast.Call) and written.last_of(parent) in parameters.DECLARING:
            continue  # The name of an option.
        for each in old:
            is_pattern = text.endswith(each) and ("*" in text or "?" in text)
            if is_pattern or text in (each, each[1:]):
                return Reason(
                    "files are also looked for by their ending, in ",
                    getattr(node, "lineno", 0),
                    ". Change it by hand, there and here.",
                )
    return ""


def line_of(site: CallSite) -> int:
    """Returns the line of a call."""
    return int(getattr(site.node, "lineno", 0))
