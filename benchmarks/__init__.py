# SPDX-License-Identifier: Apache-2.0
"""What `make bench-engine` runs, and the tables that it wrote last."""
