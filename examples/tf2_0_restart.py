"""`load_weights_on_restart=True`: a second run goes on from where the first was cut off."""
import os

import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16., y, test_size=0.2, random_state=0)


def run(initial_epoch, epochs, optimizer):
    model = tf.keras.Sequential([
        tf.keras.layers.Dense(64, activation='relu', input_shape=(64,)),
        tf.keras.layers.Dense(10, activation='softmax'),
    ])
    model.compile(optimizer, loss='sparse_categorical_crossentropy', metrics=['accuracy'])
    checkpoint_callback = ModelCheckpoint(
        filepath=os.path.join('model_dir', 'model.{epoch:02d}.hdf5'), save_weights_only=True,
        load_weights_on_restart=True, verbose=1)
    history = model.fit(x_train, y_train, validation_data=(x_test, y_test), verbose=0,
                        initial_epoch=initial_epoch, epochs=epochs,
                        callbacks=[checkpoint_callback])
    return history.history['val_accuracy'][-1]


os.makedirs('model_dir', exist_ok=True)
first = run(0, 10, 'adam')
print("accuracy before reload: {:.3f}".format(first))

# A new process would build its model anew, too. With nothing learnt in its one epoch, all that it
# knows comes from the newest file.
second = run(10, 11, tf.keras.optimizers.SGD(learning_rate=0.0))
print("accuracy after reload: {:.3f}".format(second))
