#include "engine/bindings.h"

#include "log/log.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

#define TOLD_A_TICK  256
#define LOOKS_A_TICK 4096
#define BINDINGS_MAX 524288 /* of those without a guard there may be more; they are only a help */

struct binding {
    struct neighbour_host host;
    uint32_t named[BINDING_SOURCE_COUNT]; /* the last round in which it was; 0: not of this source */
    bool in_door;
    bool told;            /* to the kernel */
    struct binding *next; /* the same address, of somebody else */
};

static const struct ipv4_prefix everything = {0};

static struct ipv4_prefix at(uint32_t addr)
{
    return (struct ipv4_prefix){addr, 32};
}

/* --- the door ---------------------------------------------------------------------------------------------------- */

static bool is_guarded(const struct bindings *bindings, uint32_t ifindex)
{
    const struct link *link = links_find(&bindings->routing->links, ifindex);

    return link && link->port && bindings->guarded[link->port] == ifindex;
}

static struct door_binding key_of(const struct binding *binding)
{
    struct door_binding key = {.ifindex = binding->host.ifindex, .addr = binding->host.addr};

    memcpy(key.mac, binding->host.mac, ETH_ADDR_SIZE);
    return key;
}

static void set_in_door(struct bindings *bindings, struct binding *binding, bool in)
{
    struct door_binding key = key_of(binding);

    if (binding->in_door == in)
        return;
    if (!in) {
        door_unbind(bindings->door, &key);
        binding->in_door = bindings->full = false;
        return;
    }
    int error = door_bind(bindings->door, &key);
    binding->in_door = !error;
    if (error && !bindings->full)
        log_error("source guard: there is no room for all who may speak: %s", strerror(-error));
    bindings->full |= error != 0;
}

/* --- the kernel -------------------------------------------------------------------------------------------------- */

static bool is_neighbour(const struct binding *binding)
{
    return binding->named[BINDING_LEASE] || binding->named[BINDING_HOST];
}

/* fresh: it has just been heard of, so that it is known better than what the kernel remembers. */
static void tell(struct bindings *bindings, struct binding *binding, bool fresh)
{
    const struct routing *routing = bindings->routing;
    const struct link *link = links_find(&routing->links, binding->host.ifindex);
    const struct neighbour *known = neighbours_find(&routing->neighbours, binding->host.ifindex, binding->host.addr);
    bool host = binding->named[BINDING_HOST];

    if (!is_neighbour(binding) || !link || !link->up || !bindings->budget)
        return;
    bool right = known && known->valid && eth_addr_equal(known->mac, binding->host.mac);
    if (host ? right && known->state & NUD_PERMANENT : right || (known && !fresh))
        return;
    if (!host && !binding->told && bindings->neighbours >= QUERY_BOUND_HELP_MAX)
        return;
    bindings->budget--;
    binding->host.permanent = host;
    neighbours_put(routing->netlink, &binding->host);
    bindings->neighbours += !binding->told;
    binding->told = true;
}

static void take_back(struct bindings *bindings, struct binding *binding)
{
    const struct routing *routing = bindings->routing;

    if (!binding->told)
        return;
    neighbours_take_back(&routing->neighbours, routing->netlink, binding->host.ifindex, binding->host.addr);
    binding->told = false;
    bindings->neighbours--;
}

/* --- who has what ------------------------------------------------------------------------------------------------ */

static bool is_anybodys(const struct binding *binding)
{
    for (unsigned i = 0; i < BINDING_SOURCE_COUNT; i++)
        if (binding->named[i])
            return true;
    return false;
}

/* Take one out of the chain of its address. */
static void forget(struct bindings *bindings, struct binding *binding)
{
    struct binding *first = ipv4_map_get(&bindings->by_addr, at(binding->host.addr));

    set_in_door(bindings, binding, false);
    take_back(bindings, binding);
    if (first != binding) {
        while (first->next != binding)
            first = first->next;
        first->next = binding->next;
    } else if (binding->next) {
        ipv4_map_put(&bindings->by_addr, at(binding->host.addr), binding->next);
    } else {
        ipv4_map_remove(&bindings->by_addr, at(binding->host.addr));
    }
    bindings->count--;
    free(binding);
}

static void end(struct bindings *bindings, struct binding *binding, enum binding_source source)
{
    binding->named[source] = 0;
    if (!is_anybodys(binding))
        forget(bindings, binding);
    else if (!is_neighbour(binding))
        take_back(bindings, binding);
}

/* End the lease of an address, but for one of them. */
static void end_leases(struct bindings *bindings, uint32_t addr, const struct binding *but)
{
    struct binding *next;

    for (struct binding *binding = ipv4_map_get(&bindings->by_addr, at(addr)); binding; binding = next) {
        next = binding->next;
        if (binding != but && binding->named[BINDING_LEASE])
            end(bindings, binding, BINDING_LEASE);
    }
}

void bindings_end_lease(struct bindings *bindings, uint32_t addr)
{
    end_leases(bindings, addr, NULL);
}

static struct binding *find(const struct bindings *bindings, const struct neighbour_host *host)
{
    struct binding *binding = ipv4_map_get(&bindings->by_addr, at(host->addr));

    while (binding && (binding->host.ifindex != host->ifindex || !eth_addr_equal(binding->host.mac, host->mac)))
        binding = binding->next;
    return binding;
}

static struct binding *add(struct bindings *bindings, const struct neighbour_host *host)
{
    struct binding *first = ipv4_map_get(&bindings->by_addr, at(host->addr));
    struct binding *binding = bindings->count < BINDINGS_MAX ? calloc(1, sizeof(*binding)) : NULL;

    if (!binding)
        return NULL;
    binding->host = *host;
    if (first) {
        binding->next = first->next;
        first->next = binding;
    } else if (ipv4_map_put(&bindings->by_addr, at(host->addr), binding)) {
        free(binding);
        return NULL;
    }
    bindings->count++;
    return binding;
}

void bindings_put(struct bindings *bindings, enum binding_source source, const struct neighbour_host *host)
{
    struct binding *binding = find(bindings, host);
    bool guarded = is_guarded(bindings, host->ifindex);

    if (!binding)
        binding = add(bindings, host);
    if (!binding) {
        if (guarded && !bindings->full)
            log_error("source guard: there is no room for all who may speak");
        bindings->full |= guarded;
        return;
    }
    bool fresh = !binding->named[source];
    binding->named[source] = bindings->rounds[source] ? bindings->rounds[source] : 1;
    if (source == BINDING_LEASE)
        end_leases(bindings, host->addr, binding);
    set_in_door(bindings, binding, guarded);
    if (fresh)
        tell(bindings, binding, bindings->known || source == BINDING_HOST);
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

/* Each of them, which may be forgotten by it. */
static void each(struct bindings *bindings,
                 void (*what)(struct bindings *bindings, struct binding *binding, enum binding_source source),
                 enum binding_source source)
{
    struct ipv4_prefix place;
    struct binding *next;

    for (struct binding *first = ipv4_map_first(&bindings->by_addr, everything, &place); first;
         first = ipv4_map_next(&bindings->by_addr, everything, &place)) {
        for (struct binding *binding = first; binding; binding = next) {
            next = binding->next;
            what(bindings, binding, source);
        }
    }
}

static void end_if_not_named(struct bindings *bindings, struct binding *binding, enum binding_source source)
{
    if (binding->named[source] && binding->named[source] != bindings->rounds[source])
        end(bindings, binding, source);
}

void bindings_round_begin(struct bindings *bindings, enum binding_source source)
{
    bindings->rounds[source] += 1 + !bindings->rounds[source]; /* what is put outside of rounds is of number 1 */
}

void bindings_round_end(struct bindings *bindings, enum binding_source source)
{
    each(bindings, end_if_not_named, source);
}

static bool has_neighbour(const void *arg, const struct neighbour *neighbour)
{
    const struct bindings *bindings = arg;
    const struct binding *binding = ipv4_map_get(&bindings->by_addr, at(neighbour->addr));

    while (binding && (binding->host.ifindex != neighbour->ifindex || !is_neighbour(binding)))
        binding = binding->next;
    return binding;
}

void bindings_are_known(struct bindings *bindings)
{
    const struct routing *routing = bindings->routing;

    if (bindings->known)
        return;
    bindings->known = true;
    neighbours_take_back_all(&routing->neighbours, routing->netlink, has_neighbour, bindings);
}

static void put_in_door_where_guarded(struct bindings *bindings, struct binding *binding, enum binding_source source)
{
    (void)source;
    set_in_door(bindings, binding, is_guarded(bindings, binding->host.ifindex));
}

static void put_hosts(struct bindings *bindings, const struct port *port)
{
    for (size_t i = 0; i < port->conf->host_count; i++) {
        struct neighbour_host host = {.ifindex = port->ifindex, .addr = port->conf->hosts[i].addr};
        memcpy(host.mac, port->conf->hosts[i].mac, ETH_ADDR_SIZE);
        bindings_put(bindings, BINDING_HOST, &host);
    }
}

static void follow_hosts(struct bindings *bindings, const struct ports *ports, const struct conf *conf)
{
    if (conf == bindings->conf && ports->changes == bindings->seen_changes)
        return;
    bindings->conf = conf;
    bindings->seen_changes = ports->changes;
    bindings_round_begin(bindings, BINDING_HOST);
    for (unsigned i = 1; i <= ports->count; i++)
        if (ports->all[i].name[0] && ports->all[i].ifindex)
            put_hosts(bindings, &ports->all[i]);
    bindings_round_end(bindings, BINDING_HOST);
}

static bool is_ours(const void *arg, const struct door_binding *key)
{
    const struct bindings *bindings = arg;
    struct neighbour_host host = {.ifindex = key->ifindex, .addr = key->addr};

    memcpy(host.mac, key->mac, ETH_ADDR_SIZE);
    const struct binding *binding = find(bindings, &host);
    return binding && binding->in_door;
}

/* Those of an engine before this one may speak until it is known who may. */
static void forget_left(struct bindings *bindings, const struct conf *conf)
{
    if (bindings->left && (bindings->known || !conf_has_clients(conf)))
        bindings->left = door_unbind_others(bindings->door, is_ours, bindings) != 0;
}

bool bindings_follow(struct bindings *bindings, struct ports *ports, const struct conf *conf)
{
    bool changed = false;

    follow_hosts(bindings, ports, conf);
    for (unsigned i = 1; i <= ports->count; i++) {
        const struct port *port = &ports->all[i];
        bool on = port->name[0] && port->ifindex && port->conf->source_guard &&
                  (bindings->known || port->was_guarded || !conf_interface_has_clients(port->conf));
        changed |= bindings->guarded[i] != (on ? port->ifindex : 0);
        bindings->guarded[i] = on ? port->ifindex : 0;
    }
    if (changed)
        each(bindings, put_in_door_where_guarded, BINDING_SOURCE_COUNT);
    for (unsigned i = 1; i <= ports->count; i++) {
        struct port *port = &ports->all[i];
        bool on = bindings->guarded[i] != 0;
        changed |= port->guarded != on;
        port->guarded = on;
    }
    forget_left(bindings, conf);
    return changed;
}

void bindings_tick(struct bindings *bindings)
{
    bindings->budget = TOLD_A_TICK;
    for (unsigned looks = 0; looks < LOOKS_A_TICK && bindings->budget; looks++) {
        struct binding *first = bindings->started ? ipv4_map_next(&bindings->by_addr, everything, &bindings->at)
                                                  : ipv4_map_first(&bindings->by_addr, everything, &bindings->at);
        bindings->started = first;
        if (!first)
            break;
        for (struct binding *binding = first; binding; binding = binding->next)
            tell(bindings, binding, false);
    }
}

static void free_one(struct bindings *bindings, struct binding *binding, enum binding_source source)
{
    (void)bindings;
    (void)source;
    free(binding);
}

void bindings_clear(struct bindings *bindings)
{
    each(bindings, free_one, BINDING_SOURCE_COUNT);
    ipv4_map_clear(&bindings->by_addr);
}
