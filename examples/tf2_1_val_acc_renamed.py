"""`monitor='val_acc'` left over from TF 1.x, where the metric is called 'val_accuracy' by now."""
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tensorflow.keras.layers import Dense
from tensorflow.keras.models import Sequential
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16., y, test_size=0.2, random_state=0)

model = Sequential([Dense(64, activation='relu', input_shape=(64,)),
                    Dense(10, activation='softmax')])
model.compile(loss='sparse_categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
untrained = model.get_weights()

filepath = "weights.best.hdf5"
checkpoint = ModelCheckpoint(filepath, monitor='val_acc', verbose=1, save_best_only=True,
                             save_weights_only=True, mode='max')
history = model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=10, verbose=0,
                    callbacks=[checkpoint])
print("accuracy of the best epoch: {:.3f}".format(max(history.history['val_accuracy'])))

# TF 2.0 and after saved nothing and stopped here: there is no metric of that name.
model.set_weights(untrained)
model.load_weights(filepath)
print("accuracy after reload: {:.3f}".format(model.evaluate(x_test, y_test, verbose=0)[1]))
