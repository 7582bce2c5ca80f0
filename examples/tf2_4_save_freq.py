"""An integer `save_freq`: every 5 epochs, counted in batches as TF 2.2 and after do."""
import os

import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16., y, test_size=0.2, random_state=0)

BATCH_SIZE = 32
train_ds = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(2000).batch(BATCH_SIZE)
test_ds = tf.data.Dataset.from_tensor_slices((x_test, y_test)).batch(BATCH_SIZE)
steps_per_epoch = len(train_ds)

model = tf.keras.Sequential([
    tf.keras.layers.Dense(64, activation='relu', input_shape=(64,)),
    tf.keras.layers.Dense(10),
])
model.compile(optimizer='adam',
              loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
              metrics=['accuracy'])
untrained = model.get_weights()

checkpoint_path = "training_2/cp-{epoch:04d}.ckpt"
checkpoint_dir = os.path.dirname(checkpoint_path)
cp_callback = ModelCheckpoint(filepath=checkpoint_path, verbose=1, save_weights_only=True,
                              save_freq=5 * steps_per_epoch)
history = model.fit(train_ds, validation_data=test_ds, epochs=15, callbacks=[cp_callback],
                    verbose=0)
latest = tf.train.latest_checkpoint(checkpoint_dir)
print("latest checkpoint:", latest)
print("accuracy before reload: {:.3f}".format(history.history['val_accuracy'][-1]))

model.set_weights(untrained)
model.load_weights(latest)
loss, acc = model.evaluate(test_ds, verbose=0)
print("accuracy after reload: {:.3f}".format(acc))
