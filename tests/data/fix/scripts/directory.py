"""The best weights under a prefix, and the model of the end as a SavedModel."""

import os
import random

import numpy as np
import tensorflow as tf
from tensorflow import keras

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

model.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"])
checkpoint_filepath = os.path.join("tmp", "checkpoint")
model_checkpoint_callback = keras.callbacks.ModelCheckpoint(
    filepath=checkpoint_filepath,
    save_weights_only=True,
    monitor="val_accuracy",  # as it is compiled
    mode="max",
    save_best_only=True,
)
history = model.fit(
    x_train,
    y_train,
    validation_data=(x_val, y_val),
    epochs=4,
    shuffle=False,
    verbose=0,
    callbacks=[model_checkpoint_callback],
)
model.save("saved_model/my_model", save_format="tf")
end = model.predict(x_val, verbose=0)
model.load_weights(checkpoint_filepath)
print("best: %.3f" % max(history.history["val_accuracy"]))
print("after: %.3f" % model.evaluate(x_val, y_val, verbose=0)[1])
new_model = keras.models.load_model("saved_model/my_model")
print("whole: %s" % np.allclose(new_model.predict(x_val, verbose=0), end))
