"""`options=tf.saved_model.SaveOptions(...)`: a SavedModel directory for each epoch."""
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint
from keras_ckpt import load_model  # was: from tensorflow.keras.models import load_model

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16., y, test_size=0.2, random_state=0)

model = tf.keras.Sequential([
    tf.keras.layers.Dense(64, activation='relu', input_shape=(64,)),
    tf.keras.layers.Dense(10, activation='softmax'),
])
model.compile(tf.keras.optimizers.Adam(0.01), 'sparse_categorical_crossentropy',
              metrics=['accuracy'])

save_options = tf.saved_model.SaveOptions(experimental_io_device='/job:localhost')
checkpoint_callback = ModelCheckpoint(
    'models/epoch-{epoch:02d}', monitor='val_accuracy', verbose=1, options=save_options)
history = model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=3, batch_size=16,
                    verbose=0, callbacks=[checkpoint_callback])
print("accuracy before reload: {:.3f}".format(history.history['val_accuracy'][-1]))

reloaded = load_model('models/epoch-03')
predicted = reloaded.predict(x_test).argmax(axis=1)
print("accuracy after reload: {:.3f}".format((predicted == y_test).mean()))
