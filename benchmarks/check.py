"""What `keras-ckpt check` takes for 100,000 lines of code, on one core.

The lines are those of scripts that make, save and load checkpoints in every way that the tests
know, with code around them as there is in any project. Ends with 1 if it takes over ten seconds.

    python benchmarks/check.py [--lines 100000] [--seconds 10]
"""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SITES = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "call_sites"

#: A part of a project that has nothing to do with checkpoints, about as dense as most code.
AROUND = '''

class Dataset{0}:
    """Reads examples from files."""

    def __init__(self, files, batch_size=32, shuffle=True):
        self.files = list(files)
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.index = {{name: number for number, name in enumerate(self.files)}}

    def __len__(self):
        return int(np.ceil(len(self.files) / float(self.batch_size)))

    def __getitem__(self, number):
        names = self.files[number * self.batch_size : (number + 1) * self.batch_size]
        images = np.array([self.read(name) for name in names], dtype="float32")
        labels = np.array([self.index[name] % 10 for name in names])
        return images / 255.0, labels

    def read(self, name):
        with open(os.path.join("data", name), "rb") as file:
            content = file.read()
        if not content:
            raise ValueError("{{}} is empty".format(name))
        return np.frombuffer(content, dtype="uint8").reshape(28, 28)


def evaluate{0}(model, dataset, threshold=0.5):
    correct, total = 0, 0
    for images, labels in dataset:
        predictions = model.predict(images) > threshold
        correct += int((predictions.argmax(axis=-1) == labels).sum())
        total += len(labels)
    print("accuracy: {{:.3f}}".format(correct / max(total, 1)))
    return {{"correct": correct, "total": total, "accuracy": correct / max(total, 1)}}
'''


def write(folder: str, lines: int) -> tuple[int, int]:
    """Writes so many lines of code; returns how many lines and files there are."""
    scripts = [path.read_text(encoding="utf-8") for path in sorted(SITES.glob("*.py"))]
    count = number = 0
    while count < lines:
        text = "import os\n\nimport numpy as np\n" + scripts[number % len(scripts)]
        text += "".join(AROUND.format(part) for part in range(number % 10))
        with open(os.path.join(folder, f"part{number:05d}.py"), "w", encoding="utf-8") as file:
            file.write(text)
        count += text.count("\n")
        number += 1
    return count, number


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=100000)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines, files = write(folder, arguments.lines)
        begun = time.perf_counter()
        ran = subprocess.run(
            [sys.executable, "-m", "keras_ckpt", "check", "--from", "2.4", folder],
            stdout=subprocess.PIPE,
            text=True,
            # Elsewhere than beside the package in the source, which has no keras_ckpt.compat.
            cwd=folder,
        )
        seconds = time.perf_counter() - begun
    print(ran.stdout.splitlines()[-1] if ran.stdout else "nothing was printed")
    print(
        f"{lines:,} lines in {files:,} files: {seconds:.2f} s, "
        f"{lines / seconds:,.0f} lines a second (at most {arguments.seconds:g} s)"
    )
    return 0 if ran.returncode == 1 and seconds <= arguments.seconds else 1


if __name__ == "__main__":
    sys.exit(main())
