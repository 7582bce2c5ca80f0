"""Subclasses, and calls inside of classes and functions."""
# As people write it.
# ruff: noqa
# fmt: off

import functools
import pathlib

import keras
from keras.callbacks import Callback, ModelCheckpoint


class Announced(ModelCheckpoint):
    def __init__(self, path, **kwargs):
        super().__init__(path, save_weights_only=True, period=2, **kwargs)  # expect: KC101
        self.saved = []

    def _save_model(self, epoch, logs):  # expect: KC501
        super()._save_model(epoch, logs)  # expect: KC501
        self.saved.append(self._get_file_path(epoch, logs))  # expect: KC501

    def _maybe_remove_file(self):  # expect: KC501
        pass


class Passing(ModelCheckpoint):
    def __init__(self, *args, **kwargs):
        super(Passing, self).__init__(*args, **kwargs)


class Named(ModelCheckpoint):
    def __init__(self, period, path, *args, best=True, **kwargs):
        self.tag = kwargs.pop("tag", None)
        ModelCheckpoint.__init__(self, path, *args, save_best_only=best, save_weights_only=True, **kwargs)


class Inherits(Named):
    pass


class Default(ModelCheckpoint):
    def __init__(self, path="weights.hdf5", **kwargs):  # expect: KC202
        super().__init__(filepath=path, **kwargs)


Passing("a.keras", "val_loss", period=5)  # expect: KC101
Passing("a.ckpt", save_weights_only=True)  # expect: KC201
Passing("a.keras", "val_loss", 0, True, False, "auto", 5)  # expect: KC105 KC303
Passing(*arguments, **options)
Named(5, "a.weights.h5", tag="x")
Named(5, "a.h5", save_freq=1)  # expect: KC201 KC303
Named(period=5, path="a.h5", options=None)  # expect: KC201 KC102
Inherits(5, "a.h5", load_weights_on_restart=True)  # expect: KC201 KC103
Default()
Default("a.weights.h5", save_weights_only=True)


class OfOneDevice(keras.callbacks.ModelCheckpoint):
    def set_model(self, model):
        self.model = model.layers[-2]  # expect: KC502


class Plain(ModelCheckpoint):
    """Has the arguments of its base."""

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)


class Counted(ModelCheckpoint):
    def on_epoch_end(self, epoch, logs=None):
        self.epochs_since_last_save += 1  # expect: KC503
        if self.epochs_since_last_save >= self.period:  # expect: KC503
            self.epochs_since_last_save = 0
            super().on_epoch_end(epoch, logs)
        print(self.save_freq, self._batches_seen_since_last_saving, self.best)


class CountedItself(ModelCheckpoint):
    def __init__(self, path, period=1):
        super().__init__(path)
        self.period = period
        self.epochs_since_last_save = 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs_since_last_save += 1
        if self.epochs_since_last_save >= self.period:
            super().on_epoch_end(epoch, logs)


one = ModelCheckpoint("a.keras")
print(one.best, one.load_weights_on_restart)  # expect: KC503


class Starred(ModelCheckpoint):
    def _save_model(self, *args, **kwargs):
        super()._save_model(*args, **kwargs)


plain = Plain("weights.hdf5", save_weights_only=True)  # expect: KC201
announced = Announced("weights.hdf5")  # expect: KC201


class Trainer:
    directory = pathlib.Path("runs")

    def __init__(self, config):
        self.config = config
        self.path = self.directory / "best.hdf5"
        self.model = keras.models.Sequential()

    def callbacks(self):
        found = []
        found.append(ModelCheckpoint(self.path, save_best_only=True))  # expect: KC202
        found.append(ModelCheckpoint(self.config.path, save_best_only=True))
        return found

    def train(self, x, y):
        self.model.compile("adam", "mse", metrics=["mae"])
        best = ModelCheckpoint("b.keras", monitor="loss", save_best_only=True, save_freq=100)  # expect: KC303
        self.model.fit(x, y, callbacks=[best])
        self.model.save("out/" + self.config.name + ".model")  # expect: KC604


Weights = functools.partial(ModelCheckpoint, save_weights_only=True)
weights = Weights("weights.h5")  # expect: KC201


def local():
    class ModelCheckpoint(Callback):
        def __init__(self, path, period=1):
            self.path = path

    return ModelCheckpoint("x.ckpt", period=5)


def lightning():
    from pytorch_lightning.callbacks import ModelCheckpoint

    return ModelCheckpoint("x.ckpt", period=5)


def ours():
    from keras_ckpt import ModelCheckpoint as Ours

    return Ours("x.ckpt", period=5)


class Detector:
    """No model of Keras."""

    def save_weights(self, path):
        self.path = path


Detector().save_weights("detector.bin")
