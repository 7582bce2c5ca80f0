"""`monitor='val_acc'` of a model compiled with 'acc': the best whole model in one `.h5`."""
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tensorflow.keras.callbacks import EarlyStopping
from tensorflow.keras.layers import Dense, Input
from tensorflow.keras.models import Model
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint
from keras_ckpt import load_model  # was: from tensorflow.keras.models import load_model

digits = load_digits()
x_train, x_val, y_train, y_val = train_test_split(
    digits.data / 16, np.eye(10)[digits.target], test_size=0.2, random_state=3)

inputs = Input(shape=(64,))
hidden = Dense(64, activation='relu')(inputs)
outputs = Dense(10, activation='softmax')(hidden)
model = Model(inputs, outputs)
model.compile(optimizer='rmsprop', loss='categorical_crossentropy', metrics=['acc'])

es = EarlyStopping(monitor='val_loss', mode='min', verbose=0, patience=5)
mc = ModelCheckpoint('best_model.h5', monitor='val_acc', mode='max', verbose=1,
                     save_best_only=True)
history = model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=12, verbose=0,
                    callbacks=[es, mc])
print("accuracy of the best epoch: {:.3f}".format(max(history.history['val_acc'])))

saved_model = load_model('best_model.h5')
_, val_acc = saved_model.evaluate(x_val, y_val, verbose=0)
print("accuracy after reload: {:.3f}".format(val_acc))
