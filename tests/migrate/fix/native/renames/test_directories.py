"""The directory of what is saved."""

from __future__ import annotations

import pytest

pytest.importorskip("libcst")

from snippets import native, notes


def test_the_directory_is_made_as_before() -> None:
    before = "import keras\nm = keras.Sequential()\nm.save_weights('checkpoints/mine')\n"
    assert native(before) == (
        "import keras\nimport os\nm = keras.Sequential()\n"
        'os.makedirs("checkpoints", exist_ok=True)\n'
        "m.save_weights('checkpoints/mine.weights.h5')\n"
    )
    made = before.replace("m.save", "os.makedirs('checkpoints')\nm.save")
    assert "exist_ok" not in native("import os\n" + made)


HEAD = "import keras\nimport os\nm = keras.Sequential()\n"


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ("'d/e/w'", 'os.makedirs("d/e", exist_ok=True)\n'),
        ("f'd/{x}.ckpt'", "os.makedirs(os.path.dirname(f'd/{x}.ckpt'), exist_ok=True)\n"),
        (
            "os.path.join(d, 'w')",
            "os.makedirs(os.path.dirname(os.path.join(d, 'w')) or \".\", exist_ok=True)\n",
        ),
        ("'w'", ""),
        ("'./w'", ""),
        ("'/tmp/w'", ""),
        ("'gs://bucket/w'", ""),
    ],
)
def test_it_is_made_where_it_may_be_missing(path: str, made: str) -> None:
    done = native(f"{HEAD}m.save_weights({path})\n")
    assert done.startswith(HEAD + made + "m.save_weights(")
    assert ".weights.h5" in done


@pytest.mark.parametrize(
    "code",
    [
        # Where it would be made another time than before, or more often.
        "x = 1; m.save_weights('d/w')",
        "f = lambda: m.save_weights('d/w')",
        "[m.save_weights('d/w') for x in y]",
        "m.save_weights(make_directory() + '/w')",
        "if m.save_weights('d/w'): pass",
    ],
)
def test_it_is_left_where_it_cannot_be_made_before(code: str) -> None:
    assert native(f"{HEAD}{code}\n") == f"{HEAD}{code}\n"
    (only,) = notes(f"{HEAD}{code}\n")
    assert "does not make the directory of the file" in only


def test_another_thing_called_os_is_not_taken_for_it() -> None:
    code = HEAD.replace("import os", "os = None") + "m.save_weights('d/w')\n"
    assert native(code) == code
