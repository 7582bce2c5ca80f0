"""`period=2`: every other epoch, as HDF5."""

import os
import random

import numpy as np
import tensorflow as tf
from tensorflow.keras.callbacks import ModelCheckpoint

random.seed(0)
np.random.seed(0)
tf.random.set_seed(0)
x = np.random.random((96, 4)).astype("float32")
y = (x.sum(axis=1) > 2).astype("float32")
x_train, y_train, x_val, y_val = x[:64], y[:64], x[64:], y[64:]

model = tf.keras.Sequential(
    [
        tf.keras.layers.Dense(8, activation="relu", input_shape=(4,)),
        tf.keras.layers.Dense(1, activation="sigmoid"),
    ]
)

model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
os.mkdir("period")
checkpoint = ModelCheckpoint("period/weights.{epoch:02d}.hdf5", save_weights_only=True, period=2)
model.fit(x_train, y_train, epochs=5, shuffle=False, verbose=0, callbacks=[checkpoint])
print("period:", sorted(os.listdir("period")))
print("before: %.3f" % model.evaluate(x_val, y_val, verbose=0)[1])
model.load_weights("period/weights.04.hdf5")
print("after: %.3f" % model.evaluate(x_val, y_val, verbose=0)[1])
