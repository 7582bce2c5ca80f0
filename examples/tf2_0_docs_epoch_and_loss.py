"""TF 2.0 documentation: `weights.{epoch:02d}-{val_loss:.2f}.hdf5`, a whole model each epoch."""
import glob

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tensorflow.keras.layers import Dense
from tensorflow.keras.models import Sequential
from keras_ckpt import load_model  # was: from tensorflow.keras.models import load_model
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16., y, test_size=0.2, random_state=0)

model = Sequential()
model.add(Dense(64, activation='relu', input_shape=(64,)))
model.add(Dense(10, activation='softmax'))
model.compile(loss='sparse_categorical_crossentropy', optimizer='adam', metrics=['accuracy'])

filepath = "weights.{epoch:02d}-{val_loss:.2f}.hdf5"
checkpoint = ModelCheckpoint(filepath)
history = model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=12,
                    batch_size=32, verbose=0, callbacks=[checkpoint])

saved = sorted(glob.glob("weights.*.hdf5"))
for path in saved:
    print("saved", path)
print("accuracy before reload: {:.3f}".format(history.history['val_accuracy'][-1]))

new_model = load_model(saved[-1])
predicted = np.argmax(new_model.predict(x_test, verbose=0), axis=1)
print("accuracy after reload: {:.3f}".format(np.mean(predicted == y_test)))
