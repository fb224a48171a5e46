/* SPDX-License-Identifier: MIT
 *
 * dma.h: declarations for a compile test only, see ../README.md.
 */
#ifndef TEST_HARDWARE_DMA_H
#define TEST_HARDWARE_DMA_H

#include "hardware/gpio.h"

typedef struct {
    uint32_t ctrl;
} dma_channel_config;
enum dma_channel_transfer_size { DMA_SIZE_8 = 0 };

int dma_claim_unused_channel(bool required);
dma_channel_config dma_channel_get_default_config(uint channel);
void channel_config_set_transfer_data_size(dma_channel_config *c, enum dma_channel_transfer_size size);
void channel_config_set_dreq(dma_channel_config *c, uint dreq);
void channel_config_set_read_increment(dma_channel_config *c, bool on);
void channel_config_set_write_increment(dma_channel_config *c, bool on);
void dma_channel_configure(uint channel, const dma_channel_config *c, volatile void *to, const volatile void *from,
                           uint32_t n, bool start);
void dma_start_channel_mask(uint32_t mask);
void dma_channel_wait_for_finish_blocking(uint channel);

#endif
