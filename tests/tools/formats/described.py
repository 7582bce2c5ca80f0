"""Descriptions of models of Keras 2 with operations of TensorFlow."""

from __future__ import annotations

from typing import Any


def described(*layers: Any, shape: Any = (None, 4), output: Any = None) -> Any:
    """The description of a model that has `layers` after its input `x`."""
    start = {
        "class_name": "InputLayer",
        "config": {"batch_input_shape": [None, *shape], "dtype": "float32", "name": "x"},
        "name": "x",
        "inbound_nodes": [],
    }
    last = output or [layers[-1]["name"], 0, 0]
    settings = {
        "name": "model",
        "layers": [start, *layers],
        "input_layers": [["x", 0, 0]],
        "output_layers": [last],
    }
    return {"class_name": "Functional", "config": settings}


def operation(function: str, name: str, *node: Any, **arguments: Any) -> Any:
    return {
        "class_name": "TFOpLambda",
        "config": {"name": name, "function": function, "dtype": "float32"},
        "name": name,
        "inbound_nodes": [[*node, arguments]],
    }


def node(kind: str, name: str, inputs: list[str], constants: Any = None, **attr: Any) -> Any:
    definition = {"name": name, "op": kind, "input": inputs, "attr": attr}
    return {
        "class_name": "TensorFlowOpLayer",
        "config": {"name": name, "node_def": definition, "constants": constants or {}},
        "name": "tf_op_layer_" + name,
        "inbound_nodes": [[["x", 0, 0, {}]]],
    }
