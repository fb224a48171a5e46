/* SPDX-License-Identifier: MIT
 *
 * start_getopt.h: getopt_long() from the first word, silently, whatever it parsed before.
 */
#ifndef HOST_START_GETOPT_H
#define HOST_START_GETOPT_H

#include <getopt.h>

static inline void start_getopt(void)
{
    opterr = 0;
#ifdef __GLIBC__
    optind = 0;                 /* forgets the rest of an earlier word, too */
#else
    optind = 1;
#endif
}

#endif
