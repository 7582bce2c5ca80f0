"""Each rule: its example before and after, its page, and that what it says is so."""

from __future__ import annotations

import pathlib
import re
import textwrap
import warnings
from typing import Any

import pytest

from keras_ckpt import compat, runtime
from keras_ckpt.migrate import checker
from keras_ckpt.migrate.code import scopes, source
from keras_ckpt.migrate.code.values import infer
from keras_ckpt.migrate.releases.release import Release, every, newest, release
from keras_ckpt.migrate.report import pages
from keras_ckpt.migrate.report.finding import Finding
from keras_ckpt.migrate.rules import kc503_lost_attribute, kc606_short_loss
from keras_ckpt.migrate.rules.definition import Rule, rules
from keras_ckpt.migrate.sites import metrics

ROOT = pathlib.Path(__file__).resolve().parents[3]


def found(code: str, old: str, new: str | None = None) -> list[Finding]:
    """What is found in some code."""
    after = release(new) if new else newest()
    one = source.from_bytes("x.py", textwrap.dedent(code).encode())
    findings = []
    for problem in checker.problems_of(one, release(old), after):
        finding = checker.finding(one, problem)
        if finding is not None:
            findings.append(finding)
    return sorted(findings)


def codes(code: str, old: str, new: str | None = None) -> list[str]:
    return [each.code for each in found(code, old, new)]


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.code)
def test_the_example_has_exactly_this_problem_and_then_none(
    rule: Rule, tmp_path: pathlib.Path
) -> None:
    old, new = rule.examples or ("2.4", newest().name)
    path = tmp_path / "example.py"
    for text, expected in ((rule.before, [rule.code]), (rule.after, [])):
        path.write_text(text)
        result = checker.check([str(path)], release(old), release(new))
        assert [each.code for each in result.findings] == expected


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.code)
def test_there_is_nothing_to_say_between_a_release_and_itself(rule: Rule) -> None:
    if rule.code not in ("KC001", "KC401"):
        assert not any(rule.concerns(each, each) for each in every())


def test_the_pages_are_those_of_the_rules() -> None:
    folder = ROOT / "docs" / "rules"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert written == pages.texts(), "run `python -m keras_ckpt.migrate.report.pages docs/rules`"


def test_codes_are_unique_and_in_their_groups() -> None:
    for code, rule in rules().items():
        assert re.fullmatch(r"KC[0-6]\d\d", code)
        assert type(rule).__module__.rpartition(".")[2].startswith(code.lower() + "_")


HEAD = "import tensorflow as tf\nMC = tf.keras.callbacks.ModelCheckpoint\n"


@pytest.mark.parametrize(
    ("call", "old", "new", "expected"),
    [
        ("MC('a.h5', period=2)", "2.0", "2.15", []),
        ("MC('a.keras', period=1)", "2.15", "3.0", ["KC101"]),
        ("MC('a.h5')", "2.15", "3.7", ["KC202"]),
        ("MC('a.h5')", "2.15", "3.8", []),
        ("MC('a.h5')", "3.8", "3.7", ["KC202"]),
        ("MC('a.keras', options=None)", "2.4", "3.0", ["KC102"]),
        ("MC('a.keras', options=o)", "2.12", "2.13", ["KC102"]),
        ("MC('a', options=o)", "2.12", "2.13", []),
        ("MC('a.keras', initial_value_threshold=1)", "3.15", "2.4", ["KC104"]),
        ("MC('a.keras', initial_value_threshold=1)", "2.8", "3.15", []),
        ("MC('a.keras', save_freq=100)", "2.0", "2.1", []),
        ("MC('a.keras', save_freq=100)", "2.1", "2.2", ["KC301"]),
        ("MC('a.keras', save_freq=5 * steps)", "2.1", "2.2", ["KC301"]),
        ("MC('a.keras', save_freq=anything)", "2.1", "2.2", []),
        ("MC('a.keras', save_freq='epoch')", "2.1", "2.2", []),
        ("MC('a.keras', save_best_only=True, save_freq=9)", "2.4", "3.9", []),
        ("MC('a.keras', save_best_only=True, save_freq=9)", "2.4", "3.10", ["KC303"]),
        ("MC('a.keras', 'loss', save_best_only=True, save_freq=9)", "2.4", "3.10", []),
        ("MC('a.keras', 'loss', save_best_only=True, save_freq=9)", "2.4", "3.11", ["KC303"]),
        ("MC('a.keras', 'val_auc', save_best_only=True)", "2.4", "3.10", []),
        ("MC('a.keras', 'val_auc', save_best_only=True)", "2.4", "3.11", ["KC403"]),
        ("MC('a.keras', 'val_auc')", "2.4", "3.11", []),
        ("MC('a.keras', 'val_own')", "2.4", "3.11", ["KC403"]),
        ("MC('a.keras', 'val_own', mode='max')", "2.4", "3.11", []),
        ("MC('a.keras', 'val_out_loss')", "2.4", "3.11", ["KC403"]),
        ("MC('a.keras', 'val_mae', save_best_only=True)", "2.4", "3.11", []),
        ("MC('a.keras', 'loss', 0, True, False, 'min', 5)", "2.4", "3.11", ["KC303"]),
    ],
)
def test_what_is_found_depends_on_the_releases(
    call: str, old: str, new: str, expected: list[str]
) -> None:
    assert codes(HEAD + call, old, new) == expected


def test_stand_alone_keras_had_the_period_in_the_seventh_place() -> None:
    call = "ModelCheckpoint('a.keras', 'val_loss', 0, False, False, 'min', 5)"
    (only,) = found("from keras.callbacks import ModelCheckpoint\n" + call, "2.15")
    assert only.code == "KC105"
    assert "`period=5`" in only.advice
    for old in ("2.4", "keras==2.2.4"):
        assert codes("import keras\nkeras.callbacks." + call, old) == ["KC105"]
    # With that release anything there is one, but for what it would have refused.
    one = call.replace("5", "%s")
    head = "from keras.callbacks import ModelCheckpoint\n"
    assert codes(head + one % "every", "keras 2.3") == ["KC105"]
    assert codes(head + one % "every", "2.15") == []
    assert codes(head + one % "'epoch'", "keras 2.3") == []
    assert codes(head + one % "5", "keras 2.3", "2.4") == ["KC105"]
    assert not found("from tensorflow.keras.callbacks import ModelCheckpoint\n" + call, "2.15")
    named = (
        HEAD
        + """
class Mine(MC):
    def __init__(self, path, monitor, verbose, best, weights, mode="min", period=1):
        super(Mine, self).__init__(path, monitor, verbose, best, weights, mode, period)
"""
    )
    assert codes(named, "2.15") == ["KC105"]


def test_ours_takes_it_for_batches_too() -> None:
    head = "from keras_ckpt import ModelCheckpoint\n"
    call = head + "ModelCheckpoint('a.h5', 'val_loss', 0, False, False, 'min', 5, period=2)"
    (only,) = found(call, "2.15")
    assert only.code == "KC105"
    assert "In Keras before 2.4 it was `period`" in only.message
    assert "`period=5`, in epochs, or `save_freq=5`" in only.advice
    named = """
class Mine(ModelCheckpoint):
    def __init__(self, path, mode="min", period=1):
        super().__init__(path, "val_loss", 0, True, False, mode, period)
"""
    assert codes(head + named, "2.15") == ["KC105"]
    assert codes(call.replace(", 5,", ", 'epoch',"), "2.15") == []
    # It takes options in the eighth place as well.
    assert (
        codes(head + "ModelCheckpoint('a', 'loss', 0, True, False, 'min', 'epoch', o)", "2.4") == []
    )


def test_classes_by_name_are_called_otherwise_in_keras_3() -> None:
    text = """
from tensorflow.keras.callbacks import ModelCheckpoint
model.compile("adam", "mse", metrics=["AUC", "TopKCategoricalAccuracy", "accuracy", "mse"])
best = ModelCheckpoint("a-{val_%s:.2f}.keras", monitor="val_%s", mode="max", save_best_only=True)
model.fit(x, y, validation_data=data, callbacks=[best])
"""
    for name, written in (
        ("auc", "AUC"),
        ("top_k_categorical_accuracy", "TopKCategoricalAccuracy"),
        ("acc", "accuracy"),
        ("mean_squared_error", "mse"),
    ):
        first, second = found(text % (name, name), "2.4")
        assert (first.code, second.code) == ("KC401", "KC401")
        assert "`{val_%s}`" % written in first.advice
        assert '`monitor="val_%s"`' % written in second.advice
        assert not found(text % (written, written), "2.4")
    # Between releases of TF 2 it may be either.
    assert not found(text % ("auc", "auc"), "2.4", "2.15")
    assert not found(text % ("AUC", "AUC"), "2.0", "2.1")


def test_the_advice_fits_the_call() -> None:
    def advice(arguments: str) -> str:
        (only,) = [
            each for each in found(HEAD + "MC('a.keras', %s)" % arguments, "2.15")
            if each.code == "KC101"
        ]  # fmt: skip
        return only.advice

    assert "save_freq=5 * steps_per_epoch" in advice("period=5")
    assert "without it" in advice("period=1")
    assert "no effect" in advice("period=5, save_freq=100")
    best = advice("period=5, save_best_only=True")
    assert "save_freq=5" not in best
    assert "from keras_ckpt import ModelCheckpoint" in best


def test_fewer_than_a_batch_of_samples_is_larger_than_an_epoch() -> None:
    text = HEAD + (
        "c = MC('a.keras', save_freq=60000)\n"
        "model.fit(x, epochs=2, steps_per_epoch=100, callbacks=[c])\n"
    )
    (only,) = found(text, "2.0")
    assert only.code == "KC302"
    assert "In 2 epochs nothing is saved." in only.message
    in_one = text.replace("100", "100000")
    assert codes(in_one, "2.0") == ["KC301"]


def test_steps_per_execution_is_counted_otherwise() -> None:
    text = HEAD + (
        "model.compile('sgd', 'mse', steps_per_execution=10)\n"
        "c = MC('a.keras', save_freq=5)\n"
        "model.fit(x, y, callbacks=[c])\n"
    )
    assert codes(text, "2.2") == ["KC302"]
    assert codes(text, "2.3") == []


# What Keras 3 itself says


needs_keras_3 = pytest.mark.skipif(not runtime.is_keras_3(), reason="asks Keras 3 itself")


def running() -> Release:
    major, minor = runtime.version()[:2]
    return release("%d.%d" % (major, minor))


@needs_keras_3
@pytest.mark.parametrize(
    "arguments",
    [
        "'m.keras', period=2",
        "'m.keras', options=None",
        "'m.keras', load_weights_on_restart=True",
        "'m.keras', save_best=True",
        "'w.h5', save_weights_only=True",
        "'w.{epoch}.ckpt', save_weights_only=True",
        "'m.hdf5'",
        "'m'",
        "'m.keras', 'loss', 0, True, False, 'min', 'epoch', None, None",
    ],
)
def test_what_is_refused_is_said_in_its_words(arguments: str) -> None:
    keras = runtime.keras()
    (only,) = found("import keras\nkeras.callbacks.ModelCheckpoint(%s)" % arguments, "2.15",
                    running().name)  # fmt: skip
    with pytest.raises((TypeError, ValueError)) as caught:
        eval("keras.callbacks.ModelCheckpoint(%s)" % arguments, {"keras": keras})
    assert type(caught.value).__name__ in only.message
    if "keyword" in str(caught.value):
        # Up to Python 3.9 the class is not named.
        assert str(caught.value).rpartition("__init__")[2] in only.message
    elif isinstance(caught.value, ValueError):
        assert str(caught.value) in only.message


@needs_keras_3
@pytest.mark.parametrize(
    "call",
    [
        "model.save('a.keras', options=None)",
        "model.save('a.h5', signatures=None)",
        "keras.models.save_model(model, 'a.keras', save_traces=True)",
        "model.save_weights('a.weights.h5', save_format='h5')",
        "model.save_weights('a.weights.h5', options=None)",
        "model.load_weights('a.weights.h5', options=None)",
        "keras.models.load_model('a.keras', options=None)",
    ],
)
def test_arguments_of_saves_and_loads_are_refused_in_its_words(
    call: str, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save("a.keras")
    model.save_weights("a.weights.h5")
    text = "import keras\nmodel = keras.Sequential([])\n" + call
    (only,) = found(text, "2.15", running().name)
    assert only.code == "KC605"
    with pytest.raises((TypeError, ValueError)) as caught:
        eval(call, {"keras": keras, "model": model})
    assert type(caught.value).__name__ in only.message
    said = str(caught.value).replace("None", "...")
    # Up to Python 3.9 the class is not named.
    assert said.replace("Model.", "") in only.message.replace("Model.", "")


@needs_keras_3
@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        ("'w.weights.h5', save_weights_only=True", ["w.weights.h5"]),
        ("'m.{epoch}.keras', save_best_only=True", ["m.1.keras"]),
        ("'m.keras', monitor='val_mae', save_best_only=True", ["m.keras"]),
    ],
)
def test_what_is_not_found_runs(
    arguments: str, files: list[str], tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    import numpy as np

    monkeypatch.chdir(tmp_path)
    keras = runtime.keras()
    call = "keras.callbacks.ModelCheckpoint(%s)" % arguments
    assert not found("import keras\n" + call, "2.15", running().name)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.zeros((4, 2)), np.zeros((4, 1))
    callback = eval(call, {"keras": keras})
    model.fit(x, y, validation_split=0.5, verbose=0, callbacks=[callback])
    assert [path.name for path in tmp_path.iterdir()] == files


@needs_keras_3
def test_best_on_batches_does_what_is_said(tmp_path: pathlib.Path) -> None:
    import numpy as np

    keras = runtime.keras()
    call = "keras.callbacks.ModelCheckpoint(%r, %r, save_best_only=True, save_freq=2)"
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.zeros((8, 2)), np.zeros((8, 1))
    path = tmp_path / "m.keras"

    def fit(text: str) -> None:
        callback = eval(text, {"keras": keras})
        model.fit(x, y, batch_size=1, validation_split=0.1, verbose=0, callbacks=[callback])

    of_validation = call % (str(path), "val_loss")
    expected = bool(found("import keras\n" + of_validation, "2.4", running().name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit(of_validation)
    assert path.exists() == expected
    of_training = call % (str(path), "loss")
    if found("import keras\n" + of_training, "2.4", running().name):
        with pytest.raises(TypeError, match="'NoneType' object is not callable"):
            fit(of_training)
    else:
        fit(of_training)


@needs_keras_3
@pytest.mark.parametrize("loss", [*kc606_short_loss.SHORT, "logcosh", "MSE", "mean_squared_error"])
def test_which_losses_are_not_found_again(loss: str, tmp_path: pathlib.Path) -> None:
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", loss=loss)
    path = tmp_path / "m.h5"
    model.save(str(path))
    text = "import keras\nmodel.compile('adam', %r)\nkeras.models.load_model('m.h5')\n" % loss
    if codes(text, "2.15", running().name) == ["KC606"]:
        with pytest.raises((ValueError, TypeError)):
            keras.models.load_model(str(path))
        keras.models.load_model(str(path), compile=False)
    else:
        keras.models.load_model(str(path))


@pytest.mark.parametrize("version", [*compat.VERSIONS, "tf_keras"])
def test_the_attributes_are_those_that_the_class_sets(version: str) -> None:
    set_by: dict[str, set[str]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in (version, "2.4", "3.15", "2.0"):
            made = compat.for_version(each)("a.weights.h5", save_weights_only=True)
            set_by[each] = set(vars(made))
    for other in ("2.0", "2.4", "3.15"):
        told = [kc503_lost_attribute.attributes(release(each)) for each in (version, other)]
        assert set_by[version] - set_by[other] == told[0] - told[1]
        assert set_by[other] - set_by[version] == told[1] - told[0]


@needs_keras_3
def test_metrics_by_name_are_called_as_they_are_written() -> None:
    import ast

    import numpy as np

    keras = runtime.keras()
    written = ["AUC", "Precision", "MeanSquaredError", "BinaryAccuracy", "mae", "MSE", "accuracy"]
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "mse", metrics=list(written))
    logs = model.fit(np.zeros((4, 2)), np.zeros((4, 1)), verbose=0).history
    module = scopes.Module(ast.parse(repr(written)))
    at = scopes.Position(module.scope, module.scope.block, 1)
    (row,) = [each.value for each in module.tree.body if isinstance(each, ast.Expr)]
    assert isinstance(row, ast.List)
    told = metrics.compiled([infer.Element(each, at) for each in row.elts])
    assert told is not None
    assert set(logs) == {"loss", *told}


@needs_keras_3
def test_metrics_have_the_directions_that_are_told() -> None:
    keras = runtime.keras()
    if running().profile.direction != "metric":
        pytest.skip("metrics have no direction in this release")
    tries: list[dict[str, Any]] = [
        {},
        {"num_classes": 2},
        {"num_classes": 2, "target_class_ids": [0]},
        {"specificity": 0.5},
        {"sensitivity": 0.5},
        {"recall": 0.5},
        {"precision": 0.5},
        {"fn": abs},
    ]
    for name in dir(keras.metrics):
        kind = getattr(keras.metrics, name)
        if not isinstance(kind, type) or kind is keras.metrics.Metric:
            continue
        for arguments in tries:
            try:
                made = kind(**arguments)
                break
            except (TypeError, ValueError):
                continue
        assert metrics.DIRECTIONS[name] == getattr(made, "_direction", ""), name
        assert metrics.BY_NAME[re.sub(r"_\d+$", "", made.name)] == metrics.DIRECTIONS[name]
