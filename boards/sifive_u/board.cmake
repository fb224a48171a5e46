# SPDX-License-Identifier: MIT
#
# SiFive U as QEMU has it in 32 bits: RV32IMAC, the instruction set of the ESP32-C3 and -C6.

set(BOARD_FLAGS -march=rv32imac -misa-spec=2.2 -mabi=ilp32 -mcmodel=medany)
set(BOARD_SOURCES
    sifive_u/start.S
    sifive_u/board.c
    common/card_spi.c
    drivers/sifive_spi.c
    drivers/cadence_gem.c)
set(BOARD_INCLUDES sifive_u)
set(BOARD_LINK sifive_u/link.ld)
