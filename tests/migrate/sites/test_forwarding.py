"""What a subclass passes on to its base."""

from __future__ import annotations

import pytest
from snippets import sites

from keras_ckpt.migrate.code.values.infer import Constant, Str

HEAD = "from keras.callbacks import ModelCheckpoint\nclass A(ModelCheckpoint):\n"


def passed(init: str, call: str) -> tuple[list[object], dict[str, object], bool]:
    """What the base gets of a call: values by position, by name, and whether that is all."""
    found = sites(HEAD + init + call).facts.checkpoints()
    (site,) = [each for each in found if each.how == "subclass"]

    def plain(value: object) -> object:
        if isinstance(value, Str):
            return value.known
        return value.value if isinstance(value, Constant) else None

    positional = [plain(each.value) for each in site.positional]
    return positional, {k: plain(v.value) for k, v in site.keywords.items()}, site.complete


INIT = "    def __init__(self, %s):\n        super().__init__(%s)\n"


@pytest.mark.parametrize(
    ("takes", "passes", "call", "expected"),
    [
        ("p", "p", "A('a')", (["a"], {}, True)),
        ("p", "filepath=p, period=2", "A(p='a')", ([], {"filepath": "a", "period": 2}, True)),
        ("p, n=3", "p, period=n", "A('a')", (["a"], {"period": 3}, True)),
        ("p, n=3", "p, period=n", "A('a', 5)", (["a"], {"period": 5}, True)),
        ("p, *, n=3", "p, period=n", "A('a', n=5)", (["a"], {"period": 5}, True)),
        ("*args", "*args", "A('a', 'b')", (["a", "b"], {}, True)),
        ("p, **more", "p, **more", "A('a', period=2)", (["a"], {"period": 2}, True)),
        ("p, own=0, **more", "p, **more", "A('a', own=1, period=2)", (["a"], {"period": 2}, True)),
        ("p, **more", "p, **other", "A('a', period=2)", (["a"], {}, False)),
        ("p", "*other, p", "A('a')", ([], {}, False)),
        ("p, q", "p, q", "A('a', **more)", (["a"], {}, False)),
    ],
)
def test_what_the_base_gets(takes: str, passes: str, call: str, expected: tuple) -> None:  # type: ignore[type-arg]
    assert passed(INIT % (takes, passes), call) == expected


def test_what_is_taken_out_of_the_keywords_is_not_passed_on() -> None:
    init = (
        "    def __init__(self, p, **more):\n        self.own = more.pop('own', 1)\n"
        "        super().__init__(p, **more)\n"
    )
    assert passed(init, "A('a', own=2, period=3)") == (["a"], {"period": 3}, True)


def test_a_parameter_that_is_bound_anew_is_not_what_was_passed() -> None:
    init = "    def __init__(self, p):\n        p = p + '.h5'\n        super().__init__(p)\n"
    positional, _, _ = passed(init, "A('a')")
    assert positional != ["a"]


@pytest.mark.parametrize(
    "init",
    [
        # Which of two is called is not known.
        "    def __init__(self, p):\n        if p:\n            super().__init__(p)\n"
        "        else:\n            super().__init__('b')\n",
        "    def __init__(self, p, **more):\n        more = f(more)\n"
        "        super().__init__(p, **more)\n",
        "    def __init__(self, p):\n        other(p)\n",
    ],
)
def test_of_others_nothing_is_known(init: str) -> None:
    found = sites(HEAD + init + "A('a')").facts.checkpoints()
    assert "subclass" not in [each.how for each in found]
