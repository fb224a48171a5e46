# SPDX-License-Identifier: MIT
#
# i.MX 6UltraLite evaluation kit: Cortex-A7, with the Ethernet and SD blocks of Teensy 4.1's chip.
# The MMU is off, so no access may be unaligned.

set(BOARD_FLAGS -mcpu=cortex-a7 -mthumb -mfloat-abi=soft -mno-unaligned-access)
set(BOARD_SOURCES
    mcimx6ul-evk/start.S
    mcimx6ul-evk/board.c
    drivers/imx_enet.c
    drivers/usdhc.c)
set(BOARD_INCLUDES mcimx6ul-evk)
set(BOARD_LINK mcimx6ul-evk/link.ld)
