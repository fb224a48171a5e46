# SPDX-License-Identifier: MIT
#
# Arm MPS2 with the FPGA image AN500: Cortex-M7, RAM by the megabyte, no slot for a card.

set(BOARD_FLAGS -mcpu=cortex-m7 -mthumb -mfloat-abi=soft)
set(BOARD_SOURCES
    mps2-an500/start.c
    mps2-an500/board.c
    drivers/lan9118.c)
set(BOARD_INCLUDES mps2-an500)
set(BOARD_LINK mps2-an500/link.ld)
