#include "query/link.h"

#include <errno.h>
#include <unistd.h>

void query_link_close(struct query_link *link)
{
    query_disconnect(&link->connection); /* and epoll forgets it */
    link->watch.fd = -1;
}

void query_link_ask(struct query_link *link, const struct query *query, size_t record_bytes)
{
    link->asked = *query;
    link->record_bytes = record_bytes;
    if (query_send(&link->connection, query))
        query_link_close(link);
}

static void on_answer(void *arg, struct watch *watch)
{
    struct query_link *link = arg;
    int fds[LOCAL_FDS_MAX];
    unsigned count;

    if (watch->fd < 0)
        return;
    ssize_t bytes = local_receive(watch->fd, &link->buffer, sizeof(link->buffer), fds, &count);
    if (bytes == -EAGAIN)
        return;
    const struct query_answer *answer = &link->buffer.answer;
    if (bytes < (ssize_t)sizeof(*answer) || (size_t)bytes < sizeof(*answer) + answer->count * link->record_bytes) {
        while (count > 0)
            close(fds[--count]);
        query_link_close(link);
        return;
    }
    link->answered(link->arg, link, fds, count);
}

void query_link_init(struct query_link *link)
{
    link->connection = (struct query_connection){.fd = -1, .page_fd = -1, .counters_fd = -1};
    link->watch = (struct watch){.fd = -1, .ready = on_answer, .arg = link};
}

bool query_link_try(struct query_link *link)
{
    if (query_link_is_open(link))
        return true;
    if (query_begin(&link->connection, link->path, link->token))
        return false;
    link->asked = (struct query){.kind = QUERY_HELLO};
    link->record_bytes = 0;
    link->watch.fd = link->connection.fd;
    if (watch_begin(link->epoll, &link->watch))
        query_link_close(link);
    return query_link_is_open(link);
}
