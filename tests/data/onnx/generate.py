"""Writes the ONNX files of this folder and what ONNX Runtime computes from them (expected.safetensors).

Needs: pip install onnx onnxruntime numpy safetensors. Run it in this folder: python generate.py
The files were written with onnx 1.23.2 and onnxruntime 1.32.0.
"""
import sys
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

CASES = {}
SAMPLES = 3


def case(function):
    CASES[function.__name__] = function
    return function


class Build:
    """A graph that is made node by node; a value is its name."""

    def __init__(self, seed, opset=17):
        self.random, self.opset = np.random.default_rng(seed), opset
        self.nodes, self.initializers, self.inputs, self.domains = [], [], [], set()
        self.outputs = None

    def input(self, *dims, dtype=TensorProto.FLOAT, batch="N"):
        self.inputs.append(helper.make_tensor_value_info("x", dtype, [batch, *dims]))
        return "x"

    def constant(self, value, name=None):
        name = name or f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def floats(self, *dims, scale=None, dtype="f4"):
        scale = scale or 1 / np.sqrt(max(np.prod(dims[1:]), 1))
        return self.constant((self.random.normal(size=dims) * scale).astype(dtype))

    def __call__(self, op, *inputs, outputs=1, domain="", **attributes):
        names = [f"{op.lower()}{len(self.nodes)}" + (f"_{i}" if i else "") for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=names[0], domain=domain, **attributes))
        if domain:
            self.domains.add(domain)
        return names[0] if outputs == 1 else names

    def model(self, *outputs):
        infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "g", self.inputs, infos, self.initializers)
        opsets = [helper.make_opsetid("", self.opset)] + [helper.make_opsetid(d, 1 if d != "ai.onnx.ml" else 3) for d in self.domains]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def head(b, value, features, outputs=3):
    """A dense layer, so that there is always something with weights."""
    return b("Gemm", b("Flatten", value), b.floats(outputs, features), b.floats(outputs), transB=1)


def conv(b, value, inputs, outputs, kernel, **attributes):
    groups = attributes.get("group", 1)
    return b("Conv", value, b.floats(outputs, inputs // groups, *kernel), b.floats(outputs), **attributes)


def batch_norm(b, value, channels, **attributes):
    variance = b.constant(b.random.uniform(0.5, 2, channels).astype("f4"))
    return b("BatchNormalization", value, b.floats(channels), b.floats(channels), b.floats(channels), variance, **attributes)


@case
def gemm(b):
    x = b("Gemm", b.input(6), b.floats(6, 5), b.floats(1, 5), alpha=0.5, beta=2.0)
    return b("Gemm", b("Tanh", x), b.floats(3, 5), transB=1)


@case
def matmul_add(b):
    x = b("Relu", b("Add", b("MatMul", b.input(6), b.floats(6, 5)), b.floats(5)))
    return b("Softmax", b("Add", b.floats(4), b("MatMul", x, b.floats(5, 4))), axis=-1)


@case
def conv_pads(b):
    x = conv(b, b.input(2, 7, 6), 2, 3, (3, 2), pads=[1, 0, 2, 1], strides=[2, 1])
    return head(b, b("Relu", x), 3 * 4 * 6)


def same(b, mode):
    x = conv(b, b.input(2, 7, 6), 2, 3, (3, 2), auto_pad=mode, strides=[2, 3])
    return head(b, x, 3 * (3 if mode == "VALID" else 4) * 2)


@case
def conv_same_upper(b):
    return same(b, "SAME_UPPER")


@case
def conv_same_lower(b):
    return same(b, "SAME_LOWER")


@case
def conv_valid(b):
    return same(b, "VALID")


@case
def conv_dilated(b):
    return head(b, conv(b, b.input(2, 8, 9), 2, 3, (3, 2), dilations=[2, 3], pads=[1, 1, 1, 1]), 3 * 6 * 8)


@case
def conv_groups(b):
    x = conv(b, b.input(4, 5, 5), 4, 6, (3, 3), group=2)
    return head(b, b("Relu", conv(b, x, 6, 6, (3, 3), group=6, pads=[1] * 4)), 6 * 9)


@case
def conv_1d(b):
    x = b("Relu", conv(b, b.input(3, 12), 3, 4, (5,), strides=[2], pads=[2, 2]))
    x = b("MaxPool", x, kernel_shape=[2], strides=[2])
    return head(b, x, 4 * 3)


@case
def conv_batch_norm(b):
    x = b("Conv", b.input(2, 6, 6), b.floats(3, 2, 3, 3))
    return head(b, b("Relu", batch_norm(b, x, 3, epsilon=1e-3)), 48)


@case
def conv_mul_add(b):
    x = b("Mul", b("Conv", b.input(2, 6, 6), b.floats(3, 2, 3, 3)), b.floats(1, 3, 1, 1))
    return head(b, b("Relu", b("Add", x, b.floats(3, 1, 1))), 48)


@case
def batch_norm_first(b):
    x = conv(b, batch_norm(b, b.input(2, 6, 6), 2), 2, 3, (3, 3), pads=[1] * 4)
    return head(b, x, 108)


@case
def batch_norm_between(b):
    x = batch_norm(b, b("Relu", b("Gemm", b.input(6), b.floats(6, 5))), 5)
    return b("Gemm", x, b.floats(5, 3), b.floats(3))


@case
def batch_norm_conv(b):
    x = batch_norm(b, b("Relu", conv(b, b.input(2, 6, 6), 2, 4, (3, 3))), 4)
    return head(b, conv(b, x, 4, 4, (2, 2), group=2), 36)


@case
def pad_conv(b):
    x = b("Pad", b.input(2, 6, 6), b.constant(np.array([0, 0, 1, 0, 0, 0, 2, 1])))
    return head(b, conv(b, x, 2, 3, (3, 3), pads=[1, 1, 0, 0]), 3 * 8 * 6)


@case
def pad_pools(b):
    x = b("Relu", conv(b, b.input(2, 7, 7), 2, 3, (3, 3)))
    x = b("MaxPool", b("Pad", x, b.constant(np.array([0, 0, 1, 1, 0, 0, 0, 0]))), kernel_shape=[3, 3], strides=[2, 2])
    x = b("AveragePool", b("Pad", x, b.constant(np.array([0, 0, 1, 0, 0, 0, 0, 1]))), kernel_shape=[2, 2])
    return head(b, x, 12)


@case
def pools(b):
    x = b("MaxPool", b.input(2, 8, 7), kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1, pads=[1, 0, 0, 1])
    x = b("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, pads=[1, 1, 1, 1])
    x = b("AveragePool", x, kernel_shape=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)
    return head(b, x, 2 * 4 * 4)


@case
def pool_same(b):
    x = b("AveragePool", b.input(2, 7, 6), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
    return head(b, b("MaxPool", x, kernel_shape=[2, 2], auto_pad="SAME_LOWER"), 24)


@case
def global_pools(b):
    x = conv(b, b.input(2, 6, 5), 2, 4, (3, 3))
    both = [b("Flatten", b("GlobalAveragePool", x)), b("Flatten", b("GlobalMaxPool", x))]
    return head(b, b("Concat", *both, axis=1), 8)


@case
def reduce_mean(b):
    x = b("ReduceMean", conv(b, b.input(2, 6, 5), 2, 4, (3, 3)), axes=[2, 3], keepdims=0)
    return b("Gemm", x, b.floats(4, 3))


@case
def reduce_rows(b):
    x = b("ReduceMax", conv(b, b.input(2, 6, 5), 2, 4, (3, 3)), axes=[-1], keepdims=1)
    return head(b, b("ReduceMean", x, axes=[2], keepdims=1), 4)


@case
def reduce_18(b):
    b.opset = 18
    x = b("ReduceMean", conv(b, b.input(2, 6, 5), 2, 4, (3, 3)), b.constant(np.array([-2, -1])), keepdims=0)
    return b("Gemm", x, b.floats(4, 3))


@case
def activations(b):
    x = b.input(6)
    for op, attributes in [("LeakyRelu", {"alpha": 0.2}), ("Sigmoid", {}), ("HardSigmoid", {}), ("HardSwish", {}),
                           ("HardSigmoid", {"alpha": 0.3, "beta": 0.4}), ("Tanh", {}), ("Neg", {})]:
        x = b(op, b("Gemm", x, b.floats(6, 6), b.floats(6)), **attributes)
    return x


@case
def clips(b):
    x = b("Clip", b("Gemm", b.input(6), b.floats(6, 6, scale=2)), b.constant(np.float32(0)), b.constant(np.float32(6)))
    x = b("Clip", b("Gemm", x, b.floats(6, 6)), "", b.constant(np.float32(0.5)))
    x = b("Max", b("Gemm", x, b.floats(6, 6)), b.constant(np.float32(-0.25)))
    return b("Min", b.constant(np.float32(0.1)), b("Gemm", x, b.floats(6, 6)))


@case
def clip_6(b):
    b.opset = 10
    return head(b, b("Clip", b("Gemm", b.input(6), b.floats(6, 6, scale=2), b.floats(6)), min=0.0, max=6.0), 6)


@case
def prelu(b):
    x = b("PRelu", conv(b, b.input(2, 5, 5), 2, 3, (3, 3)), b.floats(3, 1, 1))
    return b("PRelu", head(b, x, 27), b.constant(np.full(3, 0.3, "f4")))


@case
def hard_swish_pieces(b):
    def relu6(x):
        return b("Clip", x, b.constant(np.float32(0)), b.constant(np.float32(6)))
    x = conv(b, b.input(2, 6, 6), 2, 3, (3, 3))
    x = b("Div", b("Mul", x, relu6(b("Add", x, b.constant(np.float32(3))))), b.constant(np.float32(6)))
    x = conv(b, x, 3, 3, (1, 1))
    x = b("Mul", b("Div", relu6(b("Add", x, b.constant(np.float32(3)))), b.constant(np.float32(6))), x)
    x = conv(b, x, 3, 3, (1, 1))
    x = b("Mul", x, b("HardSigmoid", x, alpha=1 / 6, beta=0.5))
    x = conv(b, x, 3, 3, (1, 1))
    return head(b, b("Div", relu6(b("Add", x, b.constant(np.float32(3)))), b.constant(np.float32(6))), 48)


@case
def softmax_11(b):
    b.opset = 11
    return b("Softmax", b("Reshape", head(b, b.input(6), 6, 4), b.constant(np.array([0, 2, 2]))))


@case
def view_by_shape(b):
    x = b("Relu", conv(b, b.input(2, 6, 6), 2, 3, (3, 3)))
    batch = b("Gather", b("Shape", x), b.constant(np.array(0)), axis=0)
    target = b("Concat", b("Unsqueeze", batch, b.constant(np.array([0]))), b.constant(np.array([-1])), axis=0)
    return b("Gemm", b("Reshape", x, target), b.floats(48, 3))


@case
def shape_slices(b):
    x = conv(b, b.input(2, 6, 6), 2, 4, (3, 3))
    dims = b("Shape", x)
    first = b("Slice", dims, b.constant(np.array([0])), b.constant(np.array([1])))
    rest = b("Slice", dims, b.constant(np.array([1])), b.constant(np.array([2**60])), b.constant(np.array([0])))
    two = b("ConstantOfShape", b.constant(np.array([1])), value=numpy_helper.from_array(np.array([2])))
    count = b("Div", b("Cast", b("Gather", rest, b.constant(np.array([0]))), to=TensorProto.INT64), two)
    target = b("Concat", first, count, b.constant(np.array([-1])), axis=0)
    x = b("Reshape", x, target)
    return head(b, conv(b, x, 2, 3, (3,)), 3 * 30)


@case
def keras(b):
    """As tf2onnx writes a Keras network: samples with the channel last, a dense layer after a flatten in that order."""
    x = b("Transpose", b.input(6, 7, 2), perm=[0, 3, 1, 2])
    x = b("Relu", conv(b, x, 2, 3, (3, 3), auto_pad="SAME_UPPER", strides=[2, 2]))
    x = b("Transpose", b("MaxPool", x, kernel_shape=[2, 2], strides=[1, 1]), perm=[0, 2, 3, 1])
    x = b("MatMul", b("Reshape", x, b.constant(np.array([-1, 18]))), b.floats(18, 5))
    return b("Softmax", b("Add", b("Relu", b("Add", x, b.floats(5))), b.floats(5)))


@case
def keras_scaled(b):
    """Scaling and normalisation along the last axis before the channels are moved; one channel."""
    x = b("Mul", b.input(6, 7, 1), b.constant(np.float32(1 / 128)))
    x = b("Transpose", b("Sub", x, b.floats(1)), perm=[0, 3, 1, 2])
    x = b("Transpose", conv(b, x, 1, 3, (3, 3)), perm=[0, 2, 3, 1])
    x = b("Relu", b("Add", b("Mul", x, b.floats(3)), b.floats(1, 1, 1, 3)))
    return b("MatMul", b("ReduceMean", x, axes=[1, 2], keepdims=0), b.floats(3, 2))


@case
def keras_1d(b):
    x = b("Transpose", b.input(12, 3), perm=[0, 2, 1])
    x = b("Transpose", b("Relu", conv(b, x, 3, 4, (3,))), perm=[0, 2, 1])
    return b("MatMul", b("Reshape", x, b.constant(np.array([-1, 40]))), b.floats(40, 3))


@case
def keras_dense_per_pixel(b):
    x = b("Transpose", conv(b, b.input(2, 6, 6), 2, 3, (3, 3)), perm=[0, 2, 3, 1])
    x = b("Relu", b("Add", b("MatMul", x, b.floats(3, 5)), b.floats(5)))
    x = b("Concat", x, b("Sigmoid", x), axis=3)
    return head(b, b("Add", x, b("Tanh", x)), 160)


@case
def residual(b):
    x = conv(b, b.input(2, 6, 6), 2, 4, (3, 3))
    y = conv(b, b("Relu", x), 4, 4, (3, 3), pads=[1] * 4)
    x = b("Relu", b("Add", x, y))
    x = b("Concat", x, conv(b, x, 4, 2, (1, 1)), axis=1)
    return head(b, b("Sub", x, b("Relu", conv(b, x, 6, 6, (1, 1)))), 96)


@case
def weights_from_constants(b):
    weight = b("Transpose", b.floats(5, 6), perm=[1, 0])
    x = b("MatMul", b.input(6), b("Mul", weight, b("Sqrt", b.constant(np.float32(2)))))
    x = b("Relu", b("Add", x, b("Concat", b.floats(2), b.floats(3), axis=0)))
    quantized = b.constant(b.random.integers(-128, 128, (3, 5)).astype("i1"))
    scale, zero = b.constant(b.random.uniform(0.01, 0.02, 3).astype("f4")), b.constant(np.array([0, 3, -5], "i1"))
    return b("Gemm", x, b("DequantizeLinear", quantized, scale, zero, axis=0), transB=1)


@case
def weights_of_other_types(b):
    x = b("MatMul", b.input(6), b("Cast", b.floats(6, 5, dtype="f2"), to=TensorProto.FLOAT))
    x = b("MatMul", x, b("Cast", b.floats(5, 5, dtype="f8"), to=TensorProto.FLOAT))
    ints = b.constant(b.random.integers(-3, 4, (5, 4)).astype("i4"))
    return b("MatMul", x, b("Cast", ints, to=TensorProto.FLOAT))


@case
def typed_fields(b):
    """Elements in the fields of their types instead of raw bytes."""
    weight = b.random.normal(size=30).astype("f4")
    b.initializers.append(helper.make_tensor("w", TensorProto.FLOAT, [6, 5], weight))
    b.initializers.append(helper.make_tensor("d", TensorProto.DOUBLE, [5], b.random.normal(size=5)))
    b.initializers.append(helper.make_tensor("h", TensorProto.FLOAT16, [5], b.random.normal(size=5).astype("f2")))
    x = b("Add", b("MatMul", b.input(6), "w"), b("Cast", "d", to=TensorProto.FLOAT))
    return b("Tanh", b("Mul", x, b("Cast", "h", to=TensorProto.FLOAT)))


@case
def bytes_input(b):
    x = b("Cast", b.input(1, 6, 6, dtype=TensorProto.UINT8), to=TensorProto.FLOAT)
    x = b("Div", b("Sub", b("Div", x, b.constant(np.float32(255))), b.constant(np.float32(0.13))), b.constant(np.float32(0.3)))
    return head(b, conv(b, x, 1, 3, (3, 3), pads=[1] * 4), 108)


@case
def removed(b):
    x = b("Dropout", b("Identity", head(b, b.input(6), 6, 4)), outputs=1)
    x = b("Unsqueeze", b("Squeeze", b("Unsqueeze", x, b.constant(np.array([2]))), b.constant(np.array([2]))), b.constant(np.array([1])))
    x = b("Squeeze", b("Expand", x, b.constant(np.array([1, 1, 4]))), b.constant(np.array([1])))
    return b("Sigmoid", b("Mul", x, b.constant(np.float32(1))))


@case
def fixed_batch(b):
    x = b("Relu", conv(b, b.input(2, 6, 6, batch=SAMPLES), 2, 3, (3, 3)))
    return b("Gemm", b("Reshape", x, b.constant(np.array([SAMPLES, 48]))), b.floats(48, 3))


@case
def mean_image(b):
    """An offset for each element of an image."""
    x = b("Sub", b.input(2, 6, 6), b.floats(2, 6, 6))
    return head(b, conv(b, x, 2, 3, (3, 3), pads=[1] * 4), 108)


@case
def scaler(b):
    scale = dict(offset=[1.0, 2.0, 0.5, -1.0], scale=[0.5, 2.0, 1.0, 0.25])
    return head(b, b("Scaler", b.input(4), domain="ai.onnx.ml", **scale), 4)


@case
def one_output(b):
    return b("Sigmoid", b("Gemm", b("Relu", b("Gemm", b.input(6), b.floats(6, 8))), b.floats(8, 1), b.floats(1)))


def main():
    expected, only = {}, sys.argv[1:]
    for seed, (name, function) in enumerate(CASES.items()):
        build = Build(seed)
        output = function(build)
        model = build.model(output)
        dims = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[1:]]
        if model.graph.input[0].type.tensor_type.elem_type == TensorProto.UINT8:
            x = build.random.integers(0, 256, (SAMPLES, *dims)).astype("u1")
        else:
            x = build.random.normal(size=(SAMPLES, *dims)).astype("f4")
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        batch = [x] if name == "fixed_batch" else [x[i:i + 1] for i in range(SAMPLES)]
        y = np.concatenate([session.run(None, {"x": part})[0].reshape(len(part), -1) for part in batch])
        assert np.isfinite(y).all() and np.ptp(y) > 0, name
        expected[f"{name}.x"], expected[f"{name}.y"] = np.ascontiguousarray(x), np.ascontiguousarray(y)
        if not only or name in only:
            onnx.save(model, f"{name}.onnx")
    save_file(expected, "expected.safetensors")
    print(len(CASES), "cases")


main()
