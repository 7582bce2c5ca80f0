"""One of several processes that train a model together: `python processes.py JOB.json`.

The job says which library the processes are of, and what each does; `test_processes.py` writes it.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import sys
from typing import Any

import numpy as np


def begin(job: dict[str, Any]) -> None:
    """Joins the other processes."""
    if not job["backend"]:  # Keras 2.
        workers = [f"127.0.0.1:{port}" for port in job["ports"]]
        task = {"type": "worker", "index": job["index"]}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": workers}, "task": task})
        return
    os.environ["KERAS_BACKEND"] = job["backend"]
    address = f"127.0.0.1:{job['ports'][0]}"
    if job["backend"] == "jax":
        import jax

        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_num_cpu_devices", job["devices"])
        if job["count"] > 1:
            jax.config.update("jax_cpu_collectives_implementation", "gloo")
            jax.distributed.initialize(address, job["count"], job["index"])
    else:
        import torch.distributed

        torch.set_num_threads(1)
        torch.distributed.init_process_group(
            "gloo", f"tcp://{address}", rank=job["index"], world_size=job["count"]
        )


def made(job: dict[str, Any]) -> Any:
    """Returns the model, distributed as the job says."""
    if job["how"] == "strategy":
        import tensorflow as tf

        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        with strategy.scope():
            return built(tf.keras)
    import keras

    keras.utils.set_random_seed(1)
    if job["how"] == "data":
        parallel = keras.distribution.DataParallel(auto_shard_dataset=False)
        keras.distribution.set_distribution(parallel)
    elif job["how"] == "model":
        import jax

        mesh = keras.distribution.DeviceMesh((1, len(jax.devices())), ["batch", "model"])
        layout = keras.distribution.LayoutMap(mesh)
        layout[".*dense/kernel.*"] = (None, "model")
        layout[".*dense/bias.*"] = ("model",)
        layout[".*dense_1/kernel.*"] = ("model", None)
        parallel = keras.distribution.ModelParallel(
            layout_map=layout, batch_dim_name="batch", auto_shard_dataset=False
        )
        keras.distribution.set_distribution(parallel)
    return built(keras)


def built(keras: Any) -> Any:
    """Returns the model, compiled."""
    layers = [
        keras.Input((4,)),
        keras.layers.Dense(8, name="dense"),
        keras.layers.Dense(1, name="dense_1"),
    ]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def values(model: Any) -> list[Any]:
    """Returns the whole values of a model, and of its optimizer in Keras 3."""
    from keras_ckpt import runtime
    from keras_ckpt.runtime import processes

    if not runtime.is_keras_3():
        return [each.tolist() for each in model.get_weights()]
    variables = [*model.variables, *model.optimizer.variables]
    found = []
    for each in variables:
        value = processes.part(each)
        if value is not None:
            together: Any = processes.group()
            found.append(together.gathered(value).tolist())
        else:
            found.append(runtime.to_numpy(each).tolist())
    return found


def main(path: str) -> None:
    job = json.loads(pathlib.Path(path).read_text())
    begin(job)
    import keras_ckpt
    from keras_ckpt import ModelCheckpoint, runtime
    from keras_ckpt.runtime import processes

    keras: Any = runtime.keras()

    random = np.random.RandomState(0)
    x = random.rand(32, 4).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    model = made(job)
    is_first = job["index"] == 0 if job["how"] == "strategy" else processes.group().is_first
    result: dict[str, Any] = {"epochs": [], "begin": None, "first": is_first}

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if result["begin"] is None:
                result["begin"] = values(self.model)
            result["epochs"].append(epoch)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if job.get("signal_at") == [result["epochs"][-1], batch] and job["index"] == 1:
                os.kill(os.getpid(), signal.SIGTERM)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            # Each process has a metric of its own, as those of DDP do.
            logs["score"] = float(epoch * (-1) ** job["index"])

    def note() -> None:
        result["spread"] = sum(processes.part(each) is not None for each in model.weights)
        result["end"] = values(model)
        if checkpoint is not None:
            result["latest"] = checkpoint.latest_checkpoint
            result["best"] = checkpoint.best_checkpoint
            result["checkpoints"] = [each.path for each in checkpoint.checkpoints]
        pathlib.Path(job["result"]).write_text(json.dumps(result))

    def ended(*_: Any) -> None:
        note()
        os._exit(41)

    signal.signal(signal.SIGTERM, ended)
    checkpoint: Any = None
    if "template" in job:
        arguments = {"monitor": "score", "mode": "max", **job["arguments"]}
        checkpoint = ModelCheckpoint(job["template"], **arguments)
    if "loads" in job:
        keras_ckpt.load_weights(model, job["loads"])
    given: Any = {"x": x, "y": y, "batch_size": 8}
    if job["how"] == "strategy":
        import tensorflow as tf

        options = tf.data.Options()
        off = tf.data.experimental.AutoShardPolicy.OFF
        options.experimental_distribute.auto_shard_policy = off
        batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
        given = {"x": batches.with_options(options)}
    model.fit(
        **given, epochs=job["epochs"], verbose=0, shuffle=False,
        callbacks=[Watch(), *([] if checkpoint is None else [checkpoint])],
    )  # fmt: skip
    if "saves" in job:
        is_whole = job["saves"].endswith((".keras", ".orbax"))
        save = keras_ckpt.save_model if is_whole else keras_ckpt.save_weights
        save(model, job["saves"])
    note()


if __name__ == "__main__":
    main(sys.argv[1])
