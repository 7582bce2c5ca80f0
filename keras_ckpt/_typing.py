"""What annotations say of objects of Keras and TensorFlow, which have no types here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Union

if TYPE_CHECKING:
    import numpy as np

#: A model of the running Keras, or, in tests of replicas, an object with the methods of one.
Model = Any
#: The logs of an epoch or a batch: numbers, arrays and tensors by the names of metrics.
Logs = Mapping[str, Any]
#: A path of a file, a directory, or a prefix of files.
StrPath = Union[str, "os.PathLike[str]"]
#: A layer of the running Keras. A model is one, too.
Layer = Any
#: A variable of the running Keras.
Variable = Any
#: A tensor of the running Keras or its backend; a symbolic one has a shape and a type, no value.
Tensor = Any
#: The shape of a tensor, as Keras hands it to a layer; the length of a batch is None.
Shape = Any
#: An optimizer of the running Keras.
Optimizer = Any
#: A loss of the running Keras.
Loss = Any
#: A metric of the running Keras.
Metric = Any
#: A file or group of h5py, or, where one is filled, what stands for it: a `recording.Group`.
H5Group = Any
#: A dataset of h5py, or what stands for one.
H5Dataset = Any
#: What has bytes in one piece.
Buffer = Union[bytes, bytearray, memoryview, "np.ndarray"]
#: A description, as JSON has it, of an object that Keras can make from it.
Config = Dict[str, Any]
#: What a file system says of a file, by names that fsspec gives.
FileInfo = Dict[str, Any]
#: A function of the user's.
Function = Callable[..., Any]
#: The classes and functions of a user, by the names that descriptions have for them.
CustomObjects = Mapping[str, Any]
#: Says whether its first argument is better than its second: of numbers a boolean, of arrays and
#: tensors one for each element.
Comparison = Callable[[Any, Any], Any]
