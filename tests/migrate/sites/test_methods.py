"""Which methods are those of a model of Keras."""

from __future__ import annotations

import pytest
from snippets import sites

KERAS = "import tensorflow as tf\n"
OWN = "class Own:\n    def load_weights(self, p): pass\n    def save(self, p): pass\n"
NET = "class Net(tf.keras.Model):\n    def %s\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("m.load_weights('a')", "unknown"),
        ("m.load_weights(p, by_name=True)", "keras"),
        ("m.load_weights('a.npz', options=o)", "unknown"),
        ("m.load_weights(p).expect_partial()", "keras"),
        ("s = m.load_weights(p)\ns.assert_consumed()", "keras"),
        ("m.save(p, save_traces=False)", "keras"),
        ("m.save(p)", None),
        ("model.save(p)", "unknown"),
        ("self.encoder_2.save(p)", "unknown"),
        ("hypermodel.save(p)", None),
        ("m.train_on_batch(x, y)\nm.save(p)", "keras"),
        ("m.fit(x, y)\nm.save(p)", None),
        ("m.fit(x, y, batch_size=3)\nm.save(p)", "keras"),
        # Classes with methods of their own.
        (OWN + "o = Own()\no.load_weights(p)", None),
        (OWN + "x.load_weights(p)", None),
        (OWN + "model.load_weights(p)", "unknown"),
        (NET % "load_weights(self, p): super().load_weights(p)", "keras"),
        (NET % "load_weights(self, p): pass" + "Net().load_weights(p)", None),
        (NET % "other(self, p): self.load_weights(p)", "keras"),
        ("class A:\n    def load_weights(self, p): self.m.load_weights(p)", "unknown"),
        ("class A:\n    def load_weights(self, p): super().load_weights(p)", None),
        ("class A(tf.keras.callbacks.Callback):\n    def f(self): self.model.save(p)", "keras"),
        ("import tensorflow_decision_forests\nm.fit(x, epochs=1)\nm.save(p)", "keras"),
    ],
)
def test_receivers(code: str, expected: str | None) -> None:
    found = [each for each in sites(KERAS + code).found if hasattr(each, "receiver")]
    assert [each.receiver for each in found] == ([expected] if expected else [])
