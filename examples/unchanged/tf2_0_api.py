"""The template of TF 2.0's documentation: a whole model in HDF5 after each epoch."""
import functools
import glob

import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16., y, test_size=0.2, random_state=0)

model = tf.keras.Sequential([
    tf.keras.layers.Dense(64, activation='relu', input_shape=(64,)),
    tf.keras.layers.Dense(10, activation='softmax'),
])
model.compile('adam', 'sparse_categorical_crossentropy', metrics=['acc'])
# What the documentation leaves out of its calls of `fit`.
model.fit = functools.partial(model.fit, x_train, y_train, validation_data=(x_test, y_test),
                              verbose=0)

model_checkpoint_callback = tf.keras.callbacks.ModelCheckpoint(
    filepath='weights.{epoch:02d}-{val_loss:.2f}.hdf5', period=2)
model.fit(epochs=4, callbacks=[model_checkpoint_callback])

saved = sorted(glob.glob('weights.*.hdf5'))
print("saved", *saved)
print("accuracy of the last epoch: {:.3f}".format(model.history.history['val_acc'][-1]))

model = tf.keras.models.load_model(saved[-1])
_, accuracy = model.evaluate(x_test, y_test, verbose=0)
print("accuracy after reload: {:.3f}".format(accuracy))
