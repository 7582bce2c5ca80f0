"""Two jobs that save to the same files: the warning that says so, and that there is no other."""

from __future__ import annotations

import pathlib
import warnings
from typing import Any

import pytest
from training import Scores, X, Y, keras, model

from keras_ckpt import ModelCheckpoint, runtime

if not runtime.is_keras_3():
    pytest.skip("a run goes on with Keras 3", allow_module_level=True)

SAYS = "Another process saves to filepath="


@pytest.fixture(autouse=True)
def directory(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Other(keras.callbacks.Callback):  # type: ignore[misc]
    """The other job: it saves before this one does, in the same epoch."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        path = self.path.format(epoch=epoch + 1)
        pathlib.Path(path).parent.mkdir(exist_ok=True)
        self.model.save(path) if path.endswith(".keras") else self.model.save_weights(path)


def fit(checkpoint: ModelCheckpoint, *before: Any, epochs: int = 3) -> list[str]:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        callbacks = [Scores([0.5, 0.4, 0.3, 0.2]), *before, checkpoint]
        model().fit(X, Y, epochs=epochs, verbose=0, callbacks=callbacks)
    return [str(each.message) for each in seen if SAYS in str(each.message)]


@pytest.mark.parametrize("path", ["{epoch}.keras", "last.keras", "d/{epoch}.weights.h5"])
@pytest.mark.parametrize("arguments", [{"resume": True}, {"max_to_keep": 1}], ids=repr)
def test_it_is_said_once(path: str, arguments: dict[str, Any]) -> None:
    weights = path.endswith(".weights.h5")
    if "{" not in path and "max_to_keep" in arguments:
        arguments = {"resume": True, **arguments}
    checkpoint = ModelCheckpoint(path, save_weights_only=weights, **arguments)
    assert len(fit(checkpoint, Other(path))) == 1


@pytest.mark.parametrize(
    "path", ["{epoch}.keras", "last.keras", "c/{epoch}", "s/{epoch}.h5", "{epoch}.weights.h5"]
)
@pytest.mark.parametrize("background", [False, True])
def test_one_that_runs_alone_hears_nothing_of_it(path: str, background: bool) -> None:
    weights = path.startswith(("c/", "{epoch}.w"))
    for epochs in (2, 4):
        checkpoint = ModelCheckpoint(
            path, save_weights_only=weights, resume=True, save_on_background=background
        )
        assert fit(checkpoint, epochs=epochs) == []
    # The same names once more, by a run that begins anew.
    link = "newest" + path[path.index(".") :] if "." in path else "newest"
    assert fit(ModelCheckpoint(path, save_weights_only=weights, link_latest=link)) == []


def test_nothing_is_looked_at_where_nothing_is_asked_for() -> None:
    assert fit(ModelCheckpoint("{epoch}.keras"), Other("{epoch}.keras")) == []


def test_a_name_that_comes_again_is_its_own() -> None:
    values = [0.5, 0.4, 0.5, 0.4]
    checkpoint = ModelCheckpoint("{score:.1f}.keras", resume=True)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        model().fit(X, Y, epochs=4, verbose=0, callbacks=[Scores(values), checkpoint])
    assert [each for each in seen if SAYS in str(each.message)] == []
    assert sorted(each.name for each in pathlib.Path().iterdir()) == ["0.4.keras", "0.5.keras"]
