// SPDX-License-Identifier: MIT
//
// OwnBlockDevice: a disk of your own: here one whose blocks are computed.  It has a size and a function that
// reads; without one that writes it is write-protected.
#include <thimble_board.h>

#ifdef ARDUINO_TEENSY41
#include <QNEthernet.h>                 // AGPL-3.0: so is then what you flash
#endif

#include <stdio.h>
#include <string.h>

static struct thimble_block disk;

// Each block says its own number, again and again.
static int read_blocks(struct thimble_block *, uint64_t lba, uint32_t n_blocks, void *buf,
                       struct thimble_io *)
{
    char *at = static_cast<char *>(buf);
    char line[17];
    for (; n_blocks > 0; n_blocks--, lba++) {
        snprintf(line, sizeof line, "block %8lu \n", static_cast<unsigned long>(lba));
        for (int i = 0; i < 512 / 16; i++, at += 16)
            memcpy(at, line, 16);
    }
    return THIMBLE_OK;
}

void setup()
{
    struct thimble_board_config config = {};
    thimble_board_begin(&config);

    disk.size_blocks = 2048;            // 1 MiB
    disk.block_shift = 9;
    disk.read = read_blocks;
    struct thimble_lun_config lun = {};
    lun.block = &disk;
    thimble_board_lun_add(0, &lun);
}

void loop()
{
    thimble_board_run();
}
