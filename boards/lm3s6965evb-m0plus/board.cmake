# SPDX-License-Identifier: MIT
#
# The LM3S6965 board with code for the Cortex-M0+: the instruction set of the RP2040.

include(${CMAKE_CURRENT_LIST_DIR}/../lm3s6965evb/board.cmake)
set(BOARD_FLAGS -mcpu=cortex-m0plus -mthumb)
