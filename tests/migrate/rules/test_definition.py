"""Every rule: its example before and after, its code, and what rules share."""

from __future__ import annotations

import pathlib
import re

import pytest
from snippets import HEAD, found, sites

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.releases.release import every, newest, release
from keras_ckpt.migrate.rules import definition
from keras_ckpt.migrate.rules.definition import Group, Rule, rules

RULES = pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.code)


#: The others are run, with `run --report`: tests/migrate/rules/test_kc701_refused.py.
READ = pytest.mark.parametrize(
    "rule",
    [rule for rule in rules().values() if not rule.needs_run],
    ids=lambda rule: rule.code,
)


@READ
def test_the_example_has_exactly_this_problem_and_then_none(
    rule: Rule, tmp_path: pathlib.Path
) -> None:
    old, new = rule.examples or ("2.4", newest().name)
    path = tmp_path / "example.py"
    for text, expected in ((rule.before, [rule.code]), (rule.after, [])):
        path.write_text(text)
        result = checker.check([str(path)], release(old), release(new))
        assert [each.code for each in result.findings] == expected


@RULES
def test_there_is_nothing_to_say_between_a_release_and_itself(rule: Rule) -> None:
    if rule.code not in ("KC001", "KC401"):
        assert not any(rule.concerns(each, each) for each in every())


@RULES
def test_code_file_and_group_agree(rule: Rule) -> None:
    assert re.fullmatch(r"KC[0-79]\d\d", rule.code)
    assert type(rule).__module__.rpartition(".")[2].startswith(rule.code.lower() + "_")
    assert rule.group is Group(rule.code[2])
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)


def test_names_are_unique() -> None:
    assert len({rule.name for rule in rules().values()}) == len(rules())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("KC101", "KC101"),
        ("kc1", "KC1"),
        ("Period", "KC101"),
        ("metric-name", "KC401"),
        ("KC999", None),
        ("perio", None),
    ],
)
def test_what_a_rule_may_be_called(text: str, code: str | None) -> None:
    assert definition.code_of(text) == code


def test_two_problems_with_the_same_argument_are_one() -> None:
    (checkpoint,) = sites(HEAD + "MC('a.h5')").found
    rule = rules()["KC202"]
    one = rule.problem(checkpoint, "first", "advice")
    other = rules()["KC101"].problem(checkpoint, "of another rule", "advice")
    assert list(definition.unique([one, one._replace(message="again"), other])) == [one, other]


def test_a_reason_has_the_line_and_is_the_same_without_it() -> None:
    one = definition.Reason("it is set in ", 3, ", elsewhere.")
    other = definition.Reason("it is set in ", 8, ", elsewhere.")
    assert one == "it is set in line 3, elsewhere."
    assert one.without_line == other.without_line == "it is set in , elsewhere."
    assert not one.is_of_other_call


def test_places_have_words() -> None:
    assert [definition.ordinal(each) for each in (1, 8, 12, 13)] == [
        "first",
        "eighth",
        "twelfth",
        "13th",
    ]


def test_an_unknown_rest_of_the_arguments_hides_what_is_by_default() -> None:
    (checkpoint,) = sites(HEAD + "MC('a.h5', **more)").found
    arguments = definition.bound(checkpoint, release("2.4"))
    assert arguments is not None
    assert definition.monitored(arguments) is None
    assert definition.frequency(arguments) is None
    # Neither whole models nor weights may end so.
    (only,) = found(HEAD + "MC('a.h5', **more)", "2.4", "3.7")
    assert only.code == "KC202"


def test_what_only_a_run_shows_is_never_found_in_code(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "example.py"
    run = [rule for rule in rules().values() if rule.needs_run]
    assert {rule.group for rule in run} == {Group.RUN}
    for rule in run:
        path.write_text(rule.before)
        found = checker.check([str(path)], release("2.4"), newest()).findings
        assert rule.code not in {each.code for each in found}
