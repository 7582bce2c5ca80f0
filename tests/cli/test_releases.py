"""Every place that takes the name of a release takes all that `compat.for_version` does."""

from __future__ import annotations

import pathlib
import sys
from typing import Any, Callable

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
if sys.version_info < (3, 9):
    pytest.skip("reading code needs Python 3.9", allow_module_level=True)

from click.testing import CliRunner

import keras_ckpt
from keras_ckpt import compat, pytest_plugin
from keras_ckpt.cli import main
from keras_ckpt.compat import saving
from keras_ckpt.installation import launcher
from keras_ckpt.migrate.releases.differences import differences
from keras_ckpt.migrate.releases.release import release

#: Each library, in the forms that people write.
NAMES = [
    "2.4",
    "TF 2.4.1",
    "tensorflow==2.16.1",
    "keras==3.8.0",
    "3.0.4",
    "tf_keras",
    "tf-keras==2.16",
    "keras==2.2.4",
    "keras-2.2.4",
    "keras 2.3",
    "Keras 2.1.5",
    "keras==2.0.8",
    *compat.VERSIONS,
    *compat.TF_KERAS,
    *compat.STAND_ALONE,
    *compat.PATCHES,
    *compat.STAND_ALONE_PATCHES,
]
WRONG = ["1.15", "keras==2.4", "keras==1.2.2", "nonsense"]
SCRIPT = "from tensorflow.keras.callbacks import ModelCheckpoint\nModelCheckpoint('a', period=5)\n"


def _command(*arguments: str) -> Callable[[str, pathlib.Path], None]:
    def run(name: str, folder: pathlib.Path) -> None:
        (folder / "train.py").write_text(SCRIPT)
        filled = [each.format(name=name, folder=folder) for each in arguments]
        result = CliRunner().invoke(main, filled)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        if result.exit_code not in (0, 1):
            raise ValueError(result.output)

    return run


def _configured(name: str, folder: pathlib.Path) -> None:
    (folder / "setup.cfg").write_text(f"[keras-ckpt]\nfrom = {name}\n")
    _command("check", "{folder}")(name, folder)


def _emulated(name: str, folder: pathlib.Path) -> None:
    with keras_ckpt.emulate(name):
        import keras

        assert keras.callbacks.ModelCheckpoint is compat.for_version(name)


PLACES: dict[str, Callable[[str, pathlib.Path], Any]] = {
    "for_version": lambda name, _: compat.for_version(name),
    "canonical": lambda name, _: compat.canonical(compat.canonical(name)),
    "saving": lambda name, _: saving.of(compat.canonical(name)),
    "emulate": _emulated,
    "run --as": lambda name, _: launcher.environment(name),
    "pytest": lambda name, _: pytest_plugin._checked([name]),
    "release": lambda name, _: release(name),
    "differences": lambda name, _: [differences(name, "3.15"), differences("2.4", name)],
    "diff OLD": _command("diff", "{name}", "3.15"),
    "diff NEW": _command("diff", "2.4", "{name}"),
    "check --from": _command("check", "--from", "{name}", "{folder}"),
    "check --to": _command("check", "--from", "2.4", "--to", "{name}", "{folder}"),
    "fix --from": _command("fix", "--native", "--from", "{name}", "{folder}"),
    "fix --to": _command("fix", "--native", "--from", "2.4", "--to", "{name}", "{folder}"),
    "fix --to-keras-ckpt": _command("fix", "--to-keras-ckpt", "--from", "{name}", "{folder}"),
    "setup.cfg": _configured,
}


@pytest.mark.parametrize("place", PLACES)
def test_all_names_are_taken(place: str, tmp_path: pathlib.Path) -> None:
    is_command = place.split()[0] in ("check", "fix", "diff", "setup.cfg", "differences")
    for name in dict.fromkeys(NAMES[:12] if is_command else NAMES):
        PLACES[place](name, tmp_path)


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("place", PLACES)
def test_others_are_refused(place: str, name: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="There is no ModelCheckpoint"):
        PLACES[place](name, tmp_path)
