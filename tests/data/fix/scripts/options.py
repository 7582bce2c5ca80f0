"""Everything by position and spelled out, options and a misspelt keyword."""

import os
import random

import numpy as np
import tensorflow as tf

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
weights = tf.keras.callbacks.ModelCheckpoint(
    "weights.h5", "loss", 0, False, True, "auto", "epoch", None
)
models = tf.keras.callbacks.ModelCheckpoint(
    "models/epoch-{epoch:02d}",
    monitor="val_accuracy",
    options=tf.saved_model.SaveOptions(),  # for another machine
    save_best=True,
)
tf.keras.Model.fit(
    model,
    x_train,
    y_train,
    validation_data=(x_val, y_val),
    epochs=3,
    shuffle=False,
    verbose=0,
    callbacks=[weights, models],
)
expected = model.predict(x_val, verbose=0)
print("saved:", len(os.listdir("models")))
reloaded = tf.keras.models.load_model("models/epoch-03")
print("whole: %s" % np.allclose(reloaded.predict(x_val, verbose=0), expected))
model.fit(x_train, y_train, epochs=1, verbose=0)
print("others: %s" % np.allclose(model.predict(x_val, verbose=0), expected))
model.load_weights("weights.h5")
print("weights: %s" % np.allclose(model.predict(x_val, verbose=0), expected))
