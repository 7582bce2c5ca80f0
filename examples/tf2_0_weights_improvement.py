"""Weights only, one `.hdf5` for each improvement, its epoch and accuracy in the name."""
import glob
import os

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tensorflow.keras.layers import Dense, Dropout
from tensorflow.keras.models import Sequential
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint


def create_model():
    model = Sequential()
    model.add(Dense(64, input_dim=64, kernel_initializer='he_normal', activation='relu'))
    model.add(Dropout(0.2))
    model.add(Dense(10, activation='softmax'))
    model.compile(loss='sparse_categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model


X, Y = load_digits(return_X_y=True)
X_train, X_test, Y_train, Y_test = train_test_split(X / 16, Y, test_size=0.2, random_state=7)

model = create_model()
if not os.path.exists("saved_models"):
    os.makedirs("saved_models")
filepath = "saved_models/weights-improvement-{epoch:02d}-{val_accuracy:.2f}.hdf5"
checkpoint = ModelCheckpoint(filepath, monitor='val_accuracy', verbose=1, save_best_only=True,
                             save_weights_only=True, mode='max')
callbacks_list = [checkpoint]
history = model.fit(X_train, Y_train, validation_data=(X_test, Y_test), epochs=12, batch_size=32,
                    callbacks=callbacks_list, verbose=0)

best = sorted(glob.glob("saved_models/weights-improvement-*.hdf5"))[-1]
print("best weights in", best)
print("accuracy of the best epoch: {:.3f}".format(max(history.history['val_accuracy'])))

# a new network of the same shape, with the weights that were best
model = create_model()
model.load_weights(best)
_, accuracy = model.evaluate(X_test, Y_test, verbose=0)
print("accuracy after reload: {:.3f}".format(accuracy))
