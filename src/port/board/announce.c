/* SPDX-License-Identifier: MIT
 *
 * announce.c: see announce.h: names and texts, whoever sends them.
 *
 * Layer 6.
 */
#include "which.h"

#if TH_BOARD_ANY

#include <stdio.h>
#include <string.h>

#include "announce.h"

void th_announce_host(const struct th_announced *what, unsigned n, char name[TH_ANNOUNCE_LABEL])
{
    enum { NUMBER = 4 };                /* "-99" and a zero */

    if (n > 1)
        snprintf(name, TH_ANNOUNCE_LABEL, "%.*s-%u", TH_ANNOUNCE_LABEL - NUMBER, what->host_name, n % 100);
    else
        snprintf(name, TH_ANNOUNCE_LABEL, "%.*s", TH_ANNOUNCE_LABEL - 1, what->host_name);
}

void th_announce_service(const char *host, char name[TH_ANNOUNCE_LABEL])
{
    static const char what[] = "Thimble on ";

    snprintf(name, TH_ANNOUNCE_LABEL, "%s%.*s", what, TH_ANNOUNCE_LABEL - (int)sizeof what, host);
}

size_t th_announce_text(const struct th_announced *what, unsigned n, char text[TH_ANNOUNCE_TEXT])
{
    unsigned number = 0, targets = (n + 1) / 2;     /* how many are told up to this string */
    char suffix[4] = "";

    if (n == 0)
        return (size_t)snprintf(text, TH_ANNOUNCE_TEXT, "txtvers=1");
    for (unsigned i = 0; i < THIMBLE_BOARD_TARGETS; i++) {
        if (!what->of[i].target || ++number < targets)
            continue;
        if (number > 1)
            snprintf(suffix, sizeof suffix, "%u", number % 100);
        int len = n % 2 ? snprintf(text, TH_ANNOUNCE_TEXT, "target%s=%s", suffix, what->of[i].target)
                        : snprintf(text, TH_ANNOUNCE_TEXT, "luns%s=%u", suffix, what->of[i].n_luns);
        return len < TH_ANNOUNCE_TEXT ? (size_t)len : TH_ANNOUNCE_TEXT - 1;
    }
    return 0;
}

#else

/* ISO C wants something in every file. */
typedef int th_announce_is_not_compiled;

#endif
