"""What Keras's functions that save and load take: the endings of paths, and the arguments.

Which release takes what is data of `keras_ckpt.compat.saving`. Neither needs a Keras.
"""

from __future__ import annotations

import dataclasses

#: The HDF5 files of Keras 2, whole models and weights.
HDF5 = (".h5", ".hdf5")
#: The archives of Keras 3.
ARCHIVE = (".keras",)
#: The weights of Keras 3, and the same in several files.
WEIGHTS = (".weights.h5",)
SHARDED_WEIGHTS = (".weights.json",)
#: Files of the library safetensors, and directories of the library Orbax.
SAFETENSORS = (".safetensors",)
ORBAX = (".orbax",)
#: Those that mean a file.
FILES = (*HDF5, *ARCHIVE, *SHARDED_WEIGHTS, *SAFETENSORS)
#: Any path: all names end in it.
ANY = ("",)
#: What paths on the Hugging Face Hub begin with.
HUB = ("hf://",)

#: What other libraries call their files, and no user of Keras.
FOREIGN = (
    ".bin",
    ".caffemodel",
    ".gguf",
    ".h5f",
    ".joblib",
    ".mat",
    ".mlmodel",
    ".msgpack",
    ".npy",
    ".npz",
    ".onnx",
    ".params",
    ".pdparams",
    ".pickle",
    ".pkl",
    ".pt",
    ".pth",
    ".safetensors",
    ".t7",
    ".tar",
    ".tflite",
    ".tgz",
    ".torch",
)
#: What is read under such names belongs to others: Darknet's configurations and weights.
FOREIGN_READ = (*FOREIGN, ".cfg", ".weights")
#: What is written under such names would be no checkpoint: descriptions, graphs, archives.
FOREIGN_WRITTEN = (*FOREIGN, ".json", ".pb", ".zip")
#: But for these, which keras_ckpt writes. They hold weights, and no model.
WEIGHTS_ALONE = (*SHARDED_WEIGHTS, *SAFETENSORS)


@dataclasses.dataclass(frozen=True)
class Function:
    """What one of the functions takes.

    Attributes:
        endings: tuple of strings, what the path may end in; `""` for any path.
        arguments: tuple of strings, the arguments beside the model and the path.
        schemes: tuple of strings, what paths may begin with, whatever they end in.
    """

    endings: tuple[str, ...]
    arguments: tuple[str, ...]
    schemes: tuple[str, ...] = ()

    def loses_paths(self, other: Function) -> bool:
        """Returns whether this one takes paths that `other`, of another release, does not."""
        ends = all(each.endswith(other.endings) for each in self.endings)
        begins = other.endings == ANY or set(self.schemes) <= set(other.schemes)
        return not (ends and begins)

    def takes(self, path: str) -> bool:
        """Returns whether a path has one of the endings, or begins as it may."""
        return path.endswith(self.endings) or (bool(self.schemes) and path.startswith(self.schemes))


@dataclasses.dataclass(frozen=True)
class Saving:
    """What the functions of one release that save and load take.

    Attributes:
        save: `model.save` and `keras.models.save_model`.
        save_weights: `model.save_weights`.
        load_model: `keras.models.load_model`.
        load_weights: `model.load_weights`.
    """

    save: Function
    save_weights: Function
    load_model: Function
    load_weights: Function

    def function(self, name: str) -> Function:
        """Returns what a function takes, by its name."""
        found: Function = getattr(self, name)
        return found
