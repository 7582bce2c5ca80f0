"""What the formats have in common."""

from __future__ import annotations

import os
from typing import Callable, TypeVar, cast

from keras_ckpt._typing import CustomObjects, Model
from keras_ckpt.errors import WeightsOnly
from keras_ckpt.formats.summary import Summary
from keras_ckpt.runs.record import FILE, LIMIT, Record, parse
from keras_ckpt.storage import files

T = TypeVar("T")


class Snapshot:
    """A checkpoint that has been taken of a model and can be written.

    Args:
        write: Function that writes it at a path, with the record that it gets, or with `None`.
        can_be_in_background: Boolean, whether it has copies of all that it needs. If so, it may be
            written in any thread, whatever has become of the model since, and more than once. If
            not, it reads the model, or calls it, while it is written.

    Example:

    ```python
    taken = keras_ckpt.formats.snapshot(model, "before.keras", weights_only=False)
    model.fit(x, y)
    taken.write("before.keras")
    ```
    """

    def __init__(
        self, write: Callable[[str, Record | None], None], can_be_in_background: bool
    ) -> None:
        self._write = write
        self.can_be_in_background = can_be_in_background

    def write(self, path: str, record: Record | None = None) -> None:
        """Writes the checkpoint. What was there stays until all is written.

        Args:
            path: String, the file, the directory or the prefix of the files.
            record: `Record`, what the checkpoint says of itself. Defaults to `None`: nothing.

        Raises:
            OSError: if the file system fails.
        """
        self._write(path, record)


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


def record_in(directory: str) -> Record | None:
    """Returns the record in a checkpoint that is a directory, None if there is none."""
    try:
        with files.reading(os.path.join(directory, FILE)) as file:
            return parse(file.read(LIMIT + 1))
    except FileNotFoundError:
        return None


class LoadStatus:
    """What `load_weights` returns for a TensorFlow checkpoint, as it did in TensorFlow.

    Scripts ask it whether all was found. All was, or loading would have raised.
    """

    def expect_partial(self) -> LoadStatus:
        """Returns itself."""
        return self

    def assert_consumed(self) -> LoadStatus:
        """Returns itself."""
        return self

    def assert_existing_objects_matched(self) -> LoadStatus:
        """Returns itself."""
        return self

    def assert_nontrivial_match(self) -> LoadStatus:
        """Returns itself."""
        return self


class Format:
    """A checkpoint format: it recognises, writes and reads its checkpoints.

    Example:

    ```python
    found = keras_ckpt.formats.format_of("model.h5")
    found.name  # "HDF5 file of a whole model"
    taken = found.snapshot(model)
    taken.write("again.h5")
    ```
    """

    name: str = ""
    """What it is called in messages."""

    keras_3_reads: bool = False
    """Whether Keras 3's own `load_weights` or `load_model` reads it, under the right name."""

    native_endings: tuple[str, ...] = ()
    """What that name ends in."""

    native_since: tuple[int, ...] = (3,)
    """The first release of Keras 3 that does so without a fault."""

    not_on_background: str | None = None
    """Why it cannot be written while the model goes on training, if so, and what can."""

    in_parts: bool = False
    """Whether processes that train one model write it together, where a variable can be spread over
    them: each writes its part."""

    keras_3_misreads: bool = False
    """Whether Keras 3's own `load_model` may return a model without what is in it, unsaid."""

    def recognises(self, probe: Probe) -> bool:
        """Returns whether there is a checkpoint of this format, by its content.

        Args:
            probe: a `Probe` of the path, which the other formats are asked about, too.
        """
        raise NotImplementedError

    def require(self) -> None:
        """Raises ImportError if a package that it needs is not installed."""

    def snapshot(self, model: Model, options: object | None = None, copy: bool = True) -> Snapshot:
        """Takes from a model all that its checkpoint will hold.

        Args:
            model: Keras 3 model with variables. This is called in the thread that trains it.
            options: what TensorFlow's function of the format takes under this name. Defaults to
                `None`.
            copy: Boolean, whether to copy the values, so that the model may change, or be deleted,
                before the checkpoint is written. If `False`, the model is read while it is
                written, one value after another, which takes no memory for a second copy; it must
                not change until then, and is read in the thread that writes. Defaults to `True`.

        Returns:
            A `Snapshot`, which `can_be_in_background` if `copy` is `True`.

        Raises:
            ValueError: if the model has no variables yet.
        """
        raise NotImplementedError

    def load_weights(self, model: Model, path: str, strict: bool = True) -> LoadStatus | None:
        """Gives the variables of a model the values in a checkpoint.

        Args:
            model: Keras 3 model with variables.
            path: String, the checkpoint.
            strict: Boolean, whether to load all values, or none and raise. If `False`, those that
                fit are loaded. Defaults to `True`.

        Returns:
            What TensorFlow returned for a checkpoint of this format; None if that was nothing.

        Raises:
            CheckpointError: if the checkpoint is damaged, or does not fit the model.
        """
        raise NotImplementedError

    def load_state(self, model: Model, path: str) -> None:
        """Gives a model its values in a checkpoint, and its optimizer those that it has there.

        Args:
            model: Keras 3 model with variables, whose optimizer has its own.
            path: String, the checkpoint.

        Raises:
            CheckpointError: if the checkpoint is damaged, or does not fit the model.
        """
        self.load_weights(model, path)

    def files(self, path: str) -> list[str]:
        """Returns the files and directories of a checkpoint.

        The first is what it is found by: without that, the others are none.
        """
        return [path]

    def load_weights_by_name(self, model: Model, path: str, skip_mismatch: bool = False) -> None:
        """Gives the layers of a model whose names are in a checkpoint the values that it has.

        Args:
            model: Keras 3 model with variables.
            path: String, the checkpoint.
            skip_mismatch: Boolean, whether to leave layers out whose values do not fit. Defaults to
                `False`.

        Raises:
            ValueError: if checkpoints of this format do not keep weights by the names of layers.
            CheckpointError: if it is damaged, no layer has a name in it, or one does not fit.
        """
        raise ValueError(
            f"`by_name` only supports loading legacy '.h5' or '.hdf5' files. Received: {path}"
        )

    def inspect(self, path: str) -> Summary:
        """Returns what the checkpoint at `path` says of itself, without Keras and the values.

        Raises:
            DamagedCheckpoint: if it is damaged.
        """
        raise NotImplementedError

    def record(self, path: str) -> Record | None:
        """Returns what the checkpoint at `path` says of itself, None if it says nothing.

        Raises:
            DamagedCheckpoint: if it is damaged.
        """
        return None

    def put_record(self, path: str, record: Record) -> None:
        """Puts a record into a checkpoint that the running Keras 2 has written.

        Args:
            path: String, where it is, if it is one file under a temporary name.
            record: `Record`, what it is to say of itself, with its own name.

        Raises:
            OSError: if the file system fails.
        """
        raise NotImplementedError

    def verify(self, path: str) -> None:
        """Raises DamagedCheckpoint if what is at `path` is not what was written.

        That is found as far as there are checksums: an HDF5 file that another program wrote, or
        changed, has none.
        """

    def has_checksums(self, path: str) -> bool:
        """Returns whether what is at `path` has checksums of all of its values."""
        return True

    def load_model(
        self,
        path: str,
        custom_objects: CustomObjects | None = None,
        compile: bool = True,
        safe_mode: bool = True,
    ) -> Model:
        """Returns the model that was saved whole; the arguments are those of the public function.

        Raises:
            CheckpointError: if there is none in a checkpoint of this format, or it cannot be made.
        """
        raise WeightsOnly(path, f"it is a {self.name}, which holds weights and no model")
