"""Functions of `Lambda` layers, which Keras 2 stored as Python compiled them."""
