"""The one hypothesis strategy that makes scenarios for :mod:`recorder`.

``scenarios((2, 4))`` makes scenarios for the callback of TF 2.4, ``scenarios((3, 8))`` for that of
Keras 3.8.  Most of what it makes is valid enough to get to a save; odd values are mixed in.
"""

from __future__ import annotations

import re
from typing import Any, Callable

from hypothesis import strategies as st

Draw = Callable[[Any], Any]

# ---------------------------------------------------------------- tagged values


def num(text: str) -> dict[str, Any]:
    """A float that JSON has no number for."""
    return {"$": "float", "v": text}


def scalar(kind: str, value: Any) -> dict[str, Any]:
    """A NumPy scalar."""
    return {"$": "np", "t": kind, "v": value}


def array(kind: str, value: Any) -> dict[str, Any]:
    """A NumPy array; a plain number gives a 0-d one."""
    return {"$": "array", "t": kind, "v": value}


def tensor(kind: str, value: Any) -> dict[str, Any]:
    """A tensor of the running Keras."""
    return {"$": "tensor", "t": kind, "v": value}


ODD = {"$": "odd"}
ELLIPSIS = {"$": "ellipsis"}
NAN, INF, NEGATIVE_INF = num("nan"), num("inf"), num("-inf")

# Values that a metric takes in a healthy run: few, so that ties and improvements both happen.
PLAIN_VALUES = [0.5, 0.25, 0.125, 0.75, 0.9, 1.5, 0.0, -0.5, 123.456789, 1, 0, 2]
ODD_VALUES: list[Any] = [
    NAN,
    INF,
    NEGATIVE_INF,
    scalar("float32", 0.1),
    scalar("float64", 0.3),
    scalar("float16", 0.2),
    scalar("int64", 1),
    scalar("float32", "nan"),
    array("float32", 0.4),
    array("float64", 0.05),
    array("float64", num("nan")),
    array("float64", [0.1]),
    array("float32", [0.1, 0.9]),
    array("float32", [[0.1, 0.2], [0.3, 0.4]]),
    array("float32", []),
    tensor("float32", 0.35),
    tensor("float32", num("nan")),
    tensor("float32", [0.1]),
    tensor("float32", [0.1, 0.2]),
    tensor("int32", 1),
    {"$": "variable", "t": "float32", "v": 0.15},
    True,
    False,
    None,
    "0.5",
    "",
    10**30,
    [0.5],
    [],
    {"a": 0.5},
    {"$": "tuple", "v": [0.5, 0.25]},
    {"$": "bytes", "v": "half"},
    {"$": "complex", "v": "1j"},
    {"$": "odd_int", "v": 1},
    ODD,
    ELLIPSIS,
]


def is_portable(value: Any, two: bool) -> bool:
    """Whether what a callback does with a value is no matter of its NumPy and its backend.

    NumPy 2 no longer has a truth for what is empty, nor compares any integer.  What comes of
    comparing an array with a text or a number, which type a sum has, and which tensors count
    as numbers, had changed between the NumPys and TensorFlows of 2.x.  Of all tensors only
    TensorFlow's have no real part.
    """
    tagged = isinstance(value, dict) and "t" in value
    inside = value.get("v") if tagged else value
    if inside == [] or inside == 10**30 or value == "{loss.real}":
        return False
    if not (two and tagged):
        return True
    small = value["t"] in ("float16", "int32")
    return not small and value["$"] != "variable" and not isinstance(inside, list)


def is_tensor(value: Any) -> bool:
    """Whether a value is TensorFlow's, which without eager execution is none yet."""
    return isinstance(value, dict) and value.get("$") in ("tensor", "variable")


HOOKS_KEPT = "_get_most_recently_modified_file_matching_pattern"
ARRAY_VALUES = [value for value in ODD_VALUES if isinstance(value, dict) and "t" in value]

MONITORS = ["val_loss", "loss", "acc", "val_acc", "accuracy", "val_accuracy", "mae"]
OTHER_MONITORS: list[Any] = [
    "fmeasure",
    "fmeasure_macro",
    "val_fmeasure",
    "vacca",
    "Acc",
    "val_mae",
    "val_",
    "val_val_loss",
    "weird",
    "twice",
    "nope",
    "",
    "%s",
    "{epoch}",
    "epoch",
    "batch",
    "size",
    "métrique",
    {"$": "odd_text", "v": "val_acc"},
    scalar("str_", "val_loss"),
]
ODD_MONITORS: list[Any] = [
    None,
    3,
    True,
    0.5,
    ODD,
    ["acc"],
    [],
    {"$": "tuple", "v": ["acc", "loss"]},
    {"$": "bytes", "v": "acc"},
    {"$": "set", "v": ["acc"]},
    {"$": "dict", "v": [["acc", 1]]},
    array("float32", [1.0, 2.0]),
]

STEMS = [
    "model",
    "model.{epoch:02d}",
    "model.{epoch:02d}-{val_loss:.2f}",
    "w.{epoch}-{loss:.3f}",
    "{epoch}/weights",
    "new/deep/er/model",
    "new/{epoch:02d}/model-{val_loss:.2f}",
    "taken",
    "sub/model",
    "sub/model.{epoch:02d}",
]
# Right only with the right logs, or only in batches.
RISKY_STEMS = ["b{batch}", "e{epoch:03d}b{batch:04d}", "model.{val_acc}", "{acc:.3f}", "{val_loss}"]
ODD_STEMS = [
    "{nope}",
    "m{nope:.2f}x",
    "{}",
    "{0}",
    "{epoch",
    "epoch}",
    "{{epoch}}",
    "{{}}",
    "{epoch!r}",
    "{epoch!s:>5}",
    "{epoch!x}",
    "{epoch:zz}",
    "{epoch.real}",
    "{epoch.nope}",
    "{loss.real}",
    "{loss[0]}",
    "{loss[a]}",
    "{epoch:{epoch}}",
    "{epoch:{nope}}",
    "{val_loss:d}",
    "{loss!r}",
    "{size}",
    "{self}",
    "{epoch.__class__}",
    "{ epoch }",
    "m(1)",
    "m[",
    "m*",
    "m+",
    "m\\",
    "m^$",
    "modèle {epoch}",
    "with space",
    "sub",
    "new/",
    "sub/",
    ".hidden",
    "sub/.{epoch}",
    "{epoch}{loss}{val_loss}{acc}",
    "%d %s",
]
# What os.path and gfile take apart in ways of their own.
ODD_DIRECTORIES = [
    "../",
    "./",
    "~/",
    "new/../",
    "sub/../",
    "new/./",
    "new//",
    "//new/",
    "new/../other/",
    "taken.h5/",
    "taken.h5/new/",
    "taken.h5/../",
    "./new/",
    "new/{epoch}/../",
    " /",
    "$HOME/",
]
ENDINGS_2 = ["", ".h5", ".hdf5", ".ckpt", ".keras", ".weights.h5", ".tf", ".KERAS", ".h5.keras"]
ENDINGS_3 = [".keras", ".weights.h5", ".h5", "", ".hdf5", ".KERAS", "keras", ".keras/", ".tf"]

SAVE_FAILURES: list[list[Any]] = [
    ["OSError", ["Is a directory"]],
    ["OSError", ["Unable to create file (unable to open file: name = 'm', is a directory)"]],
    ["OSError", ["IS A DIRECTORY"]],
    ["OSError", ["[Errno 21] is a directory: 'x'"]],
    ["OSError", ["disk full"]],
    ["OSError", ["Unable to create file"]],
    ["OSError", ["<dir>/model is a Directory", 2]],
    ["OSError", []],
    ["OSError", [21, "Is a directory"]],
    ["OSError", [21, "Is a directory", "<dir>/model"]],
    ["OSError", [28, "No space left on device"]],
    ["OSError", [28, "is a directory", "<dir>/x"]],
    ["OSError", [{"$": "bytes", "v": "is a directory"}]],
    ["OSError", [{"$": "bytes", "v": "no"}]],
    ["OSError", [None]],
    ["OSError", [3.5]],
    ["OSError", [ODD]],
    ["OSError", [["is a directory"]]],
    ["FileNotFoundError", [2, "No such file or directory", "<dir>/x"]],
    ["FileNotFoundError", ["is a directory"]],
    ["FileNotFoundError", []],
    ["FileExistsError", ["there already"]],
    ["PermissionError", [13, "Permission denied"]],
    ["IsADirectoryError", ["whatever"]],
    ["IsADirectoryError", []],
    ["IsADirectoryError", [21, "Is a directory"]],
    ["NotADirectoryError", [20, "Not a directory"]],
    ["ValueError", ["is a directory"]],
    ["ValueError", []],
    ["TypeError", ["cannot"]],
    ["KeyError", ["key"]],
    ["AttributeError", ["message"]],
    ["RuntimeError", ["is a directory"]],
    ["NotImplementedError", ["Saving the model to HDF5 format requires a Functional model"]],
    ["UnicodeError", ["text"]],
    ["StopIteration", []],
    ["SaveError", ["is a directory"]],
    ["SaveOSError", ["is a directory"]],
    ["SaveOSError", ["mine"]],
    ["Unprintable", ["x"]],
]

# ---------------------------------------------------------------- drawing


def one_in(draw: Draw, many: int) -> bool:
    """True about once in ``many``; False is the simple case."""
    return bool(draw(st.sampled_from([False] * (many - 1) + [True])))


def pick(draw: Draw, *groups: Any) -> Any:
    """One value out of weighted groups: ``pick(draw, (9, good), (1, odd))``."""
    lots = [index for index, (weight, _) in enumerate(groups) for _ in range(weight)]
    return draw(st.sampled_from(groups[draw(st.sampled_from(lots))][1]))


class _Maker:
    """Makes the parts of one scenario for one release."""

    def __init__(self, draw: Draw, version: tuple[int, ...], portable: bool) -> None:
        self.draw = draw
        self.version = version
        self.two = version < (3,)
        self.portable = portable
        self.alone = version < (2,)
        self.batch_in_hooks = version >= (2, 6)
        # What the values of this scenario are like: a healthy run, or anything at all.
        self.oddity = draw(st.sampled_from([80, 40, 15, 6]))
        self.directory_free = False
        self.monitor: Any = "val_loss"
        self.weights_only = False
        self.template = "<dir>/model.{epoch:02d}.h5"
        self.cluster: Any = None
        if (2,) <= version < (2, 3) and one_in(draw, 8):
            self.cluster = {
                "chief": draw(st.booleans()),
                "init": draw(st.booleans()),
                "restores": draw(st.sampled_from([False, False, True])),
                "job": draw(st.sampled_from(["worker", "worker", "master"])),
            }

    def odd(self) -> bool:
        """Whether to be odd this time."""
        return one_in(self.draw, self.oddity)

    def one_of(self, values: list[Any]) -> Any:
        """One of some odd values."""
        if self.portable:
            values = [value for value in values if is_portable(value, self.two)]
        if self.alone:
            values = [value for value in values if not is_tensor(value)]
        return self.draw(st.sampled_from(values))

    # ------------------------------------------------ arguments

    def filepath(self) -> Any:
        draw = self.draw
        stem = pick(draw, (6, STEMS), (1, RISKY_STEMS))
        if self.odd():
            stem = self.one_of(ODD_STEMS)
        if self.two:
            ending = pick(draw, (1, ENDINGS_2))
        else:
            good = [".weights.h5"] if self.weights_only else [".keras", ".keras", ".h5"]
            if self.version < (3, 8):
                good = good[:2]
            ending = pick(draw, (12, good), (1, ENDINGS_3))
        if one_in(draw, 10):
            stem = draw(st.sampled_from(ODD_DIRECTORIES)) + stem
        # In the scenario's directory: by its full path, or by the working directory.
        name = draw(st.sampled_from(["<dir>/", "<dir>/", ""])) + stem + ending
        self.template = name if name.startswith("<dir>") else "<dir>/" + name
        if not self.odd():
            return name
        kinds: list[Any] = [
            {"$": "path", "v": name},
            {"$": "path", "v": name},
            {"$": "pure_path", "v": name},
            {"$": "odd_path", "v": name},
            {"$": "odd_path", "v": {"$": "bytes", "v": name}},
            {"$": "odd_path", "v": 3},
            {"$": "bytes", "v": name},
            {"$": "odd_text", "v": name},
            scalar("str_", name),
            None,
            "",
            3,
            True,
            ODD,
            [name],
        ]
        remote = self.remote(stem + ending)
        return draw(st.sampled_from(kinds + ([remote] * 4 if remote else [])))

    def remote(self, name: str) -> Any:
        """A bucket, in the releases that never look whether it is there."""
        if self.two and self.version[:2] not in ((2, 12), (2, 13)):
            self.directory_free = True
            return "gs://no-such-bucket/" + name.lstrip("/")
        return None

    def monitor_name(self) -> Any:
        self.monitor = pick(self.draw, (12, MONITORS), (4, OTHER_MONITORS))
        if self.odd():
            self.monitor = self.one_of(ODD_MONITORS)
        return self.monitor

    def verbose(self) -> Any:
        if self.odd():
            return self.draw(st.sampled_from([True, -1, None, "1", 0.5, NAN, ODD, [1]]))
        return self.draw(st.sampled_from([1, 0, 2, 1]))

    def flag(self) -> Any:
        if self.odd():
            odd = [None, 0, 1, "yes", "", NAN, [], ODD, array("bool", True), array("int64", [1, 2])]
            return self.one_of(odd)
        return self.draw(st.booleans())

    def mode(self) -> Any:
        if self.odd():
            odd = ["sum", "", "MIN", None, 1, [], ["min"], ODD, {"$": "odd_text", "v": "max"},
                   {"$": "set", "v": []}, {"$": "tuple", "v": ["min"]}, "%s %d",
                   array("float32", [1.0, 2.0])]  # fmt: skip
            return self.one_of(odd)
        return self.draw(st.sampled_from(["auto", "min", "max", "auto"]))

    def save_freq(self) -> Any:
        if self.odd():
            odd = [0, -1, -3, True, False, None, 2.0, 0.5, NAN, "batch", "Epoch", "10", "",
                   scalar("int64", 2), scalar("float64", 2.0), scalar("str_", "epoch"),
                   {"$": "odd_int", "v": 2}, {"$": "odd_text", "v": "epoch"}, 10**20, ODD, [1],
                   {"$": "tuple", "v": [1]}, array("int64", 3), array("int64", [1, 2])]  # fmt: skip
            return self.one_of(odd)
        return self.draw(st.sampled_from(["epoch", 1, 2, 3, "epoch", 4, 5, 7, 32, 64]))

    def options(self) -> Any:
        right = "CheckpointOptions" if self.weights_only else "SaveOptions"
        wrong = "SaveOptions" if self.weights_only else "CheckpointOptions"
        good = [None, {"$": "options", "t": right}]
        odd: list[Any] = [{"$": "options", "t": wrong}, False, 0, "", "x", [], {}, ODD, "%s"]
        return self.one_of(odd if self.odd() or one_in(self.draw, 10) else good)

    def threshold(self) -> Any:
        odd: list[Any] = [
            "0.5", "", ODD, [], [0.5], True, array("float64", 0.5), array("float32", [0.5]),
            array("float32", [0.5, 0.1]), scalar("float32", 0.5), tensor("float32", 0.5),
        ]  # fmt: skip
        good: list[Any] = [None, 0.5, 0.25, 1, 0, -1.0, 1e9, NAN, INF, NEGATIVE_INF]
        return self.one_of(odd if self.odd() else good)

    def period(self) -> Any:
        good = [1, 2, 3, 2, 5]
        odd = [0, -2, 2.5, 2.0, NAN, INF, "2", None, True, False, scalar("int64", 2), ODD, [2],
               array("int64", 2), array("int64", [1, 2])]  # fmt: skip
        return self.one_of(odd if self.odd() else good)

    def restart(self) -> Any:
        if self.odd():
            return self.one_of([None, 1, 0, "yes", "", ODD, array("int64", [1, 2])])
        return self.draw(st.sampled_from([True, True, False]))

    def arguments(self) -> dict[str, Any]:
        """``args`` and ``kwargs``, in any split that the release's order allows."""
        draw = self.draw
        named: dict[str, Any] = {}
        makers: list[tuple[str, Callable[[], Any], int]] = [
            ("monitor", self.monitor_name, 3),
            ("verbose", self.verbose, 1),
            ("save_best_only", self.flag, 1),
            ("save_weights_only", self.flag, 2),
            ("mode", self.mode, 2),
            ("period", self.period, 2) if self.alone else ("save_freq", self.save_freq, 2),
        ]
        if self.two and self.version >= (2, 3):
            makers.append(("options", self.options, 3))
        if self.version >= (2, 8):
            makers.append(("initial_value_threshold", self.threshold, 3))
        for name, maker, many in makers:
            if many == 1 or not draw(st.sampled_from([True] + [False] * (many - 1))):
                value = maker()
                if name == "save_weights_only":
                    self.weights_only = value is True
                named[name] = value
        # Defaults are worth a test too, but best-only is where the work is.
        named.setdefault("save_best_only", draw(st.sampled_from([True, False])))
        filepath = self.filepath()
        # Some arguments go by position: as many as stand next to each other from the left.
        order = ["filepath"] + [name for name, _, _ in makers]
        named["filepath"] = filepath
        positional = 0
        if one_in(draw, 4):
            positional = draw(st.integers(0, len(order)))
        args = []
        for name in order[:positional]:
            if name not in named:
                break
            args.append(named.pop(name))
        if positional == len(order) and len(args) == positional and one_in(draw, 4):
            args.extend([None, 1][: draw(st.integers(1, 2))])
        if self.odd():
            # By position and by name at once, or not at all.
            if draw(st.booleans()):
                named["filepath"] = filepath
            else:
                named.pop("filepath", None)
        self.deprecated(named)
        return {"args": args, "kwargs": named}

    def deprecated(self, named: dict[str, Any]) -> None:
        draw = self.draw
        knows = self.two and not self.alone
        if not self.alone and one_in(draw, 5 if knows else 60):
            named["period"] = self.period()
        if one_in(draw, 4 if knows else 60) and not self.directory_free:
            named["load_weights_on_restart"] = self.restart()
        if one_in(draw, 25 if knows else 60):
            name = draw(
                st.sampled_from(["moniter", "best", "model", "_options", "x y", "min_delta"])
            )
            named[name] = draw(st.sampled_from([None, 1, "x"]))
        if not knows and one_in(draw, 60):
            named["options"] = self.options()

    # ------------------------------------------------ the model

    def outcomes(self) -> list[Any]:
        draw = self.draw
        good = ["file", "directory", "checkpoint", "nothing"]
        if not one_in(draw, 3):
            return [draw(st.sampled_from(good))]
        many = draw(st.integers(1, 4))
        return [
            draw(st.sampled_from(SAVE_FAILURES)) if draw(st.booleans()) else "file"
            for _ in range(many)
        ]

    def model(self) -> dict[str, Any]:
        draw = self.draw
        spec: dict[str, Any] = {
            "class": draw(st.sampled_from(["Functional", "Sequential", "MyModel", "sequential"])),
            "graph": draw(st.booleans()),
            "strategy": "none" if self.directory_free else pick(
                draw, (6, ["none", "default"]), (1, ["chief", "worker"])
            ),
            "multi_worker": self.cluster is not None,
            "stop_training": draw(st.booleans()),
            "outcomes": {"save": self.outcomes(), "save_weights": self.outcomes()},
        }  # fmt: skip
        spec["outcomes"]["load_weights"] = [
            draw(st.sampled_from(SAVE_FAILURES)) if one_in(draw, 3) else "nothing"
        ]
        if self.version >= (3, 11):
            if not one_in(draw, 12):
                spec["metrics"] = self.metrics()
        elif draw(st.booleans()):
            spec["metrics"] = []
        if self.odd():
            lost = draw(st.sampled_from(["graph", "strategy", "multi_worker", "metrics"]))
            spec.pop(lost, None)
        return spec

    def metrics(self) -> list[Any]:
        directions: list[Any] = ["up", "down", "up", "down", None, "UP", "sideways"]
        draw = self.draw
        groups = []
        names = ["acc", "accuracy", "mae", "weird", "loss", "fmeasure"]
        if isinstance(self.monitor, str):
            name = self.monitor
            names += [name[4:] if name.startswith("val_") else name] * 4 + [name]
        for _ in range(draw(st.integers(0, 3))):
            kind = draw(st.sampled_from(["compile", "list", "compile", "plain"]))
            members = []
            for _ in range(draw(st.integers(0, 3))):
                member = [draw(st.sampled_from(names))]
                if not one_in(draw, 5):
                    member.append(draw(st.sampled_from(directions)))
                members.append(member)
            groups.append([kind, members])
        return groups

    # ------------------------------------------------ events

    def value(self) -> Any:
        return self.one_of(ODD_VALUES if self.odd() else PLAIN_VALUES)

    def logs(self, validation: bool) -> Any:
        draw = self.draw
        if self.odd():
            odd: list[Any] = [
                None, {}, [], 0, "", "logs", ["loss"], 3,
                {"$": "dict", "v": [["epoch", 3], ["loss", 0.5]]},
                {"$": "dict", "v": [[1, 2.0]]},
                {"$": "dict", "v": [[1, 2.0], ["loss", 0.5]]},
                {"$": "ordered_dict", "v": [["val_loss", 0.5], ["loss", 0.25], ["acc", 0.5]]},
                {"$": "odd_dict", "v": [["val_loss", 0.5], ["loss", 0.25]]},
                {"$": "tuple", "v": [["loss", 0.5]]},
            ]  # fmt: skip
            return draw(st.sampled_from(odd))
        # The usual three, and the monitored one, are nearly always there.
        found: dict[str, Any] = {}
        names = ["loss"]
        if validation:
            names += ["val_loss", "val_acc"]
        if isinstance(self.monitor, str) and not one_in(draw, 10):
            names.append(self.monitor)
        for name in names:
            if not one_in(draw, 25):
                found[name] = self.value()
        if isinstance(self.monitor, str) and one_in(draw, 25):
            found[self.monitor] = self.one_of(ARRAY_VALUES)
        if one_in(draw, 10):
            extra = draw(st.sampled_from(["batch", "size", "acc", "accuracy", "self", "epoch"]))
            found[extra] = draw(st.sampled_from([1, 32, 5, 0.5, "7", None, scalar("int64", 3)]))
        if isinstance(self.monitor, dict) and not one_in(draw, 4):
            pairs = [[key, item] for key, item in found.items()]
            if self.monitor["$"] in ("odd_text", "np", "tuple", "bytes", "odd"):
                pairs.append([self.monitor, self.value()])
            return {"$": "dict", "v": pairs}
        return found

    def batches(self) -> list[Any]:
        draw = self.draw
        first = draw(st.sampled_from([0, 0, 0, 0, 1, 2, 3, 5]))
        stride = draw(st.sampled_from([1, 1, 2, 3, 4]))
        if stride > 1 and draw(st.booleans()):
            # With steps_per_execution the first number told is the last of the first group.
            first += stride - 1
        # Before Keras 2.3 there was the one name alone.
        method = "on_batch_end" if self.alone or one_in(draw, 12) else "on_train_batch_end"
        events = []
        for step in range(draw(st.integers(0, 5))):
            batch: Any = first + step * stride
            if self.odd():
                batch = draw(st.sampled_from([-1, 0, 2.5, None, "1", scalar("int64", 3), NAN]))
            arguments = [batch]
            if not one_in(draw, 12):
                logs = self.logs(validation=False)
                if isinstance(logs, dict) and "$" not in logs and one_in(draw, 3):
                    logs["size"] = draw(st.sampled_from([32, 1, 16, 0, None, 2.5]))
                arguments.append(logs)
            events.append(["call", method, arguments])
        return events

    def fit(self) -> list[Any]:
        draw = self.draw
        events: list[Any] = []
        if not one_in(draw, 10):
            events.append(["call", "set_params", [{"epochs": 2, "steps": 4, "verbose": 1}]])
        if not one_in(draw, 40):
            events.append(["model", "set_model", self.model()])
        if not one_in(draw, 40):
            events.append(["call", "on_train_begin", draw(st.sampled_from([[], [{}], [None]]))])
        first = draw(st.sampled_from([0, 0, 0, 1, 7]))
        for epoch in range(first, first + draw(st.integers(0, 4))):
            number: Any = epoch
            if self.odd():
                number = draw(st.sampled_from([scalar("int64", 2), 1.0, -1, None, "1", 99999]))
            if not one_in(draw, 40):
                events.append(["call", "on_epoch_begin", [number]])
            events.extend(self.batches())
            events.extend(self.interlude())
            ending: list[Any] = ["call", "on_epoch_end", [number, self.logs(validation=True)]]
            if self.odd():
                ending = ["call", "on_epoch_end", [number]]
            elif one_in(draw, 12):
                ending = ["call", "on_epoch_end", [number], {"logs": self.logs(validation=True)}]
            events.append(ending)
        if not self.odd():
            events.append(["call", "on_train_end", draw(st.sampled_from([[], [{}], [None]]))])
        if one_in(draw, 20):
            return list(draw(st.permutations(events)))
        return events

    def interlude(self) -> list[Any]:
        """What a user does between events: attributes set, hooks called, files moved."""
        draw = self.draw
        if not one_in(draw, 6):
            return []
        kind = draw(st.sampled_from(["set", "hook", "set", "hook", "files", "delete", "copy"]))
        if kind == "hook":
            before = [["files", "", self.files()]] if one_in(draw, 3) else []
            return [*before, self.hook_call()]
        if kind == "files":
            return [["files", "", self.files()]]
        if kind == "copy":
            return [["copy", draw(st.sampled_from(["copy", "deepcopy", "pickle"]))]]
        if kind == "delete":
            if self.directory_free:
                return []
            names = ["best", "monitor_op", "_current_epoch", "period", "_options", "nope",
                     "save_freq", "_last_batch_seen", "_write_filepath", "min_delta"]  # fmt: skip
            return [["delete", draw(st.sampled_from(names))]]
        makers: dict[str, Callable[[], Any]] = {
            "save_freq": self.save_freq,
            "best": self.threshold,
            "monitor": lambda: self.one_of(MONITORS + ODD_MONITORS),
            "save_best_only": self.flag,
            "save_weights_only": self.flag,
            "verbose": self.verbose,
            "mode": self.mode,
            "min_delta": self.threshold,
            "monitor_op": lambda: {
                "$": "operator",
                "v": draw(st.sampled_from(["less", "greater", "lambda", "greater_equal"])),
            },
            "period": self.period,
            "epochs_since_last_save": lambda: draw(st.sampled_from([0, 3, -1, 2.5, None])),
            "_batches_seen_since_last_saving": lambda: draw(st.sampled_from([0, 3, -5])),
            "_samples_seen_since_last_saving": lambda: draw(st.sampled_from([0, 31, -5])),
            "_last_batch_seen": lambda: draw(st.sampled_from([0, -1, None, 4])),
            "_current_epoch": lambda: draw(st.sampled_from([0, 5, None])),
        }
        if self.version >= (2, 3):
            makers["_options"] = self.options
        if not self.directory_free:
            makers["filepath"] = self.filepath
            makers["load_weights_on_restart"] = self.restart
            # filepath() may have chosen a bucket.
        name = draw(st.sampled_from(sorted(makers)))
        value = makers[name]()
        if name == "filepath" and isinstance(value, str) and "://" in value:
            value = "<dir>/again.{epoch}.keras"
        return [["set", name, value]]

    def hook_call(self) -> list[Any]:
        draw = self.draw
        epoch = draw(st.sampled_from([0, 1, 4]))
        batch = draw(st.sampled_from([None, 0, 3]))
        logs = self.logs(validation=True)
        where = draw(
            st.sampled_from(["<dir>/by_hand.keras", "<dir>/by_hand.weights.h5", "by_hand"])
        )
        short = [epoch, logs]
        long = [epoch, batch, logs]
        right, wrong = (long, short) if self.batch_in_hooks else (short, long)
        chosen = wrong if one_in(draw, 12) else right
        names = ["epoch", "batch", "logs"] if len(chosen) == 3 else ["epoch", "logs"]
        calls: list[list[Any]] = [
            ["call", "_save_model", chosen],
            ["call", "_save_model", [], dict(zip(names, chosen))],
            ["call", "_get_file_path", chosen],
            ["call", "_get_file_path", [], dict(zip(names, chosen))],
            ["call", "_should_save_on_batch", [draw(st.sampled_from([0, 1, 2, 7, None]))]],
            ["call", "_save_handler", [where]],
            ["call", "_should_save_model", [*long, where]],
            ["call", "_is_improvement", [self.value(), self.value()]],
            ["call", "_set_monitor_op", []],
            ["call", "_implements_train_batch_hooks", []],
            ["call", "on_epoch_begin", [epoch]],
        ]
        if not self.directory_free:
            pattern = draw(st.sampled_from(
                [self.template, self.template, self.template, "<dir>/sub/model.{epoch:02d}",
                 "<dir>/taken.{epoch}.h5", "<dir>/{x}{y}",
                 "model.{a}.h5", "<dir>/none/{epoch}", "<dir>/sub/ckpt-{epoch}", "<dir>/m[",
                 "<dir>/sub/m.*", "", None]
            ))  # fmt: skip
            asked = draw(st.sampled_from(
                ["<dir>/taken.h5", "<dir>/none.h5", "<dir>/sub", "<dir>/sub/ckpt-1", "none", "",
                 "<dir>/sub/only", None]
            ))  # fmt: skip
            calls += [
                ["call", "_maybe_remove_file", []],
                ["call", "_checkpoint_exists", [asked]],
                ["call", "_get_most_recently_modified_file_matching_pattern", [pattern]],
                ["call", "_get_most_recently_modified_file_matching_pattern", [pattern]],
            ]
        if self.portable and self.version[:2] == (2, 3):
            # In 2.3 it is the base of all callbacks that has it.
            calls = [call for call in calls if call[1] != "_implements_train_batch_hooks"]
        if not self.directory_free and one_in(draw, 5):
            # The hook that reads the directory has by far the most ways to go.
            return calls[-1]
        return draw(st.sampled_from(calls))

    # ------------------------------------------------ files and subclasses

    def files(self) -> list[Any]:
        """Files as an earlier run left them, with times that may tie."""
        draw = self.draw
        names = [
            "model.h5", "model.01.h5", "model.02.h5", "model.10.h5", "model.02-0.50.h5",
            "sub/model.h5", "sub/model.01.h5", "sub/model.02.h5", "sub/model.01", "sub/model.02",
            "model", "model.01", "model.keras", "model.01.keras", "model.02.keras", "model.ckpt",
            "model.01.ckpt", "taken.h5", "taken.keras", "taken.weights.h5", "taken.1.h5",
            "sub/only",
            "model.index", "model.hdf5", "model.01.hdf5", "model.weights.h5", "b1.h5", "b2.h5",
            "w.1-0.500.h5", "with space.h5", "sub/x", "b1.keras", "b2.keras",
        ]  # fmt: skip
        times: list[Any] = [1000, 1000, 2000, 2000, 2000.5, 0, -5, None, 3000]
        found: list[Any] = []
        chosen = draw(st.lists(st.sampled_from(names), max_size=4, unique=True))
        chosen += [self.like_template() for _ in range(draw(st.integers(0, 4)))]
        for name in dict.fromkeys(chosen):
            if any(other.startswith(name + "/") for other in chosen):
                # A directory already, by what lies in it.
                continue
            if one_in(draw, 8):
                # A directory in the way, or a SavedModel.
                found.append(["<dir>/" + name + "/variables", None, None])
                found.append(["<dir>/" + name, None, draw(st.sampled_from(times))])
            else:
                found.append(["<dir>/" + name, "old " + name, draw(st.sampled_from(times))])
        taken = {entry[0] for entry in found}
        if one_in(draw, 4):
            home = draw(st.sampled_from(["<dir>/", "<dir>/sub/"]))
            prefix = draw(st.sampled_from(["ckpt-1", "model", "model.02", "model.h5", "gone"]))
            if draw(st.booleans()):
                folder, _, prefix = ("<dir>/" + self.like_template()).rpartition("/")
                home = folder + "/"
            state = 'model_checkpoint_path: "%s"\nall_model_checkpoint_paths: "%s"\n'
            found.append([home + "checkpoint", state % (prefix, prefix), None])
            # Without its index file, a checkpoint that the state names is none.
            if home + prefix + ".index" not in taken and not one_in(draw, 4):
                found.append([home + prefix + ".index", "index", 1500])
                found.append([home + prefix + ".data-00000-of-00001", "data", 1500])
        return found

    def like_template(self) -> str:
        """A file name that an earlier run with the same template may have left."""
        value = self.draw(st.sampled_from(["01", "02", "10", "0.50", "x", ""]))
        return re.sub("{.*?}", value, self.template[len("<dir>/") :]).strip("/.") or "x"

    def overrides(self) -> dict[str, Any]:
        """Which hooks a user's subclass overrides, and how."""
        draw = self.draw
        values: dict[str, list[Any]] = {
            "_save_model": [{"save": "<dir>/own-{n}.keras"}, {"value": None}],
            "_get_file_path": [
                {"value": "<dir>/own-{n}.keras"},
                {"value": "<dir>/made/own-{n}.weights.h5"},
                {"value": "own"},
                {"value": ""},
                {"value": None},
                {"value": {"$": "path", "v": "<dir>/own.keras"}},
            ],
            "_should_save_on_batch": [{"value": True}, {"value": False}, {"value": 1}],
            "_save_handler": [{"save": "<dir>/handled-{n}.keras"}, {"value": None}],
            "_should_save_model": [{"value": True}, {"value": False}, {"value": None}],
            "_is_improvement": [{"value": True}, {"value": False}, {"value": array("bool", True)}],
            "_set_monitor_op": [{"value": None}],
            "_maybe_remove_file": [{"value": None}],
            "_checkpoint_exists": [{"value": True}, {"value": False}],
            "_get_most_recently_modified_file_matching_pattern": [
                {"value": "<dir>/sub/x"},
                {"value": None},
                {"value": "<dir>/taken.h5"},
            ],
            "_implements_train_batch_hooks": [{"value": True}, {"value": False}],
        }
        found: dict[str, Any] = {}
        for name in draw(st.lists(st.sampled_from(sorted(values)), max_size=3, unique=True)):
            how = draw(st.sampled_from(["replace", "by_name", "by_position", "replace", "raise"]))
            plan: dict[str, Any] = {"how": how}
            if how == "replace":
                plan.update(draw(st.sampled_from(values[name])))
            if how == "raise":
                plan["error"] = draw(st.sampled_from(SAVE_FAILURES))
            found[name] = plan
        return found

    # ------------------------------------------------ all together

    def scenario(self) -> dict[str, Any]:
        draw = self.draw
        made: dict[str, Any] = self.arguments()
        remote = "://" in str(made)
        self.directory_free = remote
        if remote and made["kwargs"].pop("load_weights_on_restart", None) is not None:
            made["kwargs"]["load_weights_on_restart"] = False
        restart = "load_weights_on_restart" in made["kwargs"]
        if not one_in(draw, 8):
            made["wrapped"] = True
            if one_in(draw, 6):
                made["overrides"] = self.overrides()
        else:
            made["wrapped"] = False
        if self.version >= (2, 9) and one_in(draw, 8):
            made["interactive"] = False
        if restart or one_in(draw, 6):
            made["files"] = self.files()
        if self.cluster is not None:
            made["cluster"] = self.cluster
        events: list[Any] = []
        if one_in(draw, 6):
            # A hook asked for before anything else has happened.
            events.append(self.hook_call())
        if not self.two and one_in(draw, 8):
            # Keras 3 has kept this hook and never calls it.
            events.append(["files", "", self.files()])
            events.append(["call", HOOKS_KEPT, [self.template]])
        for _ in range(draw(st.sampled_from([1, 1, 1, 2, 2, 3]))):
            events.extend(self.fit())
            events.extend(self.interlude())
        made["events"] = events
        return made


@st.composite
def scenarios(draw: Draw, version: tuple[int, ...], portable: bool = False) -> dict[str, Any]:
    """Scenarios for the callback of the release with this version number.

    ``portable`` ones go the same way on every NumPy, TensorFlow and backend.
    """
    return _Maker(draw, tuple(version), portable).scenario()


def examples(version: tuple[int, ...]) -> list[dict[str, Any]]:
    """Scenarios of what shows one way only: no recording may be without them by chance."""
    name = "m.h5" if version < (3,) else "m.weights.h5"
    model: list[Any] = [["model", "set_model", {"graph": True, "strategy": "none"}]]
    if version < (2, 3):
        model[0][2]["multi_worker"] = False
    begin = [*model, ["call", "on_train_begin", []], ["call", "on_epoch_begin", [0]]]
    array_value = array("float32", [0.1, 0.9])
    found: list[dict[str, Any]] = [
        {
            "args": ["<dir>/" + name],
            "kwargs": {"save_weights_only": True},
            "events": [["set", "save_freq", 2.0], ["call", "_implements_train_batch_hooks", []]],
        }
    ]
    if version >= (3, 0, 5):
        found.append(
            {
                "args": ["<dir>/" + name],
                "kwargs": {"save_weights_only": True, "save_best_only": True, "mode": "min"},
                "events": [*begin, ["call", "on_epoch_end", [0, {"val_loss": array_value}]]],
            }
        )
    found.append(
        {
            "args": ["gs://no-such-bucket/" + name],
            "kwargs": {"save_weights_only": True},
            "events": [*begin, ["call", "on_epoch_end", [0, {"val_loss": 0.5}]]],
        }
    )
    if (2, 12) <= version < (3,):
        found.append(
            {
                "args": ["<dir>/m.keras"],
                "kwargs": {"save_best_only": True},
                "events": [*begin, ["call", "on_epoch_end", [0, {"val_loss": 0.5}]]],
            }
        )
    if (2, 15) <= version < (3,):
        found.append(
            {
                "args": ["<dir>/m.weights.h5"],
                "kwargs": {"save_weights_only": True},
                "events": [*begin, ["call", "on_epoch_end", [0, {"val_loss": 0.5}]]],
            }
        )
    found.append(
        {
            # A file is where a directory should be.
            "args": ["<dir>/taken/new/" + name],
            "kwargs": {"save_weights_only": True},
            "files": [["<dir>/taken", "old", None]],
            "events": [*begin, ["call", "on_epoch_end", [0, {"val_loss": 0.5}]]],
        }
    )
    if version < (2,):
        found.append(
            {
                "args": ["<dir>/" + name],
                "kwargs": {"mode": {"$": "tuple", "v": ["min", "max"]}},
                "events": [],
            }
        )
    if version[:2] == (2, 3) or version < (2,):
        # It is the base of all callbacks that has this hook, or nothing.
        del found[0]
    return found
