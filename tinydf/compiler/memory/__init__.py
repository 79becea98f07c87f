# SPDX-License-Identifier: Apache-2.0
"""The arena: where everything lies in it, and the plan that says so."""
