// SPDX-License-Identifier: MIT
//
// SdFat.h: declarations for a compile test only, see README.md.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct cid_t {
    uint8_t bytes[16];
};

struct scr_t {
    uint8_t bytes[8];
    bool dataAfterErase();
};

enum : uint8_t { DMA_SDIO = 1 };

class SdioConfig {
public:
    explicit SdioConfig(uint8_t options);
};

class SdioCard {
public:
    bool begin(SdioConfig config);
    bool readCID(cid_t *cid);
    bool readSCR(scr_t *scr);
    uint32_t sectorCount();
    uint32_t status();
    bool isBusy();
    bool syncDevice();
    bool readSectors(uint32_t sector, uint8_t *to, size_t n);
    bool writeSectors(uint32_t sector, const uint8_t *from, size_t n);
    bool erase(uint32_t first, uint32_t last);
};
