#include "engine/uses.h"

#include <errno.h>
#include <string.h>

/* The records from a number on, as many as there is room for. */
struct list {
    union query_buffer *buffer;
    const char *interface;
    uint32_t number, from;
};

static void add(struct list *list, enum query_use_kind kind, uint32_t first, uint32_t last, uint8_t len)
{
    const uint32_t room = (QUERY_ANSWER_BYTES - sizeof(struct query_answer)) / sizeof(struct query_use);
    struct query_answer *answer = &list->buffer->answer;
    struct query_use *records = query_records(list->buffer);

    if (list->number++ < list->from)
        return;
    if (answer->count == room) {
        answer->more = 1;
        return;
    }
    struct query_use *use = &records[answer->count++];
    *use = (struct query_use){.first = first, .last = last, .kind = (uint8_t)kind, .len = len};
    strncpy(use->interface, list->interface, QUERY_NAME_SIZE - 1);
    answer->last.addr = list->number; /* how many are told */
}

static void add_host(struct list *list, uint32_t addr)
{
    if (addr)
        add(list, QUERY_USE_RESERVATION, addr, addr, 32);
}

/* What is served at an interface, or behind relays. */
static void add_served(struct list *list, const struct conf_dhcp *dhcp)
{
    for (size_t i = 0; i < dhcp->range_count; i++)
        add(list, QUERY_USE_POOL, dhcp->ranges[i].first, dhcp->ranges[i].last, 32);
    for (size_t i = 0; i < dhcp->reservation_count; i++)
        add_host(list, dhcp->reservations[i].addr);
}

static void add_interface(struct list *list, const struct conf_interface *interface)
{
    list->interface = interface->name;
    for (size_t i = 0; i < interface->address_count; i++) {
        struct ipv4_prefix prefix = interface->addresses[i].prefix;
        add(list, QUERY_USE_ADDRESS, prefix.addr, prefix.addr, prefix.len);
    }
    for (size_t i = 0; i < interface->host_count; i++)
        add_host(list, interface->hosts[i].addr);
    if (!interface->dhcp)
        return;
    add_served(list, interface->dhcp);
    for (size_t i = 0; i < interface->dhcp->subnet_count; i++)
        add_served(list, &interface->dhcp->subnets[i]);
}

static void add_relayed(struct list *list, const struct conf_dhcp *subnet)
{
    list->interface = "";
    add(list, QUERY_USE_SUBNET, ipv4_prefix_first(subnet->prefix), ipv4_prefix_last(subnet->prefix),
        subnet->prefix.len);
    add_served(list, subnet);
}

size_t uses_list(const struct conf *conf, uint64_t generation, const struct query *query, union query_buffer *buffer)
{
    struct list list = {.buffer = buffer, .from = query->range.started ? query->range.after.addr : 0};

    buffer->answer.generation = generation;
    if (query->range.started && query->generation != generation) {
        buffer->answer.error = -ESTALE;
        return sizeof(struct query_use);
    }
    for (size_t i = 0; i < conf->interface_count && !buffer->answer.more; i++)
        add_interface(&list, &conf->interfaces[i]);
    for (size_t i = 0; i < conf->dhcp.all.subnet_count && !buffer->answer.more; i++)
        add_relayed(&list, &conf->dhcp.all.subnets[i]);
    return sizeof(struct query_use);
}
