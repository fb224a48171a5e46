// SPDX-License-Identifier: MIT
//
// teensy_card.cpp: the card in the Teensy 4.1's slot as a disk: four data lines and DMA, by the SDIO driver of
// SdFat.  None of its file systems is used.
//
// Layer 6.  The driver does nothing for the data cache: memory in RAM1 (tightly coupled) has none, memory elsewhere
// is cleaned before the controller reads it and forgotten before the processor does.  A buffer that shares a cache line
// with something else goes through one of ours.
#include "../board/which.h"

#if TH_BOARD_TEENSY

#include <Arduino.h>

#include "../../block/serial.h"
#include "../board/card_watch.h"
#include "../board/platform.h"

#if __has_include(<SdFat.h>)

#include <SdFat.h>
#include <string.h>

namespace {

constexpr uint32_t FLUSH_MS = 1000;
constexpr uint32_t LINE = 32, BOUNCE_BLOCKS = 8;

struct thimble_block disk;
SdioCard card;
uint8_t bounce[BOUNCE_BLOCKS * 512] __attribute__((aligned(LINE)));    // in RAM1
char serial[THIMBLE_CARD_SERIAL_BYTES];
bool started;
bool erases_to_zeros;
struct th_card_watch watch;

bool is_cached(const void *p)
{
    return reinterpret_cast<uintptr_t>(p) >= 0x20200000;
}

bool shares_line(const void *p)
{
    uintptr_t at = reinterpret_cast<uintptr_t>(p);
    return is_cached(p) ? at % LINE != 0 : at % 4 != 0;
}

// An error: is the card still there?  One that was changed does not know its address any more.
int why()
{
    if (card.status() != 0)
        return THIMBLE_ERR_IO;
    th_card_watch_gone(&watch);
    return THIMBLE_ERR_NO_MEDIUM;
}

int read_piece(uint32_t lba, uint32_t n, uint8_t *to)
{
    bool cached = is_cached(to);
    if (cached)
        arm_dcache_flush_delete(to, n * 512);
    bool good = card.readSectors(lba, to, n);
    if (cached)
        arm_dcache_delete(to, n * 512);
    return good ? THIMBLE_OK : why();
}

int write_piece(uint32_t lba, uint32_t n, const uint8_t *from)
{
    if (is_cached(from))
        arm_dcache_flush(const_cast<uint8_t *>(from), n * 512);
    return card.writeSectors(lba, from, n) ? THIMBLE_OK : why();
}

int card_read(struct thimble_block *, uint64_t lba, uint32_t n_blocks, void *buf,
              struct thimble_io *)
{
    uint8_t *to = static_cast<uint8_t *>(buf);
    uint32_t at = static_cast<uint32_t>(lba);
    bool through = shares_line(buf);
    int result = watch.present ? THIMBLE_OK : THIMBLE_ERR_NO_MEDIUM;
    while (n_blocks > 0 && result == THIMBLE_OK) {
        uint32_t most = through ? BOUNCE_BLOCKS : 0xffff;
        uint32_t n = n_blocks < most ? n_blocks : most;
        result = read_piece(at, n, through ? bounce : to);
        if (through && result == THIMBLE_OK)
            memcpy(to, bounce, n * 512);
        at += n;
        to += n * 512;
        n_blocks -= n;
    }
    return result;
}

int card_write(struct thimble_block *, uint64_t lba, uint32_t n_blocks, const void *buf,
               struct thimble_io *)
{
    const uint8_t *from = static_cast<const uint8_t *>(buf);
    uint32_t at = static_cast<uint32_t>(lba);
    bool through = shares_line(buf);
    int result = watch.present ? THIMBLE_OK : THIMBLE_ERR_NO_MEDIUM;
    while (n_blocks > 0 && result == THIMBLE_OK) {
        uint32_t most = through ? BOUNCE_BLOCKS : 0xffff;
        uint32_t n = n_blocks < most ? n_blocks : most;
        if (through)
            memcpy(bounce, from, n * 512);
        result = write_piece(at, n, through ? bounce : from);
        at += n;
        from += n * 512;
        n_blocks -= n;
    }
    return result;
}

// What was written is on the medium when the card is no longer busy; its own cache is never turned on.
int card_flush(struct thimble_block *, struct thimble_io *)
{
    if (!watch.present)
        return THIMBLE_ERR_NO_MEDIUM;
    uint32_t since_ms = millis();
    while (card.isBusy()) {
        if (millis() - since_ms > FLUSH_MS)
            return why();
        yield();
    }
    return card.syncDevice() && card.status() != 0 ? THIMBLE_OK : why();
}

int card_unmap(struct thimble_block *, uint64_t lba, uint32_t n_blocks, struct thimble_io *)
{
    if (!watch.present)
        return THIMBLE_ERR_NO_MEDIUM;
    uint32_t first = static_cast<uint32_t>(lba);
    return card.erase(first, first + n_blocks - 1) ? THIMBLE_OK : why();
}

int card_ready(struct thimble_block *)
{
    return watch.present ? THIMBLE_OK : THIMBLE_ERR_NO_MEDIUM;
}

bool open_card()
{
    cid_t cid;
    scr_t scr;
    if (!card.begin(SdioConfig(DMA_SDIO)) || card.sectorCount() == 0 || !card.readCID(&cid))
        return false;
    thimble_card_serial(serial, reinterpret_cast<const uint8_t *>(&cid));
    erases_to_zeros = card.readSCR(&scr) && !scr.dataAfterErase();
    disk.size_blocks = card.sectorCount();
    disk.unmap = erases_to_zeros ? card_unmap : nullptr;
    disk.write_zeroes = disk.unmap;
    return true;
}

void start()
{
    started = true;
    disk.size_blocks = 1;
    disk.block_shift = 9;
    disk.removable = true;
    disk.serial = serial;
    disk.read = card_read;
    disk.write = card_write;
    disk.flush = card_flush;
    disk.ready = card_ready;
    watch.present = open_card();
    watch.looked_ms = millis();
    if (!watch.present)
        thimble_board_log("card: there is none, or it does not answer");
}

} // namespace

extern "C" struct thimble_block *thimble_board_card(void)
{
    if (!started)
        start();
    return &disk;
}

// Asks a card that is there whether it still is, and looks for one that is not, less and less often.
extern "C" bool th_board_card_poll(void)
{
    if (!started)
        return false;
    if (th_card_watch_is_due(&watch, millis())) {
        if (!watch.present)
            th_card_watch_tried(&watch, open_card());
        else if (!card.isBusy() && card.status() == 0)
            why();
    }
    return th_card_watch_news(&watch);
}

#else

extern "C" struct thimble_block *thimble_board_card(void)
{
    thimble_board_log("card: this firmware was built without SdFat");
    return nullptr;
}

extern "C" bool th_board_card_poll(void)
{
    return false;
}

#endif

#endif
