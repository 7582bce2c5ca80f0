"""`run --report`: each thing that `install()` replaces, used as of old and as Keras 3 takes it.

The two lists are walked: each name that is replaced has an entry in both, each old use is reported,
and what Keras 3 takes is not.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import textwrap
import types
import warnings
from typing import Any, Callable, Iterator

import helpers
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.installation import usage

if sys.version_info < (3, 9):
    pytest.skip("Keras 3 needs Python 3.9", allow_module_level=True)

from keras_ckpt.installation import usage_report
from keras_ckpt.migrate.report.finding import Finding

keras = helpers.keras
pytestmark = pytest.mark.skipif(not runtime.is_keras_3(), reason="it is about Keras 3")

LEGACY = pathlib.Path(__file__).resolve().parents[1] / "data" / "legacy"


def replaced_names() -> set[str]:
    """Returns the names of all that `install()` replaces or adds."""

    def now() -> dict[tuple[str, str], object]:
        owners: dict[str, Any] = {
            path: module
            for path, module in list(sys.modules.items())
            if path.partition(".")[0] == "keras" and isinstance(module, types.ModuleType)
        }
        owners.update(Model=keras.Model, Sequential=keras.Sequential)
        return {
            (path, name): value
            for path, owner in owners.items()
            for name, value in list(vars(owner).items())
        }

    keras_ckpt.uninstall()
    before = now()
    keras_ckpt.install()
    after = now()
    keras_ckpt.uninstall()
    return {key[1] for key in after if before.get(key) is not after[key] and key[1] != "__class__"}


def model() -> Any:
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    made.compile("sgd", "mse")
    return made


JSON_OF_KERAS_2 = json.dumps(
    {
        "class_name": "Sequential",
        "keras_version": "2.4.0",
        "backend": "tensorflow",
        "config": {
            "name": "s",
            "layers": [
                {
                    "class_name": "Dense",
                    "config": {
                        "name": "dense",
                        "units": 2,
                        "batch_input_shape": [None, 3],
                        "dtype": "float32",
                    },
                }
            ],
        },
    }
)


def _with_weights(path: str) -> Any:
    made = model()
    keras_ckpt.save_weights(made, path, verbose=0)
    return made


def _whole(path: str) -> str:
    keras_ckpt.save_model(model(), path, verbose=0)
    return path


def _callback(*args: Any, **kwargs: Any) -> Any:
    return keras.callbacks.ModelCheckpoint(*args, **kwargs)


#: By name: uses that Keras 3 refuses or takes otherwise, each with the rule.
OLD: dict[str, list[tuple[str, Callable[[], object]]]] = {
    "ModelCheckpoint": [
        ("KC101", lambda: _callback("a.keras", period=2)),
        ("KC102", lambda: _callback("a.keras", options=None)),
        ("KC103", lambda: _callback("a.keras", load_weights_on_restart=True)),
        ("KC104", lambda: _callback("a.keras", perriod=2)),
        ("KC201", lambda: _callback("a.hdf5", save_weights_only=True)),
        ("KC202", lambda: _callback("a")),
        ("KC701", lambda: _callback("a.keras", save_freq=np.int64(3))),
    ],
    "save": [
        ("KC604", lambda: model().save("dir")),
        ("KC605", lambda: model().save("m.h5", signatures=None)),
    ],
    "save_model": [
        ("KC604", lambda: keras.models.save_model(model(), "dir")),
        ("KC605", lambda: keras.saving.save_model(model(), "m.h5", save_traces=False)),
    ],
    "save_weights": [
        ("KC604", lambda: model().save_weights("w")),
        ("KC605", lambda: model().save_weights("w.weights.h5", save_format="h5")),
    ],
    "load_weights": [
        ("KC601", lambda: _with_weights("cp").load_weights("cp")),
        ("KC605", lambda: _with_weights("w.h5").load_weights("w.h5", options=None)),
    ],
    "load_model": [
        ("KC602", lambda: keras.models.load_model(_whole("saved"))),
        ("KC605", lambda: keras.models.load_model(_whole("m.h5"), options=None)),
        ("KC702", lambda: keras.saving.load_model(str(_of_keras_2()))),
    ],
    "model_from_json": [("KC702", lambda: keras.models.model_from_json(JSON_OF_KERAS_2))],
    "model_from_yaml": [
        ("KC701", lambda: keras.models.model_from_yaml(JSON_OF_KERAS_2)),
    ],
    "model_from_config": [
        ("KC701", lambda: keras.models.model_from_config(json.loads(JSON_OF_KERAS_2))),
    ],
    "from_config": [
        ("KC702", lambda: keras.Sequential.from_config(json.loads(JSON_OF_KERAS_2)["config"])),
    ],
}

#: By name: uses that Keras 3 takes, and that mean the same to it.
NATIVE: dict[str, list[Callable[[], object]]] = {
    "ModelCheckpoint": [
        lambda: _callback("a.keras"),
        lambda: _callback("w.{epoch}.weights.h5", save_weights_only=True, save_freq=10),
        lambda: _callback("a.keras", "loss", 1, True, False, "min", "epoch", 0.5),
        lambda: _callback("a.keras", "loss", 1, False, False, "min", 5),
    ],
    "save": [lambda: model().save("m.keras"), lambda: model().save("m.h5", overwrite=True)],
    "save_model": [lambda: keras.models.save_model(model(), "m.keras")],
    "save_weights": [lambda: model().save_weights("w.weights.h5", overwrite=True)],
    "load_weights": [
        lambda: _with_weights("w.weights.h5").load_weights("w.weights.h5"),
        lambda: _with_weights("w.weights.h5").load_weights("w.weights.h5", skip_mismatch=True),
        lambda: _with_weights("w.h5").load_weights("w.h5", by_name=True),
    ],
    "load_model": [lambda: keras.models.load_model(_whole("m.keras"), compile=False)],
    "model_from_json": [lambda: keras.models.model_from_json(model().to_json())],
    # Keras 3 has neither: no use of them is one that it takes.
    "model_from_yaml": [],
    "model_from_config": [],
    "from_config": [lambda: keras.Sequential.from_config(model().get_config())],
}


def _of_keras_2() -> pathlib.Path:
    """Returns a whole model as TF 2.15 wrote it."""
    with tarfile.open(str(LEGACY / "2.15.tar.xz")) as archive:
        name = next(each for each in archive.getnames() if each.endswith("convolutions.model.h5"))
        content = archive.extractfile(name)
        assert content is not None
        path = pathlib.Path("of_keras_2.h5")
        path.write_bytes(content.read())
    return path


@contextlib.contextmanager
def recording() -> Iterator[usage.Recorder]:
    keras_ckpt.uninstall()
    recorder = usage.recorder = usage.Recorder()
    keras_ckpt.install()
    try:
        yield recorder
    finally:
        keras_ckpt.uninstall()
        usage.recorder = None


def reported(use: Callable[[], object]) -> list[Finding]:
    with recording() as recorder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        use()
        return usage_report.result_of(recorder).findings


def test_the_lists_have_each_name_that_is_replaced() -> None:
    assert replaced_names() == set(OLD) == set(NATIVE)


@pytest.mark.parametrize(
    ("code", "use"),
    [pytest.param(code, use, id=f"{name}-{code}") for name in OLD for code, use in OLD[name]],
)
def test_old_uses_are_reported(here: pathlib.Path, code: str, use: Callable[[], object]) -> None:
    found = reported(use)
    assert [each.code for each in found] == [code]
    assert found[0].path == __file__
    assert found[0].message and found[0].advice


@pytest.mark.parametrize(
    "use",
    [pytest.param(use, id=f"{name}-{n}") for name in NATIVE for n, use in enumerate(NATIVE[name])],
)
def test_what_keras_3_takes_is_not_reported(here: pathlib.Path, use: Callable[[], object]) -> None:
    assert reported(use) == []


#: What changes its meaning, and is refused by no release.
MEANING = {"KC301", "KC302", "KC303", "KC401", "KC402", "KC403"}
ARGUMENTS = st.fixed_dictionaries(
    {"filepath": st.sampled_from(["a.keras", "a.h5", "a", "w.weights.h5", "{epoch}.ckpt", "a/b"])},
    optional={
        "monitor": st.sampled_from(["val_loss", "loss", "val_acc"]),
        "save_best_only": st.booleans(),
        "save_weights_only": st.booleans(),
        "mode": st.sampled_from(["auto", "min", "max"]),
        "save_freq": st.sampled_from(["epoch", 1, 100, np.int32(4)]),
        "period": st.integers(1, 3),
        "options": st.none(),
        "load_weights_on_restart": st.booleans(),
        "initial_value_threshold": st.sampled_from([None, 0.5]),
    },
)


@given(ARGUMENTS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_callback_is_reported_exactly_when_keras_refuses_it(arguments: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            keras.callbacks.ModelCheckpoint(**arguments)
            refused = False
        except (TypeError, ValueError):
            refused = True
    found = {each.code for each in reported(lambda: _callback(**arguments))}
    assert bool(found - MEANING) is refused


SAVES = st.tuples(
    st.sampled_from(["save", "save_weights"]),
    st.sampled_from(["m.keras", "m.h5", "m", "w.weights.h5", "m.hdf5", "w.ckpt"]),
    st.fixed_dictionaries(
        {},
        optional={
            "overwrite": st.just(True),
            "save_format": st.sampled_from(["h5", "tf"]),
            "options": st.none(),
        },
    ),
)


@given(SAVES)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_saves_are_reported_exactly_when_keras_refuses_them(
    tmp_path_factory: pytest.TempPathFactory, save: tuple[str, str, dict[str, Any]]
) -> None:
    name, path, arguments = save
    folder = tmp_path_factory.mktemp("saves")

    def call(target: str) -> object:
        return getattr(model(), name)(str(folder / target / path), **arguments)

    for target in ("native", "legacy"):
        (folder / target).mkdir()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call("native")
        refused = False
    except (TypeError, ValueError):
        refused = True

    def ours() -> None:
        with contextlib.suppress(ValueError):  # A format that the ending contradicts.
            call("legacy")

    assert bool(reported(ours)) is refused


def test_a_metric_that_has_another_name_in_the_logs(here: pathlib.Path) -> None:
    def train() -> None:
        made = model()
        made.compile("sgd", "mse", metrics=["mae"])
        name = "mean_absolute_error"
        callback = _callback("b.keras", monitor=name, mode="min", save_best_only=True)
        x, y = np.zeros((4, 3)), np.zeros((4, 2))
        made.fit(x, y, callbacks=[callback], verbose=0)

    (found,) = reported(train)
    assert (found.code, found.advice) == ("KC401", 'Write `monitor="mae"`.')


# Whole programs

SCRIPT = """
import os, sys
import numpy as np
from keras.callbacks import ModelCheckpoint
import keras
import keras_ckpt

ending = os.environ["ENDING"]
old = ModelCheckpoint("w" + ending, save_weights_only=True, **{"period": 3})
silenced = ModelCheckpoint("w.keras", period=3)  # noqa: KC101
own = keras_ckpt.ModelCheckpoint("w.h5", period=3)


class Mine(ModelCheckpoint):
    def __init__(self, path):
        super().__init__(path, period=2)


Mine("m.keras")
"""
ENDS = {
    "returns": ("", 0),
    "exits": ("sys.exit(3)", 3),
    "raises": ("raise OSError('lost')", 1),
    "forks": ("pid = os.fork()\nif pid: os.waitpid(pid, 0)\nelse: sys.exit(0)", 0),
    "starts": (
        "import subprocess\nassert not subprocess.call([sys.executable, '-c', 'import keras'])",
        0,
    ),
}


def run(here: pathlib.Path, *arguments: str, ending: str = ".hdf5") -> Any:
    return subprocess.run(
        [sys.executable, "-m", "keras_ckpt", "run", *arguments],
        cwd=str(here),
        env=dict(os.environ, ENDING=ending, PYTHONSAFEPATH="1"),
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.slow
@pytest.mark.parametrize("end", ENDS)
def test_the_report_of_a_program_however_it_ends(here: pathlib.Path, end: str) -> None:
    code, status = ENDS[end]
    (here / "train.py").write_text(SCRIPT + code)
    ran = run(here, "--report", "report.json", "train.py")
    assert ran.returncode == status, ran.stderr
    assert "keras-ckpt: 3 findings in 1 file" in ran.stderr
    found = json.loads((here / "report.json").read_text())
    assert [(each["path"], each["line"], each["code"]) for each in found] == [
        ("train.py", 9, "KC101"),
        ("train.py", 9, "KC201"),
        ("train.py", 16, "KC101"),
    ]


@pytest.mark.slow
def test_what_is_right_for_keras_3_is_not_in_the_report(here: pathlib.Path) -> None:
    (here / "train.py").write_text(
        textwrap.dedent(
            """
            import keras
            keras.callbacks.ModelCheckpoint("w.keras", save_freq=5)
            """
        )
    )
    ran = run(here, "--report=report.txt", "train.py")
    assert ran.returncode == 0, ran.stderr
    assert "Nothing found in 1 file" in (here / "report.txt").read_text()


@pytest.mark.slow
def test_a_program_without_keras_says_so(here: pathlib.Path) -> None:
    (here / "none.py").write_text("print('done')")
    ran = run(here, "--report", "report.txt", "none.py")
    assert (ran.returncode, ran.stdout) == (0, "done\n")
    assert "has imported no Keras" in ran.stderr
    assert "has imported no Keras" in (here / "report.txt").read_text()


@pytest.mark.slow
def test_a_report_that_cannot_be_written_runs_nothing(here: pathlib.Path) -> None:
    (here / "train.py").write_text("print('ran')")
    for arguments, message in (
        (("--report", "absent/r.md"), "There is no folder"),
        (("--report",), "--report needs a file"),
    ):
        ran = run(here, *arguments, *(["train.py"] if len(arguments) > 1 else []))
        assert (ran.returncode, ran.stdout) == (2, "")
        assert message in ran.stderr
