"""A path without an ending: the best whole model as a SavedModel directory."""
import os

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint
from keras_ckpt import load_model  # was: from tensorflow.keras.models import load_model

images, labels = load_digits(return_X_y=True)
images = (images / 16.0).reshape(-1, 8, 8, 1).astype('float32')
x_train, x_test, y_train, y_test = train_test_split(images, labels, random_state=2)

model = tf.keras.models.Sequential([
    tf.keras.layers.Conv2D(16, (3, 3), activation='relu', input_shape=(8, 8, 1)),
    tf.keras.layers.MaxPooling2D((2, 2)),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(10, activation='softmax'),
])
model.compile(optimizer=tf.keras.optimizers.Adam(0.005), loss='sparse_categorical_crossentropy',
              metrics=['accuracy'])

checkpointer = ModelCheckpoint('my_best_model', monitor='val_loss', save_best_only=True)
history = model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=8, verbose=0,
                    callbacks=[checkpointer])
best = np.argmin(history.history['val_loss'])
print("saved in my_best_model:", sorted(os.listdir('my_best_model')))
print("accuracy of the best epoch: {:.3f}".format(history.history['val_accuracy'][best]))

best_model = load_model('my_best_model')
predicted = best_model.predict(x_test).argmax(axis=1)
print("accuracy after reload: {:.3f}".format((predicted == y_test).mean()))
