# SPDX-License-Identifier: Apache-2.0
"""The compiler's picture of a model: tensors, operators, kernel calls, and when tensors are alive."""
