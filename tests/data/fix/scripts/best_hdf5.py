"""The best whole model as `.hdf5`, by the name that the metric had before TF 2.0."""

import os
import random

import numpy as np
import tensorflow as tf
from tensorflow.keras.callbacks import EarlyStopping, ModelCheckpoint
from tensorflow.keras.models import load_model

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
filepath = "best-{epoch:02d}.hdf5"
checkpoint = ModelCheckpoint(
    filepath, monitor="val_acc", verbose=0, save_best_only=True, mode="max"
)
stopping = EarlyStopping(monitor="val_loss", patience=10)
history = model.fit(
    x_train,
    y_train,
    validation_data=(x_val, y_val),
    epochs=6,
    shuffle=False,
    verbose=0,
    callbacks=[checkpoint, stopping],
)
best = int(np.argmax(history.history["val_accuracy"])) + 1
print("saved: %s" % os.path.exists(filepath.format(epoch=best)))
print("best: %.3f" % max(history.history["val_accuracy"]))
loaded = load_model(filepath.format(epoch=best))
print("after: %.3f" % np.mean((loaded.predict(x_val, verbose=0)[:, 0] > 0.5) == y_val))
