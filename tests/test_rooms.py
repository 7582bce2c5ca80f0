"""Each room is small enough to be read, and a name stands in one of them.

`tox -e lint` holds the imports of rooms to the contracts in `.importlinter`.
"""

from __future__ import annotations

import collections
import configparser
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = [ROOT / "keras_ckpt", ROOT / "compat"]

MOST_LINES = 600
MOST_MODULES = 12
#: Longer ones, and why.
LONG: dict[str, str] = {}
#: Names that stand twice, and why.
TWICE = {
    "_types": "in engine/ of all callbacks, in restarts/ of the one whose run goes on",
    "metrics": "in migrate/sites/ their names in code, in keras2/ those that Keras 3 removed",
    "saving": "in engine/ how a save goes, in compat/ what saving takes, release by release",
}
#: Modules that have no test module of their own, and where their tests are.
TESTED_ELSEWHERE = {
    "cli/display/chart": "cli/test_list_command",
    "cli/display/failures": "cli/test_list_command",
    "cli/prune": "cli/test_list_command",
    "cli/diff": "cli/test_cli: what it prints is tested in migrate/releases",
    "cli/rule": "cli/test_cli: what it prints are the pages of rules",
    "cli/run": "installation/test_launcher",
    "endings": "formats/test_registry",
    # What is promised of one format is promised of all, and tested with all at once.
    "formats/api": "formats/test_formats, test_exported_members",
    "formats/base": "formats/test_formats, formats/test_registry",
    "formats/hdf5/weights": "formats/test_formats, formats/test_loading_in_part",
    "formats/keras3/archive": "formats/test_formats, formats/test_legacy_files",
    "formats/keras3/assets": "formats/test_formats, formats/test_inventory",
    "formats/keras3/h5_store": "formats/test_formats, formats/test_snapshot",
    "formats/keras3/state": "formats/test_formats, formats/test_snapshot",
    "formats/keras3/weights_file": "formats/test_formats, formats/test_legacy_files",
    "formats/summary": "formats/test_inspection",
    # By files of the real releases, of everything that they export.
    "formats/config/masks": "formats/test_inventory",
    "keras2/activations": "formats/test_inventory, keras2/test_registered",
    "keras2/constraints": "formats/test_inventory",
    "keras2/layers/added": "formats/test_inventory",
    "keras2/layers/locally_connected": "formats/test_inventory, keras2/test_registered",
    "keras2/layers/random_fourier_features": "formats/test_inventory, keras2/test_registered",
    "keras2/layers/sync_batch_normalization": "formats/test_inventory, keras2/test_registered",
    "keras2/layers/thresholded_relu": "formats/test_inventory, keras2/test_registered",
    "keras2/optimizers": "formats/test_inventory, formats/config/test_compilation",
    "migrate/report/wording": "migrate/report/test_render",
    "migrate/rules/kc702_read_otherwise": "migrate/rules/test_kc701_refused",
    "restarts/links": "restarts/test_lifecycle",
    "restarts/one_save": "restarts/test_background, restarts/test_lifecycle",
    "restarts/run_members": "restarts/test_background, restarts/test_lifecycle",
    "runtime/training_loop": "restarts/test_resuming, restarts/test_preemption",
    "installation/launcher/sitecustomize": "installation/test_launcher",
}
#: One module for each release, and for each rule.
FULL = {"compat", "keras_ckpt/migrate/rules"}


def modules() -> list[pathlib.Path]:
    found = [path for folder in PACKAGES for path in sorted(folder.rglob("*.py"))]
    assert len(found) > 100
    return [path for path in found if path.stem not in ("__init__", "__main__")]


def test_no_folder_is_full() -> None:
    count = collections.Counter(path.parent.relative_to(ROOT).as_posix() for path in modules())
    assert {folder for folder, many in count.items() if many > MOST_MODULES} == FULL


def test_no_module_is_long() -> None:
    long = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES
    }
    assert long == set(LONG)


def test_each_name_stands_once_in_the_tree() -> None:
    count = collections.Counter(path.stem for path in modules())
    assert {name for name, many in count.items() if many > 1} == set(TWICE)


def test_no_two_test_modules_share_a_name() -> None:
    """pytest imports them by their names alone."""
    count = collections.Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert not [name for name, many in count.items() if many > 1]


def test_each_module_has_its_test_module() -> None:
    tests = {path.stem[len("test_") :] for path in (ROOT / "tests").rglob("test_*.py")}
    # The commands have names of other modules.
    tests |= {name[: -len("_command")] for name in tests if name.endswith("_command")}
    package = ROOT / "keras_ckpt"
    without = {
        path.relative_to(package).with_suffix("").as_posix()
        for path in modules()
        if package in path.parents
        and path.stem.lstrip("_") not in tests
        and path.stem not in ("_typing", "_types")
    }
    assert without == set(TESTED_ELSEWHERE)


def test_each_folder_is_installed() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    named = set(setup["options"]["packages"].split())
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "keras_ckpt").rglob("__init__.py")}
    assert named == {".".join(each.parts) for each in folders} | {"keras_ckpt.compat"}
