"""What stands between commas: arguments, imported names, items of a dict, with their whitespace.

An item is dropped or added with the lines and comments around it as a person would leave them: what
was one item a line stays so, and a comment behind a dropped item gets a line of its own.
"""

from __future__ import annotations

from typing import Iterable, Sequence, Union

import libcst as cst

Gap = cst.BaseParenthesizableWhitespace
#: What stands between commas.
Item = Union[cst.Arg, cst.ImportAlias, cst.DictElement, cst.StarredDictElement]
#: What says that there is no comma.
NONE = cst.MaybeSentinel.DEFAULT
_SPACE = cst.SimpleWhitespace(" ")


class Items:
    """Items between commas.

    Args:
        items: nodes that have a `comma`.
        opening: the whitespace before the first.
        closing: that behind the last, if it is not part of the last.
    """

    def __init__(self, items: Sequence[Item], opening: Gap, closing: Gap | None = None) -> None:
        self.items: list[Item] = list(items)
        self.trailing = bool(items) and isinstance(items[-1].comma, cst.Comma)
        self.gaps = [opening]
        for each in self.items:
            self.gaps.append(_gap_after(each))
        # Behind a last comma it stands in one of the two, as LibCST has it of each kind of node.
        if closing is not None and not closing.empty:
            self.gaps[-1] = closing

    def drop(self, indexes: Iterable[int]) -> None:
        """Drops some of the items."""
        for index in sorted(indexes, reverse=True):
            last = index == len(self.items) - 1
            del self.items[index]
            before, after = self.gaps[index], self.gaps[index + 1]
            self.gaps[index : index + 2] = [_merged(before, after, last)]
        self.trailing = self.trailing and bool(self.items)

    def insert(self, index: int, item: Item) -> None:
        """Adds an item before another one, or at the end."""
        if index < len(self.items):
            self.gaps.insert(index + 1, _like(self.gaps[index]))
        else:
            if index:
                self.gaps.insert(index, _like(self.gaps[index - 1]))
            else:
                self.gaps.append(cst.SimpleWhitespace(""))
        self.items.insert(index, item)

    def result(self) -> tuple[list[Item], Gap, Gap]:
        """Returns the items, the whitespace before the first, and that behind the last."""
        done = []
        for index, each in enumerate(self.items):
            gap, last = self.gaps[index + 1], index == len(self.items) - 1
            if last and not self.trailing:
                each = each.with_changes(comma=NONE)
                if isinstance(each, cst.Arg):
                    each = each.with_changes(whitespace_after_arg=gap)
            else:
                comma = each.comma if isinstance(each.comma, cst.Comma) else cst.Comma()
                if isinstance(each, cst.Arg) and comma is not each.comma:
                    each = each.with_changes(whitespace_after_arg=cst.SimpleWhitespace(""))
                each = each.with_changes(comma=comma.with_changes(whitespace_after=gap))
            done.append(each)
        within = self.trailing or not self.items
        closing = cst.SimpleWhitespace("") if within else self.gaps[-1]
        return done, self.gaps[0], closing


def _gap_after(item: Item) -> Gap:
    if isinstance(item.comma, cst.Comma):
        return item.comma.whitespace_after
    return item.whitespace_after_arg if isinstance(item, cst.Arg) else cst.SimpleWhitespace("")


def _comments(gap: cst.ParenthesizedWhitespace) -> bool:
    return bool(gap.first_line.comment) or any(each.comment for each in gap.empty_lines)


def _like(gap: Gap) -> Gap:
    """Returns whitespace for one more item: a line of its own where the others have that."""
    if not isinstance(gap, cst.ParenthesizedWhitespace):
        return _SPACE
    first = gap.first_line.with_changes(whitespace=cst.SimpleWhitespace(""), comment=None)
    return gap.with_changes(first_line=first, empty_lines=())


def _merged(before: Gap, after: Gap, last: bool) -> Gap:
    """Returns what is left between two items when the one between them is gone."""
    if isinstance(before, cst.ParenthesizedWhitespace):
        if not isinstance(after, cst.ParenthesizedWhitespace):
            return after if last and not _comments(before) else before
        lines = [*before.empty_lines, *after.empty_lines]
        if after.first_line.comment is not None:
            own = cst.EmptyLine(
                indent=before.indent,
                whitespace=before.last_line,
                comment=after.first_line.comment,
                newline=after.first_line.newline,
            )
            lines.insert(len(before.empty_lines), own)
        merged: Gap = before.with_changes(
            empty_lines=lines, indent=after.indent, last_line=after.last_line
        )
        return merged
    if isinstance(after, cst.ParenthesizedWhitespace) or last:
        return after
    return before


def of_call(call: cst.Call) -> Items:
    """Returns the arguments of a call."""
    return Items(call.args, call.whitespace_before_args)


def to_call(call: cst.Call, items: Items) -> cst.Call:
    """Returns a call with other arguments."""
    if not items.items:
        return call.with_changes(args=(), whitespace_before_args=items.gaps[0])
    done, opening, _ = items.result()
    return call.with_changes(args=done, whitespace_before_args=opening)


def _elements(node: cst.Dict) -> list[Item]:
    kinds = (cst.DictElement, cst.StarredDictElement)
    return [each for each in node.elements if isinstance(each, kinds)]


def of_dict(node: cst.Dict) -> Items:
    """Returns the items of a dict."""
    return Items(_elements(node), node.lbrace.whitespace_after, node.rbrace.whitespace_before)


def to_dict(node: cst.Dict, items: Items) -> cst.Dict:
    """Returns a dict with other items."""
    done, opening, closing = items.result()
    return node.with_changes(
        elements=done,
        lbrace=node.lbrace.with_changes(whitespace_after=opening),
        rbrace=node.rbrace.with_changes(whitespace_before=closing),
    )


def of_import(node: cst.ImportFrom) -> Items:
    """Returns the names that an import has, which is none of `*`."""
    assert not isinstance(node.names, cst.ImportStar)
    if node.lpar is None or node.rpar is None:
        return Items(node.names, cst.SimpleWhitespace(""))
    return Items(node.names, node.lpar.whitespace_after, node.rpar.whitespace_before)


def to_import(node: cst.ImportFrom, items: Items) -> cst.ImportFrom:
    """Returns an import of other names."""
    done, opening, closing = items.result()
    if node.lpar is None or node.rpar is None:
        return node.with_changes(names=done)
    return node.with_changes(
        names=done,
        lpar=node.lpar.with_changes(whitespace_after=opening),
        rpar=node.rpar.with_changes(whitespace_before=closing),
    )
