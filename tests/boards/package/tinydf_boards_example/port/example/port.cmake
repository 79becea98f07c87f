# SPDX-License-Identifier: Apache-2.0
# tinydf's port for the host, and a file of this package.
set(TINYDF_PORT_SOURCES port/posix/port.c "${CMAKE_CURRENT_LIST_DIR}/example.c")
