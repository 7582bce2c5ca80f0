# The calls that R users write, with R's values: doubles, NULL, TRUE and FALSE, lists.
library(reticulate)
keras <- import("keras")
keras_ckpt <- import("keras_ckpt")
callback_model_checkpoint <- keras_ckpt$ModelCheckpoint

x <- matrix(runif(320), 32, 10)
y <- matrix(rep(c(0, 1), 16), 32, 1)
made <- function() {
  model <- keras$Sequential(list(
    keras$layers$Input(list(10L)), keras$layers$Dense(1L, activation = "sigmoid")
  ))
  model$compile(loss = "binary_crossentropy", optimizer = "adam", metrics = list("accuracy"))
  model
}
fitted <- function(model, ..., epochs = 4L) {
  model$fit(
    x = x, y = y, batch_size = 4L, epochs = epochs, validation_split = .5, verbose = 0L,
    callbacks = list(...)
  )
}
same <- function(one, other) isTRUE(all.equal(one$predict(x, verbose = 0L), other$predict(x, verbose = 0L)))
fails <- function(expression, message) {
  found <- tryCatch({ expression; "" }, error = function(error) conditionMessage(error))
  if (!grepl(message, found, fixed = TRUE)) stop("expected ", message, ", found ", found)
}

# The whole signature, each default as R writes it.
checkpoint <- callback_model_checkpoint(
  filepath = "defaults.keras", monitor = "val_loss", verbose = 0L, save_best_only = FALSE,
  save_weights_only = FALSE, mode = "auto", save_freq = "epoch", initial_value_threshold = NULL
)
model <- made()
fitted(model, checkpoint)
stopifnot(same(keras_ckpt$load_model("defaults.keras"), model))

# The best of whole models.
filepath <- tempfile("checkpoint-model-", fileext = ".keras")
model <- made()
fitted(model, callback_model_checkpoint(
  filepath = filepath, monitor = "val_accuracy", mode = "max", save_best_only = TRUE
))
stopifnot(file.exists(filepath))
keras_ckpt$load_model(filepath)

# The best of weights.
filepath <- tempfile("checkpoint-", fileext = ".weights.h5")
fitted(model, callback_model_checkpoint(
  filepath = filepath, save_weights_only = TRUE, monitor = "val_accuracy", mode = "max",
  save_best_only = TRUE
))
model$load_weights(filepath)

# Numbers without an L are doubles: four batches an epoch, so a file every six batches.
model <- made()
checkpoint <- callback_model_checkpoint(
  "batch-{epoch}-{batch}.h5", save_weights_only = TRUE, save_freq = 6, verbose = 0
)
fitted(model, checkpoint, epochs = 3L)
stopifnot(identical(sort(list.files(pattern = "^batch-")), c("batch-2-2.h5", "batch-3-4.h5")))

fitted(model, callback_model_checkpoint("period-{epoch}.hdf5", period = 2))
stopifnot(identical(sort(list.files(pattern = "^period-")), c("period-2.hdf5", "period-4.hdf5")))
stopifnot(same(keras_ckpt$load_model("period-4.hdf5"), model))

# A threshold that no loss reaches: nothing is saved.
fitted(model, callback_model_checkpoint(
  "never.keras", save_best_only = TRUE, initial_value_threshold = 0
))
stopifnot(!file.exists("never.keras"))

# Several callbacks in a list; arguments of Keras 2 as NULL and FALSE.
fitted(
  model,
  callback_model_checkpoint("a/cp", save_weights_only = TRUE, options = NULL),
  callback_model_checkpoint("b.keras", load_weights_on_restart = FALSE),
  keras$callbacks$EarlyStopping(patience = 3L)
)
other <- made()
keras_ckpt$load_weights(other, "a/cp")
stopifnot(same(other, model))
stopifnot(basename(keras_ckpt$latest_checkpoint("a")) == "cp")

# The class of a release.
replica <- keras_ckpt$compat$for_version("3.15")
fails(replica("a.keras", period = 2), "unexpected keyword argument 'period'")

# What R has passed is named.
fails(callback_model_checkpoint("a.keras", save_freq = 2.5), "save_freq")
fails(callback_model_checkpoint("a.keras", save_freq = -1), "save_freq")
fails(callback_model_checkpoint(list("a.keras", "b.keras")), "filepath")
cat("every call works\n")
