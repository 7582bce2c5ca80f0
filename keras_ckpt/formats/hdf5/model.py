"""Whole models in HDF5: what `model.save("x.h5")` writes in Keras 2 and, still, in Keras 3."""

from __future__ import annotations

import contextlib
import functools
import json
from typing import Any, Iterator

import numpy as np

from keras_ckpt import endings, keras2, runtime
from keras_ckpt._typing import Config, CustomObjects, H5Group, Model
from keras_ckpt.errors import UnsupportedModel, WeightsOnly
from keras_ckpt.formats import assignment, parsing
from keras_ckpt.formats.base import Probe, Snapshot
from keras_ckpt.formats.config import (
    compilation,
    compile_arguments,
    keras2_reader,
    keras2_writer,
    making,
    optimizer_state,
    safety,
    vocabularies,
)
from keras_ckpt.formats.config.lambdas import named
from keras_ckpt.formats.hdf5 import hdf5_file, theano, weights
from keras_ckpt.formats.summary import OPTIMIZER, Summary, keras_version, of_description
from keras_ckpt.runtime import internals


class HDF5Model(hdf5_file.HDF5Format):
    """The format of `model.save("x.h5")`."""

    name = "HDF5 file of a whole model"
    keras_3_reads = True
    native_endings = endings.HDF5

    def recognises(self, probe: Probe) -> bool:
        members, _ = probe.ask(hdf5_file.outline)
        return "model_weights" in members

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        assignment.require_variables(model, "saved")
        # Keras 3's own writer fails on variables of the same name, which cells and sub-models
        # have in several releases, and writes losses and metrics that its own reader refuses.
        described = _describe(model)

        def fill(file: H5Group) -> None:
            file.attrs.update(described)
            weights.write_layers(file.create_group("model_weights"), model)
            if "training_config" in described and model.optimizer.built:
                group = file.create_group("optimizer_weights")
                weights.write_variables(group, list(model.optimizer.variables))

        return hdf5_file.snapshot(model, fill, copy)

    def inspect(self, path: str) -> Summary:
        with hdf5_file.opened(path) as file:
            described = _json(file, "model_config") or {}
            config = _json(file, "training_config")
            group = file.group("model_weights")
            variables = weights.layers(group)
            iterations = None
            if "optimizer_weights" in file:
                for name, data in weights.listed(file.group("optimizer_weights")):
                    variables.append(hdf5_file.variable(name, data, OPTIMIZER))
                    if variables[-1].counts_steps:
                        iterations = hdf5_file.counted(variables[-1], data)
            version = file.attrs.text("keras_version") or group.attrs.text("keras_version")
            return Summary(
                variables,
                keras_version(version),
                iterations=iterations,
                load_model=bool(described),
                **of_description(described, config, "optimizer_config"),
            )

    def load_weights(self, model: Model, path: str, strict: bool = True) -> None:
        assignment.require_variables(model, "loaded")
        with hdf5_file.opened(path, verify=True) as file:
            found = weights.assignments(path, file.group("model_weights"), model, strict)
            assignment.assign(model, found)

    def load_state(self, model: Model, path: str) -> None:
        self.load_weights(model, path)
        with hdf5_file.opened(path) as file:
            if getattr(model, "optimizer", None) is not None:
                _restore_optimizer(path, model, file, file.attrs.text("keras_version"))

    def load_weights_by_name(self, model: Model, path: str, skip_mismatch: bool = False) -> None:
        assignment.require_variables(model, "loaded")
        with hdf5_file.opened(path, verify=True) as file:
            group = file.group("model_weights")
            found = weights.assignments_by_name(path, group, model, skip_mismatch)
            assignment.assign(model, found)

    def load_model(
        self,
        path: str,
        custom_objects: CustomObjects | None = None,
        compile: bool = True,
        safe_mode: bool = True,
    ) -> Model:
        with hdf5_file.opened(path, verify=True) as file:
            described = _json(file, "model_config")
            config = _json(file, "training_config")
            version = file.attrs.text("keras_version", "2")
            if described is None:
                raise WeightsOnly(path, "it has the weights of a model but not its configuration")
            is_native = version.startswith("3") and not keras2_writer.is_one(described)
            safety.refuse_code(path, described, custom_objects, safe_mode, is_native)
            if compile:
                safety.refuse_code(path, config, custom_objects, safe_mode)
            group = file.group("model_weights")
            safety.refuse_sizes(path, described, sum(data.size for _, data in group.datasets()))
            make = (
                _make_natively
                if is_native
                else functools.partial(keras2_reader.make, version=version)
            )
            with _of_keras_1(path, version):
                model = make(path, described, custom_objects, safe_mode)
            if not is_native:
                vocabularies.refuse_missing(path, model, has_graph=False)
            if not assignment.is_built(model):
                _build(path, model, group)
            assignment.assign(model, weights.assignments(path, file.group("model_weights"), model))
            if not compile or config is None:
                return model
            compilation.compile_model(path, model, config, custom_objects, version)
            _restore_optimizer(path, model, file, version)
        return model


#: What comes before the channels in the shape of the inputs of layers, and the axis of their first
#: weight that has one value for each channel.
_INPUTS: dict[str, tuple[tuple[None, ...], int]] = {
    "Conv1D": ((None, None), -2),
    "Conv2D": ((None, None, None), -2),
    "Conv3D": ((None, None, None, None), -2),
    "Dense": ((None,), 0),
    "GRU": ((None, None), 0),
    "LSTM": ((None, None), 0),
    "SimpleRNN": ((None, None), 0),
}


@contextlib.contextmanager
def _of_keras_1(path: str, version: str) -> Iterator[None]:
    """Says that Keras 1 described a model which cannot be made: Keras 2 renamed the arguments."""
    try:
        yield
    except UnsupportedModel as error:
        if not version.startswith("1."):
            raise
        raise UnsupportedModel(
            path,
            f"Keras {version} described the model, with arguments that Keras 2 renamed",
            "load it in Keras 2.3.1 on TensorFlow 1.15 or older, which reads most of these files, "
            "and save it again",
        ) from error


def _build(path: str, model: Model, group: hdf5_file.Group) -> None:
    """Builds a model whose description does not say what shape its inputs have.

    Stand-alone Keras wrote such ones of a Sequential that begins with an `InputLayer`, and could
    not load them itself.
    """
    first = next(iter(model.layers), None)
    kind, name = type(first).__name__, getattr(first, "name", "")
    stored = weights.listed(group.group(name)) if name in group else []
    before, axis = _INPUTS.get(kind, ((), 0))
    try:
        if kind == "Embedding":
            model.build((None, None))
        elif before and stored:
            model.build((*before, stored[0][1].shape[axis]))
    except making.REFUSALS as error:
        raise _without_inputs(path) from error
    if not assignment.is_built(model):
        raise _without_inputs(path)


def _without_inputs(path: str) -> UnsupportedModel:
    return UnsupportedModel(
        path,
        "its description does not say what shape the inputs of the model have",
        "build the model as it was, and load the file by `load_weights`",
    )


def _make_natively(
    path: str, config: Config, custom_objects: CustomObjects | None, safe_mode: bool
) -> Model:
    """Returns the model that Keras 3 described so."""
    safely = internals.safe_mode_scope(safe_mode)
    with internals.hdf5_scope(), safely, making.from_description(path):
        config, custom = named.functions(config, custom_objects)
        described = internals.hdf5_json().decode(json.dumps(_with_operations(config)))
        with runtime.keras().saving.custom_object_scope(custom):
            return internals.hdf5_descriptions().model_from_config(described, custom)


def _with_operations(config: Any) -> Any:
    """Returns the description with the modules of the operations in it, `x + 1` one of them.

    Keras 3 leaves them out, and then takes an operation for the layer of that name, if any.
    """
    if isinstance(config, list):
        return [_with_operations(each) for each in config]
    if not isinstance(config, dict):
        return config
    found = {name: _with_operations(value) for name, value in config.items()}
    settings = found.get("config")
    if "inbound_nodes" in found and isinstance(settings, dict) and "trainable" not in settings:
        module = internals.module_of_operation(
            str(found.get("class_name")), runtime.keras().Operation
        )
        if module is not None:
            found = dict(found, module=module, registered_name=found["class_name"])
    return found


@contextlib.contextmanager
def _compile_config_kept(model: Model) -> Iterator[None]:
    """Puts back the optimizer that Keras 3 takes out of the model's `compile` arguments.

    It does so when it describes them. The next `.keras` archive of the model would have none.
    """
    config = internals.compile_arguments(model)
    before = dict(config)
    try:
        yield
    finally:
        config.update(before)


def _describe(model: Model) -> Config:
    """Returns the attributes of the file: the configuration of the model and how to compile it."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(compile_arguments.described_whole(model))
        stack.enter_context(internals.hdf5_scope())
        stack.enter_context(internals.plain_copies())
        stack.enter_context(_compile_config_kept(model))
        described = dict(internals.hdf5_descriptions().model_metadata(model))
        if "training_config" in described:
            described["training_config"] = _spelled_out(described["training_config"])
        encode = internals.hdf5_json().get_json_type
        for name, value in described.items():
            if not isinstance(value, str):
                described[name] = json.dumps(value, default=encode).encode("utf-8")
    return _for_keras_2(described, model)


def _for_keras_2(described: Config, model: Model) -> Config:
    """Returns the same as Keras 2 would say it, which Keras 3 understands, if it can be said."""

    def of_model(description: Config) -> Config:
        named = keras2.fixed_training.named(description["config"], model)
        return keras2_writer.of_model(dict(description, config=named))

    try:
        found = dict(described)
        for name, convert in (
            ("model_config", of_model),
            ("training_config", keras2_writer.of_training),
        ):
            if name in found:
                config = convert(json.loads(hdf5_file.as_text(found[name])))
                found[name] = json.dumps(config).encode("utf-8")
    except keras2_writer.NotInKeras2:
        return described
    return found


def _json(file: hdf5_file.Group, name: str) -> Config | None:
    return parsing.described(file.path, file.attrs.text(name)) if name in file.attrs else None


def _spelled_out(config: Config) -> Config:
    """Replaces abbreviations such as "mse", which no Keras 3 can read back, by what they mean."""
    keras = runtime.keras()

    def loss(given: object) -> object:
        meant = keras.losses.get(given) if isinstance(given, str) else None
        return getattr(meant, "__name__", given)

    def metric(given: object) -> object:
        if not isinstance(given, str) or given in compilation.BY_OUTPUT:
            return given
        meant = keras.metrics.get(given)
        if not isinstance(meant, keras.metrics.Metric):
            return getattr(meant, "__name__", given)
        return {"class_name": type(meant).__name__, "config": {"name": given}}

    spelled = dict(config)
    try:
        spelled["loss"] = compilation.map_each(loss, config.get("loss"))
        for kind in ("metrics", "weighted_metrics"):
            spelled[kind] = compilation.map_each(metric, config.get(kind))
    except ValueError:
        return config  # a name of the user's own, which only the user's objects give a meaning
    return spelled


def _restore_optimizer(path: str, model: Model, file: hdf5_file.Group, version: str) -> None:
    """Gives the optimizer of a model the state in a file, if it has one."""
    if "optimizer_weights" not in file:
        return
    if theano.wrote(file.group("model_weights")) and theano.kernels(model):
        assignment.warn_of_new_optimizer(
            model.optimizer,
            f"the state of kernels in {path} is that of Theano, which turned them around.",
        )
        return
    state = _optimizer_state(file.group("optimizer_weights"))
    optimizer_state.restore(path, model, *state, version=version)


def optimizer_values(file: hdf5_file.Group) -> list[np.ndarray]:
    """Returns what a file holds of the optimizer, in the order of its variables."""
    if "optimizer_weights" not in file:
        return []
    return [each.read() for each in _optimizer_state(file.group("optimizer_weights"))[1]]


def _optimizer_state(group: hdf5_file.Group) -> tuple[list[str], list[hdf5_file.Dataset]]:
    """Returns the names and values that the file lists, none of them unless all are there."""
    names = hdf5_file.read_names(group, "weight_names")
    found = [group.get(name) for name in names]
    values = [each for each in found if isinstance(each, hdf5_file.Dataset)]
    return (names, values) if len(values) == len(names) else ([], [])
