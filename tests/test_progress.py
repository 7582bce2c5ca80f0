"""The bar: on a terminal, after a second, for whoever asked for it, and nowhere else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from typing import Any

import pytest

from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 writes", allow_module_level=True)

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals")

# What the child processes do first: bars come at once, and writing takes long enough to be seen.
_BEFORE = """
import os, sys, time
import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.formats import api
from keras_ckpt import progress
progress._SECONDS, progress._EVERY = 0, 0.01
keras = runtime.keras()
model = keras.Sequential([keras.Input((500,))] + [keras.layers.Dense(500) for _ in range(12)])
api.write(model, 'cp', True)
api.write(model, 'w.h5', True)
own = keras.layers.Dense.save_own_variables
def slow(*args):
    time.sleep(0.05)
    own(*args)
keras.layers.Dense.save_own_variables = slow

def section(name):
    sys.stderr.write('<%s>' % name)
    sys.stderr.flush()

load, save = keras_ckpt.load_weights, keras_ckpt.save_weights
ACTIONS = {
    'load_weights, TF checkpoint': lambda verbose: load(model, 'cp', verbose=verbose),
    'load_weights, HDF5': lambda verbose: load(model, 'w.h5', verbose=verbose),
    'save_weights': lambda verbose: save(model, 'a.weights.h5', verbose=verbose),
    'save_model': lambda verbose: keras_ckpt.save_model(model, 'a.keras', verbose=verbose),
}

def every(name, verbose=1):
    section(name)
    for act in ACTIONS.values():
        act(verbose)
    section('end')
"""
_IN_A_PIPE = "every('pipe')"
_ON_A_TERMINAL = """
for name, act in ACTIONS.items():
    section(name)
    act(1)
section('failing')
with progress.shown(1):
    try:
        with progress.bar(100, 'Saving') as advance:
            advance(50)
            time.sleep(0.3)
            raise OSError('the disk is full')
    except OSError:
        section('failed')
every('verbose=0', 0)
section('callback')
api.write(model, 'b.keras', False)
api.write(model, 'b.weights.h5', True)
api.write(model, 'b', True)
progress._SECONDS = 3600
every('quick work')
progress._SECONDS = 0
os.environ['TERM'] = 'dumb'
every('a terminal that cannot draw')
os.environ['TERM'] = 'xterm'
sys.modules['rich'] = None
every('without rich')
"""


def child(code: str, stderr: Any, **environment: str) -> int:
    """Runs code in a process with that standard error."""
    variables = {"TERM": "xterm", "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryDirectory() as directory:
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _BEFORE + code],
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            stdin=subprocess.DEVNULL,
            cwd=directory,
            env=dict(os.environ, **dict(variables, **environment)),
        ).returncode


def sections(shown: bytes) -> dict[str, str]:
    """What was shown after each name."""
    parts = re.split(r"<([^<>]+)>", shown.decode("utf-8", "replace"))
    return dict(zip(parts[1::2], parts[2::2]))


@pytest.fixture(scope="module")
def terminal() -> dict[str, str]:
    ours, its = pty.openpty()
    # A terminal holds but so much until somebody reads it.
    reader = subprocess.Popen(
        ["cat"], stdin=ours, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, close_fds=True
    )
    os.close(ours)
    ended = child(_ON_A_TERMINAL, its)
    os.close(its)
    assert reader.stdout is not None
    shown = reader.stdout.read()
    reader.stdout.close()
    reader.wait(60)
    assert ended == 0, shown.decode("utf-8", "replace")[-3000:]
    return sections(shown)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "word"),
    [
        ("load_weights, TF checkpoint", "Loading"),
        ("load_weights, HDF5", "Loading"),
        ("save_weights", "Saving"),
        ("save_model", "Saving"),
    ],
)
def test_a_bar_on_a_terminal(terminal: dict[str, str], action: str, word: str) -> None:
    pytest.importorskip("rich")
    assert word in terminal[action]
    assert "MiB" in terminal[action]


@pytest.mark.slow
@pytest.mark.parametrize(
    "where",
    ["verbose=0", "callback", "quick work", "a terminal that cannot draw", "without rich"],
)
def test_no_bar_where_none_is_wanted(terminal: dict[str, str], where: str) -> None:
    assert terminal[where] == ""


@pytest.mark.slow
def test_the_bar_is_gone_when_the_work_fails(terminal: dict[str, str]) -> None:
    pytest.importorskip("rich")
    drawn = terminal["failing"]
    assert "Saving" in drawn and terminal["failed"] == ""
    # The line is erased, and the cursor is there again.
    assert "\x1b[2K" in drawn and drawn.rindex("\x1b[?25h") > drawn.rindex("\x1b[?25l")


@pytest.mark.slow
def test_nothing_in_a_pipe() -> None:
    with tempfile.TemporaryFile() as target:
        # Both are what services set that show to people what goes to a file.
        ended = child(_IN_A_PIPE, target, FORCE_COLOR="1", TTY_COMPATIBLE="1")
        target.seek(0)
        shown = target.read()
    assert ended == 0, shown.decode("utf-8", "replace")
    assert sections(shown) == {"pipe": "", "end": ""}
