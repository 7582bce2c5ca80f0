"""The tutorial: weights under a prefix, the newest of them loaded."""

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
checkpoint_path = "training_2/cp-{epoch:04d}.ckpt"
checkpoint_dir = os.path.dirname(checkpoint_path)
cp_callback = tf.keras.callbacks.ModelCheckpoint(
    filepath=checkpoint_path,
    verbose=0,
    save_weights_only=True,
)
model.save_weights(checkpoint_path.format(epoch=0))
model.fit(x_train, y_train, epochs=3, shuffle=False, verbose=0, callbacks=[cp_callback])
expected = model.predict(x_val, verbose=0)
latest = tf.train.latest_checkpoint(checkpoint_dir)
print("latest:", os.path.basename(latest))
model.load_weights(checkpoint_path.format(epoch=0))
print("untrained: %s" % np.allclose(model.predict(x_val, verbose=0), expected))
model.load_weights(latest).expect_partial()
print("trained: %s" % np.allclose(model.predict(x_val, verbose=0), expected))
