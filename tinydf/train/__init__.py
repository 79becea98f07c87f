# SPDX-License-Identifier: Apache-2.0
"""Stage 2: a data set and a recipe into a run directory with weights and their figures."""
