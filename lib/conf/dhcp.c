/* dhcp { ... } in general, in an interface, and subnets in both: who is served, and with which addresses. */
#include "conf/dhcp.h"

#include "base/compiler.h"
#include "dhcp/pool.h"
#include "net/ipv4_range.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define DEFAULT_S    3600 /* of a lease */
#define MIN_S        60
#define OFFER_S      10
#define QUARANTINE_S 86400
#define HISTORY_S    (366 * 86400)

/* --- how clients are served --------------------------------------------------------------------------------------- */

static void read_authoritative(struct build *build, void *thing, const struct conf_node *node,
                               const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf_dhcp *)thing)->authoritative);
}

static void read_bootp(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf_dhcp *)thing)->bootp);
}

static void read_rapid(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf_dhcp *)thing)->rapid);
}

static void read_probe(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf_dhcp *)thing)->probe);
}

static void read_trusted(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf_dhcp *)thing)->trusted);
}

static void read_others(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf_dhcp *)thing)->others);
}

static void read_client(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    bool by_mac = strcmp(value->text, "mac") == 0;

    if (by_mac || strcmp(value->text, "id") == 0)
        ((struct conf_dhcp *)thing)->by_mac = by_mac;
    else
        conf_wrong(build->errors, value->line, "%s: '%s': expected id or mac", node->key, value->text);
}

static void read_per_circuit(struct build *build, void *thing, const struct conf_node *node,
                             const struct conf_value *value)
{
    conf_read_number(build, node, value, 0, UINT32_MAX, "a number of addresses; 0: any",
                     &((struct conf_dhcp *)thing)->per_circuit);
}

static void read_per_mac(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_number(build, node, value, 0, UINT32_MAX, "a number of addresses; 0: any",
                     &((struct conf_dhcp *)thing)->per_mac);
}

static const struct setting server_settings[] = {
    {"authoritative", read_authoritative, false},
    {"bootp", read_bootp, false},
    {"client", read_client, false},
    {"rapid-commit", read_rapid, false},
    {"trust-option-82", read_trusted, false},
    {"conflict-check", read_probe, false},
    {"other-servers", read_others, false},
    {"leases-per-circuit", read_per_circuit, false},
    {"leases-per-mac", read_per_mac, false},
};

static const struct block server_block = {
    .settings = server_settings, .setting_count = ARRAY_SIZE(server_settings), .extends = &conf_scope_block};

/* What stands around a block holds in it. */
static void inherit(struct build *build, struct conf_dhcp *dhcp, const struct conf_dhcp *around)
{
    dhcp->authoritative = around->authoritative;
    dhcp->bootp = around->bootp;
    dhcp->by_mac = around->by_mac;
    dhcp->probe = around->probe;
    dhcp->per_circuit = around->per_circuit;
    dhcp->per_mac = around->per_mac;
    dhcp->rapid = around->rapid;
    dhcp->trusted = around->trusted;
    dhcp->others = around->others;
    conf_scope_inherit(build, &dhcp->scope, &around->scope);
}

/* --- pools -------------------------------------------------------------------------------------------------------- */

/* NULL: what is wrong is listed. */
static struct conf_range *add_range(struct build *build, struct conf_dhcp *dhcp, const char *key, const char *text,
                                    unsigned line)
{
    struct ipv4_range range;
    struct text_error err;

    if (ipv4_range_parse(text, strlen(text), 0, &range, &err)) {
        conf_wrong(build->errors, line, "%s: '%s': character %zu: expected %s", key, text, err.at + 1, err.expected);
        return NULL;
    }
    if ((uint64_t)range.last - range.first >= DHCP_POOL_MAX) {
        conf_wrong(build->errors, line, "%s: '%s': expected at most %u addresses", key, text, DHCP_POOL_MAX);
        return NULL;
    }
    struct conf_range *added = conf_append(build, &dhcp->ranges, &dhcp->range_count, sizeof(*dhcp->ranges));
    if (added)
        *added =
            (struct conf_range){.first = range.first, .last = range.last, .is_prefix = strchr(text, '/'), .line = line};
    return added;
}

static void read_pool(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    add_range(build, thing, node->key, value->text, value->line);
}

static void *begin_pool(struct build *build, void *within, const struct conf_node *node)
{
    return add_range(build, within, node->key, node->label, node->line);
}

static void read_pool_class(struct build *build, void *thing, const struct conf_node *node,
                            const struct conf_value *value)
{
    struct conf_range *range = thing;
    const struct conf_dhcp_general *general = &build->conf->dhcp;
    const char **class;
    size_t i = 0;

    while (i < general->class_count && strcmp(general->classes[i].name, value->text) != 0)
        i++;
    if (i == general->class_count) {
        conf_wrong(build->errors, value->line, "%s: '%s': expected the name of a class of the general dhcp block",
                   node->key, value->text);
        return;
    }
    if (i < DHCP_CLASSES_MAX)
        range->class_bits |= UINT64_C(1) << i;
    if ((class = conf_append(build, &range->classes, &range->class_count, sizeof(*range->classes))))
        *class = general->classes[i].name;
}

static const struct setting pool_settings[] = {{"class", read_pool_class, true}};

static const struct block pool_block = {.key = "pool",
                                        .label = "a range of addresses",
                                        .begin = begin_pool,
                                        .settings = pool_settings,
                                        .setting_count = ARRAY_SIZE(pool_settings)};

/* --- subnets ------------------------------------------------------------------------------------------------------ */

static void *begin_subnet(struct build *build, void *within, const struct conf_node *node)
{
    struct conf_dhcp *around = within;
    struct text_error err;
    struct ipv4_prefix prefix;

    if (ipv4_prefix_parse(node->label, strlen(node->label), 0, &prefix, &err)) {
        conf_wrong(build->errors, node->line, "subnet '%s': character %zu: expected %s", node->label, err.at + 1,
                   err.expected);
        return NULL;
    }
    struct conf_dhcp *subnet = conf_append(build, &around->subnets, &around->subnet_count, sizeof(*around->subnets));
    if (!subnet)
        return NULL;
    inherit(build, subnet, around);
    subnet->prefix = prefix;
    subnet->scope.line = node->line;
    return subnet;
}

static void read_network(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_dhcp *subnet = thing;
    size_t len = strlen(value->text);

    if (len == 0 || len >= sizeof(subnet->network))
        conf_wrong(build->errors, value->line, "%s: '%s': expected a name of 1 to %zu characters", node->key,
                   value->text, sizeof(subnet->network) - 1);
    else
        memcpy(subnet->network, value->text, len + 1);
}

static const struct setting subnet_settings[] = {{"pool", read_pool, true}};
static const struct setting relayed_settings[] = {{"network", read_network, false}, {"pool", read_pool, true}};
static const struct block *const subnet_blocks[] = {&pool_block, &conf_reservation_block};

/* Of an interface's. */
static const struct block subnet_block = {.key = "subnet",
                                          .label = "a prefix",
                                          .begin = begin_subnet,
                                          .settings = subnet_settings,
                                          .setting_count = ARRAY_SIZE(subnet_settings),
                                          .extends = &server_block,
                                          .blocks = subnet_blocks,
                                          .block_count = ARRAY_SIZE(subnet_blocks)};

/* Behind relays. */
static const struct block relayed_block = {.key = "subnet",
                                           .label = "a prefix",
                                           .begin = begin_subnet,
                                           .settings = relayed_settings,
                                           .setting_count = ARRAY_SIZE(relayed_settings),
                                           .extends = &server_block,
                                           .blocks = subnet_blocks,
                                           .block_count = ARRAY_SIZE(subnet_blocks)};

/* --- an interface
 * ------------------------------------------------------------------------------------------------------ */

static void *begin_interface(struct build *build, void *within, const struct conf_node *node)
{
    struct conf_interface *interface = within;
    struct conf_dhcp *dhcp = arena_get(&build->memory->arena, sizeof(*dhcp));

    build->no_memory |= !dhcp;
    if (dhcp) {
        inherit(build, dhcp, &build->conf->dhcp.all);
        dhcp->scope.line = node->line;
    }
    interface->dhcp = dhcp;
    return dhcp;
}

static const struct block *const interface_blocks[] = {&pool_block, &subnet_block, &conf_reservation_block};

const struct block conf_dhcp_interface_block = {.key = "dhcp",
                                                .once = true,
                                                .begin = begin_interface,
                                                .settings = subnet_settings,
                                                .setting_count = ARRAY_SIZE(subnet_settings),
                                                .extends = &server_block,
                                                .blocks = interface_blocks,
                                                .block_count = ARRAY_SIZE(interface_blocks)};

/* --- in general
 * --------------------------------------------------------------------------------------------------------- */

/* struct conf_dhcp_general begins with a struct conf_dhcp, that with a scope. */
static_assert(offsetof(struct conf_dhcp_general, all) == 0, "what the settings of all blocks are read into");

static void *begin_general(struct build *build, void *within, const struct conf_node *node)
{
    struct conf *conf = within;

    (void)build;
    conf->dhcp.all.scope.line = node->line;
    return &conf->dhcp;
}

static void read_offer(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_duration(build, node, value, 1, &((struct conf_dhcp_general *)thing)->offer_s);
}

static void read_quarantine(struct build *build, void *thing, const struct conf_node *node,
                            const struct conf_value *value)
{
    conf_read_duration(build, node, value, 1, &((struct conf_dhcp_general *)thing)->quarantine_s);
}

static void read_history(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_duration(build, node, value, 1, &((struct conf_dhcp_general *)thing)->history_s);
}

/* An address, or a prefix. */
static void read_relay(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_dhcp_general *general = thing;
    struct ipv4_prefix prefix, *added;

    if (conf_read_prefix(build, node, value, &prefix) &&
        (added = conf_append(build, &general->relays, &general->relay_count, sizeof(*general->relays))))
        *added = prefix;
}

static const struct setting general_settings[] = {
    {"relays", read_relay, true},
    {"offer", read_offer, false},
    {"quarantine", read_quarantine, false},
    {"history", read_history, false},
};

static const struct block *const general_blocks[] = {&conf_class_block, &relayed_block, &conf_reservation_block};

const struct block conf_dhcp_general_block = {.key = "dhcp",
                                              .once = true,
                                              .begin = begin_general,
                                              .settings = general_settings,
                                              .setting_count = ARRAY_SIZE(general_settings),
                                              .extends = &server_block,
                                              .blocks = general_blocks,
                                              .block_count = ARRAY_SIZE(general_blocks)};

/* --- what was not said
 * -------------------------------------------------------------------------------------------------- */

void conf_dhcp_begin(struct conf *conf)
{
    conf->dhcp = (struct conf_dhcp_general){
        .all.probe = true, .offer_s = OFFER_S, .quarantine_s = QUARANTINE_S, .history_s = HISTORY_S};
}

/* What was not said of lease times follows from what was. */
static void end_scope(struct conf_scope *scope)
{
    if (!scope->lease_s)
        scope->lease_s = scope->lease_max_s && scope->lease_max_s < DEFAULT_S   ? scope->lease_max_s
                         : scope->lease_min_s && scope->lease_min_s > DEFAULT_S ? scope->lease_min_s
                                                                                : DEFAULT_S;
    if (!scope->lease_min_s)
        scope->lease_min_s = scope->lease_s < MIN_S ? scope->lease_s : MIN_S;
    if (!scope->lease_max_s)
        scope->lease_max_s = scope->lease_s;
}

/* A class or a reservation need not say anything of them. */
static void end_host(struct conf_scope *scope)
{
    if (scope->lease_s || scope->lease_min_s || scope->lease_max_s)
        end_scope(scope);
}

static void end_dhcp(struct conf_dhcp *dhcp)
{
    end_scope(&dhcp->scope);
    for (size_t i = 0; i < dhcp->reservation_count; i++)
        end_host(&dhcp->reservations[i].scope);
    for (size_t i = 0; i < dhcp->subnet_count; i++)
        end_dhcp(&dhcp->subnets[i]);
}

void conf_dhcp_end(struct conf *conf)
{
    end_dhcp(&conf->dhcp.all);
    for (size_t i = 0; i < conf->dhcp.class_count; i++)
        end_host(&conf->dhcp.classes[i].scope);
    for (size_t i = 0; i < conf->interface_count; i++)
        if (conf->interfaces[i].dhcp)
            end_dhcp(conf->interfaces[i].dhcp);
}
