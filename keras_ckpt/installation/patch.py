"""`install()`: unchanged scripts get the callback of keras_ckpt, and the legacy formats.

What is replaced by what, and put back again, stands here. `legacy_signatures` has the functions
that save and load.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
import types
from typing import TYPE_CHECKING, Callable, Iterator, NamedTuple

from keras_ckpt import compat
from keras_ckpt.installation import usage
from keras_ckpt.installation.import_hook import ImportHook

if TYPE_CHECKING:
    from keras_ckpt.installation import legacy_signatures

_CLASS = "ModelCheckpoint"
#: The packages that a Keras comes with.
_PACKAGES = ("keras", "tensorflow", "tf_keras")
#: Those that hold its names. TensorFlow 2.0 was another's facade.
_HOLDERS = (*_PACKAGES, "tensorflow_core")
#: And keras_ckpt means its own.
_NOT_USERS = (*_HOLDERS, "keras_ckpt")
#: Names of the same Keras that are not there before they are asked for.
_LAZY = ("keras", "compat.v1.keras", "compat.v2.keras")


def install(version: str | None = None, report: str | os.PathLike[str] | None = None) -> None:
    """Replaces Keras's `ModelCheckpoint` with that of keras_ckpt, for scripts that must not change.

    All of its names are replaced: `keras.callbacks.ModelCheckpoint`, `tf.keras.callbacks...`,
    `tf.compat.v1.keras.callbacks...` and so on. On Keras 3, `Model.save`, `Model.save_weights`,
    `Model.load_weights`, `keras.models.load_model` and `save_model`, and those of `keras.saving`
    also take what they took in Keras 2: `save_format=`, `options=`, `.hdf5`, TensorFlow
    checkpoints, SavedModels. `model_from_json` and `Model.from_config` take descriptions of Keras
    2, and `model_from_yaml` and `model_from_config` are there again. Whatever they did before, they
    still do; but models of Keras 2 come back with what was meant by them, which Keras 3 reads
    otherwise, or not at all.

    If Keras is not imported yet, it is not imported now; the replacement happens when it is. What
    modules of yours, and the script itself, have imported before, such as by
    `from keras.callbacks import ModelCheckpoint`, is replaced there, too. Classes that have been
    derived from it before stay as they are. A second call changes nothing, unless it is for another
    version.

    Args:
        version: String, the release whose `ModelCheckpoint` to use, bugs included, as
            `keras_ckpt.compat.for_version` takes it: `"2.4"`, `"tf_keras"`. Formats that this
            release did not know are not added. Defaults to `None`: `keras_ckpt.ModelCheckpoint`.
        report: String or `PathLike`, a file to write when the program ends, in whatever way: every
            call that Keras 3 by itself would have refused or done otherwise, with its file and line
            and the rule of `keras-ckpt check`. The ending says how it is written: `.md`, `.html`,
            `.json`, `.sarif`, and as text with any other. Needs Python 3.9 or newer. It is written
            even if `uninstall` is called. Defaults to `None`: no report.

    Raises:
        ValueError: if there is no such release, or the folder of the report does not exist.

    Example:

    ```python
    import keras_ckpt

    keras_ckpt.install()

    import tensorflow as tf

    checkpoint = tf.keras.callbacks.ModelCheckpoint("cp-{epoch}.ckpt", period=5)
    ```
    """
    wanted = _checked(version)
    if report is not None and _begin_report(report, version):
        _put(None)  # What is installed records nothing.
    _put(wanted)


def _begin_report(path: str | os.PathLike[str], version: str | None) -> bool:
    """Begins to record the calls of the program; returns whether that was not so yet."""
    usage_report = importlib.import_module("keras_ckpt.installation.usage_report")
    is_new = usage.recorder is None
    usage_report.begin(path, version)
    return is_new


def uninstall() -> None:
    """Restores everything that `install` has replaced. Does nothing if that is nothing.

    Example:

    ```python
    keras_ckpt.install()
    keras_ckpt.uninstall()
    assert keras.callbacks.ModelCheckpoint is not keras_ckpt.ModelCheckpoint
    ```
    """
    _put(None)


class emulate(contextlib.ContextDecorator):
    """Does what `install(version)` does for a `with` block, or for the calls of a function.

    Afterwards everything is as it was before, which may be another `install` or `emulate`. It
    applies to the whole process, other threads included.

    Args:
        version: String, the release, as of `install`. Defaults to `None`:
            `keras_ckpt.ModelCheckpoint`.

    Raises:
        ValueError: if there is no such release.

    Example:

    ```python
    with keras_ckpt.emulate("2.4"):
        checkpoint = keras.callbacks.ModelCheckpoint("w.{epoch:02d}.hdf5", period=5)
    ```
    """

    def __init__(self, version: str | None = None) -> None:
        self._wanted = _checked(version)
        self._before: list[_Wanted | None] = []

    def __enter__(self) -> None:
        with _lock:
            before = _current.wanted if _current is not None else None
            _put(self._wanted)
            self._before.append(before)

    def __exit__(self, *error: object) -> None:
        _put(self._before.pop())


class _Wanted(NamedTuple):
    """What is installed: the module of a release in `compat`, or None for the one to use."""

    release: str | None

    def cls(self) -> type:
        name = "keras_ckpt.model_checkpoint"
        if self.release is not None:
            name = "keras_ckpt.compat." + self.release
        found: type = getattr(importlib.import_module(name), _CLASS)
        return found

    def has_legacy_formats(self) -> bool:
        """Returns whether the release knew the legacy formats."""
        if self.release is None:
            return True
        module = importlib.import_module("keras_ckpt.compat." + self.release)
        return not any(module.PROFILE.endings)


def _checked(version: str | None) -> _Wanted:
    return _Wanted(None if version is None else compat.module_of(version))


#: What stood where a name has been added.
_ABSENT = object()


class _Replaced(NamedTuple):
    """An attribute that has been replaced."""

    owner: object
    name: str
    original: object

    #: What it has been replaced by, if the owner may set it to something else meanwhile.
    replacement: object = _ABSENT

    def undo(self) -> None:
        if self.replacement is not _ABSENT:
            if vars(self.owner).get(self.name) is self.replacement:
                setattr(self.owner, self.name, self.original)
        elif self.original is not _ABSENT:
            setattr(self.owner, self.name, self.original)
        elif self.name in vars(self.owner):
            delattr(self.owner, self.name)


class _Installation:
    """What one `install` has replaced."""

    def __init__(self, wanted: _Wanted) -> None:
        self.wanted = wanted
        self._replaced: list[_Replaced] = []
        # By name, each original with its replacement.
        self._replacements: dict[str, list[tuple[object, object]]] = {}
        #: Functions that this Keras removed, by name.
        self._removed: dict[str, object] = {}
        self._activation: legacy_signatures.Activation | None = None
        self._hook = ImportHook(_PACKAGES, self._imported)

    def start(self) -> None:
        self._hook.start()
        if any(_is_loaded(name) for name in _PACKAGES):
            self._replace()

    def stop(self) -> None:
        self._hook.stop()
        if self._activation is not None:
            self._activation.is_active = False
        for each in reversed(self._replaced):
            each.undo()
        # What Keras has imported meanwhile comes from itself, and so may be a replacement.
        for name, pairs in self._replacements.items():
            for original, replacement in pairs:
                for module in _holding(name, replacement):
                    setattr(module, name, original)

    def _imported(self, name: str) -> None:
        runtime = importlib.import_module("keras_ckpt.runtime")
        if name == "tf_keras":
            runtime.prefer(name)
        try:
            _keras()
        except ImportError:
            return  # TensorFlow alone, so far.
        with _lock:
            if _current is not self:
                return
            if name == "tf_keras" and self.wanted.release and runtime.is_keras_3():
                runtime.warn_user(
                    "tf_keras keeps its own ModelCheckpoint: Keras "
                    f"{runtime.keras().__version__} was imported before it, and has that of the "
                    "version asked for. Set TF_USE_LEGACY_KERAS=1 to have it in tf_keras."
                )
            self._replace()

    def _replace(self) -> None:
        runtime = importlib.import_module("keras_ckpt.runtime")
        keras = _keras()
        if not self._replacements:
            self._find(keras, runtime.is_keras_3())
        if not runtime.is_keras_3():
            for path in _LAZY:
                _touch(sys.modules.get("tensorflow"), path + ".callbacks")
        for name, pairs in self._replacements.items():
            for original, replacement in pairs:
                for module in _holding(name, original):
                    self._set(module, name, original, replacement)
                self._add_removed(_holding(name, replacement))
        self._replace_imported()

    def _replace_imported(self) -> None:
        """Replaces what modules of users have imported before, by whatever name."""
        pairs = [pair for each in self._replacements.values() for pair in each]
        by_id = {id(original): (original, replacement) for original, replacement in pairs}
        for path, module in list(sys.modules.items()):
            if path.partition(".")[0] in _NOT_USERS or not isinstance(module, types.ModuleType):
                continue
            for name, value in list(vars(module).items()):
                original, replacement = by_id.get(id(value), (_ABSENT, None))
                if value is original:
                    self._replaced.append(_Replaced(module, name, original, replacement))
                    setattr(module, name, replacement)

    def _add_removed(self, modules: Iterator[types.ModuleType]) -> None:
        """Adds what this Keras removed to those of `modules` that had it."""
        for module in [each for each in modules if each.__name__.endswith(".models")]:
            for name, function in self._removed.items():
                if name not in vars(module):
                    self._replaced.append(_Replaced(module, name, _ABSENT))
                    setattr(module, name, function)

    def _find(self, keras: types.ModuleType, is_keras_3: bool) -> None:
        """Determines what to replace, and by what."""
        native, cls = getattr(keras.callbacks, _CLASS), self.wanted.cls()
        self._replacements[_CLASS] = [(native, cls)]
        if is_keras_3 and usage.recorder is not None:
            recording: dict[str, Callable[..., object]] = {
                "__init__": usage.with_recording(cls, native)
            }
            if "_known_name" in vars(cls):
                recording["_known_name"] = usage.with_recorded_metric(vars(cls)["_known_name"])
            for name, method in recording.items():
                self._set(cls, name, vars(cls)[name], method)
        if not is_keras_3 or not self.wanted.has_legacy_formats():
            return
        legacy = importlib.import_module("keras_ckpt.installation.legacy_signatures")
        self._activation = activation = legacy.Activation()
        for name in legacy.NAMES:
            if name in vars(keras.Model):
                original = vars(keras.Model)[name]
                self._set(
                    keras.Model, name, original, legacy.with_legacy_arguments(original, activation)
                )
            found = {id(f): f for f in (vars(m).get(name) for m in (keras.saving, keras.models))}
            self._replacements[name] = [
                (each, legacy.with_legacy_arguments(each, activation))
                for each in found.values()
                if each is not None
            ]
        described = importlib.import_module("keras_ckpt.installation.legacy_descriptions")
        native = getattr(keras.models, described.JSON)
        self._replacements[described.JSON] = [
            (native, described.with_legacy_json(native, activation))
        ]
        for cls in (keras.Model, keras.Sequential):
            method = vars(cls)[described.CONFIG]
            replacement = described.with_legacy_config(method.__func__, activation)
            self._set(cls, described.CONFIG, method, classmethod(replacement))
        self._removed = {name: described.removed(name) for name in described.REMOVED}

    def _set(self, owner: object, name: str, original: object, replacement: object) -> None:
        if isinstance(owner, types.ModuleType) and _names_itself(owner, name, original):
            # Its methods find the class by its name, which must go on to mean the class.
            self._replaced.append(_Replaced(owner, "__class__", type(owner)))
            shown = {name: property(lambda module: replacement)}
            owner.__class__ = type("module", (type(owner),), shown)
        else:
            self._replaced.append(_Replaced(owner, name, original))
            setattr(owner, name, replacement)


def _keras() -> types.ModuleType:
    """Returns the running Keras, all of it imported, which may be what calls `_imported`.

    Call it before the lock is taken: a thread that waits for an import must not hold it.
    """
    found: types.ModuleType = importlib.import_module("keras_ckpt.runtime").keras()
    _touch(found, "callbacks")
    return found


def _names_itself(module: types.ModuleType, name: str, cls: object) -> bool:
    """Returns whether a class in `module` has methods that ask for `name` there."""
    if not isinstance(cls, type) or cls.__module__ != module.__name__:
        return False
    functions = (getattr(each, "__code__", None) for each in vars(cls).values())
    return any(code is not None and name in code.co_names for code in functions)


def _holding(name: str, value: object) -> Iterator[types.ModuleType]:
    """Yields the modules of Keras and TensorFlow that have `value` under `name`."""
    for path, module in list(sys.modules.items()):
        if path.partition(".")[0] in _HOLDERS and isinstance(module, types.ModuleType):
            # Not by asking for the attribute, for which some import what they stand for.
            if vars(module).get(name) is value and getattr(module, name) is value:
                yield module


def _touch(module: types.ModuleType | None, path: str) -> None:
    """Asks a package for a module that it makes only when it is asked for."""
    for name in path.split("."):
        module = getattr(module, name, None)


def _is_loaded(name: str) -> bool:
    """Returns whether a package is imported, and not still being imported."""
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)
    return module is not None and not getattr(spec, "_initializing", False)


_lock = threading.RLock()
_current: _Installation | None = None


def _put(wanted: _Wanted | None) -> None:
    """Makes `wanted` be what is installed."""
    global _current
    if wanted is not None and any(_is_loaded(name) for name in _PACKAGES):
        _keras()
    with _lock:
        if (None if _current is None else _current.wanted) == wanted:
            return
        if _current is not None:
            _current.stop()
            _current = None
        if wanted is not None:
            installation = _Installation(wanted)
            _current = installation
            try:
                installation.start()
            except BaseException:
                installation.stop()
                _current = None
                raise
