# SPDX-License-Identifier: Apache-2.0
# Arm's MPS2 and MPS3 prototyping boards, bare metal, as QEMU emulates them.
set(TINYDF_PORT_SOURCES port/cortex_m/fault.c port/cortex_m/startup.c port/mps/port.c)
set(TINYDF_SECTIONS port/mps/sections.ld)
set(TINYDF_SPECS -specs=nano.specs)
include(port/bare_metal/bare_metal.cmake)
