# SPDX-License-Identifier: Apache-2.0
"""Schemas of the files that the stages leave on disk; importing them brings neither torch nor TensorFlow."""
