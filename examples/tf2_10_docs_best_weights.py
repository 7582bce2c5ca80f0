"""TF 2.10 documentation: the best weights by 'val_accuracy' in a TensorFlow checkpoint."""
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16.0, y, test_size=0.2, random_state=0)

model = tf.keras.Sequential([
    tf.keras.layers.Dense(64, activation="relu", input_shape=(64,)),
    tf.keras.layers.Dense(10, activation="softmax"),
])
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
untrained = model.get_weights()

EPOCHS = 10
checkpoint_filepath = "tmp/checkpoint"
model_checkpoint_callback = ModelCheckpoint(
    filepath=checkpoint_filepath,
    save_weights_only=True,
    monitor="val_accuracy",
    mode="max",
    save_best_only=True,
)

# Model weights are saved at the end of every epoch, if it's the best seen so far.
history = model.fit(x_train, y_train, validation_data=(x_test, y_test), verbose=0,
                    epochs=EPOCHS, callbacks=[model_checkpoint_callback])
print("saved", checkpoint_filepath)
print(f"accuracy of the best epoch: {max(history.history['val_accuracy']):.3f}")

# The model weights (that are considered the best) are loaded into the model.
model.set_weights(untrained)
model.load_weights(checkpoint_filepath)
_, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"accuracy after reload: {accuracy:.3f}")
