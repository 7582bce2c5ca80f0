"""TensorFlow's operations in models of Keras 2; each module registers those of its kind."""

from keras_ckpt.formats.config.tf_ops import (
    convolution,
    elementwise,
    images,
    indexing,
    linear,
    reductions,
    shapes,
)
from keras_ckpt.formats.config.tf_ops.tensors import Operations, Size, is_operation

__all__ = ["Operations", "Size", "is_operation"]
__all__ += ["convolution", "elementwise", "images", "indexing", "linear", "reductions", "shapes"]
