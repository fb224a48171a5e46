/* SPDX-License-Identifier: MIT
 *
 * setup.h: giving a board its WiFi network by a form: the board is an access point for a while, answers each name with
 * its own address, and shows a page.
 *
 *     thimble_point      when there is an access point
 *     thimble_name_answer  what is said to whoever asks for a name (DNS, RFC 1035)
 *     thimble_form_read  the form's answer (application/x-www-form-urlencoded) to struct thimble_setup
 *     thimble_form_page  the page
 *
 * Pure: bytes in, bytes out.  All that comes from peers is hostile until it was checked here.
 */
#ifndef THIMBLE_DEVICE_SETUP_H
#define THIMBLE_DEVICE_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------------------------------
 * What is entered, and kept
 */
enum { THIMBLE_SETUP_SSID = 32, THIMBLE_SETUP_PASSWORD = 63, THIMBLE_SETUP_HOST_NAME = 63 };

/* Each with a zero behind it; "": not given.  No password: the network is open. */
struct thimble_setup {
    char ssid[THIMBLE_SETUP_SSID + 1];
    char password[THIMBLE_SETUP_PASSWORD + 1];
    char host_name[THIMBLE_SETUP_HOST_NAME + 1];
};

/* NULL: it can be used.  Otherwise what is wrong with it, as a sentence that quotes nothing. */
const char *thimble_setup_problem(const struct thimble_setup *s);

/* --------------------------------------------------------------------------------------
 * The form
 */

/* A number that the page has and its answer must bring back, so that no page of somebody else can fill in the form:
 * hexadecimal digits. */
enum { THIMBLE_FORM_TOKEN = 16 };

/* The longest answer that makes sense: every byte as %XX, and names. */
enum { THIMBLE_FORM_BYTES_MAX = 640 };

/* Fields ssid, password, hostname and token; others are passed over.  NULL: read, and can be used.  Otherwise what is wrong;
 * `s` is wiped then. */
const char *thimble_form_read(struct thimble_setup *s, const char *text, size_t len,
                              const char token[THIMBLE_FORM_TOKEN + 1]);

/* The whole page, with a zero behind it; returns its length, or 0 if it does not fit.  problem: a sentence to
 * show, or NULL. */
enum { THIMBLE_FORM_PAGE_BYTES = 1536 };
size_t thimble_form_page(char *to, size_t size, const char token[THIMBLE_FORM_TOKEN + 1],
                         const char *problem);

/* --------------------------------------------------------------------------------------
 * Names
 */

/* An answer is no longer than this. */
enum { THIMBLE_NAME_ANSWER_BYTES = 512 };

/* To a question of one name: its IPv4 address is `ip`, and there is nothing else to be known of it.  Returns the answer's length,
 * 0: nothing is answered (it is no question, or damaged).  `answer` may not be `question`. */
size_t thimble_name_answer(const uint8_t *question, size_t len, const uint8_t ip[4],
                           uint8_t answer[THIMBLE_NAME_ANSWER_BYTES]);

/* --------------------------------------------------------------------------------------
 * The access point
 */
enum {
    THIMBLE_POINT_AFTER_MS = 180000,    /* without a network; at once if none is named */
    THIMBLE_POINT_UNUSED_MS = 600000,   /* on, and nobody there */
    THIMBLE_POINT_ALONE_MS = 120000,    /* the same, while networks that are named are not looked for */
};

struct thimble_point {
    bool     on, given_up;
    bool     alone;                     /* set after init: the radio cannot look for networks meanwhile */
    uint32_t lonely_ms;                 /* since when there is no network */
    uint32_t used_ms;                   /* when somebody was last there */
};

void thimble_point_init(struct thimble_point *p, uint32_t now_ms);

/* In each turn: true, the access point is to be there.  joined: a network of WiFi is; n_guests: at our own.  One that
 * nobody used comes back after a network was joined and lost. */
bool thimble_point_next(struct thimble_point *p, bool joined, bool any_network, unsigned n_guests,
                        uint32_t now_ms);

/* A password from random bytes: letters and digits that are not taken for one another. */
enum { THIMBLE_POINT_PASSWORD = 12 };
void thimble_point_password(char to[THIMBLE_POINT_PASSWORD + 1],
                            const uint8_t random[THIMBLE_POINT_PASSWORD]);

#ifdef __cplusplus
}
#endif

#endif
