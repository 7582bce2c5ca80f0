"""What a checkpoint says of itself and of its run."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import pathlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import keras_ckpt
from keras_ckpt import runtime
from keras_ckpt.formats import registry
from keras_ckpt.runs import record
from keras_ckpt.runs.record import Record

texts = st.text(max_size=20)
numbers = st.floats(allow_nan=False)
counts = st.integers(0, 1 << 40)
records = st.builds(
    Record,
    template=texts,
    run=texts,
    epoch=counts,
    started=texts,
    time=texts,
    name=texts,
    parent=st.none() | texts,
    batch=st.none() | counts,
    step=st.none() | counts,
    logs=st.dictionaries(texts, numbers, max_size=4),
    monitor=st.none() | texts,
    mode=st.none() | st.sampled_from(["min", "max"]),
    value=st.none() | numbers,
    best=st.none() | numbers,
    best_name=st.none() | texts,
    retention=st.dictionaries(texts, numbers, max_size=2),
    size=st.none() | counts,
    checksums=st.dictionaries(texts, counts, max_size=3),
    versions=st.dictionaries(texts, texts, max_size=3),
)


@given(records)
def test_it_comes_back(made: Record) -> None:
    assert record.parse(made.dumped()) == made
    assert record.parse(made.dumped().encode("ascii")) == made


def test_numbers_that_json_has_no_words_for() -> None:
    logs = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
    made = Record("t", "r", 1, "s", "t", logs=logs, value=math.nan)
    json.loads(made.dumped(), parse_constant=pytest.fail)
    found = record.parse(made.dumped())
    assert found is not None
    assert found.value is not None
    assert math.isnan(found.value)
    assert [str(each) for each in found.logs.values()] == ["nan", "inf", "-inf"]


@given(records, st.data())
def test_what_has_other_types_is_none(made: Record, data: Any) -> None:
    described = json.loads(made.dumped())
    name = data.draw(st.sampled_from([each.name for each in dataclasses.fields(Record)]))
    described[name] = data.draw(
        st.sampled_from([[], True, {"a": []}, {"a": None}, [1], 1.5j]).map(
            lambda value: "x" if isinstance(value, complex) else value
        )
    )
    if described[name] == "x" and isinstance(getattr(made, name), (str, type(None))):
        return
    assert record.parse(json.dumps(described)) is None


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_anything_is_no_record(content: Any) -> None:
    assert record.parse(content) is None


@pytest.mark.parametrize(
    "content",
    ["", "null", "[]", "{}", '{"version": 2}', '{"version": 1}', "[" * 50000, "1" * 70000],
)
def test_what_is_no_record(content: str) -> None:
    assert record.parse(content) is None


def test_logs_are_left_out_if_there_are_too_many() -> None:
    made = Record("t", "r", 1, "s", "t", logs={f"metric_{n}": 0.5 for n in range(9000)}, value=2.0)
    assert len(made.dumped()) <= record.LIMIT
    found = record.parse(made.dumped())
    assert found is not None
    assert (found.logs, found.value) == ({}, 2.0)


def test_checksums_are_left_out_if_there_are_too_many() -> None:
    checksums = {f"assets/{n}": n for n in range(9000)}
    made = Record("t", "r", 1, "s", "t", logs={"loss": 0.5}).of("name", 3, **checksums)
    found = record.parse(made.dumped())
    assert found is not None
    assert (found.name, found.size, found.checksums) == ("name", 3, {})


keras_3 = pytest.mark.skipif(not runtime.is_keras_3(), reason="where keras_ckpt writes the files")
TEMPLATES = (
    ("m.{epoch:02d}.keras", False),
    ("m.{epoch:02d}.h5", False),
    ("m.{epoch:02d}.h5", True),
    ("m.{epoch:02d}.weights.h5", True),
    ("m.{epoch:02d}.weights.json", True),
    ("m.{epoch:02d}.keras", True),
    ("m.{epoch:02d}", True),
    ("m.{epoch:02d}.safetensors", True),
    ("m.{epoch:02d}.orbax", True),
    ("m.{epoch:02d}.orbax", False),
    ("m.{epoch:02d}", False),
)


def needed(template: str, weights: bool) -> None:
    if template.endswith("safetensors"):
        pytest.importorskip("safetensors")
    if template.endswith("orbax"):
        pytest.importorskip("orbax.checkpoint")


def trained(template: str, epochs: int = 2, batch_size: int = 4, **kwargs: Any) -> tuple[Any, Any]:
    keras = runtime.keras()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.ones((8, 3), "float32"), np.zeros((8, 2), "float32")
    checkpoint = keras_ckpt.ModelCheckpoint(template, **kwargs)
    fitted = model.fit(x, y, batch_size, epochs, 0, [checkpoint], 0.5)
    return model, fitted.history


@keras_3
@pytest.mark.parametrize(("template", "weights"), TEMPLATES)
def test_each_format_has_it(template: str, weights: bool, tmp_path: pathlib.Path) -> None:
    needed(template, weights)
    path = str(tmp_path / template)
    model, history = trained(path, save_weights_only=weights, monitor="val_mae", mode="min")
    runs = set()
    for epoch in (1, 2):
        saved = path.format(epoch=epoch)
        found = registry.record_of(saved)
        assert found is not None
        assert (found.epoch, found.batch, found.step) == (epoch, None, epoch)
        assert (found.template, found.name) == (path, os.path.basename(saved))
        assert found.logs == {name: values[epoch - 1] for name, values in history.items()}
        assert (found.monitor, found.mode) == ("val_mae", "min")
        assert found.value == history["val_mae"][epoch - 1]
        assert found.started <= found.time
        assert found.size is not None
        assert found.versions["keras"] == runtime.keras().__version__
        runs.add(found.run)
        assert registry.flaw(saved) is None
    assert len(runs) == 1
    keras_ckpt.load_weights(model, path.format(epoch=1))
    assert keras_ckpt.latest_checkpoint(path) == path.format(epoch=2)
    if weights:
        assert keras_ckpt.latest_checkpoint(str(tmp_path)) == path.format(epoch=2)


@keras_3
@pytest.mark.parametrize(("template", "weights"), TEMPLATES)
def test_at_one_path_it_is_of_the_last(template: str, weights: bool, tmp_path: Any) -> None:
    needed(template, weights)
    path = str(tmp_path / template.replace(".{epoch:02d}", ""))
    for epochs in (1, 3):
        model, _ = trained(path, epochs, save_weights_only=weights)
        found = registry.record_of(path)
        assert found is not None
        assert found.epoch == epochs
    # A save that is not the callback's says nothing.
    save = keras_ckpt.save_weights if weights else keras_ckpt.save_model
    save(model, path)
    assert registry.record_of(path) is None


@keras_3
def test_best_and_batches(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "best.keras")
    _, history = trained(path, 3, save_best_only=True, monitor="val_loss")
    found = registry.record_of(path)
    assert found is not None
    assert found.best == min(history["val_loss"]) == found.value
    assert found.best_name == found.name == "best.keras"
    assert found.mode == "min"
    trained(str(tmp_path / "b.{batch}.keras"), 1, batch_size=2, save_freq=1)
    # After the last batch, the epoch is over.
    for batch, expected in ((1, (0, 1, 1)), (2, (1, None, 2))):
        found = registry.record_of(str(tmp_path / f"b.{batch}.keras"))
        assert found is not None
        assert (found.epoch, found.batch, found.step) == expected


@keras_3
@pytest.mark.parametrize("name", ["m.h5", "w.weights.h5", "m.keras", "cp", "w.weights.json"])
def test_a_thousand_metrics(name: str, tmp_path: pathlib.Path) -> None:
    callback = keras_ckpt.ModelCheckpoint(tmp_path / name, save_weights_only=name[0] != "m")
    keras = runtime.keras()
    callback.set_model(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]))
    callback.on_train_begin()
    logs = {f"the_metric_of_output_{n}": n / 3 for n in range(1000)}
    callback.on_epoch_end(0, dict(logs, array=np.ones(3), text="no number"))
    found = registry.record_of(str(tmp_path / name))
    assert found is not None
    assert found.logs == logs


@keras_3
def test_inspect_shows_it(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("click")
    from command_line import run

    path = str(tmp_path / "m.keras")
    _, history = trained(path, 2)
    record = keras_ckpt.inspect(path).record
    assert record is not None
    code, output = run("inspect", path)
    assert code == 0
    facts = dict(line.split("  ", 1) for line in output.split("\n\n")[0].splitlines())
    assert facts["Saved after"].strip().startswith("2 epochs, ")
    assert facts["Run"].strip() == record.run
    assert f"val_mae {history['val_mae'][-1]:.6g}" in facts["Metrics"]
    code, output = run("inspect", path, "--json")
    assert json.loads(output)["record"]["logs"] == dict(record.logs)


@keras_3
def test_each_fit_is_a_run(tmp_path: pathlib.Path) -> None:
    runs = []
    for name in ("a.keras", "b.keras"):
        trained(str(tmp_path / name))
        found = registry.record_of(str(tmp_path / name))
        assert found is not None
        runs.append(found.run)
    assert runs[0] != runs[1]


@keras_3
def test_one_beside_another_index_is_none(tmp_path: pathlib.Path) -> None:
    """Another program has written a TensorFlow checkpoint to the same path."""
    model, _ = trained(str(tmp_path / "cp"), 1, save_weights_only=True)
    content = (tmp_path / "cp.keras_ckpt.json").read_bytes()
    keras_ckpt.save_weights(model, tmp_path / "cp")
    assert not (tmp_path / "cp.keras_ckpt.json").exists()
    model.layers[-1].set_weights([each + 1 for each in model.layers[-1].get_weights()])
    keras_ckpt.save_weights(model, tmp_path / "cp")
    (tmp_path / "cp.keras_ckpt.json").write_bytes(content)
    assert registry.record_of(str(tmp_path / "cp")) is None


@keras_3
def test_a_saved_model_with_a_damaged_graph_is_found(tmp_path: pathlib.Path) -> None:
    if not runtime.has_tensorflow():
        pytest.skip("TensorFlow writes the graph")
    path = tmp_path / "m"
    trained(str(path), 1)
    assert registry.flaw(str(path)) is None
    content = bytearray((path / "saved_model.pb").read_bytes())
    content[len(content) // 2] ^= 1
    (path / "saved_model.pb").write_bytes(content)
    assert "saved_model.pb" in str(registry.flaw(str(path)))


@keras_3
@pytest.mark.parametrize("epoch", [np.int64(0), np.int32(0), np.array(0), 0.0])
def test_numbers_of_numpy(epoch: Any, tmp_path: pathlib.Path) -> None:
    """Loops of one's own count in whatever they like, and no save is lost over it."""
    keras = runtime.keras()
    callback = keras_ckpt.ModelCheckpoint(tmp_path / "m.keras")
    callback.set_model(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]))
    logs = {"loss": np.float32(0.5), "huge": 10**400}
    callback.on_epoch_end(epoch, logs)
    found = registry.record_of(str(tmp_path / "m.keras"))
    assert found is not None
    assert (found.epoch, found.logs) == (1, {"loss": 0.5})


@keras_3
def test_a_save_within_a_save(tmp_path: pathlib.Path) -> None:
    class Twice(keras_ckpt.ModelCheckpoint):
        again = True

        def _save_handler(self, filepath: str) -> None:
            if self.again:
                self.again = False
                self._save_model(0, None, {"loss": 2.0})
            super()._save_handler(filepath)

    keras = runtime.keras()
    callback = Twice(tmp_path / "m.keras")
    callback.set_model(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]))
    callback.on_epoch_end(1, {"loss": 1.0})
    found = registry.record_of(str(tmp_path / "m.keras"))
    assert found is not None
    assert (found.epoch, found.logs) == (2, {"loss": 1.0})
    assert "_keras_ckpt_saving" not in vars(callback)
