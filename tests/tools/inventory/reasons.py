"""Why a model of the inventory does not come back as it was: what is refused, and what differs.

The patterns of a row are regular expressions: the first is searched in the name of the model, the
others match from the start.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Reason(NamedTuple):
    """Why some models do not come back as they were."""

    model: str
    result: str
    why: str
    releases: str = ""
    formats: str = ""


#: Before the release, where its results are those of the way back.
BACK = "back:"
#: The names of releases of Keras before it was TensorFlow's, and of the first that was.
_STAND_ALONE = r"keras-"
_FIRST = r"keras-|2\.0$"

REASONS = [
    Reason(
        r"Conv[123]DTranspose\(.*dilation_rate=2",
        r"RAISES: InvalidArgumentError",
        "on CPUs for which TensorFlow has no oneDNN, Keras 3 cannot run a Conv1DTranspose or "
        "Conv2DTranspose with a `dilation_rate`; Keras 2 computed them in another way",
    ),
    Reason(
        r"kinds/sequential_with_input_layer",
        r"RAISES: ValueError: The model .* has no variables yet",
        "stand-alone Keras left the shape of the inputs out of the description: call `build()` of "
        "the model that comes of it, then load the weights",
    ),
    Reason(
        r"kinds/attention_with_arguments",
        r"refused: .*has 1 of the outputs of its layer",
        "Keras 3.0 has the scores of a MultiHeadAttention in no functional model",
    ),
    Reason(
        r"MultiHeadAttention\(.*output_shape",
        r"refused: .*Keras 3\.0.*can only concatenate tuple",
        "Keras 3.0 cannot run a MultiHeadAttention with an `output_shape`",
    ),
    Reason(
        r"CategoryEncoding\(.*sparse=True",
        r"refused: .*Keras 3\.0.*has no sparse=True",
        "Keras 3.0 has no sparse outputs",
    ),
    Reason(
        r"SpectralNormalization",
        r"RAISES: ValueError: .*calling SpectralNormalization.*truth value of an array",
        "Keras 3.0 cannot train a SpectralNormalization step by step",
    ),
    Reason(
        r"kinds/mask_in_softmax_and_attention",
        r"RAISES: InvalidArgumentError: .*calling Attention",
        "Keras 3.0 cannot run an Attention with masks",
    ),
    Reason(
        r"kinds/attention_with_arguments|MultiHeadAttention\(.*value_dim",
        r"RAISES: TypeError: .*MultiHeadAttention.*jnp",
        "on JAX, Keras 3.15 cannot run a MultiHeadAttention with a `value_dim` other than its "
        "`key_dim`",
    ),
    Reason(
        r"LayerNormalization\(axis=1",
        r"RAISES: RuntimeError: .*Given normalized_shape",
        "on PyTorch, Keras 3.15 cannot run a LayerNormalization of another axis than the last",
    ),
    Reason(
        r"kinds/(adapted|vocabular)|Lookup|TextVectorization|Hashing|Crossing",
        r"RAISES: ImportError: Layer \w+ requires TensorFlow",
        "on JAX and PyTorch, these layers of Keras 3 need TensorFlow installed",
    ),
    Reason(
        r"kinds/name_dot",
        r"refused: .*contain",
        "on PyTorch, Keras 3 has no layers with a dot in their name",
    ),
    Reason(
        r"kinds/subclassed_lists",
        r"refused: .*it has no value for (layer|lists/)",
        "TensorFlow 2.0 did not see layers in tuples: their weights are in none of its files",
    ),
    Reason(
        r"kinds/(mask_in_softmax_and_attention|attention_causal_in_the_constructor)",
        r"refused: .*the class 'Model' is not known",
        "TensorFlow 2.0 had no descriptions of some attention layers, nor of models with them: "
        "build the model, and load its weights",
    ),
    Reason(
        r"kinds/lambda_of",
        r"refused: .*its code is not that of Python",
        "the code of a Lambda is more than an expression, of another Python than the one that "
        "runs: pass the function in `custom_objects` under the name of the layer",
    ),
    Reason(
        r"renorm=True",
        r"refused: .*renorm",
        "Keras 3 has batch renormalization since 3.15",
    ),
    Reason(
        r"^optimizers.*clip\w+=.*clip\w+=",
        r"refused: .*Only one of `clipnorm`",
        "before TensorFlow 2.11 optimizers clipped gradients in two ways at a time, and Keras 3 "
        "does in one; load with `compile=False`",
    ),
    Reason(
        r"^metrics/(Mean|OneHot|OneHotMean)?IoU\(axis=1",
        r"RAISES: InvalidArgumentError",
        "Keras 3 counts an `axis` of IoU in another way, and raises when it is evaluated",
    ),
    Reason(
        r"TextVectorization",
        r"refused: the vocabulary of its layer '\w+' is not in it$",
        "HDF5 files of TensorFlow 2.6 lack the vocabulary of a TextVectorization, and the release "
        "itself does not load them",
        r"2\.6$",
        r"(model|weights)\.(h5|json)",
    ),
    Reason(
        r"kinds/adapted|Lookup|TextVectorization",
        r"refused: .*(vocabulary of its layer|idf|variables/)",
        "TensorFlow 2.6 and later keep the vocabulary in the graph of a SavedModel alone",
    ),
    Reason(
        r"kinds/vocabulary_and_weights_given",
        r"DIFFERS: other weights: 0 arrays, not 1",
        "the weights of tokens are no variable in Keras 3; predictions are the same",
    ),
    Reason(
        r"kinds/nested_and_shared",
        r"refused: .*it has no value for same|DIFFERS: trained weights: 8 arrays, not 6",
        "a model that is used within another one and beside it is described as two models: they "
        "come back with the same values, and train apart; a `.keras` has those of one alone",
    ),
    Reason(
        r"kinds/type_bfloat16",
        r"refused|RAISES",
        "HDF5 has no bfloat16, and what these releases wrote in its place they cannot read either",
        formats=r"(model|weights)\.(h5|json)",
    ),
    Reason(
        r"BatchNormalization|kinds/",
        r"DIFFERS: other weights: [\d.e-]+ apart",
        "stand-alone Keras had the moving variance grow by n/(n-1) of that of a batch "
        "of n values; predictions are the same",
        r"keras-2\.3",
    ),
    Reason(
        r"BatchNormalization|kinds/sequential_convolutions|kinds/augmented|^applications/",
        r"DIFFERS: other weights: [\d.e-]+ apart",
        "the moving variance of images grew by n/(n-1) of that of a batch of n values in Keras 2; "
        "predictions are the same, and go apart slowly while the model trains on",
    ),
    Reason(
        r"dropout=0\.",
        r"DIFFERS: trained weights",
        "what a dropout drops is random, and ConvLSTM of Keras 2 dropped the same in two steps",
    ),
    Reason(
        r"[Ff]ocalCrossentropy\(.*from_logits=True",
        r"DIFFERS: losses",
        "Keras 2 took the inputs of a softmax or sigmoid for the logits of a focal loss",
    ),
    Reason(
        r"compiled/loss added",
        r"DIFFERS: losses",
        "Keras before it was TensorFlow's wrote no loss that was added to a model to its files",
        _STAND_ALONE,
    ),
    Reason(
        r"metrics/.*(from_logits=True|'crossentropy'|'ce')",
        r"DIFFERS: losses",
        "since TensorFlow 2.4 a crossentropy of what a sigmoid or softmax returns is computed from "
        "what that was given, whatever `from_logits` says",
        r"keras-|2\.[0-3]$",
    ),
    Reason(
        r"metrics/AUC\(from_logits=True",
        r"DIFFERS: losses",
        "up to TensorFlow 2.9 an AUC did not write its `from_logits` to files: the releases "
        "themselves lost it when they loaded one",
        r"2\.[5-9]$",
    ),
    Reason(
        r"SyncBatchNormalization\(axis=1",
        r"DIFFERS: (losses|trained)",
        "up to TensorFlow 2.5 a SyncBatchNormalization of another axis than the last divided by "
        "the sizes of the wrong axes while it trained; predictions are the same",
        r"2\.[2-5]$",
    ),
    Reason(
        r"CategoryCrossing\(",
        r"refused: .*CategoryCrossing",
        "Keras 2.8 removed CategoryCrossing; what Keras 3 has, HashedCrossing, hashes",
    ),
    Reason(
        r"CategoryEncoding\(.*tf-idf",
        r"refused: .*output_mode: tf_idf",
        "the CategoryEncoding of Keras 3 knows no TF-IDF",
    ),
    Reason(
        r"metrics/accuracy$",
        r"DIFFERS: losses",
        "files say of the function `accuracy` what they say of the name, which stands for the "
        "accuracy that fits the output",
        _FIRST,
    ),
    Reason(
        r"losses/.*reduction='none'",
        r"DIFFERS: losses",
        "TensorFlow 2.0 and 2.1 took a loss that is not reduced for each sample by itself, and "
        "trained by the sum; Keras 3 takes the mean",
        r"2\.[01]$",
    ),
    Reason(
        r"losses/.*reduction='none'",
        r"DIFFERS: trained weights",
        "Keras 2.3 trained by the sum of a loss that is not reduced; Keras 3 by the mean",
        r"keras-2\.3",
    ),
    Reason(
        r"^optimizers/.*clip(norm|value)=",
        r"DIFFERS: trained weights",
        "TensorFlow 2.0 and 2.1 left the clipping of gradients out of `fit`",
        r"2\.[01]$",
    ),
    Reason(
        r"^optimizers\.experimental/AdamW",
        r"refused: .*made each weight almost zero",
        "the AdamW of TensorFlow 2.9 made each weight almost zero in each step, which no optimizer "
        "of Keras 3 does; load with `compile=False`",
        r"2\.9$",
    ),
    Reason(
        r"^optimizers\.experimental",
        r"DIFFERS: (trained|other) weights",
        "TensorFlow 2.9 and 2.10 left the state of an optimizer of `optimizers.experimental` out "
        "of HDF5 files; predictions are the same",
        r"2\.(9|10)$",
        r"model\.h5",
    ),
    Reason(
        r"NoisyLinearCosineDecay",
        r"DIFFERS: trained weights",
        "the noise of a NoisyLinearCosineDecay is random",
    ),
    Reason(
        r"losses/Huber\(reduction='sum'\)",
        r"refused",
        "Huber(reduction='sum') was the sum over all values up to TensorFlow 2.0, which no loss of "
        "Keras 3 is; load with `compile=False`",
        _FIRST,
    ),
    Reason(
        r"kinds/frozen_model",
        r"DIFFERS: trained weights: 6 arrays, not 2",
        "files of Keras before it was TensorFlow's do not say that a model within is frozen",
        _STAND_ALONE,
    ),
    Reason(
        r"kinds/frozen_layers",
        r"DIFFERS: trained weights",
        "a BatchNormalization that is frozen took the mean of the batch while a model trained; "
        "since TensorFlow 2.0 it takes the moving mean; predictions are the same",
        _STAND_ALONE,
    ),
    Reason(
        r"kinds/nested_and_shared",
        r"DIFFERS: trained weights: [\d.e-]+ apart",
        "a model that is used within another one and beside it is described as two models, which "
        "train apart",
        _STAND_ALONE,
    ),
    Reason(
        r"BatchNormalization|kinds/",
        r"DIFFERS: other weights: [\d.e-]+ apart",
        "Keras 2.2 gave a moving mean the whole weight of the first batch after a model was "
        "loaded; predictions are the same",
        r"keras-2\.2",
    ),
    Reason(
        r"metrics/'(MAE|MAPE|MSLE|cosine)'$",
        r"DIFFERS: losses",
        "Keras 2.2 called such a metric by its whole name in the logs; the values are the same",
        r"keras-2\.2",
    ),
    Reason(
        r"compiled/(weighted|two heads, weights)",
        r"DIFFERS: losses",
        "files of Keras 2.2 have no `weighted_metrics`",
        r"keras-2\.2",
    ),
    Reason(
        r"optimizers/(Adadelta|Adagrad|RMSprop)\(.*decay=",
        r"DIFFERS: trained weights",
        "these optimizers of Keras 2.2 did not save their steps, so that their `decay` began anew",
        r"keras-2\.2",
    ),
    Reason(
        r"layers/Highway",
        r"refused: .*the class 'Highway' is not known",
        "Highway is a layer of Keras 1, which Keras kept up to 2.3 for old files: pass a class of "
        "your own in custom_objects",
        _STAND_ALONE,
    ),
]

#: What a release does not load of what is written for it.
REASONS_BACK = [
    Reason(
        r"kinds/sequential_of_models",
        r"DIFFERS",
        "TensorFlow 2.0 finds the layers of a Sequential that was made without an input by numbers "
        "alone, which no other release uses: give it one, or load HDF5",
        r"back:2\.0$",
    ),
    Reason(
        r"kinds/(operators|functions_of_tensorflow)",
        r"RAISES: ValueError: Unable to save the object",
        "TensorFlow 2.0 does not load its own checkpoints of a model with operations: load HDF5",
    ),
    Reason(
        r"SpectralNormalization|RandomFourierFeatures|TextVectorization\(.*ngrams",
        r"RAISES",
        "the release does not load its own HDF5 files of it",
    ),
    Reason(
        r"lambda",
        r"RAISES",
        "Keras 3 stores the code of a Lambda in a way that Keras 2 does not read",
    ),
    Reason(
        r"MultiHeadAttention|kinds/attention_|kinds/mask|compiled/loss added",
        r"RAISES",
        "no description of MultiHeadAttention, of masks that are passed on as values, or of "
        "`add_loss` is read by both: the weights can be loaded",
    ),
    Reason(
        r"kinds/(operators|functions_of_)",
        r"RAISES",
        "operations between layers are other layers in Keras 2: the weights can be loaded",
    ),
]


def reason(name: str, format_: str, result: str, release: str) -> str | None:
    """Returns the reason for a result that is not the same, None if there is none."""
    for row in REASONS_BACK if release.startswith(BACK) else REASONS:
        if (
            re.search(row.model, name)
            and re.match(row.result, result, re.DOTALL)
            and re.match(row.releases, release)
            and re.match(row.formats, format_)
        ):
            return row.why
    return None
