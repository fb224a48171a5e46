/* SPDX-License-Identifier: MIT
 *
 * ESP-IDF: lwip.  See ../README.md.
 */
#ifndef FAKE_SYS_SOCKET_H
#define FAKE_SYS_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LWIP_SOCKET 1           /* of lwipopts.h; in every program that includes this */
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOL_SOCKET 0xfff
#define SO_REUSEADDR 0x0004
#define SO_KEEPALIVE 0x0008
#define MSG_DONTWAIT 0x08
#define MSG_NOSIGNAL 0x20
#define SHUT_WR 1
typedef uint8_t sa_family_t;
typedef uint32_t socklen_t;
struct sockaddr { uint8_t sa_len; sa_family_t sa_family; char sa_data[14]; };
struct sockaddr_storage { uint8_t s2_len; sa_family_t ss_family; char s2_data1[2]; uint32_t s2_data2[6]; };
struct iovec { void *iov_base; size_t iov_len; };
struct msghdr {
    void *msg_name;
    socklen_t msg_namelen;
    struct iovec *msg_iov;
    int msg_iovlen;
    void *msg_control;
    socklen_t msg_controllen;
    int msg_flags;
};
int socket(int family, int type, int protocol);
int bind(int fd, const struct sockaddr *address, socklen_t len);
int listen(int fd, int backlog);
int accept(int fd, struct sockaddr *address, socklen_t *len);
int shutdown(int fd, int how);
ssize_t recv(int fd, void *to, size_t size, int flags);
ssize_t recvfrom(int fd, void *to, size_t size, int flags, struct sockaddr *address, socklen_t *len);
ssize_t recvmsg(int fd, struct msghdr *message, int flags);
ssize_t send(int fd, const void *from, size_t size, int flags);
ssize_t sendto(int fd, const void *from, size_t size, int flags, const struct sockaddr *to, socklen_t len);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
int getsockname(int fd, struct sockaddr *address, socklen_t *len);
int setsockopt(int fd, int level, int option, const void *value, socklen_t len);

#endif
