"""`python -m keras_ckpt run`: a script does what it does without it.

Each of `scripts/` is run by Python and by us; what it prints, and how it ends, must be the same.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import zipfile

import pytest

pytestmark = pytest.mark.slow

SCRIPTS = pathlib.Path(__file__).resolve().parents[1] / "data" / "scripts"
IS_WINDOWS = os.name == "nt"


def environment(**more: str) -> dict[str, str]:
    # For the tests are run with this, which a user seldom sets.
    # Others would be found as options in `sys.orig_argv`.
    unset = ("PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    found = {name: value for name, value in os.environ.items() if name not in unset}
    return dict(found, PYTHONHASHSEED="0", **more)


def ran(
    cwd: pathlib.Path,
    *arguments: str,
    by_us: bool,
    python: tuple[str, ...] = (),
    stdin: str = "",
    **variables: str,
) -> tuple[int, str, str]:
    """Returns the exit code of a script, what it has printed and what it has said of errors."""
    run = ["-m", "keras_ckpt", "run"] if by_us else []
    process = subprocess.run(
        [sys.executable, *python, *run, *arguments],
        cwd=str(cwd),
        env=environment(**variables),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return process.returncode, process.stdout, process.stderr


@pytest.fixture
def scripts(tmp_path: pathlib.Path) -> pathlib.Path:
    """A copy of the scripts: nothing is written beside them, and no package of ours is there."""
    copy = tmp_path / "scripts"
    shutil.copytree(str(SCRIPTS), str(copy), ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "syntax_error.py.txt").rename(copy / "syntax_error.py")
    (copy / "empty").mkdir()
    with zipfile.ZipFile(str(copy / "archive.pyz"), "w") as archive:
        archive.writestr("__main__.py", "import sys; print('zipped', sys.argv)")
    return copy


SAME = [
    ("looks_around.py",),
    ("looks_around.py", "--as", "2.4", "-h", "--help", "-m", ""),
    ("./looks_around.py",),
    (os.path.join("package", "..", "looks_around.py"),),
    ("fails.py",),
    ("syntax_error.py",),
    ("ends.py", "exit", "0"),
    ("ends.py", "exit", "3"),
    ("ends.py", "exit", "300"),
    ("ends.py", "text"),
    ("ends.py", "none"),
    ("ends.py", "at once"),
    ("ends.py", "thread"),
    ("ends.py", "pipe"),
    ("processes.py",),
    ("reads.py", "a"),
    ("package", "x"),
    ("archive.pyz", "x"),
    ("absent.py",),
    ("empty",),
    ("-m", "package", "x", "--help"),
    ("-mpackage", "x"),
    ("-m", "looks_around", "-m"),
    ("-m", "package.absent"),
    ("-m", "fails"),
    ("-c", "import sys; print(sys.argv, __name__); sys.exit(6)", "x", "-c"),
]


@pytest.mark.parametrize("arguments", SAME, ids=" ".join)
def test_as_with_python(scripts: pathlib.Path, arguments: tuple[str, ...]) -> None:
    lines = "first\nsecond\n"
    expected = ran(scripts, *arguments, by_us=False, stdin=lines)
    assert ran(scripts, *arguments, by_us=True, stdin=lines) == expected


@pytest.mark.skipif(IS_WINDOWS, reason="signals end no process of Windows")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL", "SIGABRT", "SIGUSR1"])
def test_ends_by_its_signal(scripts: pathlib.Path, name: str) -> None:
    arguments = ("ends.py", "signal", name)
    expected = ran(scripts, *arguments, by_us=False)
    assert expected[0] == -getattr(signal, name)
    assert ran(scripts, *arguments, by_us=True) == expected


@pytest.mark.skipif(IS_WINDOWS, reason="signals end no process of Windows")
def test_is_the_process_that_was_started(scripts: pathlib.Path) -> None:
    """A signal sent to what was started reaches the script: there is no process between."""
    process = subprocess.Popen(
        [sys.executable, "-m", "keras_ckpt", "run", "ends.py", "wait"],
        cwd=str(scripts),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ends by wait\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert errors.rstrip().endswith(b"KeyboardInterrupt") and b"keras_ckpt" not in errors


def test_program_on_standard_input(scripts: pathlib.Path) -> None:
    program = "import sys\nprint(sys.argv, __name__)\nraise ValueError(1)\n"
    expected = ran(scripts, "-", "x", by_us=False, stdin=program)
    assert ran(scripts, "-", "x", by_us=True, stdin=program) == expected
    assert expected[0] == 1


@pytest.mark.parametrize(
    "python",
    [("-W", "error", "-X", "dev"), ("-O", "-B", "-s"), ("-u",), ("-X", "utf8", "-bb", "-q")],
    ids=" ".join,
)
def test_options_of_python(scripts: pathlib.Path, python: tuple[str, ...]) -> None:
    expected, found = (
        ran(scripts, "looks_around.py", by_us=by_us, python=python) for by_us in (False, True)
    )
    # At the end is `sys.orig_argv`, in which the options have another order.
    assert found[1].splitlines()[:-1] == expected[1].splitlines()[:-1]
    assert found[0] == expected[0] == 0
    assert found[2] == expected[2]


def test_safe_path_stays(scripts: pathlib.Path) -> None:
    for by_us in (False, True):
        code, _, errors = ran(scripts, "-m", "package", by_us=by_us, PYTHONSAFEPATH="1")
        assert (code == 1 and "No module named package" in errors) == (sys.version_info >= (3, 11))


def test_users_own_path_and_sitecustomize(scripts: pathlib.Path, tmp_path: pathlib.Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import sys, beside\nx = sys.path\n")
    (own / "beside.py").write_text("")
    script = scripts / "asks.py"
    script.write_text(
        "import sys, sitecustomize as s\n"
        "print(s.x, sys.path, s.__file__, 'beside' in sys.modules)\n"
    )
    expected = ran(scripts, "asks.py", by_us=False, PYTHONPATH=str(own))
    assert expected[0] == 0 and str(own) in expected[1] and expected[1].endswith("True\n")
    assert ran(scripts, "asks.py", by_us=True, PYTHONPATH=str(own)) == expected


def test_installs_first_and_imports_no_keras(scripts: pathlib.Path) -> None:
    script = scripts / "asks.py"
    script.write_text(
        textwrap.dedent(
            """
            import sys
            from keras_ckpt.installation import patch

            print([name for name in ("keras", "tensorflow", "tf_keras") if name in sys.modules])
            print(patch._current.wanted.release)
            """
        )
    )
    assert ran(scripts, "asks.py", by_us=True)[:2] == (0, "[]\nNone\n")
    for arguments in (("--as", "2.4"), ("--as=tensorflow==2.4.1",)):
        assert ran(scripts, *arguments, "asks.py", by_us=True)[:2] == (0, "[]\ntf2_4\n")


def test_what_cannot_be_run(scripts: pathlib.Path) -> None:
    for arguments, told in (
        ((), "There is no script to run."),
        (("--as",), "--as needs a version."),
        (("--as", "2.4"), "There is no script to run."),
        (("--as", "9.9", "looks_around.py"), "There is no ModelCheckpoint of version '9.9'."),
        (("-O", "looks_around.py"), "-O is no option of `run`."),
    ):
        code, output, errors = ran(scripts, *arguments, by_us=True)
        assert (code, output) == (2, "") and told in errors, errors
        assert "Traceback" not in errors
    for option in ("-I", "-E"):
        code, _, errors = ran(scripts, "looks_around.py", by_us=True, python=(option,))
        assert code == 2 and f"started with {option}" in errors


def test_help_and_the_other_name(scripts: pathlib.Path) -> None:
    code, output, _ = ran(scripts, "--help", by_us=True)
    assert code == 0
    assert output.startswith("Usage: keras-ckpt run [--as VERSION] [--report FILE] (SCRIPT | ")
    command = pathlib.Path(sys.executable).with_name("keras-ckpt")
    if not command.exists():
        pytest.skip("the command is not installed beside this Python")
    found = subprocess.run(
        [str(command), "run", "--as", "2.4", "ends.py", "text", "--help"],
        cwd=str(scripts),
        capture_output=True,
        text=True,
    )
    assert (found.returncode, found.stdout) == (1, "ends by text --help\n")
    assert found.stderr == "a text of its own\n"
