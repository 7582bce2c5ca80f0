"""TF 2.16.1 documentation: the best model as `.keras`, then the best weights as `.weights.h5`."""
import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from keras_ckpt import ModelCheckpoint  # was: from keras.callbacks import ModelCheckpoint

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

EPOCHS = 10
checkpoint_filepath = 'tmp/ckpt/checkpoint.model.keras'
model_checkpoint_callback = ModelCheckpoint(
    filepath=checkpoint_filepath,
    monitor='val_accuracy',
    mode='max',
    save_best_only=True)

# Model is saved at the end of every epoch, if it's the best seen so far.
history = model.fit(x_train, y_train, validation_data=(x_test, y_test), verbose=0,
                    epochs=EPOCHS, callbacks=[model_checkpoint_callback])
print("saved", checkpoint_filepath)
print("accuracy of the best epoch: {:.3f}".format(max(history.history['val_accuracy'])))

# The model (that are considered the best) can be loaded as -
best_model = keras.models.load_model(checkpoint_filepath)
_, accuracy = best_model.evaluate(x_test, y_test, verbose=0)
print("accuracy after reload: {:.3f}".format(accuracy))

# Alternatively, one could checkpoint just the model weights as -
checkpoint_filepath = 'tmp/ckpt/checkpoint.weights.h5'
model_checkpoint_callback = ModelCheckpoint(
    filepath=checkpoint_filepath,
    save_weights_only=True,
    monitor='val_accuracy',
    mode='max',
    save_best_only=True)

# Model weights are saved at the end of every epoch, if it's the best seen
# so far.
model.set_weights(untrained)
history = model.fit(x_train, y_train, validation_data=(x_test, y_test), verbose=0,
                    epochs=EPOCHS, callbacks=[model_checkpoint_callback])
print("saved", checkpoint_filepath)
print("accuracy of the best epoch: {:.3f}".format(max(history.history['val_accuracy'])))

# The model weights (that are considered the best) can be loaded as -
model.set_weights(untrained)
model.load_weights(checkpoint_filepath)
_, accuracy = model.evaluate(x_test, y_test, verbose=0)
print("accuracy after reload: {:.3f}".format(accuracy))
