"""The pytest plugin, as one who tests a project of his own with it sees it.

It is there because the package is installed: no test names it.
"""

from __future__ import annotations

import textwrap

import pytest

from keras_ckpt import compat

pytest_plugins = ("pytester",)


@pytest.fixture
def run(pytester, monkeypatch):
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False)

    def run(content, *arguments, **files):
        every = {"test_it": content, **files}
        pytester.makepyfile(**{name: textwrap.dedent(text) for name, text in every.items()})
        return pytester.runpytest_subprocess("-v", "-p", "no:cacheprovider", *arguments)

    return run


def passed(result):
    """The names of the tests that passed, with what they were run for."""
    return [line.split()[0].partition("::")[2] for line in result.outlines if " PASSED" in line]


PROJECT = """
    import keras_ckpt.runtime
    keras = keras_ckpt.runtime.keras()
    Checkpoint = keras.callbacks.ModelCheckpoint
"""
TESTS = """
    import pytest
    import keras_ckpt.runtime
    import project
    from project import keras

    native = keras.callbacks.ModelCheckpoint
    ModelCheckpoint = keras.callbacks.ModelCheckpoint

    @pytest.mark.model_checkpoint_versions("2.0", "2.4", "3.15")
    def test_which(model_checkpoint_version):
        cls = keras.callbacks.ModelCheckpoint
        assert cls is keras_ckpt.compat.for_version(model_checkpoint_version)
        # Where it has been imported before, too.
        assert ModelCheckpoint is project.Checkpoint is cls

    @pytest.mark.model_checkpoint_versions("2.15", "3.0")
    def test_they_differ(tmp_path):
        keras.callbacks.ModelCheckpoint(str(tmp_path / "a.keras"), period=5)

    @pytest.fixture(params=["a", "b"])
    def checkpoint(request, tmp_path):
        return keras.callbacks.ModelCheckpoint(str(tmp_path / request.param), period=2)

    @pytest.mark.model_checkpoint_versions("2.0", "2.15")
    class TestMany:
        @pytest.mark.parametrize("number", [1, 2])
        def test_fixtures_and_parameters(self, checkpoint, number, model_checkpoint_version):
            expected = keras_ckpt.compat.for_version(model_checkpoint_version)
            assert type(checkpoint) is expected and checkpoint.period == 2

    def test_native():
        assert keras.callbacks.ModelCheckpoint is ModelCheckpoint is project.Checkpoint is native
        assert not native.__module__.startswith("keras_ckpt")

    def test_without_a_release(model_checkpoint_version):
        assert model_checkpoint_version is None
        assert keras.callbacks.ModelCheckpoint is native
"""


def test_the_mark(run):
    result = run(TESTS, "--strict-markers", project=PROJECT)
    result.assert_outcomes(passed=14, failed=1)
    assert [name for name in passed(result) if "which" in name] == [
        "test_which[2.0]",
        "test_which[2.4]",
        "test_which[3.15]",
    ]
    result.stdout.fnmatch_lines(["*test_they_differ[[]2.15] PASSED*", "*differ[[]3.0] FAILED*"])
    result.stdout.fnmatch_lines(["*unexpected keyword argument 'period'*"])
    assert {"test_native", "test_without_a_release"} <= set(passed(result))


@pytest.mark.slow
def test_the_option_runs_every_test_with_every_release(run):
    result = run(
        """
        import project

        def test_unmarked():
            assert project.keras.callbacks.ModelCheckpoint is project.Checkpoint
            assert project.Checkpoint.__module__.startswith("keras_ckpt.compat")
        """,
        "--model-checkpoint-versions=all",
        project=PROJECT,
    )
    assert passed(result) == [f"test_unmarked[{version}]" for version in compat.VERSIONS]


@pytest.mark.slow
def test_with_xdist_the_option_takes_the_place_of_the_mark(run):
    arguments = ("-n", "2", "--model-checkpoint-versions", "2.13, 3.0", "-k", "which")
    run(TESTS, *arguments, project=PROJECT).assert_outcomes(passed=2)


MARKED = """
    import pytest

    @pytest.mark.model_checkpoint_versions%s
    def test_it():
        pass
"""
OLD = """
    import unittest
    import pytest

    class TestOld(unittest.TestCase):
        @pytest.mark.model_checkpoint_versions("2.4")
        def test_it(self):
            pass
"""


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (MARKED % '("2.99")', (), "There is no ModelCheckpoint of version '2.99'"),
        (MARKED % "(2.4)", (), "There is no ModelCheckpoint of version 2.4"),
        (MARKED % "()", (), "takes releases by position"),
        (MARKED % '(version="2.4")', (), "takes releases by position"),
        (OLD, (), "unittest.TestCase"),
        ("", ("--model-checkpoint-versions=2.4,x",), "--model-checkpoint-versions: There is no"),
    ],
)
def test_what_cannot_be_run_is_an_error(run, content, arguments, message):
    result = run(content, *arguments)
    assert result.ret not in (0, pytest.ExitCode.TESTS_FAILED)
    assert message in result.stdout.str() + result.stderr.str()
    # In a line or two, without the inner life of pytest.
    said = result.stdout.str() + result.stderr.str()
    assert "INTERNALERROR" not in said and "Traceback" not in said and "_hooks.py" not in said


def test_inert_until_used(run):
    result = run(
        """
        import sys

        def test_nothing_is_loaded():
            assert "keras_ckpt.pytest_plugin" in sys.modules
            loaded = {"keras", "tensorflow", "keras_ckpt.runtime", "keras_ckpt.compat"}
            assert not loaded & set(sys.modules)
        """
    )
    result.assert_outcomes(passed=1)
