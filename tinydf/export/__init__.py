# SPDX-License-Identifier: Apache-2.0
"""Stage 3: a trained detector into ONNX, int8 TFLite and C arrays, with numbers checked at every step."""
