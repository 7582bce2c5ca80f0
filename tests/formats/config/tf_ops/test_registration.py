"""The registry of TensorFlow's operations: what is in it; and how names lead to it."""

from __future__ import annotations

import pytest

from keras_ckpt.formats.config.tf_ops import registration

# What can be named in files of users: an operation that goes missing makes models unreadable.
FUNCTIONS = """
abs acos acosh add add_n argmax argmin argsort asin asinh atan atan2 atanh avg_pool2d bias_add
broadcast_to cast ceil clip_by_value compat.v1.where concat conv2d cos cosh count_nonzero crelu
cumsum depth_to_space depthwise_conv2d divide_no_nan einsum elu equal erf erfinv exp expand_dims
expm1 fill floor floordiv floormod gather gelu getitem greater greater_equal identity
image.flip_left_right image.flip_up_down image.resize image.rgb_to_grayscale is_finite is_inf
is_nan keras.backend.batch_flatten l2_normalize leaky_relu less less_equal log log1p log_sigmoid
log_softmax logical_and logical_not logical_or logical_xor matmul max_pool2d maximum minimum
moments multiply negative norm not_equal one_hot ones ones_like pad pow range rank reciprocal
reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_std
reduce_sum reduce_variance relu relu6 repeat reshape reverse roll round rsqrt selu shape sigmoid
sign silu sin sinh size slice softmax softplus softsign sort space_to_depth split sqrt square
squared_difference squeeze stack stop_gradient strided_slice subtract tan tanh tensordot tile
top_k transpose truediv unstack where zeros zeros_like
"""
NODES = """
Abs Acos Acosh Add AddN AddV2 All Any ArgMax ArgMin Asin Asinh Atan Atan2 Atanh AvgPool
BatchMatMul BatchMatMulV2 BatchMatMulV3 BiasAdd BroadcastTo Cast Ceil ConcatV2 Conv2D Cos Cosh
Cumsum DepthToSpace DepthwiseConv2dNative DivNoNan DivideNoNan Einsum Elu Equal Erf Erfinv Exp
ExpandDims Expm1 Fill Floor FloorDiv FloorMod Floordiv Floormod GatherV2 Greater GreaterEqual
Identity IsFinite IsInf IsNan LeakyRelu Less LessEqual Log Log1p LogSigmoid LogSoftmax
LogicalAnd LogicalNot LogicalOr LogicalXor MatMul Max MaxPool Maximum Mean Min Minimum MirrorPad
Mod Mul Multiply Neg Negative NotEqual OneHot OnesLike Pack Pad PadV2 Pow Prod Range Rank
RealDiv Reciprocal Relu Relu6 Reshape ResizeBilinear ResizeNearestNeighbor ReverseV2 Roll Round
Rsqrt Select SelectV2 Selu Shape Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign
SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze StopGradient StridedSlice Sub
Subtract Sum Tan Tanh Tile TopKV2 Transpose Unpack ZerosLike
"""


def test_no_operation_goes_missing() -> None:
    assert sorted(registration.TABLE) == FUNCTIONS.split()
    assert sorted(registration.NODES) == NODES.split()


@pytest.mark.parametrize(
    "name, short",
    [
        ("math.add", "add"),
        ("compat.v1.math.divide", "truediv"),
        ("__operators__.ne", "not_equal"),
        ("nn.swish", "silu"),
        ("image.resize", "image.resize"),
    ],
)
def test_function_is_found_by_its_other_names(name: str, short: str) -> None:
    assert registration.function_of(name) is registration.TABLE[short]


@pytest.mark.parametrize("name", ["sets.add", "compat.v1.div", "keras.backend.relu", "os.system"])
def test_function_of_another_module_is_not_taken(name: str) -> None:
    with pytest.raises(ValueError, match=f"tf.{name}, which is not known"):
        registration.function_of(name)


def test_node_has_its_function_and_attributes() -> None:
    function, attributes = registration.function_of_node("Sum")
    assert function is registration.TABLE["reduce_sum"]
    assert attributes == {"keep_dims": "keepdims"}
    with pytest.raises(ValueError, match="the operation PyFunc of TensorFlow"):
        registration.function_of_node("PyFunc")


@pytest.mark.parametrize("table", ["TABLE", "NODES"])
def test_name_is_registered_once(monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    before = dict(getattr(registration, table))
    monkeypatch.setattr(registration, table, dict(before))
    name = "reshape" if table == "TABLE" else "Reshape"
    register = registration.op if table == "TABLE" else registration.node
    with pytest.raises(ValueError, match="registered already"):
        register(name)(lambda o, x: x)
    assert getattr(registration, table) == before
