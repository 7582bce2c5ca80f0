"""What the formats have in common."""

from __future__ import annotations

from typing import Any

from keras_ckpt.errors import WeightsOnly
from keras_ckpt.formats.summary import Summary


class Format:
    """A checkpoint format: recognises, writes and reads it."""

    name: str = ""
    """What it is called in messages."""

    keras_3_reads: bool = False
    """Whether Keras 3's own `load_weights` or `load_model` reads it, under the right name."""

    native_endings: tuple[str, ...] = ()
    """What that name ends in."""

    def recognises(self, path: str) -> bool:
        """Returns whether there is a checkpoint of this format at `path`, by its content."""
        raise NotImplementedError

    def write(self, model: Any, path: str, options: Any | None = None) -> None:
        """Saves `model` at `path`; what was there stays until all is written."""
        raise NotImplementedError

    def load_weights(self, model: Any, path: str, strict: bool = True) -> Any:
        """Gives the variables of `model` the values at `path`.

        All of them or, if that cannot be, none and raises; unless `strict`, those that fit.
        """
        raise NotImplementedError

    def inspect(self, path: str) -> Summary:
        """Returns what the checkpoint at `path` says of itself, without Keras and the values.

        Raises:
            DamagedCheckpoint: if it is damaged.
        """
        raise NotImplementedError

    def verify(self, path: str) -> None:
        """Raises DamagedCheckpoint if what is at `path` is too damaged to let Keras read it."""

    def load_model(
        self,
        path: str,
        custom_objects: dict[str, Any] | None = None,
        compile: bool = True,
        safe_mode: bool = True,
    ) -> Any:
        """Returns the model saved at `path`."""
        raise WeightsOnly(path, f"it is a {self.name}, which holds weights and no model")
