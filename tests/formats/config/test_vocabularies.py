"""The vocabularies of lookup layers, of which a table may lack some tokens."""

from __future__ import annotations

from typing import Any

import pytest

from keras_ckpt import runtime

if not runtime.is_keras_3() or not runtime.has_tensorflow():
    pytest.skip("these layers of Keras 3 need TensorFlow", allow_module_level=True)

from keras_ckpt.formats.config import vocabularies

keras = runtime.keras()


@pytest.mark.parametrize("missing", [(), (0,), (1,), (0, 1)])
@pytest.mark.parametrize("mask_token", [None, ""])
def test_tokens_for_what_is_unknown_may_be_missing(missing: Any, mask_token: Any) -> None:
    layer = keras.layers.StringLookup(mask_token=mask_token, num_oov_indices=2)
    special = [*([] if mask_token is None else [mask_token]), "[UNK]", "[UNK]"]
    tokens = [*special, "the", "cat"]
    by_number = {n: token.encode() for n, token in enumerate(tokens) if n not in missing}
    found = vocabularies.in_order(layer, by_number)
    assert found == tokens
    vocabularies.fill(layer, found)
    assert [str(each) for each in layer.get_vocabulary()] == tokens


def test_the_text_of_tensorflow_2_2() -> None:
    """Its table had the words alone, from number 2 on."""
    layer = keras.layers.TextVectorization()
    vocabularies.fill(layer, vocabularies.in_order(layer, {2: b"the", 3: b"cat"}))
    assert [str(each) for each in layer.get_vocabulary()] == ["", "[UNK]", "the", "cat"]
    assert layer(["the cat sat"]).numpy().tolist() == [[2, 3, 1]]
