# SPDX-License-Identifier: MIT
#
# Stellaris LM3S6965 evaluation board: Cortex-M3, 64 KiB of RAM.

set(BOARD_FLAGS -mcpu=cortex-m3 -mthumb)
set(BOARD_SOURCES
    lm3s6965evb/start.c
    lm3s6965evb/board.c
    common/card_spi.c
    drivers/pl022.c
    drivers/stellaris_enet.c)
set(BOARD_INCLUDES lm3s6965evb)
set(BOARD_LINK lm3s6965evb/link.ld)
