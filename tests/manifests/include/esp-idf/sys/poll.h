/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: newlib.  See ../README.md.
 */
#ifndef FAKE_SYS_POLL_H
#define FAKE_SYS_POLL_H

#define POLLIN (1u << 0)
#define POLLOUT (1u << 3)
#define POLLERR (1u << 5)
#define POLLHUP (1u << 6)
#define POLLNVAL (1u << 7)
struct pollfd { int fd; short events, revents; };
typedef unsigned int nfds_t;
int poll(struct pollfd *fds, nfds_t n, int timeout);

#endif
