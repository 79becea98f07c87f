# SPDX-License-Identifier: Apache-2.0
# The host itself.
set(TINYDF_PORT_SOURCES port/posix/port.c)
