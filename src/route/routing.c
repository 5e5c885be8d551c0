/*
 * The kernel as a source of routes: its messages, and the full resync where messages may be missing.
 *
 * Events and answers come over different sockets. A resync asks while events wait; those are handled afterwards, older
 * than the answers as they may be: at their end stands what the kernel knows.
 */
#include "route/routing.h"

#include "base/compiler.h"
#include "log/log.h"
#include "route/path.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL_PREFERENCE 10 /* until there is a configuration */

static const unsigned groups[] = {RTNLGRP_LINK,      RTNLGRP_NEIGH,        RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
                                  RTNLGRP_IPV4_RULE, RTNLGRP_IPV4_NETCONF, RTNLGRP_NEXTHOP};

/* --- routes ------------------------------------------------------------------------------------------------------ */

/* Static routes are found by attached subnets. */
static void attached_changed(struct routing *routing, const struct rib_path *path)
{
    if (path->scope >= RT_SCOPE_LINK)
        routing->statics.stale = true;
}

static void new_route(struct routing *routing, const struct nlmsghdr *message)
{
    struct ipv4_prefix prefix;
    struct rib_path path;

    if (!path_read(message, routing->kernel_preference, &routing->multipaths, &prefix, &path))
        return;
    changed_note(&routing->changed, prefix.addr);
    enum rib_place place = message->nlmsg_flags & NLM_F_REPLACE  ? RIB_REPLACE
                           : message->nlmsg_flags & NLM_F_APPEND ? RIB_LAST
                                                                 : RIB_FIRST;
    if (path_is_installed(&path)) {
        if (!netlink_is_own(routing->netlink, message))
            installs_came(&routing->installs, prefix, &path, place == RIB_FIRST);
        return;
    }
    attached_changed(routing, &path);
    /* Ours stands first of its metric, and so was what has been replaced: the others are all there still. */
    if (path.source == RIB_SOURCE_KERNEL && path.metric == 0 && path.tos == 0 && place != RIB_LAST &&
        installs_other_came(&routing->installs, prefix, place == RIB_REPLACE))
        place = RIB_FIRST;
    if (rib_put(routing->rib, prefix, &path, place))
        routing->incomplete = true;
}

static void delete_route(struct routing *routing, const struct nlmsghdr *message)
{
    struct ipv4_prefix prefix;
    struct rib_path path;

    if (!path_read(message, routing->kernel_preference, &routing->multipaths, &prefix, &path))
        return;
    changed_note(&routing->changed, prefix.addr);
    if (path_is_installed(&path)) {
        if (!netlink_is_own(routing->netlink, message))
            installs_went(&routing->installs, prefix, &path);
        return;
    }
    attached_changed(routing, &path);
    if (rib_withdraw(routing->rib, prefix, &path) == 0)
        return;
    /* Not known in these words. It may have been replaced or resynced away already; if anything of its rank is there,
     * the two tables differ. */
    const struct rib_entry *entry = rib_get(routing->rib, prefix);
    for (uint32_t i = 0; entry && i < entry->count; i++)
        if (entry->paths[i].source == path.source && entry->paths[i].tos == path.tos &&
            entry->paths[i].metric == path.metric)
            routing->resync_wanted = true;
}

static void take_paths(void *arg, struct ipv4_prefix prefix, const struct rib_path *paths, unsigned count)
{
    struct routing *routing = arg;

    if (rib_round_set(routing->rib, paths[0].source, prefix, paths, count))
        routing->incomplete = true;
}

static void take_installed(void *arg, struct ipv4_prefix prefix, const struct rib_path *path, bool in_front)
{
    struct routing *routing = arg;

    installs_came(&routing->installs, prefix, path, in_front);
}

static int dump_routes(void *arg)
{
    struct routing *routing = arg;
    struct path_dump dump = {.kernel_preference = routing->kernel_preference,
                             .multipaths = &routing->multipaths,
                             .paths_are = take_paths,
                             .installed_is = take_installed,
                             .arg = routing};
    struct rtmsg request = {.rtm_family = AF_INET};

    rib_round_begin(routing->rib, RIB_SOURCE_LOCAL);
    rib_round_begin(routing->rib, RIB_SOURCE_KERNEL);
    installs_round_begin(&routing->installs);
    int error = netlink_dump(routing->netlink, RTM_GETROUTE, &request, sizeof(request), path_dump_message, &dump);
    path_dump_end(&dump);
    if (!error && dump.failed)
        routing->incomplete = true;
    if (!error) {
        rib_round_end(routing->rib, RIB_SOURCE_LOCAL);
        rib_round_end(routing->rib, RIB_SOURCE_KERNEL);
        installs_round_end(&routing->installs);
    }
    return error;
}

/* --- rules ------------------------------------------------------------------------------------------------------- */

/* The three rules that every system has: 0 local, 32766 main, 32767 default; a bit for each that was seen. */
struct rules {
    unsigned seen;
    bool odd;
};

static void check_rule(const struct nlmsghdr *message, void *arg)
{
    static const struct {
        uint32_t priority, table;
    } usual[] = {{0, RT_TABLE_LOCAL}, {32766, RT_TABLE_MAIN}, {32767, RT_TABLE_DEFAULT}};
    struct rules *rules = arg;
    const struct fib_rule_hdr *rule = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    uint32_t priority = 0, table = 0;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*rule) || rule->family != AF_INET)
        return;
    table = rule->table;
    bool odd =
        rule->src_len || rule->dst_len || rule->tos || rule->action != FR_ACT_TO_TBL || (rule->flags & FIB_RULE_INVERT);
    mnl_attr_for_each(attribute, message, sizeof(*rule))
    {
        switch (mnl_attr_get_type(attribute)) {
        case FRA_PRIORITY:
            priority = netlink_u32(attribute, 0);
            break;
        case FRA_TABLE:
            table = netlink_u32(attribute, 0);
            break;
        case FRA_SUPPRESS_PREFIXLEN:
            odd |= netlink_u32(attribute, 0) != UINT32_MAX;
            break;
        case FRA_PROTOCOL:
        case FRA_PAD:
            break;
        default:
            odd = true;
        }
    }
    for (unsigned i = 0; i < ARRAY_SIZE(usual); i++) {
        if (!odd && usual[i].priority == priority && usual[i].table == table) {
            rules->seen |= 1u << i;
            return;
        }
    }
    rules->odd = true;
}

static int dump_rules(void *arg)
{
    struct routing *routing = arg;
    struct fib_rule_hdr request = {.family = AF_INET};
    struct rules rules = {0};
    int error = netlink_dump(routing->netlink, RTM_GETRULE, &request, sizeof(request), check_rule, &rules);

    if (error == -EOPNOTSUPP) { /* a kernel without policy routing */
        routing->odd_rules = false;
        return 0;
    }
    if (!error)
        routing->odd_rules = rules.odd || rules.seen != 7;
    return error;
}

/* --- links, neighbours, nexthop objects -------------------------------------------------------------------------- */

static bool has_objects(const struct routing *routing, uint32_t ifindex)
{
    const struct object *object = NULL;

    while ((object = id_table_next(&routing->objects, object)) && object->ifindex != ifindex)
        ;
    return object;
}

static void link_changed(struct routing *routing, const struct nlmsghdr *message, unsigned change)
{
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message); /* read before, if it is a change of a link at all */

    if ((change & LINK_DOWN) && has_objects(routing, (uint32_t)info->ifi_index))
        routing->resync_wanted = true;
    if (change & LINK_CHANGED)
        routing->links_changed = routing->statics.stale = true;
    if (change & LINK_ROUTES_LOST)
        routing->resync_wanted = true;
}

static void object_changed(struct routing *routing, uint32_t id)
{
    if (!id)
        return;
    next_hops_object_changed(routing->next_hops, id);
    sync_all_neighbours(routing);
}

/* In a dump: its end looks at all next hops and neighbours at once. */
static void note_object(const struct nlmsghdr *message, void *arg)
{
    struct routing *routing = arg;

    objects_new(&routing->objects, message);
}

static void neighbour_gone(void *arg, uint32_t ifindex, uint32_t addr)
{
    sync_neighbour(arg, ifindex, addr);
}

static void handle(const struct nlmsghdr *message, void *arg)
{
    struct routing *routing = arg;
    uint32_t ifindex, addr;

    routing->messages++;
    switch (message->nlmsg_type) {
    case RTM_NEWROUTE:
        return new_route(routing, message);
    case RTM_DELROUTE:
        return delete_route(routing, message);
    case RTM_NEWNEIGH:
        if (neighbours_new(&routing->neighbours, message, &ifindex, &addr))
            sync_neighbour(routing, ifindex, addr);
        return;
    case RTM_DELNEIGH:
        if (neighbours_delete(&routing->neighbours, message, &ifindex, &addr))
            sync_neighbour(routing, ifindex, addr);
        return;
    case RTM_NEWLINK:
        return link_changed(routing, message, links_new(&routing->links, message));
    case RTM_DELLINK:
        return link_changed(routing, message, links_delete(&routing->links, message));
    case RTM_NEWNETCONF:
        return link_changed(routing, message, links_netconf(&routing->links, message));
    case RTM_NEWNEXTHOP:
        return object_changed(routing, objects_new(&routing->objects, message));
    case RTM_DELNEXTHOP:
        routing->resync_wanted = true; /* its routes went with it, without a message of their own */
        return object_changed(routing, objects_delete(&routing->objects, message));
    case RTM_DELADDR:
        routing->resync_wanted = true; /* and so did those that preferred this address */
        return;
    case RTM_NEWRULE:
    case RTM_DELRULE:
        return routing_look_at_rules(routing);
    }
}

void routing_look_at_rules(struct routing *routing)
{
    if (dump_rules(routing))
        routing->resync_wanted = true;
    routing->links_changed = true;
}

static int dump_links(void *arg)
{
    struct routing *routing = arg;
    struct ifinfomsg request = {.ifi_family = AF_UNSPEC};
    struct netconfmsg conf = {.ncm_family = AF_INET};

    id_table_round_begin(&routing->links.by_ifindex);
    int error = netlink_dump(routing->netlink, RTM_GETLINK, &request, sizeof(request), handle, routing);
    if (error)
        return error;
    id_table_round_end(&routing->links.by_ifindex);
    routing->links_changed = true;
    return netlink_dump(routing->netlink, RTM_GETNETCONF, &conf, sizeof(conf), handle, routing);
}

static int dump_objects(void *arg)
{
    struct routing *routing = arg;
    struct nhmsg request = {.nh_family = AF_UNSPEC};

    id_table_round_begin(&routing->objects);
    int error = netlink_dump(routing->netlink, RTM_GETNEXTHOP, &request, sizeof(request), note_object, routing);
    if (error && error != -EOPNOTSUPP) /* before Linux 5.3 there were none */
        return error;
    id_table_round_end(&routing->objects);
    return 0;
}

static int dump_neighbours(void *arg)
{
    struct routing *routing = arg;
    struct ndmsg request = {.ndm_family = AF_INET};

    neighbours_round_begin(&routing->neighbours);
    int error = netlink_dump(routing->netlink, RTM_GETNEIGH, &request, sizeof(request), handle, routing);
    if (!error)
        neighbours_round_end(&routing->neighbours, neighbour_gone, routing);
    return error;
}

static void refused(void *arg, struct ipv4_prefix prefix, const struct rib_path *path, int error)
{
    struct routing *routing = arg;

    statics_refused(&routing->statics, routing->rib, prefix, path, error);
}

/* What follows from the changes that were heard of: static routes, and the kernel's table. */
static void settle(struct routing *routing)
{
    if (routing->statics.stale && statics_follow(&routing->statics, &routing->links, routing->rib))
        routing->incomplete = true;
    installs_settle(&routing->installs, routing->netlink, routing->rib, refused, routing);
    if (routing->installs.failed)
        routing->incomplete = true;
    sync_flush(routing);
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

int routing_resync(struct routing *routing)
{
    static int (*const dumps[])(void *) = {dump_links, dump_objects, dump_neighbours, dump_rules, dump_routes};

    routing->resync_wanted = false;
    routing->incomplete = false;
    routing->resyncs++;
    for (size_t i = 0; i < ARRAY_SIZE(dumps); i++) {
        int error = netlink_until_whole(dumps[i], routing);
        if (error) {
            routing->resync_wanted = true;
            log_error("the kernel's tables could not be read: %s", strerror(-error));
            sync_flush(routing);
            return error;
        }
    }
    next_hops_refresh(routing->next_hops);
    sync_all_neighbours(routing);
    routing->statics.stale = true;
    settle(routing);
    multipaths_sweep(&routing->multipaths, routing->rib);
    return 0;
}

int routing_configure(struct routing *routing, const struct conf *conf)
{
    bool other_order = routing->kernel_preference != conf->kernel_preference;
    int error = statics_set(&routing->statics, conf, routing->rib);

    if (error) {
        log_error("static routes: %s", strerror(-error));
        sync_flush(routing);
        return error;
    }
    routing->kernel_preference = conf->kernel_preference;
    if (other_order)
        return routing_resync(routing);
    settle(routing);
    return 0;
}

void routing_clean(struct routing *routing)
{
    installs_remove_all(&routing->installs, routing->netlink);
    neighbours_take_back_all(&routing->neighbours, routing->netlink, NULL, NULL);
}

int routing_receive(struct routing *routing)
{
    int error = netlink_receive(routing->netlink, handle, routing);

    if (error == -ENOBUFS) {
        log_warning("the kernel's messages came too fast; reading its tables anew");
        routing->resync_wanted = true;
        error = 0;
    }
    if (error) {
        log_error("netlink: %s", strerror(-error));
        return error;
    }
    if (routing->resync_wanted)
        return routing_resync(routing);
    settle(routing);
    return 0;
}

void routing_links_changed(struct routing *routing)
{
    routing->links_changed = false;
    next_hops_refresh(routing->next_hops);
}

/* As if the kernel itself had a packet for it. */
static void use(const struct routing *routing, uint32_t ifindex, uint32_t addr, unsigned flags)
{
    char buffer[NETLINK_MESSAGE_BYTES];
    struct ndmsg about = {.ndm_family = AF_INET, .ndm_ifindex = (int)ifindex, .ndm_flags = NTF_USE};
    struct nlmsghdr *message = netlink_message(buffer, RTM_NEWNEIGH, (uint16_t)flags, &about, sizeof(about));

    mnl_attr_put_u32(message, NDA_DST, cpu_to_be32(addr));
    netlink_send(routing->netlink, message);
}

static void keep(void *arg, const struct neighbour *neighbour)
{
    use(arg, neighbour->ifindex, neighbour->addr, 0);
}

static void find(void *arg, uint32_t ifindex, uint32_t addr)
{
    use(arg, ifindex, addr, NLM_F_CREATE);
}

void routing_keep_neighbours(struct routing *routing)
{
    next_hops_each_in_use(routing->next_hops, keep, routing);
    next_hops_each_unknown(routing->next_hops, find, routing);
}

int routing_open(struct door_memory *memory, void (*wait_for_packets)(void *arg), void *arg, struct routing **result)
{
    struct routing *routing = calloc(1, sizeof(*routing));
    if (!routing)
        return -ENOMEM;
    struct fib_table_config fib = {.memory = &memory->fib,
                                   .pool_bytes = FIB_POOL_BYTES,
                                   .no_room_next_hop = NEXT_HOP_TABLE_FULL,
                                   .wait_for_readers = wait_for_packets,
                                   .arg = arg};
    struct next_hops_config next_hops = {.memory = memory,
                                         .links = &routing->links,
                                         .neighbours = &routing->neighbours,
                                         .objects = &routing->objects,
                                         .multipaths = &routing->multipaths,
                                         .wait_for_packets = wait_for_packets,
                                         .arg = arg};
    struct next_hop_key local = {.kind = NEXT_HOP_FIXED, .a = door_word(DOOR_PUNT, DOOR_PUNT_LOCAL, 0)};
    int error = netlink_open(NETLINK_ROUTE, &routing->netlink);

    routing->memory = memory;
    routing->kernel_preference = KERNEL_PREFERENCE;
    for (size_t i = 0; !error && i < ARRAY_SIZE(groups); i++) {
        error = netlink_join(routing->netlink, groups[i]);
        if (error && groups[i] == RTNLGRP_NEXTHOP)
            error = 0; /* before Linux 5.3 */
    }
    if (!error)
        error = fib_table_new(&fib, &routing->fib);
    if (!error &&
        (!(routing->next_hops = next_hops_new(&next_hops)) || !(routing->rib = rib_new(sync_changed, routing))))
        error = -ENOMEM;
    if (error) {
        log_error("the routing tables could not be set up: %s", strerror(-error));
        routing_close(routing);
        return error;
    }
    fib_table_defer(routing->fib);
    routing->local_next_hop = next_hops_get(routing->next_hops, &local);
    *result = routing;
    return 0;
}

struct routing *routing_close(struct routing *routing)
{
    if (routing) {
        routing->audit = audit_free(routing->audit);
        routing->rib = rib_free(routing->rib);
        routing->fib = fib_table_free(routing->fib);
        routing->next_hops = next_hops_free(routing->next_hops);
        netlink_free(routing->netlink);
        statics_clear(&routing->statics);
        installs_clear(&routing->installs);
        id_table_clear(&routing->objects);
        multipaths_clear(&routing->multipaths);
        neighbours_clear(&routing->neighbours);
        links_clear(&routing->links);
        free(routing);
    }
    return NULL;
}
