/* One question at a time: leases as a list, reservations as a list, then changes, which come when there are any. */
#include "engine/lease_link.h"

#include <string.h>
#include <unistd.h>

void lease_link_close(struct lease_link *leases)
{
    query_link_close(&leases->link);
}

static void ask(struct lease_link *leases, const struct query *query)
{
    query_link_ask(&leases->link, query, sizeof(struct query_bound));
}

static void ask_for_all(struct lease_link *leases)
{
    bindings_round_begin(leases->bindings, BINDING_LEASE);
    bindings_round_begin(leases->bindings, BINDING_RESERVATION);
    leases->generation = 0;
    ask(leases, &(struct query){.kind = QUERY_BOUND});
}

/* Only hosts, and only at ports: the role is not trusted with more than that. */
static void take(const struct lease_link *leases, union query_buffer *buffer, enum binding_source source)
{
    const struct query_bound *records = query_records(buffer);
    const struct links *links = &leases->bindings->routing->links;

    for (uint32_t i = 0; i < buffer->answer.count; i++) {
        struct neighbour_host host = {.ifindex = records[i].ifindex, .addr = records[i].addr};
        const struct link *at = host.ifindex ? links_find(links, host.ifindex) : NULL;
        memcpy(host.mac, records[i].mac, ETH_ADDR_SIZE);
        if (at && at->port && !eth_addr_is_multicast(host.mac))
            bindings_put(leases->bindings, source, &host);
        else if (source == BINDING_LEASE)
            bindings_end_lease(leases->bindings, host.addr);
    }
}

/* The next part of a list. False: that was all. */
static bool ask_on(struct lease_link *leases)
{
    const struct query_answer *answer = &leases->link.buffer.answer;
    struct query query = leases->link.asked;

    if (!answer->more)
        return false;
    query.range.started = true;
    query.range.after = answer->last;
    ask(leases, &query);
    return true;
}

static void ask_for_changes(struct lease_link *leases)
{
    ask(leases, &(struct query){.kind = QUERY_BOUND, .generation = leases->generation});
}

static void on_bound(struct lease_link *leases)
{
    const struct query_answer *answer = &leases->link.buffer.answer;

    if (answer->error) { /* -ESTALE: too much has changed to be told one by one */
        ask_for_all(leases);
        return;
    }
    take(leases, &leases->link.buffer, BINDING_LEASE);
    if (leases->link.asked.generation) {
        leases->generation = answer->generation;
        ask_for_changes(leases);
        return;
    }
    if (!leases->generation) /* what changes while the list is told is told again */
        leases->generation = answer->generation;
    if (ask_on(leases))
        return;
    bindings_round_end(leases->bindings, BINDING_LEASE);
    ask(leases, &(struct query){.kind = QUERY_RESERVED});
}

static void on_reserved(struct lease_link *leases)
{
    take(leases, &leases->link.buffer, BINDING_RESERVATION);
    if (ask_on(leases))
        return;
    bindings_round_end(leases->bindings, BINDING_RESERVATION);
    bindings_are_known(leases->bindings);
    ask_for_changes(leases);
}

static void on_answer(void *arg, struct query_link *link, const int *fds, unsigned fd_count)
{
    struct lease_link *leases = arg;

    while (fd_count > 0) /* none are expected */
        close(fds[--fd_count]);
    switch (link->asked.kind) {
    case QUERY_BOUND:
        on_bound(leases);
        break;
    case QUERY_RESERVED:
        on_reserved(leases);
        break;
    default:
        ask_for_all(leases);
        break;
    }
}

void lease_link_init(struct lease_link *leases, const char *path, const uint8_t *token, int epoll,
                     struct bindings *bindings)
{
    *leases = (struct lease_link){
        .bindings = bindings,
        .link = {.path = path, .token = token, .epoll = epoll, .answered = on_answer, .arg = leases}};
    query_link_init(&leases->link);
}

static void have_none(struct lease_link *leases)
{
    lease_link_close(leases);
    leases->generation = 0;
    bindings_round_begin(leases->bindings, BINDING_LEASE);
    bindings_round_end(leases->bindings, BINDING_LEASE);
    bindings_round_begin(leases->bindings, BINDING_RESERVATION);
    bindings_round_end(leases->bindings, BINDING_RESERVATION);
    bindings_are_known(leases->bindings);
}

void lease_link_try(struct lease_link *leases, bool wanted)
{
    if (wanted)
        query_link_try(&leases->link);
    else if (query_link_is_open(&leases->link) || leases->generation || !leases->bindings->known)
        have_none(leases);
}
