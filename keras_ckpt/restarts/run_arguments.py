"""The arguments of the callback that are about the run, and what they refuse."""

from __future__ import annotations

import dataclasses
import datetime
import math
import numbers
import os
import signal
from typing import TYPE_CHECKING, Callable, Iterable, Mapping, NamedTuple

from keras_ckpt import endings, runtime
from keras_ckpt.engine import arguments
from keras_ckpt.engine import filepath as paths
from keras_ckpt.formats import registry
from keras_ckpt.runs import listing
from keras_ckpt.runs.retention import RULES, Retention
from keras_ckpt.storage import places

if TYPE_CHECKING:
    from keras_ckpt.restarts.catalogue import Checkpoint

#: Those that compare values, so that the monitored metric must be known.
_COMPARING = ("keep_best_n", "restore_best_weights", "link_best")


@dataclasses.dataclass(frozen=True)
class RunArguments:
    """What the callback was asked to do about its run. By default that is nothing.

    Attributes:
        retention: `Retention`, which checkpoints are kept.
        resume: Boolean, or the path of a checkpoint.
        restore_best_weights: Boolean.
        link_latest: String or `None`.
        link_best: String or `None`.
        signals: Tuple of integers, the signals that come before the end.
        every: `datetime.timedelta` or `None`, the time between saves.
        save_on_background: Boolean, whether saves are written while the model goes on training.
        on_save: Function that gets the `Checkpoint` after each save, or `None`.
    """

    retention: Retention = Retention()
    resume: bool | str = False
    restore_best_weights: bool = False
    link_latest: str | None = None
    link_best: str | None = None
    signals: tuple[int, ...] = ()
    every: datetime.timedelta | None = None
    save_on_background: bool = False
    on_save: Callable[[Checkpoint], object] | None = None

    @property
    def compares(self) -> bool:
        """Whether it must be known which checkpoint is the best."""
        return bool(
            self.retention.keep_best_n or self.restore_best_weights or self.link_best is not None
        )

    @property
    def is_used(self) -> bool:
        """Whether anything is asked for at all, but for how a save is made."""
        plain = RunArguments(save_on_background=self.save_on_background, on_save=self.on_save)
        return self != plain


class Others(NamedTuple):
    """The arguments that every release has, and these may contradict."""

    monitor: str
    period: int
    save_best_only: bool
    save_weights_only: bool
    load_weights_on_restart: bool


#: The names of those that no release has.
NAMES = (
    "resume",
    "restore_best_weights",
    *RULES,
    "link_latest",
    "link_best",
    "save_before_preemption",
    "save_on_background",
    "on_save",
)


def positive(name: str, value: object) -> float | None:
    """Returns `value`, which must be a number above 0, or None.

    Raises:
        ValueError: if it is anything else.
    """
    if value is None:
        return None
    value = arguments.scalar(value)
    if not isinstance(value, bool) and isinstance(value, numbers.Real):
        if 0 < float(value) < math.inf:
            return float(value)
    raise ValueError(f"`{name}` must be a number above 0, or None. Received: {value!r}")


def count(name: str, value: object) -> int | None:
    """Returns `value`, which must be an integer from 1 on, or None.

    Raises:
        ValueError: if it is anything else, also a float or a boolean.
    """
    if value is None:
        return None
    value = arguments.scalar(value)
    if not isinstance(value, bool) and isinstance(value, numbers.Integral) and int(value) >= 1:
        return int(value)
    raise ValueError(f"`{name}` must be an integer from 1 on, or None. Received: {value!r}")


def is_time(save_freq: object) -> bool:
    """Returns whether `save_freq` is a time.

    Raises:
        ValueError: if it is one that has passed already.
    """
    if not isinstance(save_freq, datetime.timedelta):
        return False
    if save_freq <= datetime.timedelta(0):
        raise ValueError(f"`save_freq` must be a time above 0. Received: {save_freq!r}")
    return True


def _signals(value: object) -> tuple[int, ...]:
    if value is None or value is False:
        return ()
    if value is True:
        return (signal.SIGTERM,)
    given = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    refused = {getattr(signal, name, None) for name in ("SIGKILL", "SIGSTOP")}
    for each in given:
        known = isinstance(each, int) and not isinstance(each, bool)
        if not known or not 0 < each < getattr(signal, "NSIG", 65) or each in refused:
            raise ValueError(
                "`save_before_preemption` must be True, which means SIGTERM, or a tuple of signals "
                f"that a program can handle, such as (signal.SIGTERM,). Received: {value!r}"
            )
    return tuple(int(each) for each in given)


def _resume(value: object) -> bool | str:
    if isinstance(value, (str, os.PathLike)) and os.fspath(value) not in ("True", "False"):
        found = str(os.fspath(value))
        if not found:
            raise ValueError("`resume` must be True, False or a path. Received: ''")
        return found
    return arguments.boolean("resume", value)


def _link(name: str, value: object) -> str | None:
    if value is None:
        return None
    found = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(found, str) or not found:
        raise TypeError(f"`{name}` must be a path, or None. Received: {value!r}")
    if "{" in found:
        raise ValueError(f"`{name}` must have no placeholders. Received: {value!r}")
    return found


def _on_save(value: object) -> Callable[[Checkpoint], object] | None:
    if value is None or callable(value):
        return value
    raise TypeError(
        "`on_save` must be a function that takes the `Checkpoint` which was saved, or None. "
        f"Received: {value!r}"
    )


def refuse_on_background(filepath: str | None, weights_only: bool) -> None:
    """Refuses what cannot be saved while the model goes on training.

    Args:
        filepath: String, the template, `None` if it is not known yet.
        weights_only: Boolean, whether the weights alone are saved.

    Raises:
        ValueError: if there is no way to have a copy of all that is saved.
    """
    why = None
    if not runtime.is_keras_3():
        why = (
            "the models of the running Keras save themselves, and would be read while they train. "
            "Leave it out, or run the script on Keras 3."
        )
    elif filepath is not None:
        why = registry.format_written(filepath, weights_only).not_on_background
    if why is not None:
        raise ValueError(
            f"save_on_background=True is not for filepath={filepath!r} with "
            f"save_weights_only={weights_only!r}: {why}"
        )


def checked(
    filepath: str | None, save_freq: object, given: Mapping[str, object], others: Others
) -> RunArguments:
    """Returns the arguments, of which none contradicts another.

    Args:
        filepath: String, the template, `None` if it is not known yet.
        save_freq: what was passed, if it is valid.
        given: Dict, what was passed for each of `NAMES`.
        others: `Others`, what was passed for some of those that every release has.

    Raises:
        ValueError: if one makes no sense, alone or beside another.
        TypeError: if a path is none.
    """
    retention = Retention(
        max_to_keep=count("max_to_keep", given["max_to_keep"]),
        keep_best_n=count("keep_best_n", given["keep_best_n"]),
        keep_period=count("keep_period", given["keep_period"]),
        keep_checkpoint_every_n_hours=positive(RULES[3], given[RULES[3]]),
        save_freq=save_freq
        if given["keep_period"] is not None and isinstance(save_freq, int)
        else None,
    )
    made = RunArguments(
        retention=retention,
        resume=_resume(given["resume"]),
        restore_best_weights=arguments.boolean(
            "restore_best_weights", given["restore_best_weights"]
        ),
        link_latest=_link("link_latest", given["link_latest"]),
        link_best=_link("link_best", given["link_best"]),
        signals=_signals(given["save_before_preemption"]),
        every=save_freq if isinstance(save_freq, datetime.timedelta) else None,
        save_on_background=arguments.boolean("save_on_background", given["save_on_background"]),
        on_save=_on_save(given["on_save"]),
    )
    if made.save_on_background:
        refuse_on_background(filepath, others.save_weights_only)
    if made.is_used:
        if filepath is None:
            raise ValueError(
                "`filepath` must be given with arguments about the run, such as resume and "
                "max_to_keep, which are for its checkpoints. Received: filepath=None"
            )
        _refuse_conflicts(filepath, save_freq, made, others)
    return made


def _refuse_conflicts(filepath: str, save_freq: object, made: RunArguments, others: Others) -> None:
    given: dict[str, object] = {
        **{name: getattr(made.retention, name) for name in RULES},
        "resume": made.resume,
        "restore_best_weights": made.restore_best_weights,
        "link_latest": made.link_latest,
        "link_best": made.link_best,
    }
    used = " and ".join(f"{name}={value!r}" for name, value in given.items() if value)
    is_fixed = not paths.placeholders(filepath)
    overwrites = is_fixed and not others.save_best_only
    never_known = isinstance(save_freq, int) and others.monitor.startswith("val_")
    above, comparing = _first(given, RULES, above=1), _first(given, _COMPARING)
    refused: list[tuple[object, str]] = [
        (
            used and places.is_url(filepath) and not runtime.is_keras_3(),
            f"{used} needs the records in checkpoints, which Keras 2 has on the local file system "
            f"alone. Received: filepath={filepath!r}",
        ),
        (
            is_fixed and above,
            f"{above} needs checkpoints with names of their own, and filepath={filepath!r} names "
            "each save alike. Put a placeholder into it, such as {epoch:02d}.",
        ),
        (
            made.resume and others.load_weights_on_restart,
            f"resume={made.resume!r} and load_weights_on_restart=True both load a checkpoint when "
            "training begins. Leave `load_weights_on_restart` out.",
        ),
        (
            made.every is not None and others.period != 1,
            f"save_freq={save_freq!r} and period={others.period!r} both say when to save. "
            "Leave one out.",
        ),
        (
            overwrites and (made.restore_best_weights or made.link_best),
            f"{comparing} needs the best checkpoint, which filepath={filepath!r} overwrites with "
            "the next one. Put a placeholder into it, or pass save_best_only=True.",
        ),
        (
            never_known and made.compares,
            f"{comparing} needs the metric monitor={others.monitor!r}, which is not known at "
            f"the end of batches, where save_freq={save_freq!r} saves. Monitor a metric of the "
            "training, or pass save_freq='epoch'.",
        ),
        (
            made.link_latest and _same(made.link_latest, made.link_best),
            f"link_latest={made.link_latest!r} and link_best={made.link_best!r} are one path.",
        ),
    ]
    for name, link in (("link_latest", made.link_latest), ("link_best", made.link_best)):
        if link is not None:
            refused += _of_link(f"{name}={link!r}", link, filepath)
    for is_refused, text in refused:
        if is_refused:
            raise ValueError(text)


def _of_link(passed: str, link: str, filepath: str) -> list[tuple[object, str]]:
    return [
        (
            _same(link, filepath) or _is_named(filepath, link),
            f"{passed} is the name of a checkpoint of filepath={filepath!r}. Give the link another "
            "name.",
        ),
        (
            filepath.endswith(endings.SHARDED_WEIGHTS),
            f"{passed} cannot lead to the several files of filepath={filepath!r}. Save to another "
            "format.",
        ),
        (
            _ending(link) != _ending(filepath),
            f"{passed} has not the ending of filepath={filepath!r}, by which its format is known.",
        ),
    ]


def _first(given: Mapping[str, object], names: Iterable[str], above: int = 0) -> str | None:
    """Returns the first argument that has a value, and how it was passed."""
    for name in names:
        value = given[name]
        # One to keep is kept under any name; the other rules need several.
        is_one = name in RULES[:2] and value == above
        if value and not is_one:
            return f"{name}={value!r}"
    return None


def _same(one: str, other: str | None) -> bool:
    return other is not None and os.path.abspath(one) == os.path.abspath(other)


def _is_named(template: str, path: str) -> bool:
    tail = listing.tail(template)
    head = template[: len(template) - len(tail)] or "."
    depth = len(tail.split("/"))
    directory = os.path.abspath(path)
    for _ in range(depth):
        directory = os.path.dirname(directory)
    return directory == os.path.abspath(head) and bool(listing.values_in(template, path))


def _ending(path: str) -> str:
    known = (*endings.WEIGHTS, *endings.FILES, *endings.ORBAX)
    return next((each for each in known if path.endswith(each)), "")
