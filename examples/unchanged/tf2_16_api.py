"""Both examples of TF 2.16.1's documentation: the best model, then the best weights."""
import functools

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16.0, y, test_size=0.2, random_state=0)

model = keras.Sequential([
    keras.Input((64,)),
    keras.layers.Dense(64, activation='relu'),
    keras.layers.Dense(10, activation='softmax'),
])
model.compile(loss='sparse_categorical_crossentropy', optimizer='adam',
              metrics=['accuracy'])
untrained = model.get_weights()
# What the documentation leaves out of its calls of `fit`.
model.fit = functools.partial(model.fit, x_train, y_train, validation_data=(x_test, y_test),
                              verbose=0)

EPOCHS = 10
checkpoint_filepath = '/tmp/ckpt/checkpoint.model.keras'
model_checkpoint_callback = keras.callbacks.ModelCheckpoint(
    filepath=checkpoint_filepath,
    monitor='val_accuracy',
    mode='max',
    save_best_only=True)

# Model is saved at the end of every epoch, if it's the best seen so far.
model.fit(epochs=EPOCHS, callbacks=[model_checkpoint_callback])

print("saved", checkpoint_filepath)
print("accuracy of the best epoch: {:.3f}".format(max(model.history.history['val_accuracy'])))

# The model (that are considered the best) can be loaded as -
best_model = keras.models.load_model(checkpoint_filepath)

_, accuracy = best_model.evaluate(x_test, y_test, verbose=0)
print("accuracy after reload: {:.3f}".format(accuracy))
model.set_weights(untrained)

# Alternatively, one could checkpoint just the model weights as -
checkpoint_filepath = '/tmp/ckpt/checkpoint.weights.h5'
model_checkpoint_callback = keras.callbacks.ModelCheckpoint(
    filepath=checkpoint_filepath,
    save_weights_only=True,
    monitor='val_accuracy',
    mode='max',
    save_best_only=True)

# Model weights are saved at the end of every epoch, if it's the best seen
# so far.
model.fit(epochs=EPOCHS, callbacks=[model_checkpoint_callback])

print("saved", checkpoint_filepath)
print("accuracy of the best epoch: {:.3f}".format(max(model.history.history['val_accuracy'])))
model.set_weights(untrained)

# The model weights (that are considered the best) can be loaded as -
model.load_weights(checkpoint_filepath)

_, accuracy = model.evaluate(x_test, y_test, verbose=0)
print("accuracy after reload: {:.3f}".format(accuracy))
