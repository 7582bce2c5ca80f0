"""A pytest plugin: runs tests with the `ModelCheckpoint` of one release after the other.

A test asks for it by the mark `model_checkpoint_versions`, or all tests are run so by the option
`--model-checkpoint-versions`. Other tests run as without the plugin.

Example:

    @pytest.mark.model_checkpoint_versions("2.0", "2.4", "3.15")
    def test_training():
        train(keras.callbacks.ModelCheckpoint("w.{epoch:02d}.hdf5", period=5))
"""

from __future__ import annotations

from typing import Any, Iterator

import pytest

import keras_ckpt

MARK = "model_checkpoint_versions"
FIXTURE = "model_checkpoint_version"
_OPTION = "--model-checkpoint-versions"
_ALL = "all"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("keras_ckpt", "ModelCheckpoint of every Keras release")
    group.addoption(
        _OPTION,
        metavar="VERSIONS",
        help="Run every test once for each of these releases, with keras.callbacks.ModelCheckpoint "
        "as it was there: 'all', or a list such as 2.0,2.4,3.15. Takes the place of what the mark "
        f"{MARK} says.",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARK}(*versions): run the test once for each release, with "
        "keras.callbacks.ModelCheckpoint as it was there; 'all' means every release.",
    )
    given = config.getoption(_OPTION)
    if given is not None:
        try:
            _checked(given.split(","))
        except ValueError as error:
            raise pytest.UsageError(f"{_OPTION}: {error}") from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    versions = _versions(metafunc.definition)
    if versions:
        metafunc.parametrize(FIXTURE, versions, indirect=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    runs = getattr(getattr(item, "callspec", None), "params", {})
    if item.get_closest_marker(MARK) is not None and FIXTURE not in runs:
        raise pytest.UsageError(
            f"{item.nodeid} has the mark {MARK} and cannot be run more than once: pytest gives no "
            "parameters to tests of unittest.TestCase, nor to doctests. Make it a function, or use "
            "`with keras_ckpt.emulate(version):` in it."
        )


@pytest.fixture
def model_checkpoint_version(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Runs a test with the `ModelCheckpoint` of a release in place of that of the running Keras.

    Yields:
        String, the release, such as `"2.4"`. `None` if the test runs with the class of the running
        Keras.
    """
    version = getattr(request, "param", None)
    if version is None:
        yield None
        return
    with keras_ckpt.emulate(version):
        yield version


@pytest.fixture(autouse=True)
def _model_checkpoint_first(model_checkpoint_version: str | None) -> None:
    """Sets the class before the other fixtures of a test run: autouse fixtures come first."""


def _versions(definition: Any) -> list[str]:
    """Returns the releases to run a test with, or an empty list if it asks for none."""
    given = definition.config.getoption(_OPTION)
    if given is not None:
        return _checked(given.split(","))
    mark = definition.get_closest_marker(MARK)
    if mark is None:
        return []
    try:
        if mark.kwargs or not mark.args:
            raise ValueError(
                "it takes releases by position, such as '2.4', '3.15' or 'all', and at least one"
            )
        return _checked(list(mark.args))
    except ValueError as error:
        pytest.fail(f"{definition.nodeid}: the mark {MARK}: {error}", pytrace=False)


def _checked(versions: list[Any]) -> list[str]:
    """Returns the named releases, each once.

    Raises:
        ValueError: if there is no such release.
    """
    found: list[str] = []
    for version in versions:
        name = version.strip() if isinstance(version, str) else version
        every = keras_ckpt.compat.VERSIONS if name == _ALL else [name]
        for each in every:
            keras_ckpt.compat.module_of(each)
        found += [each for each in every if each not in found]
    return found
