"""What README.md, CONTRIBUTING.md and the docstrings say, is run."""

from __future__ import annotations

import configparser
import datetime
import doctest
import importlib.util
import inspect
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import types
import warnings
from typing import Any

import documents
import picture
import pytest

import keras_ckpt
from keras_ckpt import compat, runtime

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIG = configparser.ConfigParser()
CONFIG.read(str(ROOT / "setup.cfg"))
EXTRAS = set(CONFIG["options.extras_require"])


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def small_model() -> Any:
    keras = runtime.keras()
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    model.compile("sgd", "mse")
    return model


def is_installed(module: str) -> bool:
    package = module.partition(".")[0]
    return all(importlib.util.find_spec(name) is not None for name in (package, module))


def has_graphs() -> bool:
    """Whether TensorFlow is there, and Keras gives it a graph of a model."""
    return runtime.has_tensorflow() and runtime.backend() != "torch"


def old_files(model: Any) -> None:
    """Writes what the pages say is there already."""
    keras_ckpt.formats.api.write(model, "training_1/cp.ckpt", weights_only=True)
    keras_ckpt.formats.api.write(model, "model.h5", weights_only=False)
    keras_ckpt.formats.api.write(model, "old/cp-0010.ckpt", weights_only=True)
    keras_ckpt.formats.api.write(model, "old/weights.h5", weights_only=True)
    keras_ckpt.formats.api.write(model, "old/model.h5", weights_only=False)
    other = runtime.keras().Sequential([runtime.keras().Input((3,))])
    for units in (2, 1):
        other.add(runtime.keras().layers.Dense(units))
    keras_ckpt.formats.api.write(other, "old/other_model.h5", weights_only=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s).*no graph to serve it from")
        keras_ckpt.formats.api.write(model, "old/saved_model", weights_only=False)


@pytest.fixture
def place(tmp_path: pathlib.Path, monkeypatch: Any) -> dict[str, Any]:
    """A working directory, and the names that the code of the pages has not made itself."""
    if not runtime.is_keras_3():
        pytest.skip("shows what Keras 3 does with it")
    import numpy as np

    monkeypatch.chdir(tmp_path)
    x, y = np.zeros((20, 3)), np.ones((20, 1))
    return {
        "model": small_model(),
        "x": x,
        "y": y,
        "keras": runtime.keras(),
        "keras_ckpt": keras_ckpt,
        "pytest": pytest,
    }


EVERY_FIFTH = ["weights.05-", "weights.10-", "weights.15-", "weights.20-"]


def begins(directory: pathlib.Path) -> list[str]:
    return sorted(path.name[:11] for path in directory.glob("weights*"))


def test_the_readme_shows_what_fails_before_and_runs_after(
    place: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    (diff,) = documents.blocks(README, "diff")
    before, after = (
        "\n".join(line[1:] for line in diff.splitlines() if line[:1] != removed) for removed in "+-"
    )
    exec(after, place)
    assert begins(tmp_path) == EVERY_FIFTH
    if runtime.has_tensorflow():
        with pytest.raises(TypeError, match="period"):
            exec(before, place)


def test_the_code_of_start_runs(place: dict[str, Any], tmp_path: pathlib.Path) -> None:
    training, installed = documents.blocks(text_of("docs/start.md"), "python")
    exec(training, place)
    assert begins(tmp_path) == EVERY_FIFTH
    exec(installed, place)
    assert {"cp", "old_style.hdf5"} <= {path.name for path in tmp_path.glob("*")}
    assert place["checkpoint"].period == 2


def test_the_code_of_versions_runs(place: dict[str, Any], tmp_path: pathlib.Path) -> None:
    versions, emulated, plugin = documents.blocks(text_of("docs/versions.md"), "python")
    exec(versions, place)
    exec(emulated, place)
    assert place["checkpoint"].period == 2
    exec(plugin, place)
    place["test_training"](tmp_path, "2.4")


def test_the_code_of_files_runs(
    place: dict[str, Any], tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = place["model"]
    old_files(model)
    (all_of_them, sharded, steps, tensors, for_old, background, *reading) = documents.blocks(
        text_of("docs/files.md"), "python"
    )
    (old, part, in_part, described, served, errors) = reading
    exec(all_of_them, place)
    assert place["model"] is not model
    exec(sharded, place)
    for library, block in (("safetensors", tensors), ("orbax.checkpoint", steps)):
        if is_installed(library) and hasattr(runtime.keras().callbacks, "OrbaxCheckpoint"):
            exec(block, place)
    exec(for_old, place)
    formats = [
        place["keras_ckpt"].inspect("for_tf2/" + name).format
        for name in ("cp", "weights.h5", "model.h5")
    ]
    assert formats == [
        "TensorFlow checkpoint",
        "HDF5 file of weights in the layout of Keras 2",
        "HDF5 file of a whole model",
    ]
    before = place["model"].get_weights()[1]
    exec(background, place)
    assert place["taken"].can_be_in_background
    assert place["keras_ckpt"].load_model("background.keras").get_weights()[1] == before
    assert place["model"].get_weights()[1] != before
    exec(old, place)
    assert place["model"].compiled
    import models

    models.of_several("gan/ckpt-7", {"generator": place["model"], "discriminator": model})
    for block in (part, in_part, described):
        exec(block, place)
    exec(errors, place)
    assert "Not in the file:" in capsys.readouterr().out
    if not has_graphs():
        return
    exec(served, place)
    assert place["predictions"].shape == (20, 1)


def commands(page: str) -> list[list[str]]:
    """The commands of a page, each after a `$ `."""
    lines = "".join(documents.blocks(text_of(page), "console")).splitlines()
    assert all(line.startswith("$ ") for line in lines)
    return [shlex.split(line[2:]) for line in lines]


def play(commands: list[list[str]]) -> None:
    """Runs commands of `keras-ckpt`, and sees that each ends as linters and formatters do."""
    testing = pytest.importorskip("click.testing")
    pytest.importorskip("rich")
    if sys.version_info < (3, 9):
        pytest.skip("some of the commands need Python 3.9")
    from keras_ckpt.cli import main

    for program, *arguments in commands:
        assert program == "keras-ckpt"
        result = testing.CliRunner().invoke(main, arguments)
        # With findings, and with changes that are not written; those of a baseline are known.
        fails = arguments[0] in ("check", "fix") and "--baseline" not in arguments
        assert result.exit_code == fails, result.output


def test_the_commands_of_start_run(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old_project").mkdir()
    (tmp_path / "old_project" / "train.py").write_text(
        "from tensorflow.keras.callbacks import ModelCheckpoint\n"
        "checkpoint = ModelCheckpoint('w.{epoch}.hdf5', period=5)\n"
        "best = ModelCheckpoint('best.hdf5', save_best_only=True)\n"
    )
    run, report, *others = commands("docs/start.md")
    assert run == RUN and report == [*RUN[:4], "--report", "report.md", *RUN[4:]]
    assert len(others) == 10
    play(others)


@pytest.mark.slow
def test_the_report_of_start_is_written(tmp_path: pathlib.Path) -> None:
    if not runtime.is_keras_3():
        pytest.skip("the report is about Keras 3")
    (tmp_path / "train.py").write_text(
        "import keras\nkeras.callbacks.ModelCheckpoint('w.keras', period=5)\n"
    )
    python, *arguments = commands("docs/start.md")[1]
    assert python == "python"
    subprocess.run([sys.executable, *arguments], cwd=str(tmp_path), check=True)
    assert "| 2 | KC101 period |" in (tmp_path / "report.md").read_text()


def test_the_commands_of_files_run(
    place: dict[str, Any], tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    old_files(place["model"])
    (tmp_path / "my_models.py").write_text(
        "import keras\n"
        "def build():\n"
        "    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "my_models", raising=False)
    keras_ckpt.save_model(place["model"], "old_models/first.h5", verbose=0)
    named = commands("docs/files.md")
    assert len(named) == 7
    play(named)
    assert (tmp_path / "new_models" / "first.keras").exists()
    assert {"model.keras", "new.weights.h5", "new.keras"} <= {
        path.name for path in tmp_path.glob("*")
    }


def test_reliability_is_as_it_says(place: dict[str, Any], tmp_path: pathlib.Path) -> None:
    old_files(place["model"])
    (code,) = documents.blocks((ROOT / "docs" / "reliability.md").read_text("utf-8"), "python")
    exec(code, place)
    place["model"].fit(
        place["x"], place["y"], validation_split=0.2, verbose=0, callbacks=[place["checkpoint"]]
    )
    assert (tmp_path / "best.keras").exists()
    named = commands("docs/reliability.md")
    assert len(named) == 1
    play(named)


def test_runs_survive_as_the_page_says(
    place: dict[str, Any], tmp_path: pathlib.Path, capsys: Any
) -> None:
    if not runtime.is_keras_3():
        pytest.skip("records are of Keras 3")
    page = "docs/surviving.md"
    place.update(
        datetime=datetime, keras_ckpt=keras_ckpt, ModelCheckpoint=keras_ckpt.ModelCheckpoint
    )
    one, kept, often, meanwhile, warned, look = documents.blocks(text_of(page), "python")
    for block, epoch in ((one, 4), (kept, 6)):
        exec(block, place)
        assert (tmp_path / f"run/{epoch:03d}.keras").exists()
        assert place["checkpoint"].checkpoints[-1].epoch == epoch
    assert (tmp_path / "run/last.keras").resolve().name == "006.keras"
    assert not (tmp_path / "run/001.keras").exists()
    exec(often, place)
    assert not (tmp_path / "run/007.keras").exists()
    exec(meanwhile, place)
    assert "run/008.keras 8 {" in capsys.readouterr().out
    exec(warned, place)
    assert (tmp_path / "run/009.keras").exists()
    capsys.readouterr()
    exec(look, place)
    assert ".keras" in capsys.readouterr().out
    play(commands(page))
    assert (tmp_path / "run.html").exists()
    (job,) = documents.blocks(text_of(page), "sh")
    if shutil.which("bash"):
        subprocess.run(["bash", "-n", "-c", job], check=True)
    yaml = pytest.importorskip("yaml")
    (described,) = documents.blocks(text_of(page), "yaml")
    assert yaml.safe_load(described)["spec"]["template"]["spec"]["containers"]


def test_checkpoints_are_anywhere_as_the_page_says(place: dict[str, Any], capsys: Any) -> None:
    if not runtime.is_keras_3():
        pytest.skip("records are of Keras 3")
    memory = pytest.importorskip("fsspec").filesystem("memory")
    place.update(keras_ckpt=keras_ckpt, ModelCheckpoint=keras_ckpt.ModelCheckpoint)
    (code,) = documents.blocks(text_of("docs/places.md"), "python")
    try:
        exec(code, place)
        assert capsys.readouterr().out.endswith("memory://run/003.keras\n")
        assert [each.epoch for each in place["checkpoint"].checkpoints] == [2, 3]
    finally:
        memory.store.clear()


#: The command of the pages that runs a script.
RUN = ["python", "-m", "keras_ckpt", "run", "train.py"]


@pytest.mark.slow
def test_a_script_runs_as_the_pages_say(place: dict[str, Any], tmp_path: pathlib.Path) -> None:
    (as_newest,), (as_2_4,) = commands("README.md"), commands("docs/versions.md")
    assert as_newest == RUN and as_2_4 == [*RUN[:-1], "--as", "2.4", RUN[-1]]
    (tmp_path / "train.py").write_text(
        "import keras\n"
        "callback = keras.callbacks.ModelCheckpoint('w.{epoch}.hdf5', period=5)\n"
        "print(type(callback).__module__)\n"
    )
    printed = [documents.output_of(command, tmp_path) for command in (as_newest, as_2_4)]
    assert printed[0] == "keras_ckpt.model_checkpoint\n"
    assert printed[1] != printed[0] and "Error" not in printed[1]


def test_the_picture_shows_what_check_prints(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("click")
    pytest.importorskip("rich")
    if sys.version_info < (3, 9):
        pytest.skip("reads code")
    output = picture.printed(tmp_path)
    assert output.count(" KC") == 3
    shown = picture.text_of(text_of("docs/check.svg"))
    assert shown.split() == ["$", "keras-ckpt", "check", picture.NAME, *output.split()], (
        "run `python tests/tools/picture.py docs/check.svg`"
    )


#: The tests that run the blocks of each page, by their language.
RUN_BY = {
    ("README.md", "diff"): "test_the_readme_shows_what_fails_before_and_runs_after",
    ("README.md", "console"): "test_a_script_runs_as_the_pages_say",
    # And .ci/run, to the word.
    ("README.md", "sh"): "test_the_first_command_runs_an_example",
    ("CONTRIBUTING.md", "python"): "test_a_release_is_added_as_contributing_says",
    ("CONTRIBUTING.md", "sh"): "test_the_scripts_that_are_named_are_there",
    ("docs/start.md", "sh"): "test_what_pip_installs_is_there",
    ("docs/start.md", "python"): "test_the_code_of_start_runs",
    ("docs/start.md", "console"): "test_the_commands_of_start_run",
    ("docs/start.md", "yaml"): "test_the_hooks_are_those_that_a_repository_can_name",
    ("docs/files.md", "python"): "test_the_code_of_files_runs",
    ("docs/files.md", "console"): "test_the_commands_of_files_run",
    ("docs/versions.md", "python"): "test_the_code_of_versions_runs",
    ("docs/versions.md", "console"): "test_a_script_runs_as_the_pages_say",
    ("docs/migrating.md", "python"): "test_migrating.py",
    ("docs/migrating.md", "console"): "test_migrating.py",
    ("docs/migrating.md", "sh"): "test_what_pip_installs_is_there",
    ("docs/r.md", "r"): "test_r.py",
    # Those of what only a run shows by test_kc701_refused.py, beside it.
    ("docs/rules/*.md", "python"): "migrate/rules/test_definition.py",
    ("examples/README.md", "sh"): "test_the_scripts_that_are_named_are_there",
    ("RELEASING.md", "sh"): "test_the_scripts_that_are_named_are_there",
    ("docs/inventory.md", "sh"): "test_tox.py",
    ("docs/places.md", "python"): "test_checkpoints_are_anywhere_as_the_page_says",
    ("docs/reliability.md", "python"): "test_reliability_is_as_it_says",
    ("docs/reliability.md", "console"): "test_reliability_is_as_it_says",
    **{
        ("docs/surviving.md", language): "test_runs_survive_as_the_page_says"
        for language in ("python", "console", "sh", "yaml")
    },
}
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("", "docs", "docs/reference", "docs/rules", "examples")
    for path in (ROOT / folder).glob("*.md")
)


def test_each_block_of_code_is_run() -> None:
    found = {
        (re.sub(r"^docs/rules/.*", "docs/rules/*.md", page), language)
        for page in PAGES
        for language, _ in documents.BLOCK.findall(text_of(page))
    }
    assert found == set(RUN_BY)
    for test in RUN_BY.values():
        assert test in globals() or (ROOT / "tests" / test).exists(), test


def test_a_page_has_no_code_that_only_looks_like_a_block() -> None:
    for page in PAGES:
        text = documents.BLOCK.sub("", text_of(page))
        assert "```" not in text and "~~~" not in text, page


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    text = documents.BLOCK.sub("", text_of(page))
    for target in re.findall(r"\]\(([^)#]*)(?:#[\w-]+)?\)", text):
        if "://" in target or not target:
            continue
        path = ((ROOT / page).parent / target).resolve()
        assert path.exists(), target
        if page.startswith("docs/"):
            # The site has nothing else.
            assert (ROOT / "docs") in path.parents, target


def test_what_pip_installs_is_there() -> None:
    for page in ("docs/start.md", "docs/migrating.md", "README.md", "CONTRIBUTING.md"):
        for block in documents.blocks(text_of(page), "sh"):
            for extras in re.findall(r"\[([\w,]+)\]", block):
                assert set(extras.split(",")) <= EXTRAS
    for page in ("docs/start.md", "docs/migrating.md"):
        for block in documents.blocks(text_of(page), "sh"):
            # tests/test_packaging.py installs a folder.
            assert re.fullmatch(
                r'python -m pip install ("?)(\.|/path/to/keras_ckpt)(\[\w+\])?\1\n', block
            )


def test_the_extras_that_are_named_are_there() -> None:
    table = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", text_of("docs/start.md"), re.MULTILINE)
    named = {name for row in table for name in re.findall(r"`(\w+)`", row)}
    assert EXTRAS - {"test", "docs"} <= named


def test_the_scripts_that_are_named_are_there() -> None:
    for page in ("CONTRIBUTING.md", "RELEASING.md", "examples/README.md"):
        for block in documents.blocks(text_of(page), "sh"):
            for script in re.findall(r"\b(?:examples|tests|benchmarks)/[\w/]+\.py", block):
                assert (ROOT / script).exists(), script
            for module in re.findall(r"-m (keras_ckpt[\w.]*)", block):
                assert importlib.util.find_spec(module) is not None, module


def test_the_hooks_are_those_that_a_repository_can_name() -> None:
    (block,) = documents.blocks(text_of("docs/start.md"), "yaml")
    there = re.findall(r"^- id: (.*)$", text_of(".pre-commit-hooks.yaml"), re.MULTILINE)
    assert there == ["keras-ckpt-check", "keras-ckpt-fix"]
    assert re.findall(r"^ *- id: (.*)$", block, re.MULTILINE) == there[:1]
    for name in there:
        assert f"`{name}`" in text_of("docs/start.md") or name in block


def test_a_release_is_added_as_contributing_says(monkeypatch: Any) -> None:
    (block,) = documents.blocks(text_of("CONTRIBUTING.md"), "python")
    module = types.ModuleType("keras_ckpt.compat.keras3_16")
    exec(textwrap.dedent(block), vars(module))
    profile = vars(module)["PROFILE"]
    assert profile.release == "3.16" and profile.first_batch == 0
    if runtime.is_keras_3():
        monkeypatch.setitem(sys.modules, module.__name__, module)
        assert module.ModelCheckpoint.__module__ == module.__name__


def test_the_readme_names_the_newest_releases() -> None:
    newest = list(compat.KERAS_OF_TENSORFLOW)[-1]
    for page in (README, text_of("docs/start.md")):
        assert f"Keras 3.0 to {compat.VERSIONS[-1]}" in page
        assert f"TensorFlow 2.0 to {newest}" in page


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 120


def test_the_first_command_runs_an_example() -> None:
    first = documents.blocks(README, "sh")[0]
    extras = re.search(r'"\.\[(.*?)\]"', first)
    assert extras is not None
    assert set(extras.group(1).split(",")) <= EXTRAS
    example = re.search(r"examples/\w+\.py", first)
    assert example is not None and (ROOT / example.group()).exists()
    # The same example as in `tox -e example`, which runs it.
    assert example.group() in (ROOT / "tox.ini").read_text(encoding="utf-8")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    pattern = re.search(r"grep -- '(.*?)' README.md", ci)
    assert pattern is not None
    found = [line for line in README.splitlines() if re.search(pattern.group(1), line)]
    assert found == [documents.blocks(README, "sh")[1].strip()]


def test_every_environment_that_contributing_names_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    listed = (ROOT / "tox.ini").read_text(encoding="utf-8")
    for name in re.findall(r"tox -e ([\w.]+)", text):
        family = re.sub(r"\.\d+$", ".{", name)
        assert "[testenv:" + family in listed, name


def layers() -> list[list[set[str]]]:
    """The rooms of each contract in `.importlinter`, from the top down."""
    config = configparser.ConfigParser()
    config.read(str(ROOT / ".importlinter"))
    texts = [config[each].get("layers") for each in config.sections()]
    return [
        [set(line.split(" : ")) for line in text.strip().splitlines()] for text in texts if text
    ]


def test_the_tables_of_rooms_are_those_that_imports_are_held_to() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tables = re.findall(r"\| room \| holds \|\n\|[-|]+\|\n((?:\|.*\n)+)", text)
    rooms = [
        [
            {re.sub(r"(/|\.py)$", "", each) for each in re.findall(r"`(.+?)`", row.split("|")[1])}
            for row in table.splitlines()
        ]
        for table in tables
    ]
    assert rooms == layers()


def test_every_module_stands_in_a_room() -> None:
    rooms = [each for layer in layers()[0] for each in layer] + ["_typing", "_clone", "__main__"]
    package = ROOT / "keras_ckpt"
    there = {
        path.stem for path in package.iterdir() if path.suffix == ".py" or list(path.glob("*.py"))
    }
    assert there - {"__init__"} | {"compat"} == set(rooms)


def test_contributing_names_the_benchmarks_and_the_scripts_of_tests() -> None:
    named = set(
        re.findall(r"`(?:[\w/]+/)?(\w+)\.py", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    )
    scripts = {path.stem for path in (ROOT / "tests" / "tools" / "formats").glob("*.py")}
    assert {name for name in scripts if name.startswith(("write_", "read_"))} <= named
    assert {path.stem for path in (ROOT / "benchmarks").glob("*.py")} <= named


def test_the_reference_has_all_public_names() -> None:
    text = "".join(text_of(page) for page in PAGES if page.startswith("docs/reference/"))
    named = re.findall(r"^::: (.*)$", text, re.MULTILINE)
    public = ["keras_ckpt." + name for name in keras_ckpt.__all__]
    public += [
        "keras_ckpt.formats." + name
        for name in keras_ckpt.formats.__all__
        if name not in keras_ckpt.__all__
    ]
    assert sorted(named) == sorted([*public, "keras_ckpt.compat"])


def test_versions_stand_in_the_changelog() -> None:
    heads = re.findall(r"^## \[(.*?)\](?: - (\S+))?$", text_of("CHANGELOG.md"), re.MULTILINE)
    assert heads[0] == ("Unreleased", "")
    assert heads[1][0] == keras_ckpt.__version__
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for _, date in heads[1:])


PUBLIC = {
    f"{package.__name__}.{name}": getattr(package, name)
    for package in (keras_ckpt.formats, keras_ckpt)
    for name in package.__all__
    if package is keras_ckpt or name not in keras_ckpt.__all__
}


@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_of_a_docstring_runs(name: str, place: dict[str, Any]) -> None:
    examples = documents.blocks(inspect.getdoc(PUBLIC[name]) or "", "python")
    if name.endswith((".install", ".InferenceModel")) and not has_graphs():
        pytest.skip("the example is of TensorFlow")
    if not examples:
        # Of errors, the first has the example.
        assert issubclass(PUBLIC[name], keras_ckpt.CheckpointError)
    old_files(place["model"])
    write, model = keras_ckpt.formats.api.write, place["model"]
    for path in ("cp-0010.ckpt", "w.01.hdf5"):
        write(model, path, weights_only=True)
    write(model, "model.keras", weights_only=False)
    for path in ("exported", "tf2_4_saved_model"):
        shutil.copytree("old/saved_model", path)
    try:
        for example in examples:
            exec(example, place)
    finally:
        keras_ckpt.uninstall()


@pytest.mark.skipif(not runtime.is_keras_3(), reason="the module imports the running Keras")
def test_doctests() -> None:
    for name in ("keras_ckpt.compat",):
        result = doctest.testmod(importlib.import_module(name))
        assert result.attempted and not result.failed


@pytest.mark.slow
def test_the_benchmark_runs(tmp_path: pathlib.Path) -> None:
    if not runtime.is_keras_3():
        pytest.skip("compares with Keras 3's own callback")
    code = "import callback; callback.ROUNDS = 1; callback.main()"
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.path[0] = {!r}; {}".format(str(ROOT / "benchmarks"), code),
        ],
        cwd=str(tmp_path),
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "batch hook" in ran.stdout and "import keras_ckpt" in ran.stdout
