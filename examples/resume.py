"""A job that may be killed at any moment: started again, by the same command, it goes on.

It learns handwritten digits, and keeps the two newest and the two best checkpoints. Press Ctrl-C, or
kill it, and start it again:

    python examples/resume.py
"""

import sys

import keras
from sklearn.datasets import load_digits

from keras_ckpt import ModelCheckpoint


def digits():
    data = load_digits()
    return data.images[..., None].astype("float32") / 16, data.target


def build():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(directory="digits", epochs=20):
    x, y = digits()
    model = build()
    checkpoint = ModelCheckpoint(
        directory + "/{epoch:03d}.keras",
        monitor="val_accuracy",
        verbose=1,
        resume=True,
        max_to_keep=2,
        keep_best_n=2,
        link_best=directory + "/best.keras",
        save_before_preemption=True,
    )
    with checkpoint.saving_on_exception():
        model.fit(x, y, validation_split=0.2, epochs=epochs, callbacks=[checkpoint], verbose=2)
    print("The best model is", checkpoint.best_checkpoint)


if __name__ == "__main__":
    main(*sys.argv[1:2])
