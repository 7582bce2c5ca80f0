"""`tox.ini` has an environment for each release, with the release's own Keras in it."""

from __future__ import annotations

import configparser
import itertools
import pathlib
import re

import pytest

from keras_ckpt import compat

ROOT = pathlib.Path(__file__).resolve().parent.parent
TENSORFLOW = [f"2.{minor}" for minor in range(22)]
KERAS = [version for version in compat.VERSIONS if version.startswith("3.")] + ["3.0.4"]
ALONE = [name[len("keras ") :] for name in compat.STAND_ALONE] + ["2.0.8", "2.1.5"]
RELEASES = [
    *("tf" + name for name in TENSORFLOW),
    *("keras" + name for name in [*ALONE, *KERAS]),
    "tf_keras",
]


def read(name: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(delimiters="=", comment_prefixes="#")
    parser.read(str(ROOT / name))
    return parser


def expanded(names: str) -> list[str]:
    """The names that a generative one such as `tf2.{0,1}` stands for."""
    parts = [part.split(",") for part in re.split(r"[{}]", names)]
    return ["".join(chosen) for chosen in itertools.product(*parts)]


TOX = read("tox.ini")
SECTIONS = {
    name: TOX[section]
    for section in TOX.sections()
    if section.startswith("testenv:")
    for name in expanded(section[len("testenv:") :])
}


def lines(environment: str, option: str) -> list[str]:
    """The lines of a setting that are for this environment."""
    found = []
    for line in SECTIONS[environment].get(option, "").split("\n"):
        section = re.match(r"\{\[(.*)\](.*)\}", line)
        condition = re.match(r"([\w.{},]+): *(.*)", line)
        if section is not None:
            found += TOX[section.group(1)][section.group(2)].split()
        elif condition is None:
            found.append(line)
        elif environment in expanded(condition.group(1)):
            found.append(condition.group(2))
    return [line for line in found if line]


def pins(environment: str, package: str) -> list[str]:
    """The releases of a package that an environment has, less the operators."""
    matches = [re.match(package + "(?:==|~=)(.*)", line) for line in lines(environment, "deps")]
    return [match.group(1) for match in matches if match is not None]


def minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def test_every_release_has_an_environment() -> None:
    assert set(compat.VERSIONS) <= set(TENSORFLOW) | set(KERAS)
    assert set(compat.KERAS_OF_TENSORFLOW) <= set(TENSORFLOW)
    labelled = [name for name in SECTIONS if "matrix" in lines(name, "labels")]
    assert sorted(labelled) == sorted(RELEASES)


@pytest.mark.parametrize("name", RELEASES)
def test_an_environment_has_its_python_and_what_the_tests_need(name: str) -> None:
    (python,) = lines(name, "base_python")
    assert re.fullmatch(r"python3\.([7-9]|1\d)", python)
    needed = read("setup.cfg")["options.extras_require"]["test"].split()
    assert set(needed) <= set(lines(name, "deps"))


@pytest.mark.parametrize("version", TENSORFLOW)
def test_pins_of_tensorflow(version: str) -> None:
    (pinned,) = pins("tf" + version, "tensorflow(?:-cpu)?")
    assert minor(pinned) == version
    keras = [minor(pin) for pin in pins("tf" + version, "keras")]
    expected = compat.KERAS_OF_TENSORFLOW.get(version)
    assert keras == ([] if expected is None else [expected])


@pytest.mark.parametrize("version", ALONE)
def test_pins_of_stand_alone_keras(version: str) -> None:
    (pinned,) = pins("keras" + version, "keras")
    assert pinned == version or minor(pinned) == version
    assert compat.module_of("keras " + pinned) == compat.module_of("keras " + version)


@pytest.mark.parametrize("version", KERAS)
def test_pins_of_keras(version: str) -> None:
    (pinned,) = pins("keras" + version, "keras")
    assert pinned == version or minor(pinned) == version
    assert compat.module_of(pinned) == compat.module_of(version)


def test_pins_of_tf_keras() -> None:
    newest = list(compat.TF_KERAS)[-1]
    (pinned,) = pins("tf_keras", "tf-keras")
    assert "tf_keras " + minor(pinned) == newest
    (tensorflow,) = pins("tf_keras", "tensorflow")
    assert minor(tensorflow) == minor(pinned)
    assert "TF_USE_LEGACY_KERAS = 1" in lines("tf_keras", "set_env")


def test_the_lower_bounds_are_tested() -> None:
    required = read("setup.cfg")["options"]["install_requires"].split()
    for requirement in required:
        name, bound = requirement.split(">=")
        (pinned,) = pins("tf2.0", name)
        assert minor(pinned) == bound and pinned.endswith(".0")


def test_environments_that_pages_name_are_there() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    named = {
        name
        for page in pages
        for names in re.findall(r"\btox -e ([\w.,-]+)", page.read_text(encoding="utf-8"))
        for name in names.split(",")
    }
    # The next release, which CONTRIBUTING.md takes for its example.
    assert named - {"keras3.16"} <= {*SECTIONS, "py"}
    assert named > {"inventory", "lint", "tf2.4"}
