# SPDX-License-Identifier: Apache-2.0
raise AssertionError("tinydf looks for boards without importing the package")
