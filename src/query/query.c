#include "query/query.h"

#include "base/local_socket.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

static int wait_for(int fd, short events, int timeout_ms)
{
    struct pollfd poller = {.fd = fd, .events = events};
    int ready;

    while ((ready = poll(&poller, 1, timeout_ms)) < 0 && errno == EINTR)
        ;
    return ready < 0 ? -errno : ready == 0 ? -ETIMEDOUT : 0;
}

static int receive(struct query_connection *connection, size_t record_bytes, int timeout_ms, union query_buffer *buffer)
{
    const struct query_answer *answer = &buffer->answer;
    int fds[LOCAL_FDS_MAX];
    unsigned count;

    int error = wait_for(connection->fd, POLLIN, timeout_ms);
    if (error)
        return error;
    ssize_t bytes = local_receive(connection->fd, buffer, sizeof(*buffer), fds, &count);
    if (count == 2) {
        connection->page_fd = fds[0];
        connection->counters_fd = fds[1];
    } else {
        while (count > 0)
            close(fds[--count]);
    }
    if (bytes <= 0)
        return bytes ? (int)bytes : -EPIPE;
    if ((size_t)bytes < sizeof(*answer) || (size_t)bytes < sizeof(*answer) + answer->count * record_bytes)
        return -EPROTO;
    return 0;
}

/* A late answer must not be taken for that to the next question. */
static int close_if(struct query_connection *connection, int error)
{
    if (error && connection->fd >= 0) {
        close(connection->fd);
        connection->fd = -1;
    }
    return error;
}

int query_send(struct query_connection *connection, const struct query *query)
{
    if (connection->fd < 0)
        return -EPIPE;
    int error = local_send(connection->fd, query, offsetof(struct query, text) + query->text_bytes, NULL, 0);
    return close_if(connection, error == -ECONNRESET ? -EPIPE : error);
}

int query_receive(struct query_connection *connection, size_t record_bytes, int timeout_ms, union query_buffer *buffer)
{
    return close_if(connection, receive(connection, record_bytes, timeout_ms, buffer));
}

int query_ask(struct query_connection *connection, const struct query *query, size_t record_bytes, int timeout_ms,
              union query_buffer *buffer)
{
    int error = query_send(connection, query);

    return error ? error : query_receive(connection, record_bytes, timeout_ms, buffer);
}

int query_begin(struct query_connection *connection, const char *path, const uint8_t token[QUERY_TOKEN_BYTES])
{
    struct query hello = {.kind = QUERY_HELLO};

    *connection = (struct query_connection){.fd = -1, .page_fd = -1, .counters_fd = -1};
    memcpy(hello.token, token, QUERY_TOKEN_BYTES);
    int fd = local_connect(path, SOCK_SEQPACKET | SOCK_NONBLOCK); /* -EAGAIN: its backlog is full */
    if (fd < 0)
        return fd;
    int error = local_send(fd, &hello, offsetof(struct query, text), NULL, 0);
    if (error) {
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
