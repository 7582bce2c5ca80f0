"""What each life of the job of `kills.py` needs, imported once, where they fork from."""

import sklearn.datasets

import keras_ckpt
from keras_ckpt import runtime

runtime.keras()
__all__ = ["keras_ckpt", "sklearn"]
