"""`options=tf.train.CheckpointOptions(...)` for weights that go to a TensorFlow checkpoint."""
import pathlib

import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16., y, test_size=0.2, random_state=0)

model = tf.keras.Sequential([
    tf.keras.layers.Dense(64, activation='relu', input_shape=(64,)),
    tf.keras.layers.Dense(10, activation='softmax'),
])
model.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])
untrained = model.get_weights()

checkpoint_dir = pathlib.Path('ckpt')
# read and write on this host, wherever the variables are
options = tf.train.CheckpointOptions(experimental_io_device='/job:localhost')
checkpoint_callback = ModelCheckpoint(
    filepath=checkpoint_dir / 'digits',
    monitor='val_accuracy',
    mode='max',
    save_best_only=True,
    save_weights_only=True,
    verbose=1,
    options=options)
history = model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=10, verbose=0,
                    callbacks=[checkpoint_callback])
print("accuracy of the best epoch: {:.3f}".format(max(history.history['val_accuracy'])))

model.set_weights(untrained)
model.load_weights(checkpoint_dir / 'digits')
print("accuracy after reload: {:.3f}".format(model.evaluate(x_test, y_test, verbose=0)[1]))
