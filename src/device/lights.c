/* SPDX-License-Identifier: MIT
 *
 * lights.c: see lights.h.
 */
#include "lights.h"

enum {
    BURST_MS = 30,
    SLOW_MS = 1000, FAST_MS = 200,          /* whole periods, half of them lit */
    BLINK_MS = 200, PAUSE_MS = 1200,
};

void thimble_lights_init(struct thimble_lights *l, uint32_t now_ms)
{
    *l = (struct thimble_lights){ .state_since_ms = now_ms, .error_since_ms = now_ms };
}

void thimble_lights_state(struct thimble_lights *l, enum thimble_lights_state state,
                          uint32_t now_ms)
{
    if (state == l->state)
        return;
    l->state = state;
    l->state_since_ms = now_ms;
}

void thimble_lights_busy(struct thimble_lights *l, enum thimble_light light, bool busy,
                         uint32_t now_ms)
{
    if (busy && !l->busy[light]) {
        l->burst_since_ms[light] = now_ms;
        l->lit[light] = true;
    }
    l->busy[light] = busy;
}

void thimble_lights_error(struct thimble_lights *l, enum thimble_lights_error error)
{
    l->lasting = error;
}

void thimble_lights_report(struct thimble_lights *l, enum thimble_lights_error error)
{
    l->passing = error;
}

static bool ready_lit(const struct thimble_lights *l, uint32_t now_ms)
{
    uint32_t passed_ms = now_ms - l->state_since_ms;

    switch (l->state) {
    case THIMBLE_LIGHTS_OFF:        break;
    case THIMBLE_LIGHTS_NO_CARD:    return passed_ms % FAST_MS < FAST_MS / 2;
    case THIMBLE_LIGHTS_NO_NETWORK: return passed_ms % SLOW_MS < SLOW_MS / 2;
    case THIMBLE_LIGHTS_SERVING:    return true;
    }
    return false;
}

static bool burst_lit(struct thimble_lights *l, enum thimble_light light, uint32_t now_ms)
{
    if (!l->busy[light] && now_ms - l->burst_since_ms[light] >= BURST_MS)
        l->lit[light] = false;
    return l->lit[light];
}

/* A number is shown to its end before another begins, or nobody could count it. */
static bool error_lit(struct thimble_lights *l, uint32_t now_ms)
{
    uint32_t passed_ms = now_ms - l->error_since_ms;

    if (l->shown == THIMBLE_LIGHTS_NO_ERROR ||
        passed_ms >= (uint32_t)l->shown * 2 * BLINK_MS + PAUSE_MS) {
        l->shown = l->passing ? l->passing : l->lasting;
        l->passing = THIMBLE_LIGHTS_NO_ERROR;
        l->error_since_ms = now_ms;
        passed_ms = 0;
    }
    return passed_ms < (uint32_t)l->shown * 2 * BLINK_MS &&
           passed_ms % (2 * BLINK_MS) < BLINK_MS;
}

uint32_t thimble_lights_now(struct thimble_lights *l, uint32_t now_ms)
{
    return (uint32_t)ready_lit(l, now_ms) << THIMBLE_LIGHT_READY |
           (uint32_t)burst_lit(l, THIMBLE_LIGHT_READ, now_ms) << THIMBLE_LIGHT_READ |
           (uint32_t)burst_lit(l, THIMBLE_LIGHT_WRITE, now_ms) << THIMBLE_LIGHT_WRITE |
           (uint32_t)error_lit(l, now_ms) << THIMBLE_LIGHT_ERROR;
}

const char *thimble_lights_text(enum thimble_lights_error error)
{
    switch (error) {
    case THIMBLE_LIGHTS_NO_ERROR:        return "no error";
    case THIMBLE_LIGHTS_CARD_MISSING:    return "no card";
    case THIMBLE_LIGHTS_CARD_FAILED:     return "the card failed";
    case THIMBLE_LIGHTS_FILE_MISSING:    return "no file to serve on the card";
    case THIMBLE_LIGHTS_FILE_UNUSABLE:   return "the file cannot be served";
    case THIMBLE_LIGHTS_SETTINGS_WRONG:  return "a mistake in the settings";
    case THIMBLE_LIGHTS_NETWORK_MISSING: return "no network";
    case THIMBLE_LIGHTS_INTERNAL:        return "too little memory";
    case THIMBLE_LIGHTS_ERROR_COUNT:     break;
    }
    return "unknown";
}
