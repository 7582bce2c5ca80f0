"""What the formats have in common."""

from __future__ import annotations

from typing import Any, Callable, TypeVar, cast

from keras_ckpt.errors import WeightsOnly
from keras_ckpt.formats.summary import Summary

T = TypeVar("T")


class Snapshot:
    """A checkpoint that has been taken of a model and can be written.

    Args:
        write: a function that writes it at a path.
        can_be_in_background: whether it has copies of all that it needs. If so, it may be written
            in any thread, whatever has become of the model since, and more than once. If not, it
            reads the model, or calls it, while it is written.

    Example:

    ```python
    taken = format.snapshot(model)
    model.fit(x, y)
    taken.write("before.keras")
    ```
    """

    def __init__(self, write: Callable[[str], None], can_be_in_background: bool) -> None:
        self._write = write
        self.can_be_in_background = can_be_in_background

    def write(self, path: str) -> None:
        """Writes the checkpoint at `path`; what was there stays until all is written.

        Args:
            path: file, directory or prefix of files.

        Raises:
            OSError: if the file system fails.
        """
        self._write(path)


class Probe:
    """What is at a path: each look at it is taken once, whichever format asks.

    Args:
        path: String, the path of a file or directory, or the prefix of a checkpoint's files.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._seen: dict[Callable[[str], object], object] = {}

    def ask(self, look: Callable[[str], T]) -> T:
        """Returns `look(path)`, which is called the first time only."""
        if look not in self._seen:
            self._seen[look] = look(self.path)
        return cast("T", self._seen[look])


class Format:
    """A checkpoint format: recognises, writes and reads it."""

    name: str = ""
    """What it is called in messages."""

    keras_3_reads: bool = False
    """Whether Keras 3's own `load_weights` or `load_model` reads it, under the right name."""

    native_endings: tuple[str, ...] = ()
    """What that name ends in."""

    def recognises(self, probe: Probe) -> bool:
        """Returns whether there is a checkpoint of this format, by its content.

        Args:
            probe: a `Probe` of the path, which the other formats are asked about, too.
        """
        raise NotImplementedError

    def snapshot(self, model: Any, options: Any | None = None, copy: bool = True) -> Snapshot:
        """Takes from `model` all that its checkpoint will hold.

        Args:
            model: a model of the running Keras. This is called in the thread that trains it.
            options: what TensorFlow's function of the format took under this name, or None.
            copy: whether to copy the values, so that the model may change, or be deleted, before
                the checkpoint is written. With False the model is read while it is written, one
                value after another, which takes no memory for a second copy; it must not change
                until then, and is read in the thread that writes.

        Returns:
            A `Snapshot`, which `can_be_in_background` if `copy` is True.

        Raises:
            ValueError: if the model has no variables yet.
        """
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
