"""KC701 and KC702: what only a run shows. Their examples are run, before and after."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

from keras_ckpt import runtime
from keras_ckpt.migrate.rules.definition import rules

pytestmark = pytest.mark.skipif(not runtime.is_keras_3(), reason="it is about Keras 3")

#: The text of a model that the examples read.
TEXT = """
text = '''{"class_name": "Sequential", "keras_version": "2.4.0", "backend": "tensorflow",
"config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "dense", "units": 2,
"batch_input_shape": [null, 3], "dtype": "float32"}}]}}'''
"""


@pytest.mark.slow
@pytest.mark.parametrize("code", [rule.code for rule in rules().values() if rule.needs_run])
def test_the_example_is_reported_by_a_run_and_then_not(code: str, tmp_path: pathlib.Path) -> None:
    rule = rules()[code]
    for text, expected in ((rule.before, [code]), (rule.after, [])):
        (tmp_path / "example.py").write_text(TEXT + text)
        ran = subprocess.run(
            [sys.executable, "-m", "keras_ckpt", "run", "--report", "r.json", "example.py"],
            cwd=str(tmp_path),
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        found = json.loads((tmp_path / "r.json").read_text())
        assert [each["code"] for each in found] == expected
