"""The legacy scripts of examples/ run on Keras 3 with only their import lines changed.

Each script was first run, with its original imports, on the release that it was written for; the
files and the paths expected below are what that release left and printed. To get the originals
back, for a run on an old TensorFlow: `python tests/test_examples.py originals DIRECTORY`.
"""

import ast
import contextlib
import fnmatch
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

CHANGED_IMPORT = re.compile(
    r"^from keras_ckpt import (\w+)  # was: (from (?:tensorflow\.)?keras\.\w+ import \1)$",
    re.MULTILINE,
)

# The files of a TensorFlow checkpoint and of a SavedModel; '?' before a pattern: may be missing.
CHECKPOINT = ("{0}.index", "{0}.data-00000-of-00001", "?{0}.keras_ckpt.json")
SAVED_MODEL = (
    "{0}/saved_model.pb",
    "{0}/variables/variables.index",
    "{0}/variables/variables.data-00000-of-00001",
    "?{0}/*",
)


def named(patterns, *names):
    return [pattern.format(name) for name in names for pattern in patterns]


# For each script the files that its release left, and the paths that the callback spoke of.
EXPECTED = {
    "tf2_0_docs_epoch_and_loss": (
        [f"weights.{epoch:02d}-[0-9].[0-9][0-9].hdf5" for epoch in range(1, 13)],
        [],
    ),
    "tf2_0_period": (
        ["training_2/checkpoint"]
        + named(CHECKPOINT, *[f"training_2/cp-00{epoch}.ckpt" for epoch in ("05", 10, 15)]),
        ["training_2/cp-0005.ckpt", "training_2/cp-0010.ckpt", "training_2/cp-0015.ckpt"],
    ),
    "tf2_0_restart": (
        [f"model_dir/model.{epoch:02d}.hdf5" for epoch in range(1, 12)],
        ["model_dir/model.01.hdf5", "model_dir/model.10.hdf5", "model_dir/model.11.hdf5"],
    ),
    "tf2_0_saved_model": (named(SAVED_MODEL, "my_best_model"), []),
    "tf2_0_val_acc": (["best_model.h5"], ["best_model.h5"]),
    "tf2_0_weights_improvement": (
        [
            "saved_models/weights-improvement-01-0.[0-9][0-9].hdf5",
            "?saved_models/weights-improvement-[01][0-9]-[01].[0-9][0-9].hdf5",
        ],
        ["saved_models/weights-improvement-01-"],
    ),
    "tf2_10_docs_best_weights": (["tmp/checkpoint"] + named(CHECKPOINT, "tmp/checkpoint"), []),
    "tf2_15_initial_value_threshold": (["models/best.keras"], ["models/best.keras"]),
    "tf2_15_subclass_retry": (
        [f"steps/{epoch:02d}-{batch}.weights.h5" for epoch in range(1, 11) for batch in (15, 30)],
        [],
    ),
    "tf2_16_docs_keras_and_weights": (
        ["tmp/ckpt/checkpoint.model.keras", "tmp/ckpt/checkpoint.weights.h5"],
        [],
    ),
    "tf2_1_best_checkpoint_prefix": (
        ["training_1/checkpoint"] + named(CHECKPOINT, "training_1/cp.ckpt"),
        [os.path.join("training_1", "cp.ckpt")],
    ),
    "tf2_1_docs_best_weights": (["tmp/checkpoint"] + named(CHECKPOINT, "tmp/checkpoint"), []),
    "tf2_1_subclass_backup": (
        [
            directory + f"digits-{epoch}.h5"
            for directory in ("", "backup/")
            for epoch in ("04", "08", "12")
        ],
        [],
    ),
    "tf2_1_subclass_own_score": (["best_f1.weights.h5"], []),
    # TF 2.1 itself left nothing here: it warned that there is no 'val_acc'.
    "tf2_1_val_acc_renamed": (["weights.best.hdf5"], ["weights.best.hdf5"]),
    "tf2_4_checkpoint_options": (
        ["ckpt/checkpoint"] + named(CHECKPOINT, "ckpt/digits"),
        [os.path.join("ckpt", "digits")],
    ),
    "tf2_4_save_freq": (
        ["training_2/checkpoint"]
        + named(CHECKPOINT, *[f"training_2/cp-00{epoch}.ckpt" for epoch in ("05", 10, 15)]),
        ["training_2/cp-0005.ckpt", "training_2/cp-0010.ckpt", "training_2/cp-0015.ckpt"],
    ),
    "tf2_4_save_options": (
        named(SAVED_MODEL, "models/epoch-01", "models/epoch-02", "models/epoch-03"),
        ["models/epoch-01", "models/epoch-02", "models/epoch-03"],
    ),
}

# The code of the documents that users know. The keywords of each ModelCheckpoint call, filepath
# as the document has it (the scripts leave out the leading '/', and so write below the current
# directory), and the statements around it that are to stand in the script as they are.
FIT = "epochs=EPOCHS, callbacks=[model_checkpoint_callback])"
BEST_WEIGHTS = {"save_weights_only": True, "mode": "max", "save_best_only": True}
DOCUMENTS = [
    (
        "TF 2.0 (in prose)",
        "tf2_0_docs_epoch_and_loss",
        [{"filepath": "weights.{epoch:02d}-{val_loss:.2f}.hdf5"}],
        [],
    ),
    (
        "TF 2.1",
        "tf2_1_docs_best_weights",
        [dict(BEST_WEIGHTS, filepath="/tmp/checkpoint", monitor="val_acc")],
        ["EPOCHS = 10", FIT, "model.load_weights(checkpoint_filepath)"],
    ),
    (
        "TF 2.10 (zh)",
        "tf2_10_docs_best_weights",
        [dict(BEST_WEIGHTS, filepath="/tmp/checkpoint", monitor="val_accuracy")],
        ["EPOCHS = 10", FIT, "model.load_weights(checkpoint_filepath)", 'metrics=["accuracy"])'],
    ),
    (
        "TF 2.16.1",
        "tf2_16_docs_keras_and_weights",
        [
            {
                "filepath": "/tmp/ckpt/checkpoint.model.keras",
                "monitor": "val_accuracy",
                "mode": "max",
                "save_best_only": True,
            },
            dict(BEST_WEIGHTS, filepath="/tmp/ckpt/checkpoint.weights.h5", monitor="val_accuracy"),
        ],
        [
            "EPOCHS = 10",
            FIT,
            "keras.models.load_model(checkpoint_filepath)",
            "model.load_weights(checkpoint_filepath)",
            "metrics=['accuracy'])",
        ],
    ),
]


#: Where the originals are that `keras-ckpt fix` has rewritten, and which of them are run: one of a
#: kind.
FOLDER = "rewritten"
REWRITTEN = [
    FOLDER + "/" + name
    for name in (
        "tf2_0_period",
        "tf2_0_saved_model",
        "tf2_1_best_checkpoint_prefix",
        "tf2_1_subclass_backup",
        "tf2_4_checkpoint_options",
    )
]


def read(name):
    return (EXAMPLES / (name + ".py")).read_text(encoding="utf-8")


def original(source):
    """The script as it was before its import lines were changed."""
    return CHANGED_IMPORT.sub(r"\2", source)


def why_not_here():
    for module in ("tensorflow", "keras", "sklearn"):
        if importlib.util.find_spec(module) is None:
            return "the examples need " + module
    try:
        from importlib.metadata import version
    except ImportError:
        return "the examples are checked on Keras 3, which Python 3.7 has not"
    if int(version("keras").split(".")[0]) < 3:
        return "the examples are checked on Keras 3; here is Keras " + version("keras")
    return None


NEEDS_KERAS_3 = pytest.mark.skipif(why_not_here() is not None, reason=str(why_not_here()))


def environment():
    variables = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
    variables.pop("TF_USE_LEGACY_KERAS", None)
    return variables


@pytest.fixture(scope="module")
def ran(request, tmp_path_factory):
    """Runs the scripts that were asked for, all in one process: importing TensorFlow is slow."""
    root = tmp_path_factory.mktemp("examples")
    names = {
        item.callspec.params["name"]
        for item in request.session.items
        if "ran" in getattr(item, "fixturenames", ()) and hasattr(item, "callspec")
    }
    if names & set(REWRITTEN):
        rewrite(root)
    process = subprocess.run(
        [sys.executable, __file__, "run", str(root)] + sorted(names),
        env=environment(),
        cwd=str(root),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=600,
    )
    errors = process.stderr.decode("utf-8", "replace")

    def result(name):
        report = root / (name + ".json")
        assert report.exists(), f"the process ended before {name}:\n{errors[-4000:]}"
        return json.loads(report.read_text(encoding="utf-8"))

    return result


def rewrite(root):
    """Has `keras-ckpt fix` rewrite the originals, in the folder that `run_here` looks into."""
    write_originals(root / FOLDER)
    command = ["fix", "--to-keras-ckpt", "--write", "--from", "2.4", str(root / FOLDER)]
    subprocess.run(
        [sys.executable, "-m", "keras_ckpt"] + command,
        stdout=subprocess.DEVNULL,
        check=True,
    )


@NEEDS_KERAS_3
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_example(ran, name):
    check(ran(name), name)


@NEEDS_KERAS_3
@pytest.mark.parametrize("name", REWRITTEN)
def test_rewritten_example(ran, name):
    """The original, as `keras-ckpt fix` has changed it, leaves what it left on its release."""
    pytest.importorskip("libcst")
    pytest.importorskip("click")
    check(ran(name), name.partition("/")[2])


def check(result, name):
    said = result["stdout"]
    assert result["error"] is None, "{}\n{}\n{}".format(said, result["stderr"], result["error"])
    check_files(result["files"], EXPECTED[name][0])
    check_accuracies(said)
    spoken = [line for line in said.splitlines() if line.startswith("Epoch ")]
    for path in EXPECTED[name][1]:
        assert any("saving model to " + path in line for line in spoken), (path, said)


def check_files(found, patterns):
    required = [pattern for pattern in patterns if not pattern.startswith("?")]
    for pattern in required:
        assert fnmatch.filter(found, pattern), (pattern, found)
    for path in found:
        assert any(fnmatch.fnmatchcase(path, p.lstrip("?")) for p in patterns), (path, patterns)


def check_accuracies(said):
    """Every 'accuracy after reload' is that of the line before: of what had been saved."""
    accuracies = re.findall(r"^accuracy (.*): (\d\.\d{3})$", said, re.MULTILINE)
    assert accuracies and len(accuracies) % 2 == 0, said
    for (saved, expected), (reloaded, accuracy) in zip(accuracies[::2], accuracies[1::2]):
        assert reloaded == "after reload" != saved
        assert accuracy == expected
        assert float(accuracy) > 0.85
    assert said.rstrip().splitlines()[-1].startswith("accuracy after reload: ")


@NEEDS_KERAS_3
def test_example_as_a_user_starts_it(tmp_path):
    said = subprocess.run(
        [sys.executable, str(EXAMPLES / "tf2_0_weights_improvement.py")],
        env=environment(),
        cwd=str(tmp_path),
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    ).stdout.decode("utf-8")
    check_accuracies(said.replace("\r\n", "\n"))


def test_every_script_has_its_expectation_and_its_row():
    scripts = {path.stem for path in EXAMPLES.glob("*.py")} - {"resume"}  # Not of a release.
    assert scripts == set(EXPECTED)
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\w+)\.py\]\(\1\.py\) \|", table, re.MULTILINE)
    assert sorted(rows) == sorted(scripts)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_only_import_lines_changed(name):
    source = read(name)
    assert "ModelCheckpoint" in [match.group(1) for match in CHANGED_IMPORT.finditer(source)]
    before = original(source)
    assert "keras_ckpt" not in before  # nothing of ours but on the lines that were put back
    here, there = ast.parse(source).body, ast.parse(before).body
    assert len(here) == len(there)
    for ours, theirs in zip(here, there):
        if ast.dump(ours) != ast.dump(theirs):
            assert isinstance(ours, ast.ImportFrom) and isinstance(theirs, ast.ImportFrom)
            assert [a.name for a in ours.names] == [a.name for a in theirs.names]


@pytest.mark.parametrize(
    "name, calls, statements", [row[1:] for row in DOCUMENTS], ids=[row[0] for row in DOCUMENTS]
)
def test_documented_code_is_there(name, calls, statements):
    source = read(name)
    found = []
    values = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign):
            continue
        call = node.value
        if isinstance(call, ast.Call) and getattr(call.func, "id", None) == "ModelCheckpoint":
            arguments = {k.arg: value_of(k.value, values) for k in call.keywords}
            arguments.update(zip(["filepath"], [value_of(a, values) for a in call.args]))
            found.append(arguments)
        elif isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = call
    assert found == [dict(call, filepath=call["filepath"].lstrip("/")) for call in calls]
    for statement in statements:
        assert source.count(statement) >= 1, statement


def value_of(node, values):
    return ast.literal_eval(values[node.id] if isinstance(node, ast.Name) else node)


def run_here(root, names):
    """The other side of `ran`: runs each script in a directory of its own and reports on it."""
    import runpy

    import keras

    for name in names:
        directory = Path(root, name)
        directory.mkdir(parents=True)
        os.chdir(str(directory))
        keras.backend.clear_session()
        out, err, error = io.StringIO(), io.StringIO(), None
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                folder = root if name in REWRITTEN else EXAMPLES
                runpy.run_path(str(Path(folder, name + ".py")), run_name="__main__")
            except BaseException:
                error = traceback.format_exc()
        files = [path for path in directory.rglob("*") if path.is_file()]
        report = {
            "error": error,
            "stdout": out.getvalue(),
            "stderr": err.getvalue(),
            "files": sorted(path.relative_to(directory).as_posix() for path in files),
        }
        Path(root, name + ".json").write_text(json.dumps(report), encoding="utf-8")


def write_originals(directory):
    Path(directory).mkdir(parents=True, exist_ok=True)
    for name in EXPECTED:
        Path(directory, name + ".py").write_text(original(read(name)), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run_here(sys.argv[2], sys.argv[3:])
    elif sys.argv[1] == "originals":
        write_originals(sys.argv[2])
