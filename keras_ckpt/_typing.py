"""What annotations say of objects of Keras and TensorFlow, which have no types here."""

from __future__ import annotations

import os
from typing import Any, Mapping, Union

#: A model of the running Keras, or, in tests of replicas, an object with the methods of one.
Model = Any
#: The logs of an epoch or a batch: numbers, arrays and tensors by the names of metrics.
Logs = Mapping[str, Any]
#: A path of a file, a directory, or a prefix of files.
StrPath = Union[str, "os.PathLike[str]"]
