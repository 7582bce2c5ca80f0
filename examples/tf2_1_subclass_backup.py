"""A subclass in the form of TF 2.0-2.5, `_save_model(epoch, logs)`, that copies what was saved."""
import os
import shutil

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tensorflow.keras.layers import Dense
from tensorflow.keras.models import Sequential
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint
from keras_ckpt import load_model  # was: from tensorflow.keras.models import load_model


class BackupModelCheckpoint(ModelCheckpoint):

    def __init__(self, filepath, backup_dir, monitor='val_loss', verbose=0, save_best_only=False,
                 save_weights_only=False, mode='auto', save_freq='epoch', **kwargs):
        super(BackupModelCheckpoint, self).__init__(
            filepath, monitor, verbose, save_best_only, save_weights_only, mode, save_freq,
            **kwargs)
        self._backup_dir = backup_dir

    def _save_model(self, epoch, logs):
        super(BackupModelCheckpoint, self)._save_model(epoch, logs)
        filepath = self._get_file_path(epoch, logs)
        if os.path.isfile(filepath):
            shutil.copy(filepath, self._backup_dir)
            print("copied", os.path.join(self._backup_dir, filepath))


x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16., y, test_size=0.2, random_state=0)

model = Sequential([Dense(64, activation='relu', input_shape=(64,)),
                    Dense(10, activation='softmax')])
model.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])

if not os.path.isdir('backup'):
    os.mkdir('backup')
checkpoint = BackupModelCheckpoint('digits-{epoch:02d}.h5', 'backup', period=4)
history = model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=12, verbose=0,
                    callbacks=[checkpoint])
print("accuracy before reload: {:.3f}".format(history.history['val_accuracy'][-1]))

restored = load_model('backup/digits-12.h5')
predicted = restored.predict(x_test).argmax(axis=-1)
print("accuracy after reload: {:.3f}".format((predicted == y_test).mean()))
