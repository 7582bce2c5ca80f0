"""`period=5`: a TensorFlow checkpoint every fifth epoch, found by `tf.train.latest_checkpoint`."""
import os

import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint

images, labels = load_digits(return_X_y=True)
train_images, test_images, train_labels, test_labels = train_test_split(
    images / 16.0, labels, test_size=0.2, random_state=1)


def create_model():
    model = tf.keras.models.Sequential([
        tf.keras.layers.Dense(64, activation='relu', input_shape=(64,)),
        tf.keras.layers.Dropout(0.2),
        tf.keras.layers.Dense(10, activation='softmax')
    ])
    model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])
    return model


# Include the epoch in the file name (uses `str.format`)
checkpoint_path = "training_2/cp-{epoch:04d}.ckpt"
checkpoint_dir = os.path.dirname(checkpoint_path)

# Create a callback that saves the model's weights every 5 epochs
cp_callback = ModelCheckpoint(
    filepath=checkpoint_path, verbose=1, save_weights_only=True, period=5)

model = create_model()
untrained = model.get_weights()
history = model.fit(train_images, train_labels, epochs=17, callbacks=[cp_callback],
                    validation_data=(test_images, test_labels), verbose=0)

latest = tf.train.latest_checkpoint(checkpoint_dir)
print("latest checkpoint:", latest)
print("accuracy of epoch 15: {:.3f}".format(history.history['val_accuracy'][14]))

model.set_weights(untrained)  # so that what follows can only come from the checkpoint
model.load_weights(latest)
loss, acc = model.evaluate(test_images, test_labels, verbose=0)
print("accuracy after reload: {:.3f}".format(acc))
