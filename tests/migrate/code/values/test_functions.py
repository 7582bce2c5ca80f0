"""What functions and methods return."""

from __future__ import annotations

import pytest
from snippets import last

from keras_ckpt.migrate.code.values.infer import Number, Str, value

HEAD = "import datetime, glob, os, pathlib, tempfile, time, uuid\n"
ENDINGS = (".h5", ".keras")


@pytest.mark.parametrize(
    "code",
    [
        "tempfile.mkdtemp()",
        "tempfile.mkdtemp(suffix=None)",
        "tempfile.mkstemp()[1]",
        "_, f = tempfile.mkstemp()\nf",
        "tempfile.TemporaryDirectory().name",
        "with tempfile.TemporaryDirectory() as d:\n    d\nd",
        "tempfile.mkdtemp('.tmp')",
        "self.get_temp_dir()",
        "str(int(time.time()))",
        "str(uuid.uuid4())",
        "uuid.uuid4().hex",
        "'{}'.format(len(a))",
        "'%d' % a",
        "f'{a:02d}'",
        "os.path.dirname(a)",
        "os.path.splitext(a)[0]",
        "a.split('.')[0]",
        "pathlib.Path(a).with_suffix('')",
        "pathlib.Path(a).stem",
        "datetime.datetime.now().strftime('%Y-%m')",
        "time.strftime('%H')",
        "'_'.join(['a', 'b'])",
        "def f(): return 'a'\nf()",
        "{'a': 'b'}['a']",
        "{'a': 'b'}.get('a')",
        "['a', 'b'][1]",
        "'A.H5'.replace('.H5', '')",
    ],
)
def test_what_has_none_of_the_endings(code: str) -> None:
    found = value(*last(HEAD + code))
    assert isinstance(found, Str) and found.ends_in(ENDINGS) is False


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("tempfile.mkstemp('.h5')[1]", True),
        ("tempfile.NamedTemporaryFile(suffix='.h5').name", True),
        ("tempfile.mkdtemp() + '.h5'", True),
        ("time.strftime('%H.h5')", True),
        ("os.path.basename('a/b.h5')", True),
        ("'a.H5'.lower()", True),
        ("'.'.join(['a', 'h5'])", True),
        ("glob.glob('runs/*.h5')[-1]", True),
        ("os.path.basename(a)", None),
        ("tempfile.mkdtemp(suffix=a)", None),
        ("'_'.join(a)", None),
        ("time.strftime(a)", None),
    ],
)
def test_what_may_have_one(code: str, expected: bool | None) -> None:
    found = value(*last(HEAD + code))
    assert isinstance(found, Str) and found.ends_in(ENDINGS) is expected


@pytest.mark.parametrize("code", ["time.time()", "len(a)", "round(a)", "a.timestamp()"])
def test_numbers(code: str) -> None:
    assert value(*last(HEAD + code)) == Number()


def test_functions_that_call_each_other_come_to_an_end() -> None:
    value(*last("def f(): return g()\ndef g(): return f()\nf()"))
