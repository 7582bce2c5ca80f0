"""Scripts of the TF 2.0 to 2.4 years, in the ways in which people wrote them."""
# As people write it.
# ruff: noqa
# fmt: off

import os
from datetime import datetime

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import callbacks
from tensorflow.keras.callbacks import EarlyStopping, ModelCheckpoint
from tensorflow.keras.callbacks import ModelCheckpoint as MC

checkpoint_path = "training_1/cp.ckpt"
checkpoint_dir = os.path.dirname(checkpoint_path)

# The tutorial "Save and load models".
cp_callback = tf.keras.callbacks.ModelCheckpoint(
    filepath=checkpoint_path,  # expect: KC201
    save_weights_only=True,
    verbose=1,
)
model = keras.Sequential([keras.layers.Dense(10)])
model.compile(optimizer="adam", loss="mse", metrics=["accuracy"])
model.fit(x, y, epochs=10, validation_data=(x_test, y_test), callbacks=[cp_callback])
model.load_weights(checkpoint_path)  # expect: KC601

checkpoint_path = "training_2/cp-{epoch:04d}.ckpt"
checkpoint_dir = os.path.dirname(checkpoint_path)
cp_callback = tf.keras.callbacks.ModelCheckpoint(
    filepath=checkpoint_path,  # expect: KC201
    verbose=1,
    save_weights_only=True,
    period=5,  # expect: KC101
)
model.save_weights(checkpoint_path.format(epoch=0))  # expect: KC604
latest = tf.train.latest_checkpoint(checkpoint_dir)  # expect: KC603
model.load_weights(latest)
model.save_weights("./checkpoints/my_checkpoint")  # expect: KC604
model.load_weights("./checkpoints/my_checkpoint").expect_partial()  # expect: KC601
model.save("saved_model/my_model")  # expect: KC604
new_model = tf.keras.models.load_model("saved_model/my_model")  # expect: KC602
model.save("my_model.h5")
new_model = tf.keras.models.load_model("my_model.h5")  # expect: KC606
new_model = tf.keras.models.load_model("my_model.h5", compile=False)
new_model = tf.keras.models.load_model("my_model.h5", custom_objects={"mse": mse})

# Kaggle.
filepath = "weights-improvement-{epoch:02d}-{val_accuracy:.2f}.hdf5"
checkpoint = ModelCheckpoint(filepath, monitor="val_accuracy", verbose=1, save_best_only=True, mode="max")  # expect: KC202
early = EarlyStopping(monitor="val_loss", mode="min", patience=10)
callbacks_list = [checkpoint, early]
model.fit(x, y, validation_split=0.2, callbacks=callbacks_list, verbose=2)
model.load_weights("weights-improvement-10-0.98.hdf5")

mcp = MC("model-%s.h5" % datetime.now().strftime("%Y"), save_best_only=True)
mcp_weights = MC("model-{}.h5".format(name), save_weights_only=True)  # expect: KC201
ok = MC("best.weights.h5", save_weights_only=True)
best = callbacks.ModelCheckpoint(f"{log_dir}/best_{fold}", save_best_only=True)  # nothing is known of the end
sub = callbacks.ModelCheckpoint(os.path.join(log_dir, "ep{epoch:03d}-loss{loss:.3f}.h5"), "val_loss", 1, False, True)  # expect: KC201
logdir = "logs/" + datetime.now().strftime("%Y%m%d")
in_log = keras.callbacks.ModelCheckpoint(logdir + "/model", save_best_only=True)  # expect: KC202
every = keras.callbacks.ModelCheckpoint(str(logdir) + "/model.{epoch}.tf", save_freq=1000)  # expect: KC202

options = {"save_weights_only": True, "monitor": "val_loss"}
options["period"] = 10  # expect: KC101
options.update(save_best_only=True)
collected = ModelCheckpoint("w.weights.h5", **options)
typo = ModelCheckpoint("m.keras", save_best=True)  # expect: KC104
restart = ModelCheckpoint("m.keras", load_weights_on_restart=True)  # expect: KC103
with_options = ModelCheckpoint("m.keras", options=tf.saved_model.SaveOptions())  # expect: KC102
by_place = ModelCheckpoint("m.keras", "val_loss", 0, True, False, "auto", "epoch", tf.saved_model.SaveOptions())  # expect: KC105

# Not Keras's, or nothing to tell.
np.save("array", x)
image.save("picture.png")
ckpt = tf.train.Checkpoint(model=model)
ckpt.restore(tf.train.latest_checkpoint("other_dir"))

# Values that are told only in part.
if FLAG:
    half = "a.hdf5"
else:
    half = "b.hdf5"
ModelCheckpoint(half)  # expect: KC202
grown = "model"
grown += ".hdf5"
ModelCheckpoint(grown)  # expect: KC202
ModelCheckpoint("x/{epoch}", save_weights_only=args.only_weights)  # expect: KC202
ModelCheckpoint("x/{epoch}.h5", save_weights_only=args.only_weights)
unsure = {"filepath": "dict.ckpt", **others}  # expect: KC202
ModelCheckpoint(**unsure)
ModelCheckpoint(*["row.ckpt"], **{"save_weights_only": True})  # expect: KC201
for number in range(3):
    looped = "c_%d.h5" % number
    ModelCheckpoint(looped, save_weights_only=True)  # expect: KC201
    looped = something()
