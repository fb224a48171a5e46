/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: wear_levelling.  See ../README.md.
 */
#ifndef FAKE_WEAR_LEVELLING_H
#define FAKE_WEAR_LEVELLING_H

#include "esp_partition.h"

typedef int32_t wl_handle_t;
#define WL_INVALID_HANDLE (-1)
esp_err_t wl_mount(const esp_partition_t *partition, wl_handle_t *handle);
esp_err_t wl_erase_range(wl_handle_t handle, size_t at, size_t size);
esp_err_t wl_write(wl_handle_t handle, size_t at, const void *from, size_t size);
esp_err_t wl_read(wl_handle_t handle, size_t at, void *to, size_t size);
size_t wl_size(wl_handle_t handle);
size_t wl_sector_size(wl_handle_t handle);

#endif
