"""The places that matter: which calls and classes are found, and as what."""

from __future__ import annotations

import pathlib
import re

import pytest
from snippets import sites

from keras_ckpt.migrate import checker
from keras_ckpt.migrate.releases.release import release
from keras_ckpt.migrate.sites.classes import is_checkpoint
from keras_ckpt.migrate.sites.site import Checkpoint

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "data" / "call_sites"
HEAD = "import functools\nfrom keras.callbacks import ModelCheckpoint\n"


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.py")))
def test_finds_what_is_there_and_nothing_else(name: str) -> None:
    path = FOLDER / name
    expected = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = re.search(r"# expect: ([\w ]+)", line)
        expected += [(number, code) for code in (match[1].split() if match else [])]
    result = checker.check([str(path)], release("2.4"))
    assert [(each.line, each.code) for each in result.errors_found] == expected
    assert len(expected) >= 5


@pytest.mark.parametrize(
    ("code", "hows"),
    [
        ("ModelCheckpoint('a')", ["call"]),
        ("M = ModelCheckpoint\nM('a')", ["call"]),
        ("class A(ModelCheckpoint): pass\nA('a')", ["subclass"]),
        (
            "class A(ModelCheckpoint):\n    def __init__(self, p):\n"
            "        super().__init__(p)\nA('a')",
            ["super", "subclass"],
        ),
        (
            "class A(ModelCheckpoint):\n    def __init__(self, p):\n"
            "        ModelCheckpoint.__init__(self, p)\n",
            ["super"],
        ),
        ("p = functools.partial(ModelCheckpoint, period=1)", ["partial"]),
        ("p = functools.partial(ModelCheckpoint, period=1)\np('a')", ["partial", "call"]),
        ("functools.partial(other, 1)", []),
        ("ModelCheckpoint = None\nModelCheckpoint('a')", []),
        ("class ModelCheckpoint: pass\nModelCheckpoint('a')", []),
    ],
)
def test_how_a_callback_is_made(code: str, hows: list[str]) -> None:
    assert [each.how for each in sites(HEAD + code).facts.checkpoints()] == hows


def test_a_base_that_is_named_is_no_argument() -> None:
    code = HEAD + (
        "class A(ModelCheckpoint):\n    def __init__(self, p):\n"
        "        ModelCheckpoint.__init__(self, 'a', period=2)\n"
    )
    (site,) = sites(code).facts.checkpoints()
    assert (len(site.positional), list(site.keywords)) == (1, ["period"])


@pytest.mark.parametrize(
    ("arguments", "positional", "keywords", "complete"),
    [
        ("'a', *['b', 0], period=1", 3, ["period"], True),
        ("'a', *more, 'c'", 1, [], False),
        ("'a', **{'period': 1}", 1, ["period"], True),
        ("'a', **more", 1, [], False),
        ("'a', **dict(period=1, **more)", 1, ["period"], False),
    ],
)
def test_arguments_out_of_lists_and_dicts(
    arguments: str, positional: int, keywords: list[str], complete: bool
) -> None:
    (site,) = sites(f"{HEAD}ModelCheckpoint({arguments})").facts.checkpoints()
    assert (len(site.positional), list(site.keywords)) == (positional, keywords)
    assert site.complete is complete


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("m.load_weights('a')\nm.save_weights('a')", ["load_weights", "save_weights"]),
        ("import keras\nkeras.models.load_model('a')", ["load_model"]),
        ("import keras\nkeras.models.save_model(m, 'a')", ["save"]),
        ("m.save('a')", []),
        ("m.compile(loss='mse')\nm.save('a')", ["save"]),
        ("m.fit(x, epochs=1)\nm.save('a')", ["save"]),
        ("import keras\nm = keras.Sequential()\nm.save('a')", ["save"]),
        ("import re\nr = re.compile('a')\nre.save('a')", []),
        ("class A:\n    def load_weights(self): pass\nm.load_weights('a')", []),
        ("import tensorflow as tf\ntf.train.latest_checkpoint('d')", ["latest_checkpoint"]),
        ("import keras_ckpt\nkeras_ckpt.load_weights(m, 'a')", []),
    ],
)
def test_what_saves_and_loads(code: str, kinds: list[str]) -> None:
    assert [each.kind for each in sites(HEAD + code).found] == kinds


@pytest.mark.parametrize(
    ("code", "receivers"),
    [
        # A model that is handed on, perhaps: its path decides.
        ("m.load_weights('a')\nm.save_weights('a')", ["handed", "handed"]),
        ("import torch\nm.load_weights('a')\nm.save_weights('a')", []),
        ("import torch\nm.load_weights('a').expect_partial()", ["keras"]),
        ("m.save('a')", []),
        ("m.save('a', include_optimizer=False)", ["keras"]),
    ],
)
def test_methods_where_no_keras_is_imported(code: str, receivers: list[str]) -> None:
    assert [getattr(each, "receiver", "") for each in sites(code).found] == receivers


def test_the_callback_of_keras_ckpt_is_apart() -> None:
    found = sites("from keras_ckpt import ModelCheckpoint\nModelCheckpoint('a')")
    assert not found.found
    (only,) = found.from_keras_ckpt
    assert (only.how, only.library) == ("call", "keras_ckpt")
    assert found.facts.others == {"ModelCheckpoint"}


FIT = HEAD + "c = ModelCheckpoint('a')\n%s"


@pytest.mark.parametrize(
    "fit",
    [
        "m.fit(x, callbacks=[c])",
        "m.fit(x, callbacks=c)",
        "m.fit_generator(x, callbacks=[d(), c])",
        "cs = [c]\nm.fit(x, callbacks=cs)",
        "cs = []\ncs.append(c)\nm.fit(x, callbacks=cs)",
        "cs = [d()]\ncs += [c]\nm.fit(x, callbacks=cs)",
        "cs = [d()] + [c]\nm.fit(x, callbacks=cs)",
    ],
)
def test_which_training_a_callback_goes_to(fit: str) -> None:
    (site,) = sites(FIT % fit).facts.checkpoints()
    assert len(site.trainings()) == 1


def test_metrics_are_those_of_the_model_if_it_is_compiled_once() -> None:
    once = "m.compile('sgd', 'mse', metrics=['acc'])\nm.fit(x, callbacks=[c])\n"
    (site,) = sites(FIT % once).facts.checkpoints()
    (training,) = site.trainings()
    assert training.metrics is not None and len(training.metrics) == 1
    (site,) = sites(FIT % ("m.compile('sgd', 'mse')\n" + once)).facts.checkpoints()
    (training,) = site.trainings()
    assert training.metrics is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("keras.callbacks.ModelCheckpoint", True),
        ("tensorflow.keras.callbacks.ModelCheckpoint", True),
        ("tensorflow.python.keras.callbacks.ModelCheckpoint", True),
        ("keras.src.callbacks.model_checkpoint.ModelCheckpoint", True),
        ("keras_ckpt.ModelCheckpoint", False),
        ("pytorch_lightning.callbacks.ModelCheckpoint", False),
        ("keras.ModelCheckpoint", False),
    ],
)
def test_the_class_by_its_full_name(name: str, expected: bool) -> None:
    assert is_checkpoint(name) is expected
    assert isinstance(sites(HEAD + "ModelCheckpoint('a')").found[0], Checkpoint)
