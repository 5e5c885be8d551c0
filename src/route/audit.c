/*
 * Phases, each a little at a time: what the kernel has is compared with the RIB; then a while passes, in which events
 * arrive; then the RIB is compared with the FIB, the FIB with what the RIB and the neighbours want, and what the door
 * reads with both. Where the kernel and the RIB differed, it is decided at the end whether an event explains it.
 */
#include "route/audit.h"

#include "log/log.h"
#include "route/path.h"
#include "route/routing.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define PAUSE_TICKS      1200 /* between two of them: five minutes */
#define SETTLE_TICKS     2    /* from the end of the kernel's answer until events of before have arrived */
#define PREFIXES_AT_ONCE 16384
#define PIECES_AT_ONCE   32
#define SUSPECTS_MAX     65536
#define TOLD_MAX         5 /* differences that are logged one by one */

enum phase { PHASE_PAUSE, PHASE_KERNEL, PHASE_SETTLE, PHASE_RIB, PHASE_FIB, PHASE_END };

struct audit {
    struct routing *routing;
    struct netlink *netlink;
    enum phase phase;
    unsigned ticks; /* in this phase */
    bool wanted;    /* one is to begin at once */
    uint64_t resyncs;
    struct path_dump dump;
    struct ipv4_prefix *suspects;
    size_t suspect_count;
    struct ipv4_prefix rib_at;
    struct fib_route fib_at;
    bool walks; /* rib_at or fib_at is where the walk is */
    uint64_t prefixes, drift;
    struct audit_result result;
};

static const struct ipv4_prefix everything = {0};

static void next(struct audit *audit, enum phase phase)
{
    audit->phase = phase;
    audit->ticks = 0;
    audit->walks = false;
}

/* --- differences -------------------------------------------------------------------------------------------------- */

static void drifted(struct audit *audit, struct ipv4_prefix prefix, const char *what)
{
    char text[IPV4_PREFIX_TEXT_SIZE];

    ipv4_prefix_format(prefix, text);
    if (audit->drift++ < TOLD_MAX)
        log_error("audit: %s: %s", text, what);
}

static void suspect(struct audit *audit, struct ipv4_prefix prefix)
{
    if (audit->suspect_count < SUSPECTS_MAX)
        audit->suspects[audit->suspect_count++] = prefix;
}

/* --- the kernel's routes ------------------------------------------------------------------------------------------ */

static void compare_paths(void *arg, struct ipv4_prefix prefix, const struct rib_path *paths, unsigned count)
{
    struct audit *audit = arg;

    if (!rib_round_check(audit->routing->rib, paths[0].source, prefix, paths, count))
        suspect(audit, prefix);
}

static void compare_installed(void *arg, struct ipv4_prefix prefix, const struct rib_path *path, bool in_front)
{
    struct audit *audit = arg;

    (void)in_front;
    if (!installs_check(&audit->routing->installs, prefix, path))
        suspect(audit, prefix);
}

static void begin(struct audit *audit)
{
    struct rtmsg request = {.rtm_family = AF_INET};

    changed_clear(&audit->routing->changed);
    audit->suspect_count = 0;
    audit->prefixes = audit->drift = 0;
    audit->resyncs = audit->routing->resyncs;
    path_dump_abandon(&audit->dump);
    audit->dump = (struct path_dump){.kernel_preference = audit->routing->kernel_preference,
                                     .multipaths = &audit->routing->multipaths,
                                     .paths_are = compare_paths,
                                     .installed_is = compare_installed,
                                     .arg = audit};
    rib_round_begin(audit->routing->rib, RIB_SOURCE_LOCAL);
    rib_round_begin(audit->routing->rib, RIB_SOURCE_KERNEL);
    installs_check_begin(&audit->routing->installs);
    int error = netlink_dump_begin(audit->netlink, RTM_GETROUTE, &request, sizeof(request));
    if (error)
        log_error("audit: the kernel's tables could not be read: %s", strerror(-error));
    next(audit, error ? PHASE_PAUSE : PHASE_KERNEL);
}

static void read_kernel(struct audit *audit)
{
    int more = 1;

    for (unsigned i = 0; more == 1 && i < PIECES_AT_ONCE; i++)
        more = netlink_dump_more(audit->netlink, path_dump_message, &audit->dump);
    if (more == 0) {
        path_dump_end(&audit->dump);
        next(audit, PHASE_SETTLE);
    } else if (more < 0) {
        log_error("audit: the kernel's tables could not be read: %s", strerror(-more));
        netlink_dump_end(audit->netlink);
        next(audit, PHASE_PAUSE);
    }
}

/* --- what is here ------------------------------------------------------------------------------------------------- */

/* What the door finds for an address is what the longest prefix in the table says. */
static bool door_finds(const struct routing *routing, uint32_t addr)
{
    uint32_t found = fib_lookup(&routing->memory->fib, addr);
    struct fib_route cover = {.next_hop = FIB_NO_ROUTE};

    fib_table_cover(routing->fib, addr, 32, &cover);
    return found == cover.next_hop || found == NEXT_HOP_TABLE_FULL;
}

static void check_rib_entry(struct audit *audit, const struct rib_entry *entry)
{
    const struct routing *routing = audit->routing;
    const struct ipv4_prefix at = audit->rib_at;

    audit->prefixes++;
    if (rib_is_missing(routing->rib, RIB_SOURCE_LOCAL, entry) ||
        rib_is_missing(routing->rib, RIB_SOURCE_KERNEL, entry) || installs_is_missing(&routing->installs, at))
        suspect(audit, at);
    if (!sync_agrees(routing, at)) {
        drifted(audit, at, "the FIB does not have what the RIB has");
        sync_again(audit->routing, at); /* which the door is shown at the next flush */
    } else if (!door_finds(routing, at.addr) || !door_finds(routing, ipv4_prefix_last(at))) {
        drifted(audit, at, "the door does not find what the FIB has");
    }
}

/* Each of these does so much of its walk. Whether it is over. */
static bool walk_rib(struct audit *audit)
{
    const struct ipv4_map *entries = rib_entries(audit->routing->rib);

    for (unsigned i = 0; i < PREFIXES_AT_ONCE; i++) {
        const struct rib_entry *entry = audit->walks ? ipv4_map_next(entries, everything, &audit->rib_at)
                                                     : ipv4_map_first(entries, everything, &audit->rib_at);
        audit->walks = entry;
        if (!entry)
            return true;
        check_rib_entry(audit, entry);
    }
    return false;
}

static bool walk_fib(struct audit *audit)
{
    const struct routing *routing = audit->routing;

    for (unsigned i = 0; i < PREFIXES_AT_ONCE; i++) {
        audit->walks = audit->walks ? fib_table_next(routing->fib, everything, &audit->fib_at)
                                    : fib_table_first(routing->fib, everything, &audit->fib_at);
        if (!audit->walks)
            return true;
        if (!sync_agrees(routing, audit->fib_at.prefix)) {
            drifted(audit, audit->fib_at.prefix, "the FIB has what the RIB does not have");
            sync_again(audit->routing, audit->fib_at.prefix);
        }
    }
    return false;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void end(struct audit *audit)
{
    uint64_t changed = 0;
    uint32_t words = next_hops_put_right(audit->routing->next_hops);

    for (size_t i = 0; i < audit->suspect_count; i++) {
        if (changed_has(&audit->routing->changed, audit->suspects[i].addr))
            changed++;
        else
            drifted(audit, audit->suspects[i], "the RIB does not have what the kernel has");
    }
    multipaths_sweep(&audit->routing->multipaths, audit->routing->rib);
    if (words)
        log_error("audit: %u next hops are not what links and neighbours say", words);
    audit->drift += words;
    if (audit->drift > TOLD_MAX)
        log_error("audit: and %llu more", (unsigned long long)(audit->drift - TOLD_MAX));
    audit->result.audits++;
    audit->result.drift += audit->drift;
    audit->result.last_drift = audit->drift;
    audit->result.prefixes = audit->prefixes;
    audit->result.changed = changed;
    audit->result.ended_s = (uint64_t)time(NULL);
    next(audit, PHASE_PAUSE);
    audit->routing->resync_wanted |= audit->drift != 0;
}

void audit_tick(struct audit *audit)
{
    audit->ticks++;
    sync_flush(audit->routing);
    if (audit->phase != PHASE_PAUSE && audit->resyncs != audit->routing->resyncs) {
        netlink_dump_end(audit->netlink);
        begin(audit); /* everything was told anew meanwhile: from the beginning */
    }
    switch (audit->phase) {
    case PHASE_PAUSE:
        if (!audit->wanted && audit->ticks < PAUSE_TICKS)
            return;
        audit->wanted = false;
        begin(audit);
        return;
    case PHASE_KERNEL:
        read_kernel(audit);
        return;
    case PHASE_SETTLE:
        if (audit->ticks >= SETTLE_TICKS)
            next(audit, PHASE_RIB);
        return;
    case PHASE_RIB:
        if (walk_rib(audit))
            next(audit, PHASE_FIB);
        return;
    case PHASE_FIB:
        if (walk_fib(audit))
            next(audit, PHASE_END);
        return;
    case PHASE_END:
        if (!audit->routing->links_changed) /* otherwise next hops are about to change */
            end(audit);
        return;
    }
}

uint64_t audit_begin(struct audit *audit)
{
    audit->wanted = true;
    return audit->result.audits + 1 + (audit->phase != PHASE_PAUSE);
}

struct audit_result audit_result(const struct audit *audit)
{
    struct audit_result result = audit->result;

    result.runs = audit->phase != PHASE_PAUSE || audit->wanted;
    return result;
}

int audit_new(struct routing *routing, struct audit **result)
{
    struct audit *audit = calloc(1, sizeof(*audit));
    int error = audit && (audit->suspects = calloc(SUSPECTS_MAX, sizeof(*audit->suspects))) ? 0 : -ENOMEM;

    if (!error)
        error = netlink_open(NETLINK_ROUTE, &audit->netlink);
    if (error) {
        log_error("the audit could not be made ready: %s", strerror(-error));
        audit_free(audit);
        return error;
    }
    audit->routing = routing;
    *result = audit;
    return 0;
}

struct audit *audit_free(struct audit *audit)
{
    if (audit) {
        netlink_free(audit->netlink);
        path_dump_abandon(&audit->dump);
        free(audit->suspects);
        free(audit);
    }
    return NULL;
}
