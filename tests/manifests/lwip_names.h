/* SPDX-License-Identifier: MIT
 *
 * lwip_names.h: put before a source file, has it call lwIP's sockets (Debian's liblwip) instead of this machine's, as
 * ESP-IDF's headers do.  With brackets only: `struct socket` stays what it is.
 */
#ifndef LWIP_NAMES_H
#define LWIP_NAMES_H

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <lwip/sockets.h>

#define socket(family, type, protocol) lwip_socket(family, type, protocol)
#define bind(fd, address, len) lwip_bind(fd, address, len)
#define listen(fd, backlog) lwip_listen(fd, backlog)
#define accept(fd, address, len) lwip_accept(fd, address, len)
#define shutdown(fd, how) lwip_shutdown(fd, how)
#define close(fd) lwip_close(fd)
#define recv(fd, to, size, flags) lwip_recv(fd, to, size, flags)
#define recvmsg(fd, message, flags) lwip_recvmsg(fd, message, flags)
#define send(fd, from, size, flags) lwip_send(fd, from, size, flags)
#define sendmsg(fd, message, flags) lwip_sendmsg(fd, message, flags)
#define getsockname(fd, address, len) lwip_getsockname(fd, address, len)
#define setsockopt(fd, level, option, value, len) lwip_setsockopt(fd, level, option, value, len)
#define fcntl(fd, command, value) lwip_fcntl(fd, command, value)
#define poll(fds, n, timeout) lwip_poll(fds, n, timeout)

#endif
