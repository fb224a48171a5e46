/* SPDX-License-Identifier: MIT
 *
 * main.c: the firmware of a board: what a sketch is on others.  What thimble.ini on the card says
 * counts more than this.
 */
#include "firmware_config.h"
#include "thimble_board.h"

#ifdef FIRMWARE_CHAP_NAME
static const struct thimble_chap_user chap_user = {
    .name = FIRMWARE_CHAP_NAME,
    .secret = (const uint8_t *)FIRMWARE_CHAP_SECRET,
    .secret_len = sizeof FIRMWARE_CHAP_SECRET - 1,
};
#ifdef FIRMWARE_CHAP_OUR_NAME
static const struct thimble_chap_user chap_us = {
    .name = FIRMWARE_CHAP_OUR_NAME,
    .secret = (const uint8_t *)FIRMWARE_CHAP_OUR_SECRET,
    .secret_len = sizeof FIRMWARE_CHAP_OUR_SECRET - 1,
};
#endif
static const struct thimble_chap chap = {
    .users = &chap_user,
    .n_users = 1,
#ifdef FIRMWARE_CHAP_OUR_NAME
    .outgoing = &chap_us,
#endif
};
#endif

int main(void)
{
    static const struct thimble_board_config config = {
        .host_name = FIRMWARE_HOSTNAME,
        .address = FIRMWARE_DHCP ? NULL : FIRMWARE_STATIC_ADDRESS,
        .fallback = FIRMWARE_DHCP ? FIRMWARE_STATIC_ADDRESS : NULL,
        .netmask = FIRMWARE_STATIC_MASK,
        .gateway = FIRMWARE_STATIC_GATEWAY,
        .port = FIRMWARE_PORT,
        .target = {
            .name = FIRMWARE_TARGET_NAME,
            .alias = FIRMWARE_TARGET_ALIAS,
#ifdef FIRMWARE_CHAP_NAME
            .chap = &chap,
#endif
        },
    };

    thimble_board_begin(&config);
    for (;;)
        thimble_board_run();
}
