"""What the real class of a release does, asked of a live process in the release's environment.

As a script it is that process: `python oracle.py` answers each line of its input, a scenario and
a directory, with a line, the trace.  Nothing of keras_ckpt is imported there.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import recorder

#: Where tox has its environments.
TOOLS = pathlib.Path(__file__).resolve().parent
HOME = pathlib.Path(
    os.environ.get(
        "KERAS_CKPT_ENVIRONMENTS", str(pathlib.Path(__file__).resolve().parents[2] / ".tox")
    )
)


def environment_of(release: str) -> str:
    """The name of the tox environment in which the class of a release is the running one."""
    if release == "tf_keras" or release.startswith("keras "):
        return release.replace(" ", "")
    return ("tf" if release.startswith("2.") else "keras") + release


def python_of(release: str) -> pathlib.Path:
    """The Python of that environment, there or not."""
    return HOME / environment_of(release) / "bin" / "python"


def variables_of(release: str) -> dict[str, str]:
    """The environment variables for a script of this directory that runs there."""
    return dict(
        os.environ,
        PYTHONPATH=os.pathsep.join(map(str, (TOOLS, TOOLS / "formats"))),
        PYTHONSAFEPATH="",  # A script finds what is beside it.
        KERAS_BACKEND="tensorflow",
        TF_USE_LEGACY_KERAS="1" if release == "tf_keras" else "",
        TF_CPP_MIN_LOG_LEVEL="3",
        CUDA_VISIBLE_DEVICES="-1",
    )


class Oracle:
    """A live process with the real class of a release.

    Args:
        release: string, as recordings are named.

    Raises:
        OSError: if the environment is not there.
    """

    def __init__(self, release: str) -> None:
        self._process = subprocess.Popen(
            [str(python_of(release)), str(pathlib.Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=variables_of(release),
            universal_newlines=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Oracle:
        #: What runs there: the name that recordings have, and the numbers of the version.
        self.release, self.version = self._answer()
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.stdout.close()  # type: ignore[union-attr]
        self._process.wait(60)

    def record(self, scenario: Any, directory: Any) -> Any:
        """The trace of the real class in a scenario."""
        self._process.stdin.write(  # type: ignore[union-attr]
            json.dumps([scenario, str(directory)]) + "\n"
        )
        self._process.stdin.flush()  # type: ignore[union-attr]
        return self._answer()

    def _answer(self) -> Any:
        line = self._process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            raise EOFError(f"the oracle ended with {self._process.wait(60)}")
        return json.loads(line)


def main() -> None:
    # What Keras and TensorFlow print goes elsewhere.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    current = recorder.running()
    print(json.dumps([current.name, current.version]), file=answers, flush=True)
    for line in sys.stdin:
        scenario, directory = json.loads(line)
        trace = recorder.record(current.model_checkpoint, scenario, directory)
        print(json.dumps(trace), file=answers, flush=True)


if __name__ == "__main__":
    main()
