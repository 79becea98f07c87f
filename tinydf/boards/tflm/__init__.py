# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite Micro on a board: the user's library, the arena that it needs, and the exported C++ sources."""
