"""A subclass that replaces `_save_model(epoch, logs)` whole, to keep the best by its own score."""
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from keras_ckpt import ModelCheckpoint  # was: from tensorflow.keras.callbacks import ModelCheckpoint


class F1Checkpoint(ModelCheckpoint):
    """Saves when the macro F1 score on the validation data is better than ever before."""

    def __init__(self, filepath, x_val, y_val, **kwargs):
        super().__init__(filepath, monitor='val_f1', mode='max', save_best_only=True, **kwargs)
        self.x_val = x_val
        self.y_val = y_val

    def _save_model(self, epoch, logs):
        logs = dict(logs or {})
        predicted = self.model.predict(self.x_val).argmax(axis=1)
        logs[self.monitor] = f1_score(self.y_val, predicted, average='macro')
        if isinstance(self.save_freq, int) or self.epochs_since_last_save >= self.period:
            self.epochs_since_last_save = 0
            filepath = self._get_file_path(epoch, logs)
            current = logs[self.monitor]
            if self.monitor_op(current, self.best):
                print("epoch %d: %s improved to %.4f, saved %s"
                      % (epoch + 1, self.monitor, current, filepath))
                self.best = current
                self.best_accuracy = np.mean(predicted == self.y_val)
                self.model.save_weights(filepath, overwrite=True)


x, y = load_digits(return_X_y=True)
x_train, x_val, y_train, y_val = train_test_split(x / 16., y, test_size=0.2, random_state=4)

model = tf.keras.Sequential([
    tf.keras.layers.Dense(48, activation='relu', input_shape=(64,)),
    tf.keras.layers.Dense(10, activation='softmax'),
])
model.compile('rmsprop', 'sparse_categorical_crossentropy', metrics=['accuracy'])
untrained = model.get_weights()

checkpoint = F1Checkpoint('best_f1.weights.h5', x_val, y_val, save_weights_only=True)
model.fit(x_train, y_train, epochs=10, verbose=0, callbacks=[checkpoint])
print("accuracy of the best epoch: {:.3f}".format(checkpoint.best_accuracy))

model.set_weights(untrained)
model.load_weights('best_f1.weights.h5')
print("accuracy after reload: {:.3f}".format(model.evaluate(x_val, y_val, verbose=0)[1]))
