"""`training_1/cp.ckpt`: the best weights by `val_loss` under a TensorFlow checkpoint prefix."""
import os

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16., y, test_size=0.2, random_state=5)

inputs = tf.keras.Input(shape=(64,), name='pixels')
h = tf.keras.layers.Dense(64)(inputs)
h = tf.keras.layers.BatchNormalization()(h)
h = tf.keras.layers.Activation('relu')(h)
outputs = tf.keras.layers.Dense(10, activation='softmax', name='digit')(h)
model = tf.keras.Model(inputs, outputs)
model.compile(optimizer=tf.keras.optimizers.Adam(0.01),
              loss=tf.keras.losses.SparseCategoricalCrossentropy(),
              metrics=['accuracy'])
untrained = model.get_weights()

checkpoint_path = os.path.join("training_1", "cp.ckpt")
cp_callback = ModelCheckpoint(checkpoint_path, save_weights_only=True, save_best_only=True,
                              verbose=1)
history = model.fit(x_train, y_train, epochs=10, validation_data=(x_test, y_test), verbose=0,
                    callbacks=[cp_callback])
best = np.argmin(history.history['val_loss'])
print("files:", sorted(os.listdir("training_1")))
print("accuracy of the best epoch: {:.3f}".format(history.history['val_accuracy'][best]))

model.set_weights(untrained)
model.load_weights(checkpoint_path)
print("accuracy after reload: {:.3f}".format(model.evaluate(x_test, y_test, verbose=0)[1]))
