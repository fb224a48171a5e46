// SPDX-License-Identifier: MIT
//
// ReadOnlyBoot: a boot image for any number of machines: write-protected, at a fixed address, and open to two
// initiators only.  In iPXE:  sanboot iscsi:192.168.1.20::::iqn.2026-11.org.example:boot
#include <thimble_board.h>

#ifdef ARDUINO_TEENSY41
#include <QNEthernet.h>                 // AGPL-3.0: so is then what you flash
#include <SdFat.h>
#endif

static const char *const allowed[] = {
    "iqn.2010-04.org.ipxe:machine-1",
    "iqn.2010-04.org.ipxe:machine-2",
};

void setup()
{
    struct thimble_board_config config = {};
    config.address = "192.168.1.20";
    config.netmask = "255.255.255.0";
    config.gateway = "192.168.1.1";
    config.target.name = "iqn.2026-11.org.example:boot";
    config.target.allowed = allowed;
    config.target.n_allowed = 2;
    thimble_board_begin(&config);

    struct thimble_lun_config lun = {};
    lun.block = thimble_board_image("boot.img");
    lun.read_only = true;
    thimble_board_lun_add(0, &lun);
}

void loop()
{
    thimble_board_run();
}
