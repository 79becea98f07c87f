# SPDX-License-Identifier: Apache-2.0
"""The parts of TFLite's schema (version 3, schema.fbs) that the reader needs: codes, slots and defaults."""

from dataclasses import dataclass

# BuiltinOperator: code -> name.
_OPERATORS = """
    ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR
    FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC
    LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH
    SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER
    BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
    BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM
    ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE
    TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK
    LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL
    FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL
    REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND
    HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM
    BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS
    HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE
    ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU
    DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2
    UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE
    STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE
    STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE
    STABLEHLO_ABS STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG
    STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER STABLEHLO_RSQRT
    STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER STABLEHLO_COMPARE STABLEHLO_CONVERT
    STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL
    STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE
    STABLEHLO_RNG_BIT_GENERATOR REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT STABLEHLO_CASE
"""
OPERATORS = tuple(_OPERATORS.split())

# TensorType: code -> name. A type that is not here is refused.
DTYPES = {
    0: "float32",
    1: "float16",
    2: "int32",
    3: "uint8",
    4: "int64",
    5: "string",
    6: "bool",
    7: "int16",
    9: "int8",
    10: "float64",
    12: "uint64",
    15: "uint32",
    16: "uint16",
    17: "int4",
}

# Types whose constants are read as numbers.
NUMPY_DTYPES = {
    "float32": "<f4",
    "float16": "<f2",
    "int32": "<i4",
    "uint8": "u1",
    "int64": "<i8",
    "bool": "?",
    "int16": "<i2",
    "int8": "i1",
}

PADDING_SAME = 0
ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6")


@dataclass(frozen=True)
class OptionField:
    """A scalar field of an options table; the default's type is the field's."""

    slot: int
    format: str
    default: int | float | bool


@dataclass(frozen=True)
class Options:
    """An options table: its number in the union BuiltinOptions, and the fields that matter."""

    union_type: int
    fields: dict[str, OptionField]


def _integers(**slots: int) -> dict[str, OptionField]:
    return {name: OptionField(slot, "i", 0) for name, slot in slots.items()}


def _enumeration(name: str, slot: int) -> dict[str, OptionField]:
    return {name: OptionField(slot, "b", 0)}


def _flag(name: str, slot: int) -> dict[str, OptionField]:
    return {name: OptionField(slot, "?", False)}


def _factor(name: str, slot: int) -> dict[str, OptionField]:
    return {name: OptionField(slot, "i", 1)}


def _real(name: str, slot: int) -> dict[str, OptionField]:
    return {name: OptionField(slot, "f", 0.0)}


_POOL = Options(
    5,
    _enumeration("padding", 0)
    | _integers(stride_w=1, stride_h=2, filter_width=3, filter_height=4)
    | _enumeration("activation", 5),
)

# Operator -> its options. Operators that are not here have none that matter.
OPTIONS = {
    "CONV_2D": Options(
        1,
        _enumeration("padding", 0)
        | _integers(stride_w=1, stride_h=2)
        | _enumeration("activation", 3)
        | _factor("dilation_w", 4)
        | _factor("dilation_h", 5),
    ),
    "DEPTHWISE_CONV_2D": Options(
        2,
        _enumeration("padding", 0)
        | _integers(stride_w=1, stride_h=2, depth_multiplier=3)
        | _enumeration("activation", 4)
        | _factor("dilation_w", 5)
        | _factor("dilation_h", 6),
    ),
    "AVERAGE_POOL_2D": _POOL,
    "MAX_POOL_2D": _POOL,
    "FULLY_CONNECTED": Options(8, _enumeration("activation", 0) | _enumeration("weights_format", 1)),
    "SOFTMAX": Options(9, _real("beta", 0)),
    "CONCATENATION": Options(10, _integers(axis=0) | _enumeration("activation", 1)),
    "ADD": Options(11, _enumeration("activation", 0)),
    "MUL": Options(21, _enumeration("activation", 0)),
    "SUB": Options(28, _enumeration("activation", 0)),
    "GATHER": Options(23, _integers(axis=0, batch_dims=1)),
    "MEAN": Options(27, _flag("keep_dims", 0)),
    "SUM": Options(27, _flag("keep_dims", 0)),
    "STRIDED_SLICE": Options(
        32,
        _integers(begin_mask=0, end_mask=1, ellipsis_mask=2, new_axis_mask=3, shrink_axis_mask=4) | _flag("offset", 5),
    ),
    "REDUCE_PROD": Options(27, _flag("keep_dims", 0)),
    "SPLIT_V": Options(79, _integers(num_splits=0)),
    "SPACE_TO_DEPTH": Options(19, _integers(block_size=0)),
    "DEPTH_TO_SPACE": Options(94, _integers(block_size=0)),
    "SPLIT": Options(35, _integers(num_splits=0)),
    "PACK": Options(59, _integers(values_count=0, axis=1)),
    "UNPACK": Options(64, _integers(num=0, axis=1)),
    "LEAKY_RELU": Options(75, _real("alpha", 0)),
    "RESIZE_BILINEAR": Options(15, _flag("align_corners", 2) | _flag("half_pixel_centers", 3)),
    "RESIZE_NEAREST_NEIGHBOR": Options(74, _flag("align_corners", 0) | _flag("half_pixel_centers", 1)),
}
