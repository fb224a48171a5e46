/* SPDX-License-Identifier: MIT
 *
 * test_sockets_poll.c: the tests of test_sockets.c over poll() instead of epoll.
 */
#define THIMBLE_SOCKETS_POLL 1

#include "test_sockets.c"
