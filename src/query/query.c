#include "query/query.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512

static int address_of(const char *path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path))
        return -ENAMETOOLONG;
    memcpy(address->sun_path, path, strlen(path) + 1);
    return 0;
}

static int wait_for(int fd, short events, int timeout_ms)
{
    struct pollfd poller = {.fd = fd, .events = events};
    int ready;

    while ((ready = poll(&poller, 1, timeout_ms)) < 0 && errno == EINTR)
        ;
    return ready < 0 ? -errno : ready == 0 ? -ETIMEDOUT : 0;
}

/* The descriptors that came along with a message; those that are too many are closed. */
static unsigned take_fds(struct msghdr *message, int fds[static 2])
{
    unsigned count = 0;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + CMSG_LEN(sizeof(int)) <= part->cmsg_len; at += sizeof(int)) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + at, sizeof(fd));
            if (count < 2)
                fds[count++] = fd;
            else
                close(fd);
        }
    }
    return count;
}

static int receive(struct query_connection *connection, size_t record_bytes, int timeout_ms, union query_buffer *buffer)
{
    const struct query_answer *answer = &buffer->answer;
    union {
        char bytes[CMSG_SPACE(2 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {.iov_base = buffer, .iov_len = sizeof(*buffer)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
    int fds[2] = {-1, -1};

    int error = wait_for(connection->fd, POLLIN, timeout_ms);
    if (error)
        return error;
    ssize_t bytes = recvmsg(connection->fd, &message, MSG_CMSG_CLOEXEC);
    if (bytes <= 0)
        return bytes < 0 && errno != ECONNRESET ? -errno : -EPIPE;
    if (take_fds(&message, fds) == 2) {
        connection->page_fd = fds[0];
        connection->counters_fd = fds[1];
    } else if (fds[0] >= 0) {
        close(fds[0]);
    }
    if ((size_t)bytes < sizeof(*answer) || (size_t)bytes < sizeof(*answer) + answer->count * record_bytes)
        return -EPROTO;
    return 0;
}

int query_ask(struct query_connection *connection, const struct query *query, size_t record_bytes, int timeout_ms,
              union query_buffer *buffer)
{
    int error = 0;

    if (connection->fd < 0)
        return -EPIPE;
    if (send(connection->fd, query, sizeof(*query), MSG_NOSIGNAL) < 0)
        error = errno == ECONNRESET ? -EPIPE : -errno;
    if (!error)
        error = receive(connection, record_bytes, timeout_ms, buffer);
    if (error) {
        /* A late answer must not be taken for that to the next question. */
        close(connection->fd);
        connection->fd = -1;
    }
    return error;
}

int query_begin(struct query_connection *connection, const char *path, const uint8_t token[QUERY_TOKEN_BYTES])
{
    struct query hello = {.kind = QUERY_HELLO};
    struct sockaddr_un address;
    int error = address_of(path, &address);

    *connection = (struct query_connection){.fd = -1, .page_fd = -1, .counters_fd = -1};
    if (error)
        return error;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    memcpy(hello.token, token, QUERY_TOKEN_BYTES);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || /* -EAGAIN: its backlog is full */
        send(fd, &hello, sizeof(hello), MSG_NOSIGNAL) < 0) {
        error = -errno;
        close(fd);
        return error;
    }
    connection->fd = fd;
    return 0;
}

int query_finish(struct query_connection *connection, int timeout_ms)
{
    union query_buffer buffer;
    int error = receive(connection, 0, timeout_ms, &buffer);

    if (!error && connection->counters_fd < 0)
        error = -EPROTO;
    if (error && error != -ETIMEDOUT)
        query_disconnect(connection);
    return error;
}

int query_connect(struct query_connection *connection, const char *path, const uint8_t token[QUERY_TOKEN_BYTES],
                  int timeout_ms)
{
    int error = query_begin(connection, path, token);

    if (!error)
        error = query_finish(connection, timeout_ms);
    if (error)
        query_disconnect(connection);
    return error;
}

void query_disconnect(struct query_connection *connection)
{
    int *const fds[] = {&connection->fd, &connection->page_fd, &connection->counters_fd};

    for (unsigned i = 0; i < 3; i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

int query_make_token(uint8_t token[QUERY_TOKEN_BYTES])
{
    return getrandom(token, QUERY_TOKEN_BYTES, 0) == QUERY_TOKEN_BYTES ? 0 : -EIO;
}

int query_listen(const char *path, unsigned uid, unsigned gid)
{
    struct sockaddr_un address;
    int error = address_of(path, &address);

    if (error)
        return error;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    unlink(path); /* of a daemon that was killed: the locked pid file says that there is no other now */
    mode_t mask = umask(0177);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chown(path, uid, gid) < 0 ||
        listen(fd, BACKLOG) < 0)
        error = -errno;
    umask(mask);
    if (error) {
        close(fd);
        return error;
    }
    return fd;
}
