"""Models of everything that old releases export come back with the same numbers, or are refused.

`tests/tools/inventory/write.py` made them in the environment of each release.
"""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import json
import os
import pathlib
import random
import sys
import tarfile
from typing import Any

import pytest

import keras_ckpt
from keras_ckpt import runtime

if not runtime.is_keras_3():
    pytest.skip("what Keras 3 reads", allow_module_level=True)

TOOLS = pathlib.Path(__file__).resolve().parents[1] / "tools" / "inventory"
sys.path.append(str(TOOLS))

import reasons  # noqa: E402
import replay  # noqa: E402

PACKAGE = pathlib.Path(keras_ckpt.__file__).parent
HOME = pathlib.Path(__file__).resolve().parents[1] / "data" / "inventory"
RELEASES = sorted(path.name[: -len(".tar.xz")] for path in HOME.glob("*.tar.xz"))
#: How many files of models are read in each test, of all releases together; all if it is 0.
MANY = int(os.environ.get("KERAS_CKPT_INVENTORY", "60"))

#: Each change of the package draws another sample, and no change the same.
SEED = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(PACKAGE.rglob("*.py")))
).hexdigest()

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=RELEASES)
def inventory(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    directory = tmp_path_factory.mktemp("inventory")
    with tarfile.open(str(HOME / f"{request.param}.tar.xz")) as archive:
        archive.extractall(str(directory))
    index = json.loads((directory / "index.json").read_text())
    return directory, index["cases"], request.param


def needs_tensorflow(case: replay.Case) -> bool:
    return any(each.dtype.kind == "U" for each in case.arrays.values())


def faults(inventory: Any, prefixes: tuple[str, ...]) -> dict[str, str]:
    directory, cases, release = inventory
    numbers = [number for number, told in cases.items() if told["name"].startswith(prefixes)]
    chosen = [(number, kind) for number in numbers for kind in replay.kinds(cases[number])]
    many = MANY // len(RELEASES)
    if MANY and len(chosen) > many:
        chosen = random.Random(SEED).sample(chosen, many)
    found = {}
    for number, kinds in itertools.groupby(sorted(chosen), lambda each: each[0]):
        case = replay.Case(str(directory / number), cases[number])
        if needs_tensorflow(case) and not importlib.util.find_spec("tensorflow"):
            continue
        for _, kind in kinds:
            result = replay.result(case, kind)
            name = case.told["name"]
            if result != replay.SAME and reasons.reason(name, kind, result, release) is None:
                found[f"{name} {kind}"] = result
    return found


def test_models_of_each_kind(inventory: Any) -> None:
    assert not faults(inventory, ("kinds/", "compiled/"))


def test_there_are_models_of_all_that_a_release_exports() -> None:
    with tarfile.open(str(HOME / "2.15.tar.xz")) as archive:
        index = archive.extractfile("index.json")
        assert index is not None
        names = [told["name"] for told in json.load(index)["cases"].values()]
    for each in ("kinds/", "compiled/", "layers", "losses", "metrics", "optimizers"):
        assert sum(name.startswith(each) for name in names) > 10


def test_layers(inventory: Any) -> None:
    prefixes = ("layers", "compat", "activations", "initializers", "regularizers", "constraints")
    assert not faults(inventory, prefixes)


def test_how_models_were_compiled(inventory: Any) -> None:
    prefixes = ("losses", "metrics", "weighted", "optimizers", "experimental")
    assert not faults(inventory, prefixes)


def test_a_reason_for_one_format_is_none_for_another() -> None:
    given = "optimizers.experimental/Adam()", "DIFFERS: trained weights: 0.1 apart", "2.9"
    name, result, release = given
    assert reasons.reason(name, "model.h5", result, release)
    assert not reasons.reason(name, "saved_model", result, release)
    assert not reasons.reason(name, "model.h5", result, "2.11")
