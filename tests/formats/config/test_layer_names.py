"""Names of layers that Keras 3 does not take get others, and references follow."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keras_ckpt.formats.config import layer_names

NAMES = st.lists(st.text("ab/_1", min_size=1, max_size=5), max_size=12)


@given(NAMES)
def test_names_are_allowed_and_stay_different(names: list[str]) -> None:
    found = layer_names.allowed(names)
    assert set(found) == set(names)
    assert not any("/" in new for new in found.values())
    assert len(set(found.values())) == len(found)
    assert all(found[name] == name for name in names if "/" not in name)


def test_the_name_is_that_of_kerass_own_models() -> None:
    assert layer_names.allowed(["conv1/conv", "conv1/bn"]) == {
        "conv1/conv": "conv1_conv",
        "conv1/bn": "conv1_bn",
    }
    assert layer_names.allowed(["a_b", "a/b"]) == {"a_b": "a_b", "a/b": "a_b_1"}


def described(name: str, *nodes: Any) -> dict[str, Any]:
    return {
        "class_name": "Dense",
        "config": {"name": name, "units": 1},
        "name": name,
        "inbound_nodes": list(nodes),
    }


def test_references_follow_the_names() -> None:
    config = {
        "class_name": "Functional",
        "config": {
            "name": "m/n",
            "layers": [
                described("a/b"),
                described("c", [["a/b", 0, 0, {"mask": ["a/b", 0, 0]}]], [["a/b", 1, 0, {}]]),
            ],
            "input_layers": [["a/b", 0, 0]],
            "output_layers": {"a/b": ["c", 0, 0]},
        },
    }
    found = layer_names.with_allowed_names(config)["config"]
    assert found["name"] == "m_n"
    assert found["layers"][0]["config"]["name"] == found["layers"][0]["name"] == "a_b"
    first, second = found["layers"][1]["inbound_nodes"]
    assert first == [["a_b", 0, 0, {"mask": ["a_b", 0, 0]}]]
    assert second == [["a_b", 1, 0, {}]]
    assert found["input_layers"] == [["a_b", 0, 0]]
    assert found["output_layers"] == {"a/b": ["c", 0, 0]}


def test_a_description_with_allowed_names_is_the_same() -> None:
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [described("a")]}}
    assert layer_names.with_allowed_names(config) is config
