"""How far old releases come with files of Keras 3.

``PYTHONPATH=tests/tools python tests/tools/formats/elsewhere.py`` asks those that tox has
environments of, and writes ``elsewhere.json``.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import tempfile
from typing import Any

import oracle

HERE = pathlib.Path(__file__).resolve().parent
TOLD = HERE.parents[1] / "data" / "elsewhere.json"
RELEASES = [f"2.{minor}" for minor in range(16)] + ["tf_keras"]


def told() -> dict[str, Any]:
    """What is known, by release, model and format."""
    found: dict[str, Any] = json.loads(TOLD.read_text(encoding="utf-8"))
    return found


def ask(release: str, directory: str) -> dict[str, Any]:
    """How far a release comes with the files of `write_ours.py` in a directory."""
    done = subprocess.run(
        [str(oracle.python_of(release)), str(HERE / "read_ours.py"), directory],
        capture_output=True,
        env=oracle.variables_of(release),
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode("utf-8", "replace")[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.decode("utf-8").splitlines()[-1])
    return found


def main() -> None:
    import write_ours

    with tempfile.TemporaryDirectory() as directory:
        write_ours.main(directory)
        found = {
            release: ask(release, directory)
            for release in RELEASES
            if oracle.python_of(release).exists()
        }
    known = told() if TOLD.exists() else {}
    text = json.dumps(dict(known, **found), indent=1, sort_keys=True)
    TOLD.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
