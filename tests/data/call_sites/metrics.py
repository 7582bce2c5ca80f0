"""What is monitored."""
# As people write it.
# ruff: noqa
# fmt: off

try:
    from tensorflow.keras.callbacks import *
    from tensorflow.keras.metrics import AUC
except ImportError:
    from keras.callbacks import *
    from keras.metrics import AUC


def dice(y_true, y_pred):
    return y_true


model.compile("adam", "binary_crossentropy", metrics=["accuracy", AUC(name="auc"), dice])

acc = ModelCheckpoint("a.keras", monitor="val_acc", mode="max", save_best_only=True)  # expect: KC401
named = ModelCheckpoint("a-{val_acc:.2f}.keras")  # expect: KC401
flips = ModelCheckpoint("b.keras", "val_auc", save_best_only=True)  # expect: KC403
raises = ModelCheckpoint("c.keras", monitor="val_dice", save_best_only=True)  # expect: KC403
stays = ModelCheckpoint("d.keras", monitor="val_accuracy", save_best_only=True)
said = ModelCheckpoint("e.keras", monitor="val_dice", mode="max", save_best_only=True)
loss = ModelCheckpoint("f.keras", save_best_only=True)
on_batch = ModelCheckpoint("g.keras", save_best_only=True, save_freq=100)  # expect: KC303
model.fit(x, y, validation_data=data, callbacks=[acc, named, flips, raises, stays, said, loss, on_batch])

blind = ModelCheckpoint("h.keras", save_best_only=True)  # expect: KC402
sees = ModelCheckpoint("i.keras", save_best_only=True, monitor="loss")
model.fit(x, y, epochs=5, callbacks=[blind, sees])

perhaps = ModelCheckpoint("j.keras", save_best_only=True)
model.fit(x, y, **arguments, callbacks=[perhaps])
