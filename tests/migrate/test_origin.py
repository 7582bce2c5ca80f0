"""For which release code was written: by what it passes, and by what is pinned beside it."""

from __future__ import annotations

import pathlib

import pytest
from snippets import sites

from keras_ckpt.migrate import origin

#: Nothing in it shows what it was written for.
OF_ANY = "import keras\nkeras.callbacks.ModelCheckpoint('a.keras', 'val_auc')\n"


def origin_of(code: str, folder: pathlib.Path | None = None) -> tuple[str | None, str]:
    files = [str(folder / "x.py")] if folder is not None else []
    found = origin.release_of([sites(code)], files)
    return found.release.title if found.release is not None else None, found.why


@pytest.mark.parametrize(
    ("name", "pin", "expected"),
    [
        ("requirements.txt", "numpy\ntensorflow==2.4.1\n", "TF 2.4"),
        ("requirements-dev.txt", "tensorflow-gpu >= 2.2, < 2.6\n", "TF 2.5"),
        ("requirements/base.txt", "tensorflow_cpu[x]==2.4\n", "TF 2.4"),
        ("requirements.txt", "tensorflow~=2.3.0\n", "TF 2.3"),
        ("requirements.txt", "tensorflow~=2.3\n", None),
        ("requirements.txt", "tensorflow>=2.0\n", None),
        ("requirements.txt", "tensorflow\n", None),
        ("requirements.txt", "tensorflow<=2.3.9\n", "TF 2.3"),
        ("requirements.txt", "tensorflow<2.3.2\n", "TF 2.3"),
        ("requirements.txt", "# tensorflow==2.4\n", None),
        ("requirements.txt", "tensorflow-datasets==2.4\n", None),
        ("requirements.txt", "keras==3.8.0\n", "Keras 3.8"),
        ("requirements.txt", "keras==2.6\n", "TF 2.6"),
        ("requirements.txt", "keras==2.2.4\n", "Keras 2.2"),
        ("requirements.txt", "tensorflow==2.16.1\n", "Keras 3.0"),
        ("environment.yml", "dependencies:\n  - tensorflow=2.4\n", "TF 2.4"),
        ("setup.cfg", "[options]\ninstall_requires =\n    tensorflow<2.4\n", "TF 2.3"),
        ("setup.py", "setup(install_requires=['tensorflow==2.5'])\n", "TF 2.5"),
        ("pyproject.toml", '[project]\ndependencies = ["tensorflow==2.6.*"]\n', "TF 2.6"),
        ("Pipfile", '[packages]\ntensorflow = "==2.5"\n', "TF 2.5"),
        ("other.txt", "tensorflow==2.5\n", None),
    ],
)
def test_what_is_pinned(name: str, pin: str, expected: str | None, tmp_path: pathlib.Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(pin)
    (tmp_path / ".git").mkdir()
    release, why = origin_of(OF_ANY, tmp_path)
    assert release == expected
    assert (" pins " in why) == (expected is not None)


def test_pins_are_looked_for_up_to_the_root_of_the_project(tmp_path: pathlib.Path) -> None:
    deep = tmp_path / "project" / "src"
    deep.mkdir(parents=True)
    (tmp_path / "requirements.txt").write_text("tensorflow==2.4")
    assert origin_of(OF_ANY, deep)[0] == "TF 2.4"
    (tmp_path / "project" / ".git").mkdir()
    assert origin_of(OF_ANY, deep)[0] is None


HEAD = "import keras\nfrom keras.callbacks import ModelCheckpoint\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ModelCheckpoint('a', 'val_auc')", "TF 2.15"),
        ("ModelCheckpoint('a.keras', options=None)", "TF 2.15"),
        ("ModelCheckpoint('a.keras', period=1)", "TF 2.15"),
        ("class A(ModelCheckpoint):\n    def _save_model(self, epoch, logs): pass", "TF 2.5"),
        ("keras.Sequential().load_weights('cp.ckpt')", "TF 2.15"),
        ("ModelCheckpoint('a.h5')", None),
        ("ModelCheckpoint('a.h5', 'val_loss', 1, False, False, 'auto', 5)", "Keras 2.3"),
    ],
)
def test_what_the_code_passes(code: str, expected: str | None) -> None:
    assert origin_of(HEAD + code)[0] == expected


def test_the_code_counts_more_than_what_is_pinned(tmp_path: pathlib.Path) -> None:
    (tmp_path / "requirements.txt").write_text("keras==3.8")
    assert origin_of(HEAD + "ModelCheckpoint('a', period=2)", tmp_path)[0] == "TF 2.15"
    (tmp_path / "requirements.txt").write_text("tensorflow==2.4")
    release, why = origin_of(HEAD + "ModelCheckpoint('a', period=2)", tmp_path)
    assert release == "TF 2.4"
    assert "`period` is passed" in why and "pins tensorflow==2.4" in why


def test_many_reasons_are_cut_off() -> None:
    calls = "".join(f"ModelCheckpoint('a{n}', period=1)\n" for n in range(5))
    assert origin_of(HEAD + calls)[1].endswith(", …")


def test_what_is_of_tf_keras_shows_nothing() -> None:
    code = "import tf_keras\ntf_keras.callbacks.ModelCheckpoint('a', period=1)"
    assert origin_of(code)[0] is None
