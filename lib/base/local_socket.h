/*
 * Unix sockets: addresses by path, and descriptors that are passed along with a message.
 *
 * `type` is SOCK_STREAM or SOCK_SEQPACKET, with SOCK_NONBLOCK or without; everything is closed on exec.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define LOCAL_PATH_SIZE 108 /* of an address, its zero byte included */
#define LOCAL_FDS_MAX   4   /* passed along with one message */

/* Listen at a path; what stands there is taken away first. The socket's file gets this mode, and this owner and group
 * unless they are -1. A descriptor; -errno. */
int local_listen(const char *path, int type, mode_t mode, uid_t uid, gid_t gid);

/* A descriptor; -errno: -ENOENT or -ECONNREFUSED, nobody listens there. */
int local_connect(const char *path, int type);

/* Send one message without waiting, with `count` descriptors, which stay the caller's. 0; -errno. */
int local_send(int socket, const void *message, size_t bytes, const int *fds, unsigned count);

/*
 * Receive one message without waiting. Descriptors that came along are the caller's: fds[0 ... *count - 1]. Its length
 * in bytes; 0: the other side has ended; -EAGAIN; -errno.
 */
ssize_t local_receive(int socket, void *message, size_t room, int fds[static LOCAL_FDS_MAX], unsigned *count);
