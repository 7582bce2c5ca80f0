"""A subclass in the form of TF 2.6-2.15, `_save_model(epoch, batch, logs)`, on a shaky disk."""
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint


class RetryingCheckpoint(ModelCheckpoint):
    """Tries again when the file system fails, and keeps a list of what it wrote."""

    def __init__(self, filepath, retries=3, **kwargs):
        super().__init__(filepath, **kwargs)
        self.retries = retries
        self.written = []

    def _save_model(self, epoch, batch, logs):
        for attempt in range(self.retries):
            try:
                super()._save_model(epoch, batch, logs)
                break
            except OSError:
                if attempt + 1 == self.retries:
                    raise
        self.written.append((epoch, batch, self._get_file_path(epoch, batch, logs)))


x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16.0, y, test_size=0.2, random_state=0)

model = tf.keras.Sequential([
    tf.keras.Input(shape=(64,)),
    tf.keras.layers.Dense(64, activation="relu"),
    tf.keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
untrained = model.get_weights()

# 1437 digits in batches of 48 are 30 steps: the second save of each epoch is at its end
checkpoint = RetryingCheckpoint(
    "steps/{epoch:02d}-{batch:02d}.weights.h5", save_weights_only=True, save_freq=15)
history = model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=10, batch_size=48,
                    verbose=0, callbacks=[checkpoint])
for epoch, batch, path in checkpoint.written:
    print(f"epoch {epoch + 1}, step {batch + 1}: {path}")
print(f"accuracy before reload: {history.history['val_accuracy'][-1]:.3f}")

model.set_weights(untrained)
model.load_weights(checkpoint.written[-1][-1])
print(f"accuracy after reload: {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}")
