"""`initial_value_threshold`: the best whole model as `.keras`, once it is better than 0.85."""
import pathlib

import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16.0, y, test_size=0.2, random_state=0)

model = tf.keras.Sequential([
    tf.keras.Input(shape=(64,)),
    tf.keras.layers.Dense(64, activation="relu"),
    tf.keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

path = pathlib.Path("models") / "best.keras"
checkpoint = ModelCheckpoint(
    str(path),
    monitor="val_accuracy",
    mode="max",
    save_best_only=True,
    initial_value_threshold=0.85,
    verbose=1,
)
history = model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=10, verbose=0,
                    callbacks=[checkpoint])
print(f"accuracy of the best epoch: {max(history.history['val_accuracy']):.3f}")

best = tf.keras.models.load_model(path)
print(f"accuracy after reload: {best.evaluate(x_test, y_test, verbose=0)[1]:.3f}")
