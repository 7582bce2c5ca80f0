"""The example of the guide to TF 2.10: the best weights by "val_accuracy" in a checkpoint."""
import functools

import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16.0, y, test_size=0.2, random_state=0)

model = tf.keras.Sequential([
    tf.keras.layers.Dense(64, activation="relu", input_shape=(64,)),
    tf.keras.layers.Dense(10, activation="softmax"),
])
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
untrained = model.get_weights()
# What the guide leaves out of its calls of `fit`.
model.fit = functools.partial(model.fit, x_train, y_train, validation_data=(x_test, y_test),
                              verbose=0)

EPOCHS = 10
checkpoint_filepath = "/tmp/checkpoint"
model_checkpoint_callback = tf.keras.callbacks.ModelCheckpoint(
    filepath=checkpoint_filepath,
    save_weights_only=True,
    monitor="val_accuracy",
    mode="max",
    save_best_only=True,
)

# 如果模型是目前为止最好的模型，则在每个 epoch 后保存模型权重
model.fit(epochs=EPOCHS, callbacks=[model_checkpoint_callback])

print("saved", checkpoint_filepath)
print("accuracy of the best epoch: {:.3f}".format(max(model.history.history["val_accuracy"])))
model.set_weights(untrained)

# The model weights (that are considered the best) are loaded into the model.
model.load_weights(checkpoint_filepath)

_, accuracy = model.evaluate(x_test, y_test, verbose=0)
print("accuracy after reload: {:.3f}".format(accuracy))
