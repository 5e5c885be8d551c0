/* Contracts that classes of DHCP clients name: whose packets those are follows from the classes' pools. */
#include "conf/contract.h"

#include "net/ipv4_range.h"

#include <errno.h>
#include <string.h>

/* A class that names a contract, and what is written into it. */
struct naming {
    struct conf *conf;
    struct arena *arena;
    struct conf_errors *errors;
    const struct conf_class *class;
    uint64_t alike; /* classes that name the contract, as bits */
    struct conf_contract *contract;
    size_t pools; /* that are the class's */
    bool no_memory;
};

/* --- directions -------------------------------------------------------------------------------------------------- */

/* The interface behind which an address is that none of the subnets here has; NULL: that is not said. */
static const char *leads_to(const struct conf *conf, uint32_t addr)
{
    const struct conf_route *best = NULL;

    for (size_t i = 0; i < conf->route_count; i++)
        if (ipv4_prefix_contains(conf->routes[i].prefix, addr) &&
            (!best || best->prefix.len < conf->routes[i].prefix.len))
            best = &conf->routes[i];
    if (!best)
        return NULL;
    if (best->interface[0])
        return best->interface;
    for (size_t i = 0; i < conf->interface_count; i++)
        if (conf->interfaces[i].address_count && conf_interface_may_reach(&conf->interfaces[i], best->via))
            return conf->interfaces[i].name;
    return NULL;
}

/* --- addresses --------------------------------------------------------------------------------------------------- */

static void add_match(struct naming *naming, const struct match *match)
{
    struct conf_contract *contract = naming->contract;
    struct match *added =
        arena_append(naming->arena, &contract->matches, &contract->match_count, sizeof(*contract->matches));

    naming->no_memory |= !added;
    if (added)
        *added = *match;
}

/* What is meant of the packets from or to the addresses of a prefix. */
static void narrow(struct naming *naming, const struct match *said, struct ipv4_prefix prefix, bool to)
{
    struct match match = *said;
    struct ipv4_prefix *end = to ? &match.to : &match.from;

    if (!ipv4_prefix_covers(*end, prefix)) {
        if (!ipv4_prefix_covers(prefix, *end))
            return;
        prefix = *end;
    }
    *end = prefix;
    add_match(naming, &match);
}

static void add_prefix(struct naming *naming, struct ipv4_prefix prefix, bool to)
{
    const struct conf_contract *contract = naming->contract;
    const struct match any = MATCH_ANY;

    if (!contract->said_count)
        narrow(naming, &any, prefix, to);
    for (size_t i = 0; i < contract->said_count; i++)
        narrow(naming, &contract->said[i], prefix, to);
}

/* A pool as prefixes, each as large as it can be. */
static void add_range(struct naming *naming, const struct conf_range *range, bool to)
{
    struct ipv4_blocks blocks = ipv4_blocks_of((struct ipv4_range){range->first, range->last});
    struct ipv4_prefix prefix;

    while (ipv4_blocks_next(&blocks, &prefix))
        add_prefix(naming, prefix, to);
}

/* The pools of a block that are the class's; `at`: the interface behind which its clients are. */
static void add_pools(struct naming *naming, const struct conf_dhcp *dhcp, const char *at)
{
    const struct conf_class *classes = naming->conf->dhcp.classes;

    for (size_t i = 0; i < dhcp->range_count; i++) {
        const struct conf_range *range = &dhcp->ranges[i];
        if (!(range->class_bits & UINT64_C(1) << (naming->class - classes)))
            continue;
        if (range->class_bits & ~naming->alike)
            conf_wrong(naming->errors, range->line,
                       "pool: class %s names contract %s, and others of this pool do not: expected pools of their own",
                       naming->class->name, naming->contract->name);
        add_range(naming, range, at && strcmp(naming->contract->out, at) == 0);
        naming->pools++;
    }
}

static void add_all_pools(struct naming *naming)
{
    const struct conf *conf = naming->conf;

    for (size_t i = 0; i < conf->interface_count; i++) {
        const struct conf_dhcp *dhcp = conf->interfaces[i].dhcp;
        for (size_t j = 0; dhcp && j <= dhcp->subnet_count; j++)
            add_pools(naming, j < dhcp->subnet_count ? &dhcp->subnets[j] : dhcp, conf->interfaces[i].name);
    }
    for (size_t i = 0; i < conf->dhcp.all.subnet_count; i++) {
        const struct conf_dhcp *subnet = &conf->dhcp.all.subnets[i];
        add_pools(naming, subnet, leads_to(conf, subnet->prefix.addr));
    }
}

/* --- names ------------------------------------------------------------------------------------------------------- */

static struct conf_contract *find_contract(const struct conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->contract_count; i++)
        if (conf->contracts[i].line && strcmp(conf->contracts[i].name, name) == 0)
            return &conf->contracts[i];
    return NULL;
}

static uint64_t classes_that_name(const struct conf *conf, const char *contract)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < conf->dhcp.class_count && i < DHCP_CLASSES_MAX; i++)
        for (size_t j = 0; j < conf->dhcp.classes[i].contract_count; j++)
            if (strcmp(conf->dhcp.classes[i].contracts[j].name, contract) == 0)
                bits |= UINT64_C(1) << i;
    return bits;
}

static void take_name(struct naming *naming, const struct conf_named_contract *named)
{
    struct conf_contract *contract = find_contract(naming->conf, named->name);

    naming->contract = contract;
    if (!contract) {
        conf_wrong(naming->errors, named->line, "class %s: contract %s: there is no such contract here",
                   naming->class->name, named->name);
        return;
    }
    if (!contract->of_classes) { /* by the first class that names it */
        contract->of_classes = true;
        contract->said = contract->matches;
        contract->said_count = contract->match_count;
        contract->matches = NULL;
        contract->match_count = 0;
    }
    naming->alike = classes_that_name(naming->conf, named->name);
    naming->pools = 0;
    size_t before = contract->match_count;
    add_all_pools(naming);
    if (!naming->pools)
        conf_wrong(naming->errors, named->line,
                   "class %s: contract %s: expected a pool for this class: its packets are those of its addresses",
                   naming->class->name, named->name);
    else if (contract->match_count == before && !naming->no_memory)
        conf_wrong(naming->errors, named->line,
                   "class %s: contract %s: what it matches has nothing to do with the pools of this class",
                   naming->class->name, named->name);
}

int conf_contracts_of_classes(struct conf *conf, struct arena *arena, struct conf_errors *errors)
{
    struct naming naming = {.conf = conf, .arena = arena, .errors = errors};

    for (size_t i = 0; i < conf->dhcp.class_count && i < DHCP_CLASSES_MAX; i++) {
        naming.class = &conf->dhcp.classes[i];
        for (size_t j = 0; j < naming.class->contract_count; j++)
            take_name(&naming, &naming.class->contracts[j]);
    }
    return naming.no_memory ? -ENOMEM : 0;
}
