# SPDX-License-Identifier: Apache-2.0
"""Stage 1: images into a data set directory, split by source so that nothing leaks."""
