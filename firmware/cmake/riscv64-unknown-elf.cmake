# SPDX-License-Identifier: Apache-2.0
# The toolchain file of every bare-metal RISC-V board.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv)
set(CMAKE_C_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_ASM_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_EXECUTABLE_SUFFIX .elf)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # there is no linker script to try an executable with
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
