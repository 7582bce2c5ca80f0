"""What Keras keeps to itself is found in every release, and asked for in one place."""

from __future__ import annotations

import ast
import pathlib
import re
from typing import Any

import numpy as np
import pytest
from helpers import KERAS_3, functional, keras

from keras_ckpt import formats
from keras_ckpt.runtime import installed, internals

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PRIVATE = re.compile(r"(keras|tf_keras)\.src\b|tensorflow\.python\b")
LIBRARIES = {"keras", "tensorflow", "tensorflow_core", "tf_keras"}

only_keras_3 = pytest.mark.skipif(not KERAS_3, reason="Keras 2 has nothing of it")


def text_of(node: ast.AST) -> str:
    """Returns the text of a constant, which is in another attribute in Python 3.7."""
    found = getattr(node, "value", getattr(node, "s", None))
    return found if isinstance(found, str) else ""


def named(path: pathlib.Path) -> set[str]:
    """Returns what of Keras and TensorFlow a module imports, or has the private name of."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        imported: list[object] = []
        if isinstance(node, ast.Import):
            imported = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported = [node.module]
        elif isinstance(node, ast.Call) and "import_module" in ast.dump(node.func):
            imported = [text_of(each) for each in node.args[:1]]
        elif PRIVATE.match(text_of(node)):
            imported = [text_of(node)]
        found.update(str(each) for each in imported if str(each).split(".")[0] in LIBRARIES)
    return found


def test_no_other_room_imports_keras_or_names_what_is_private() -> None:
    # What reads code knows names that stand in it.
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("keras_ckpt", "compat")
        for path in sorted((ROOT / folder).rglob("*.py"))
        # What stands in for a class of Keras 3 is a subclass of it.
        if not {"migrate", "keras2"} & set(path.parts) and named(path)
    }
    assert found == {"keras_ckpt/runtime/installed.py", "keras_ckpt/runtime/internals.py"}


@only_keras_3
def test_every_private_module_of_keras_is_there() -> None:
    assert callable(internals.saving_lib().save_model)
    assert callable(internals.hdf5_descriptions().model_metadata)
    assert callable(internals.hdf5_json().decode)
    with internals.object_sharing_scope(), internals.hdf5_scope():
        pass


@only_keras_3
def test_the_class_of_variables() -> None:
    (variable, *_) = functional().variables
    assert isinstance(variable, internals.variable_class())


@only_keras_3
def test_layers_that_only_assign() -> None:
    class Own(keras.layers.Dense):  # type: ignore[misc, name-defined]
        def load_own_variables(self, store: object) -> None:
            super().load_own_variables(store)

    assert internals.only_assigns(keras.layers.Dense(1))
    assert internals.only_assigns(keras.layers.Conv2D(1, 1))
    assert not internals.only_assigns(Own(1))
    assert not internals.only_assigns(keras.layers.Normalization())


@only_keras_3
def test_operations_by_the_name_of_their_class() -> None:
    operation = keras.Operation
    assert internals.module_of_operation("Add", operation) == "keras.src.ops.numpy"
    assert internals.module_of_operation("Relu", operation) == "keras.src.ops.nn"
    assert internals.module_of_operation("Dense", operation) is None
    assert internals.module_of_operation("annotations", operation) is None


@only_keras_3
def test_stop_gradient_makes_a_node_of_what_is_symbolic() -> None:
    found = internals.stop_gradient(keras.KerasTensor((None, 2)))
    assert isinstance(found, keras.KerasTensor)
    assert tuple(found.shape) == (None, 2)


@only_keras_3
def test_safe_mode_is_that_of_the_scope() -> None:
    assert internals.is_safe_mode(True)
    assert not internals.is_safe_mode(False)
    with internals.safe_mode_scope(False):
        assert not internals.is_safe_mode(True)


@only_keras_3
def test_compiled_metrics_are_those_that_were_asked_for() -> None:
    model = functional(["mae"])
    model.evaluate(np.zeros((2, 2)), np.zeros((2, 1)), verbose=0)
    names = [each.name for each in internals.compiled_metrics(model)]
    assert "loss" not in names
    assert len(names) == 1


def test_clusters_of_the_first_releases_alone() -> None:
    early = not KERAS_3 and installed.version() < (2, 3)
    assert (internals.training_state_class() is not None) == early
    assert internals.worker_context() is None


@only_keras_3
def test_no_layer_is_made_to_save_or_load_another(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(2) for _ in range(9))])
    model.compile("adam", "mse", metrics=["mae"])
    model.train_on_batch(np.ones((1, 2)), np.ones((1, 2)))
    path = str(tmp_path / "a.weights.h5")
    formats.save_weights(model, path)
    made: list[object] = []
    for kind in (keras.layers.Layer, keras.optimizers.Optimizer, keras.metrics.Metric):
        known = kind.__init__

        def noting(self: object, *args: object, known: Any = known, **kwargs: object) -> None:
            made.append(self)
            known(self, *args, **kwargs)

        monkeypatch.setattr(kind, "__init__", noting)
    formats.save_weights(model, path)
    formats.load_weights(model, path)
    assert not made
