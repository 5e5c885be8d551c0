/* One question at a time: leases as a list, reservations as a list, then changes, which come when there are any. */
#include "engine/lease_link.h"

#include "base/local_socket.h"
#include "log/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void lease_link_close(struct lease_link *link)
{
    query_disconnect(&link->connection); /* and epoll forgets it */
    link->watch.fd = -1;
}

static void ask(struct lease_link *link)
{
    if (local_send(link->connection.fd, &link->query, sizeof(link->query), NULL, 0))
        lease_link_close(link);
}

static void ask_for_all(struct lease_link *link)
{
    bindings_round_begin(link->bindings, BINDING_LEASE);
    bindings_round_begin(link->bindings, BINDING_RESERVATION);
    link->query = (struct query){.kind = QUERY_BOUND};
    link->generation = 0;
    ask(link);
}

/* Only hosts, and only at ports: the role is not trusted with more than that. */
static void take(struct lease_link *link, enum binding_source source)
{
    const struct query_bound *records = query_records(&link->buffer);
    const struct links *links = &link->bindings->routing->links;

    for (uint32_t i = 0; i < link->buffer.answer.count; i++) {
        struct neighbour_host host = {.ifindex = records[i].ifindex, .addr = records[i].addr};
        const struct link *at = host.ifindex ? links_find(links, host.ifindex) : NULL;
        memcpy(host.mac, records[i].mac, ETH_ADDR_SIZE);
        if (at && at->port && !eth_addr_is_multicast(host.mac))
            bindings_put(link->bindings, source, &host);
        else if (source == BINDING_LEASE)
            bindings_end_lease(link->bindings, host.addr);
    }
}

/* The next part of a list. False: that was all. */
static bool ask_on(struct lease_link *link)
{
    if (!link->buffer.answer.more)
        return false;
    link->query.range.started = true;
    link->query.range.after = link->buffer.answer.last;
    ask(link);
    return true;
}

static void on_bound(struct lease_link *link)
{
    const struct query_answer *answer = &link->buffer.answer;

    if (answer->error) { /* -ESTALE: too much has changed to be told one by one */
        ask_for_all(link);
        return;
    }
    take(link, BINDING_LEASE);
    if (link->query.generation) {
        link->query.generation = answer->generation;
        ask(link);
        return;
    }
    if (!link->generation) /* what changes while the list is told is told again */
        link->generation = answer->generation;
    if (ask_on(link))
        return;
    bindings_round_end(link->bindings, BINDING_LEASE);
    link->query = (struct query){.kind = QUERY_RESERVED};
    ask(link);
}

static void on_reserved(struct lease_link *link)
{
    take(link, BINDING_RESERVATION);
    if (ask_on(link))
        return;
    bindings_round_end(link->bindings, BINDING_RESERVATION);
    bindings_are_known(link->bindings);
    link->query = (struct query){.kind = QUERY_BOUND, .generation = link->generation};
    ask(link);
}

static size_t record_bytes(const struct lease_link *link)
{
    return link->query.kind == QUERY_HELLO ? 0 : sizeof(struct query_bound);
}

static void on_answer(void *arg, struct watch *watch)
{
    struct lease_link *link = arg;
    int fds[LOCAL_FDS_MAX];
    unsigned count;

    if (watch->fd < 0)
        return;
    ssize_t bytes = local_receive(watch->fd, &link->buffer, sizeof(link->buffer), fds, &count);
    if (bytes == -EAGAIN)
        return;
    while (count > 0)
        close(fds[--count]);
    if (bytes < (ssize_t)sizeof(struct query_answer) ||
        (size_t)bytes < sizeof(struct query_answer) + link->buffer.answer.count * record_bytes(link)) {
        lease_link_close(link);
        return;
    }
    switch (link->query.kind) {
    case QUERY_BOUND:
        on_bound(link);
        break;
    case QUERY_RESERVED:
        on_reserved(link);
        break;
    default:
        ask_for_all(link);
        break;
    }
}

void lease_link_init(struct lease_link *link, const char *path, const uint8_t *token, int epoll,
                     struct bindings *bindings)
{
    *link = (struct lease_link){.path = path,
                                .token = token,
                                .epoll = epoll,
                                .bindings = bindings,
                                .connection = {.fd = -1, .page_fd = -1, .counters_fd = -1},
                                .watch = {.fd = -1, .ready = on_answer, .arg = link}};
}

static void have_none(struct lease_link *link)
{
    lease_link_close(link);
    link->generation = 0;
    bindings_round_begin(link->bindings, BINDING_LEASE);
    bindings_round_end(link->bindings, BINDING_LEASE);
    bindings_round_begin(link->bindings, BINDING_RESERVATION);
    bindings_round_end(link->bindings, BINDING_RESERVATION);
    bindings_are_known(link->bindings);
}

void lease_link_try(struct lease_link *link, bool wanted)
{
    if (!wanted && (link->connection.fd >= 0 || link->generation || !link->bindings->known))
        have_none(link);
    if (!wanted || link->connection.fd >= 0 || query_begin(&link->connection, link->path, link->token))
        return;
    link->query = (struct query){.kind = QUERY_HELLO};
    link->watch.fd = link->connection.fd;
    if (watch_begin(link->epoll, &link->watch))
        lease_link_close(link);
}
