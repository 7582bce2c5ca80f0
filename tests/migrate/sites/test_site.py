"""What a site is asked: its arguments by name, its library, whether it may be Keras's."""

from __future__ import annotations

import pytest
from snippets import sites

from keras_ckpt.migrate.code.values.infer import UNKNOWN, Constant, Str
from keras_ckpt.migrate.releases.release import release
from keras_ckpt.migrate.sites.site import ELSEWHERE, KERAS, UNKNOWN_RECEIVER, CallSite, Checkpoint

HEAD = "import keras\n"


def checkpoint(arguments: str) -> Checkpoint:
    (only,) = sites(f"{HEAD}keras.callbacks.ModelCheckpoint({arguments})").facts.checkpoints()
    return only


def test_arguments_are_bound_by_the_signature_of_the_release() -> None:
    site = checkpoint("'a', 'loss', 0, True, False, 'min', 5, x, mode='max'")
    of_2, of_3 = site.bound(release("2.4")), site.bound(release("3.15"))
    assert of_2.positional == 8 and of_2.complete
    assert of_2.value("mode") == Str(("min",))
    assert "options" in of_2.named and "options" not in of_3.named
    assert "initial_value_threshold" in of_3.named
    assert site.bound(release("keras 2.3")).value("period") == Constant(5)


def test_defaults_count_only_if_there_can_be_no_other_arguments() -> None:
    all_known = checkpoint("'a'").bound(release("2.4"))
    assert all_known.value("monitor", Str(("val_loss",))) == Str(("val_loss",))
    assert all_known.flag("save_best_only") is False
    rest = checkpoint("'a', **more").bound(release("2.4"))
    assert rest.value("monitor", Str(("val_loss",))) == UNKNOWN
    assert rest.flag("save_best_only") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("True", True), ("0", False), ("None", False), ("'yes'", True), ("''", False), ("x", None)],
)
def test_flags(value: str, expected: bool | None) -> None:
    bound = checkpoint(f"'a', save_best_only={value}").bound(release("2.4"))
    assert bound.flag("save_best_only") is expected


@pytest.mark.parametrize(
    ("code", "library", "stays"),
    [
        ("import tf_keras\ntf_keras.callbacks.ModelCheckpoint('a')", "tf_keras", True),
        ("import tf_keras\nm.load_weights('a')", "", True),
        ("import tf_keras, keras\nm.load_weights('a')", "", False),
        ("import keras\nkeras.callbacks.ModelCheckpoint('a')", "keras", False),
        (
            "import tensorflow as tf\ntf.keras.callbacks.ModelCheckpoint('a')",
            "tensorflow",
            False,
        ),
    ],
)
def test_what_is_of_tf_keras_stays(code: str, library: str, stays: bool) -> None:
    (site,) = sites(code).found
    assert (site.library, site.stays) == (library, stays)


@pytest.mark.parametrize(
    ("receiver", "path", "expected"),
    [
        (KERAS, Str(("a.pt",)), True),
        (KERAS, UNKNOWN, True),
        (ELSEWHERE, Str(("a.h5",)), True),
        (ELSEWHERE, Str(("a",)), False),
        (ELSEWHERE, UNKNOWN, False),
        (UNKNOWN_RECEIVER, Str(("a",)), True),
        (UNKNOWN_RECEIVER, Str(("a.pt",)), False),
        (UNKNOWN_RECEIVER, UNKNOWN, True),
    ],
)
def test_whose_call_it_may_be(receiver: str, path: Str, expected: bool) -> None:
    (site,) = sites(HEAD + "m.load_weights('a')").found
    assert isinstance(site, CallSite)
    site.receiver = receiver
    assert site.may_be_keras(path) is expected


@pytest.mark.parametrize(
    ("call", "release_name", "names"),
    [
        ("keras.models.save_model(m, 'a', True)", "2.4", ["model", "filepath", "overwrite"]),
        ("keras.Sequential().save('a', True)", "2.4", ["filepath", "overwrite"]),
        ("m.save_weights('a', True, 'h5')", "2.4", ["filepath", "overwrite", "save_format"]),
        ("m.load_weights('a', True)", "2.4", ["filepath", "by_name"]),
        ("m.load_weights('a', True)", "3.15", ["filepath", "skip_mismatch"]),
        (
            "keras.models.load_model('a', o, False)",
            "2.4",
            ["filepath", "custom_objects", "compile"],
        ),
    ],
)
def test_what_saves_and_loads_is_bound_by_the_release_too(
    call: str, release_name: str, names: list[str]
) -> None:
    (site,) = [each for each in sites(HEAD + call).found if isinstance(each, CallSite)]
    assert list(site.bound(release(release_name)).named) == names
    path = site.path(release(release_name))
    assert path is not None and path.value == Str(("a",))


def test_the_path_of_latest_checkpoint_is_a_directory() -> None:
    (site,) = sites("import tensorflow as tf\ntf.train.latest_checkpoint('d')").found
    assert isinstance(site, CallSite)
    path = site.path(release("2.4"))
    assert path is not None and path.value == Str(("d",))
