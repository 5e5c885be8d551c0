/*
 * The kernel's routes as src/route mirrors them, held against the kernel's own answers and the reference trie. Attached
 * to no port; reads commands from standard input, a line each, and answers each with a line:
 *
 *   check SEED COUNT   follow the kernel up to now; then ask at both edges of every prefix and at COUNT random
 * addresses: "ok PREFIXES ADDRESSES", or "wrong ..." for the first address that differs
 *   audit              audits once, following the kernel meanwhile: "drift N prefixes N changed N"
 *   spoil WHAT         makes something of it wrong behind its back: one of those in spoil(); "spoilt", or "nothing"
 *   counts             "messages N resyncs N prefixes N groups N"
 */
#include "fib/trie.h"
#include "route/routing.h"
#include "tests/draw.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct mirror {
    struct routing *routing;
    struct door_memory *memory;
    struct mnl_socket *kernel;
    uint32_t sequence;
    uint64_t random, asked;
    char wrong[256];
};

/* Where something goes, by the kernel or by the mirror. */
struct way {
    enum { WAY_TO, WAY_SEVERAL, WAY_LOCAL, WAY_NONE, WAY_BLACKHOLE, WAY_UNREACHABLE, WAY_PROHIBIT, WAY_KERNEL } kind;
    uint32_t ifindex, gateway;
};

static void follow(struct mirror *mirror)
{
    struct pollfd fd = {.fd = netlink_fd(mirror->routing->netlink), .events = POLLIN};

    while (poll(&fd, 1, 0) > 0)
        if (routing_receive(mirror->routing))
            exit(EXIT_FAILURE);
}

static int read_way(const struct nlmsghdr *message, void *arg)
{
    const struct rtmsg *route = mnl_nlmsg_get_payload(message);
    const struct nlattr *found[RTA_GATEWAY + 1];
    struct way *way = arg;

    netlink_attributes(message, sizeof(*route), found, RTA_GATEWAY);
    way->kind = route->rtm_type == RTN_UNICAST ? WAY_TO : WAY_LOCAL;
    way->ifindex = netlink_u32(found[RTA_OIF], 0);
    way->gateway = netlink_ipv4(found[RTA_GATEWAY]);
    return MNL_CB_OK;
}

static struct way ask_kernel(struct mirror *mirror, uint32_t addr)
{
    char buffer[4096];
    struct way way = {0};
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct rtmsg *route = mnl_nlmsg_put_extra_header(message, sizeof(*route));

    message->nlmsg_type = RTM_GETROUTE;
    message->nlmsg_flags = NLM_F_REQUEST;
    message->nlmsg_seq = ++mirror->sequence;
    route->rtm_family = AF_INET;
    route->rtm_dst_len = 32;
    mnl_attr_put_u32(message, RTA_DST, cpu_to_be32(addr));
    mnl_socket_sendto(mirror->kernel, message, message->nlmsg_len);
    ssize_t bytes = mnl_socket_recvfrom(mirror->kernel, buffer, sizeof(buffer));
    if (mnl_cb_run(buffer, (size_t)bytes, mirror->sequence, mnl_socket_get_portid(mirror->kernel), read_way, &way) >= 0)
        return way;
    way.kind = errno == ENETUNREACH    ? WAY_NONE
               : errno == EHOSTUNREACH ? WAY_UNREACHABLE
               : errno == EACCES       ? WAY_PROHIBIT
               : errno == EINVAL       ? WAY_BLACKHOLE
                                       : WAY_KERNEL;
    return way;
}

static struct way ask_mirror(const struct mirror *mirror, uint32_t addr)
{
    uint16_t number = (uint16_t)fib_lookup(&mirror->memory->fib, addr);
    uint32_t word = mirror->memory->next_hops[number];
    struct way way = {.kind = WAY_TO};

    if (number == FIB_NO_ROUTE) {
        way.kind = WAY_NONE;
        return way;
    }
    struct next_hop_key key = next_hops_key(mirror->routing->next_hops, number);
    const struct object *object = key.kind == NEXT_HOP_OBJECT ? id_table_find(&mirror->routing->objects, key.a) : NULL;
    if (object && object_is_simple(object)) {
        way.ifindex = object->ifindex;
        way.gateway = object->gateway;
    } else if (key.kind == NEXT_HOP_VIA || key.kind == NEXT_HOP_ATTACHED) {
        way.ifindex = key.a;
        way.gateway = key.gateway == addr ? 0 : key.gateway;
    } else if (door_word_kind(word) == DOOR_GROUP) {
        way.kind = WAY_SEVERAL;
    } else if (door_word_kind(word) == DOOR_DROP) {
        way.kind = WAY_BLACKHOLE;
    } else {
        way.kind = door_word_reason(word) == DOOR_PUNT_LOCAL         ? WAY_LOCAL
                   : door_word_reason(word) == DOOR_PUNT_UNREACHABLE ? WAY_UNREACHABLE
                   : door_word_reason(word) == DOOR_PUNT_PROHIBIT    ? WAY_PROHIBIT
                                                                     : WAY_KERNEL;
    }
    return way;
}

/* Whether the kernel goes one of the several ways that a packet may follow here; false if there are none. */
static bool is_one_of_ours(const struct mirror *mirror, uint32_t addr, const struct way *kernel)
{
    struct next_hop_way ways[MULTIPATH_WAYS_MAX];
    uint16_t number = (uint16_t)fib_lookup(&mirror->memory->fib, addr);
    unsigned count = next_hops_ways(mirror->routing->next_hops, number, ways, MULTIPATH_WAYS_MAX);

    for (unsigned i = 0; i < count && kernel->kind == WAY_TO; i++)
        if (ways[i].ifindex == kernel->ifindex && ways[i].gateway == kernel->gateway)
            return true;
    return false;
}

/* What is the kernel's to decide (TOS, encapsulation, ...) agrees with whatever the kernel says. */
static void compare(struct mirror *mirror, uint32_t addr)
{
    char text[IPV4_TEXT_SIZE];

    if (mirror->wrong[0] || ipv4_addr_is_zeronet(addr) || addr >> 28 >= 0xe)
        return;
    struct way kernel = ask_kernel(mirror, addr), mine = ask_mirror(mirror, addr);
    mirror->asked++;
    if (mine.kind == WAY_KERNEL || (mine.kind == WAY_SEVERAL && is_one_of_ours(mirror, addr, &kernel)) ||
        (mine.kind == kernel.kind &&
         (mine.kind != WAY_TO || (mine.ifindex == kernel.ifindex && mine.gateway == kernel.gateway))))
        return;
    ipv4_addr_format(addr, text);
    snprintf(mirror->wrong, sizeof(mirror->wrong), "%s: kernel %d dev %u via %08x, mirror %d dev %u via %08x", text,
             kernel.kind, kernel.ifindex, kernel.gateway, mine.kind, mine.ifindex, mine.gateway);
}

static void compare_trie(struct mirror *mirror, const struct fib_trie *trie, uint32_t addr)
{
    if (!mirror->wrong[0] && fib_lookup(&mirror->memory->fib, addr) != fib_trie_lookup(trie, addr))
        snprintf(mirror->wrong, sizeof(mirror->wrong), "%08x: FIB %u, trie %u", addr,
                 fib_lookup(&mirror->memory->fib, addr), fib_trie_lookup(trie, addr));
}

/* Every prefix of the RIB and every neighbour, as the FIB has it: 0 if it does not. */
static size_t each_prefix(struct mirror *mirror, void (*what)(struct mirror *, void *, struct ipv4_prefix), void *arg)
{
    const struct ipv4_map *maps[] = {rib_entries(mirror->routing->rib), &mirror->routing->neighbours.by_addr};
    struct ipv4_prefix at, all = {0};
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
        for (void *value = ipv4_map_first(maps[i], all, &at); value; value = ipv4_map_next(maps[i], all, &at), count++)
            what(mirror, arg, at);
    return count;
}

static void into_trie(struct mirror *mirror, void *trie, struct ipv4_prefix prefix)
{
    uint16_t number;

    if (fib_table_get(mirror->routing->fib, prefix, &number) == 0 && fib_trie_set(trie, prefix, number))
        exit(EXIT_FAILURE);
}

static void check_edges(struct mirror *mirror, void *trie, struct ipv4_prefix prefix)
{
    uint32_t first = ipv4_prefix_first(prefix), last = ipv4_prefix_last(prefix);
    const uint32_t edges[] = {first - 1, first, last, last + 1};

    for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
        compare_trie(mirror, trie, edges[i]);
        compare(mirror, edges[i]);
    }
}

static uint32_t draw(struct mirror *mirror)
{
    return draw_u32(&mirror->random);
}

static void check(struct mirror *mirror, uint64_t seed, unsigned count)
{
    struct fib_trie *trie = fib_trie_new();

    if (!trie)
        exit(EXIT_FAILURE);
    follow(mirror);
    mirror->wrong[0] = '\0';
    mirror->random = seed;
    mirror->asked = 0;
    each_prefix(mirror, into_trie, trie);
    size_t prefixes = each_prefix(mirror, check_edges, trie);
    for (unsigned i = 0; i < count; i++) {
        uint32_t addr = draw(mirror);
        compare_trie(mirror, trie, addr);
        compare(mirror, addr);
    }
    fib_trie_free(trie);
    if (mirror->wrong[0])
        printf("wrong %s\n", mirror->wrong);
    else
        printf("ok %zu %" PRIu64 "\n", prefixes, mirror->asked);
}

/* --- audits ------------------------------------------------------------------------------------------------------ */

static void audit(struct mirror *mirror)
{
    struct routing *routing = mirror->routing;
    uint64_t wanted = audit_begin(routing->audit);

    while (audit_result(routing->audit).audits < wanted) {
        follow(mirror);
        if (routing->resync_wanted)
            routing_receive(routing);
        if (routing->links_changed)
            routing_links_changed(routing);
        audit_tick(routing->audit);
    }
    struct audit_result result = audit_result(routing->audit);
    printf("drift %" PRIu64 " prefixes %" PRIu64 " changed %" PRIu64 "\n", result.last_drift, result.prefixes,
           result.changed);
    while (routing->resync_wanted)
        routing_receive(routing);
}

/* A prefix that has one path of the kernel's, which leads somewhere, and in the FIB too. */
static bool pick(struct mirror *mirror, struct ipv4_prefix *prefix, struct rib_path *path)
{
    struct ipv4_prefix all = {0};
    uint16_t number;

    for (const struct rib_entry *entry = ipv4_map_first(rib_entries(mirror->routing->rib), all, prefix); entry;
         entry = ipv4_map_next(rib_entries(mirror->routing->rib), all, prefix)) {
        *path = entry->paths[0];
        if (entry->count == 1 && path->source == RIB_SOURCE_KERNEL && path->type == RIB_UNICAST && prefix->len < 32 &&
            path->gateway && fib_table_get(mirror->routing->fib, *prefix, &number) == 0)
            return true;
    }
    return false;
}

static bool spoil(struct mirror *mirror, const char *what)
{
    struct routing *routing = mirror->routing;
    struct ipv4_prefix prefix;
    struct rib_path path;
    uint16_t number;

    if (!pick(mirror, &prefix, &path) || fib_table_get(routing->fib, prefix, &number))
        return false;
    if (strcmp(what, "less") == 0) { /* the RIB loses a path */
        rib_withdraw(routing->rib, prefix, &path);
    } else if (strcmp(what, "more") == 0) { /* it has one more */
        path.metric = 4711;
        rib_put(routing->rib, prefix, &path, RIB_LAST);
    } else if (strcmp(what, "other") == 0) { /* it has another */
        rib_withdraw(routing->rib, prefix, &path);
        path.gateway++;
        rib_put(routing->rib, prefix, &path, RIB_LAST);
    } else if (strcmp(what, "fib-less") == 0) { /* the FIB loses a prefix */
        fib_table_remove(routing->fib, prefix);
    } else if (strcmp(what, "fib-more") == 0) { /* it has one more */
        prefix.len++;
        fib_table_set(routing->fib, prefix, NEXT_HOP_TABLE_FULL + 1);
    } else if (strcmp(what, "word") == 0) { /* a next hop says something else */
        mirror->memory->next_hops[number] ^= 1u << 24;
    } else if (strcmp(what, "memory") == 0) { /* the door's memory has lost a block */
        mirror->memory->fib.root[prefix.addr >> FIB_BLOCK_BITS] = 0;
    } else {
        return false;
    }
    fib_table_flush(routing->fib);
    return true;
}

int main(void)
{
    struct mirror mirror = {.kernel = mnl_socket_open(NETLINK_ROUTE)};
    char line[128];

    mirror.memory = calloc(1, sizeof(*mirror.memory));
    if (!mirror.memory)
        exit(EXIT_FAILURE);
    if (!mirror.kernel || mnl_socket_bind(mirror.kernel, 0, MNL_SOCKET_AUTOPID) < 0 ||
        routing_open(mirror.memory, NULL, NULL, &mirror.routing) || audit_new(mirror.routing, &mirror.routing->audit) ||
        routing_resync(mirror.routing))
        exit(EXIT_FAILURE);
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("ready");
    while (fgets(line, sizeof(line), stdin)) {
        uint64_t seed;
        unsigned count;
        if (sscanf(line, "check %" SCNu64 " %u", &seed, &count) == 2) {
            check(&mirror, seed, count);
        } else if (strcmp(line, "audit\n") == 0) {
            audit(&mirror);
        } else if (strncmp(line, "spoil ", 6) == 0) {
            line[strcspn(line, "\n")] = '\0';
            puts(spoil(&mirror, line + 6) ? "spoilt" : "nothing");
        } else {
            struct fib_table_stats stats = fib_table_stats(mirror.routing->fib);
            printf("messages %" PRIu64 " resyncs %" PRIu64 " prefixes %u blocks %u\n", mirror.routing->messages,
                   mirror.routing->resyncs, stats.prefixes, stats.blocks);
        }
    }
    routing_close(mirror.routing);
    mnl_socket_close(mirror.kernel);
    free(mirror.memory);
    return EXIT_SUCCESS;
}
