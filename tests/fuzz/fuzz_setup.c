/* SPDX-License-Identifier: MIT
 *
 * fuzz_setup.c: libFuzzer target: hostile forms and questions for names (device/setup.h).
 *
 * What is taken must be what may be kept; an answer must be the question's, and no longer than its place.
 */
#include <stdlib.h>
#include <string.h>

#include "device/setup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_form(const char *text, size_t len)
{
    static const struct thimble_setup nothing;
    struct thimble_setup s;

    memset(&s, 0xaa, sizeof s);
    if (thimble_form_read(&s, text, len, "0123456789abcdef")) {
        if (memcmp(&s, &nothing, sizeof s) != 0)
            abort();
        return;
    }
    if (len > THIMBLE_FORM_BYTES_MAX || !memchr(s.ssid, '\0', sizeof s.ssid) ||
        !memchr(s.password, '\0', sizeof s.password) || !memchr(s.host_name, '\0', sizeof s.host_name) ||
        thimble_setup_problem(&s))
        abort();
}

static void ask_name(const uint8_t *question, size_t len)
{
    static const uint8_t ip[4] = { 192, 168, 4, 1 };
    uint8_t *answer = malloc(THIMBLE_NAME_ANSWER_BYTES);

    if (!answer)
        return;
    size_t n = thimble_name_answer(question, len, ip, answer);
    if (n > THIMBLE_NAME_ANSWER_BYTES || n > len + 16)
        abort();
    if (n > 0 && (n < 17 || answer[0] != question[0] || answer[1] != question[1] || !(answer[2] & 0x80)))
        abort();
    free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ask_name(data, size);
    read_form((const char *)data, size);
    return 0;
}
