/* SPDX-License-Identifier: MIT
 *
 * nic.h: what a network controller's driver gives to boards/common/net.c.
 *
 * A driver is four functions over one controller; its address comes from board_config.h.
 * Frames are pbufs of lwIP with ETH_PAD_SIZE (2) bytes in front of the Ethernet header, which puts
 * the IP header on a word.  Drivers copy: the controllers' rings are their own.
 */
#ifndef NIC_H
#define NIC_H

#include <stdbool.h>
#include <stdint.h>

struct pbuf;

/* Starts the controller and tells its hardware address. */
void nic_start(uint8_t mac[6]);

/* The cable is in; true too where the driver does not ask. */
bool nic_link(void);

/* A frame has come in and was not fetched yet.  May be called with interrupts off. */
bool nic_waiting(void);

/* The next frame, in memory from net_frame_alloc(), or NULL: there is none, or there was no
 * memory (*dropped is then counted up, and the frame is gone). */
struct pbuf *nic_receive(uint32_t *dropped);

/* Sends a frame; it is copied out before the return.  False: no room, it was not sent. */
bool nic_send(const struct pbuf *frame);

#endif
