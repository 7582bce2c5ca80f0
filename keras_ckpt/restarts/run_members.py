"""The members of the callback that are about its run."""

from __future__ import annotations

import contextlib
from typing import Iterator, cast

from keras_ckpt.restarts._types import Running
from keras_ckpt.restarts.catalogue import Checkpoint
from keras_ckpt.restarts.lifecycle import Lifecycle
from keras_ckpt.restarts.run_arguments import RunArguments


class RunMembers:
    """What users ask the callback of its run, beside the hooks."""

    # Also for a subclass that does not call `__init__`.
    _watches = False
    _life: Lifecycle | None = None

    @property
    def _lifecycle(self) -> Lifecycle:
        # A subclass may not have called `__init__`.
        if self._life is None:
            self._life = Lifecycle(RunArguments())
        return self._life

    @property
    def _running(self) -> Running:
        return cast("Running", self)

    @contextlib.contextmanager
    def saving_on_exception(self) -> Iterator[None]:
        """Saves the model if `fit` raises, e.g. as the user interrupts it.

        The checkpoint has the name that `filepath` gives it, or, where that is not known or
        `save_best_only=True`, the part before the placeholders and `.exception`:
        `weights.exception.hdf5`. It is never the best one, and `resume=True` finds it.

        Example:

        ```python
        with checkpoint.saving_on_exception():
            model.fit(x, y, epochs=20, callbacks=[checkpoint])
        ```
        """
        watched, self._watches = self._watches, True
        try:
            yield
        except BaseException:
            self._lifecycle.save_on_exception(self._running)
            raise
        finally:
            self._watches = watched

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """The checkpoints of this run that are there, the newest last, each a `Checkpoint`."""
        return self._lifecycle.checkpoints(self._running)

    @property
    def latest_checkpoint(self) -> str | None:
        """The path of the newest checkpoint of this run, `None` if there is none."""
        return self.checkpoints[-1].path if self.checkpoints else None

    @property
    def best_checkpoint(self) -> str | None:
        """The path of the best checkpoint of this run, `None` if there is none."""
        return self._lifecycle.best_checkpoint(self._running)

    def wait_until_finished(self) -> None:
        """Waits until the save that is under way on background is over.

        Raises:
            BaseException: what that save has raised, unless it has been raised already.

        Example:

        ```python
        checkpoint.wait_until_finished()
        shutil.copytree("run", "backup")
        ```
        """
        self._lifecycle.settle()
