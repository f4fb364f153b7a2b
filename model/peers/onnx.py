"""The same weights in ONNX Runtime: one graph for a prompt and for a step, its cache written in place.

Attention is the runtime's own operation, GroupQueryAttention (com.microsoft), which rotates queries and keys
and, given one memory as past and present, appends to it. In 8 bits the matrices are what quantize_dynamic
makes of them: int8 with a scale a column, vectors rounded when they come.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

from model.networks.transformer import Transformer, TransformerConfig
from model.peers.peer import Peer, alone

MICROSOFT = "com.microsoft"
OPSET = 23                  # the first with RMSNormalization
HEAD_MULTIPLE = 16          # what GroupQueryAttention asks of the size of a head


def peers(network: Transformer, positions: int) -> list[Peer]:
    """ValueError: a shape that the runtime does not play."""
    if network.config.head_size % HEAD_MULTIPLE:
        raise ValueError(f"ONNX Runtime plays heads of a multiple of {HEAD_MULTIPLE} numbers; "
                         f"received {network.config.head_size}.")
    model = graph(network, positions)
    return [Peer(f"onnxruntime {name}", onnxruntime.__version__,
                 alone(cache(partial(Runtime, made, network.config))))
            for name, made in (("float32", model), ("int8", in_bytes(model)))]


class Memory:
    """Keys and values of a sequence, in place, and what binds them to a session."""

    def __init__(self, session: onnxruntime.InferenceSession, config: TransformerConfig,
                 capacity: int) -> None:
        self.capacity, self.length = capacity, 0
        self.logits = np.empty((1, 1, config.vocabulary), np.float32)
        self.binding = session.io_binding()
        self.binding.bind_output("logits", "cpu", 0, np.float32, self.logits.shape, self.logits.ctypes.data)
        for name in _memories(config):
            part = onnxruntime.OrtValue.ortvalue_from_numpy(
                np.zeros((1, config.kv_heads, capacity, config.head_size), np.float32))
            self.binding.bind_ortvalue_input(name, part)
            self.binding.bind_ortvalue_output(f"new_{name}", part)


class Runtime:
    """A graph as an engine; see model/engine/__init__.py."""

    def __init__(self, model: onnx.ModelProto, config: TransformerConfig, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        self.config = config

    def cache(self, capacity: int) -> Memory:
        return Memory(self.session, self.config, capacity)

    def read(self, steps: np.ndarray, memory: Memory) -> np.ndarray:
        """ValueError when the cache cannot take so many."""
        length = memory.length + len(steps)
        if length > memory.capacity:
            raise ValueError(f"A cache holds {memory.capacity} positions; "
                             f"received {memory.length} + {len(steps)}.")
        given = {"ids": np.ascontiguousarray(steps[None]), "last": np.array([length - 1], np.int32),
                 "total": np.array([length], np.int32)}
        for name, value in given.items():
            memory.binding.bind_cpu_input(name, value)
        self.session.run_with_iobinding(memory.binding)
        memory.length = length
        return memory.logits[0, 0].copy()


class _Graph:
    """A graph in the making: to call it adds an operation and gives the name of what comes out."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def __call__(self, operation: str, *inputs: str, outputs: tuple[str, ...] = (),
                 **attributes: object) -> str:
        outputs = outputs or (f"{operation}_{len(self.nodes)}",)
        self.nodes.append(helper.make_node(operation, inputs, outputs, **attributes))
        return outputs[0]

    def constant(self, value: torch.Tensor) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value.detach().contiguous().numpy(), name))
        return name

    def times(self, x: str, *weights: torch.Tensor, **more: object) -> str:
        """x times matrices (n, k), one below the other."""
        return self("MatMul", x, self.constant(torch.cat(weights).T), **more)

    def normed(self, x: str, norm: torch.nn.RMSNorm) -> str:
        return self("RMSNormalization", x, self.constant(norm.weight), epsilon=norm.eps)


def graph(network: Transformer, positions: int) -> onnx.ModelProto:
    """A network as ONNX, for one sequence of at most so many positions.

    ids: int64 (1, T). total: int32 (1,), T and what came before; last: int32 (1,), total - 1.
    key_N, value_N, of every layer: float32 (1, K, capacity, D); new_key_N, new_value_N: and T more.
    logits: float32 (1, 1, V), after the last of `ids`.
    """
    shape, add = network.config, _Graph()
    angles = torch.arange(positions)[:, None] * network.frequencies
    turns = add.constant(angles.cos()), add.constant(angles.sin())
    x = add("Gather", add.constant(network.embedding.weight), "ids")
    for layer, block in enumerate(network.blocks):
        attention, past = block.attention, _memories(shape)[2 * layer : 2 * layer + 2]
        mixed = add.times(add.normed(x, block.norm_attention), attention.query.weight, attention.key.weight,
                          attention.value.weight)
        heard = add("GroupQueryAttention", mixed, "", "", *past, "last", "total", *turns, domain=MICROSOFT,
                    outputs=(f"heard_{layer}", *(f"new_{name}" for name in past)), num_heads=shape.heads,
                    kv_num_heads=shape.kv_heads, do_rotary=1, local_window_size=shape.window)
        x = add("Add", x, add.times(heard, attention.out.weight))
        inner = add.normed(x, block.norm_inner)
        gate = add.times(inner, block.gate.weight)
        silu = add("Mul", gate, add("Sigmoid", gate))
        x = add("Add", x, add.times(add("Mul", silu, add.times(inner, block.up.weight)), block.down.weight))
    x = add.normed(add("Gather", x, add.constant(torch.tensor([-1])), axis=1), network.norm)
    add.times(x, network.head.weight, outputs=("logits",))
    memory = {name: (TensorProto.FLOAT, [1, shape.kv_heads, "capacity", shape.head_size])
              for name in _memories(shape)}
    given = {"ids": (TensorProto.INT64, [1, "time"]), "last": (TensorProto.INT32, [1]),
             "total": (TensorProto.INT32, [1])} | memory
    made = {"logits": (TensorProto.FLOAT, [1, 1, shape.vocabulary])}
    made |= {f"new_{name}": kind for name, kind in memory.items()}
    inputs, outputs = ([helper.make_tensor_value_info(name, *kind) for name, kind in kinds.items()]
                       for kinds in (given, made))
    operations = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(
        helper.make_graph(add.nodes, "decoder", inputs, outputs, add.constants), opset_imports=operations,
        ir_version=helper.find_min_ir_version_for(operations, ignore_unknown=True))


def in_bytes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same with matrices of 8 bits."""
    with TemporaryDirectory() as folder:
        ready, made = Path(folder) / "ready.onnx", Path(folder) / "bytes.onnx"
        quant_pre_process(model, ready)
        quantize_dynamic(ready, made, op_types_to_quantize=["MatMul"], per_channel=True,
                         weight_type=QuantType.QInt8)
        return onnx.load(made)


def _memories(config: TransformerConfig) -> list[str]:
    return [f"{kind}_{layer}" for layer in range(config.layers) for kind in ("key", "value")]
