/* dhcp { ... } of an interface: reading it, checking it, printing it. Options are known by dhcp/option.h's table. */
#include "base/compiler.h"
#include "conf/model.h"
#include "conf/read.h"
#include "dhcp/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OPTION_MAX 1024 /* bytes of a value; with everything else it must fit into a message */
#define DEFAULT_S  3600 /* of a lease */
#define MIN_S      60

/* --- reading ----------------------------------------------------------------------------------------------------- */

static void *begin_dhcp(struct build *build, void *within, const struct conf_node *node)
{
    struct conf_interface *interface = within;

    interface->dhcp = arena_get(&build->memory->arena, sizeof(*interface->dhcp));
    if (!interface->dhcp)
        build->no_memory = true;
    else
        interface->dhcp->line = node->line;
    return interface->dhcp;
}

/* FIRST-LAST, or a prefix. */
static int parse_range(const char *text, struct conf_range *range, struct text_error *err)
{
    const char *dash = strchr(text, '-'), *slash = strchr(text, '/');
    struct ipv4_prefix prefix;

    if (slash) {
        int error = ipv4_prefix_parse(text, strlen(text), 0, &prefix, err);
        if (!error)
            *range = (struct conf_range){ipv4_prefix_first(prefix), ipv4_prefix_last(prefix), true, 0};
        return error;
    }
    if (!dash)
        return text_wrong(err, strlen(text), "'-' and the last address, or '/' and a length");
    if (ipv4_addr_parse(text, (size_t)(dash - text), &range->first, err))
        return -EINVAL;
    if (ipv4_addr_parse(dash + 1, strlen(dash + 1), &range->last, err)) {
        err->at += (size_t)(dash + 1 - text);
        return -EINVAL;
    }
    if (range->last < range->first)
        return text_wrong(err, (size_t)(dash + 1 - text), "an address that is not lower than the first");
    return 0;
}

static void read_pool(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_dhcp *dhcp = thing;
    struct conf_range range = {0};
    struct text_error err;

    if (parse_range(value->text, &range, &err)) {
        conf_wrong_text(build, node, value, &err);
        return;
    }
    if ((uint64_t)range.last - range.first >= DHCP_POOL_MAX) {
        conf_wrong(build->errors, value->line, "%s: '%s': expected at most %u addresses", node->key, value->text,
                   DHCP_POOL_MAX);
        return;
    }
    struct conf_range *added =
        arena_append(&build->memory->arena, &dhcp->ranges, &dhcp->range_count, sizeof(*dhcp->ranges));
    range.line = value->line;
    if (!added)
        build->no_memory = true;
    else
        *added = range;
}

static void read_duration(struct build *build, const struct conf_node *node, const struct conf_value *value,
                          uint32_t *seconds)
{
    struct text_error err;
    uint32_t read;

    if (text_duration(value->text, strlen(value->text), UINT32_MAX, &read, &err))
        conf_wrong_text(build, node, value, &err);
    else if (read < CONF_LEASE_MIN)
        conf_wrong(build->errors, value->line, "%s: '%s': expected at least %d s", node->key, value->text,
                   CONF_LEASE_MIN);
    else
        *seconds = read;
}

static void read_lease(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    read_duration(build, node, value, &((struct conf_dhcp *)thing)->lease_s);
}

static void read_lease_min(struct build *build, void *thing, const struct conf_node *node,
                           const struct conf_value *value)
{
    read_duration(build, node, value, &((struct conf_dhcp *)thing)->lease_min_s);
}

static void read_lease_max(struct build *build, void *thing, const struct conf_node *node,
                           const struct conf_value *value)
{
    read_duration(build, node, value, &((struct conf_dhcp *)thing)->lease_max_s);
}

static void read_authoritative(struct build *build, void *thing, const struct conf_node *node,
                               const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf_dhcp *)thing)->authoritative);
}

static void read_bootp(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf_dhcp *)thing)->bootp);
}

static void read_client(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    bool by_mac = strcmp(value->text, "mac") == 0;

    if (by_mac || strcmp(value->text, "id") == 0)
        ((struct conf_dhcp *)thing)->by_mac = by_mac;
    else
        conf_wrong(build->errors, value->line, "%s: '%s': expected id or mac", node->key, value->text);
}

static void read_next_server(struct build *build, void *thing, const struct conf_node *node,
                             const struct conf_value *value)
{
    struct text_error err;

    if (ipv4_addr_parse(value->text, strlen(value->text), &((struct conf_dhcp *)thing)->next_server, &err))
        conf_wrong_text(build, node, value, &err);
}

static const struct setting dhcp_settings[] = {
    {"pool", read_pool, true},
    {"lease", read_lease, false},
    {"lease-min", read_lease_min, false},
    {"lease-max", read_lease_max, false},
    {"authoritative", read_authoritative, false},
    {"bootp", read_bootp, false},
    {"client", read_client, false},
    {"next-server", read_next_server, false},
};

static struct conf_option *add_option(struct build *build, struct conf_dhcp *dhcp, const struct dhcp_option *known,
                                      unsigned line)
{
    struct arena *arena = &build->memory->arena;
    struct conf_option *option = arena_append(arena, &dhcp->options, &dhcp->option_count, sizeof(*dhcp->options));

    if (option) {
        *option = (struct conf_option){.option = known, .line = line, .bytes = arena_get(arena, OPTION_MAX)};
        if (option->bytes)
            return option;
    }
    build->no_memory = true;
    return NULL;
}

static void read_value_of(struct build *build, struct conf_option *option, const struct conf_node *node,
                          const struct conf_value *value)
{
    struct arena *arena = &build->memory->arena;
    struct text_error err;
    size_t before = option->len;
    int error = dhcp_option_encode(option->option->type, value->text, option->bytes, OPTION_MAX, &option->len, &err);

    if (error == -ENOSPC)
        conf_wrong(build->errors, value->line, "%s: expected at most %d bytes of values", node->key, OPTION_MAX);
    else if (error)
        conf_wrong_text(build, node, value, &err);
    if (error)
        return;
    if (option->option->type == DHCP_TYPE_TEXT && option->len - before > 255)
        conf_wrong(build->errors, value->line, "%s: expected %s", node->key, dhcp_type_help(DHCP_TYPE_TEXT));
    const char **text = arena_append(arena, &option->texts, &option->text_count, sizeof(*option->texts));
    char *copy = arena_text(arena, value->text, strlen(value->text));
    if (!text || !copy)
        build->no_memory = true;
    else
        *text = copy;
}

/* An option by its name. An empty list of routers says that there is none. */
static bool read_option(struct build *build, void *thing, const struct conf_node *in, const struct conf_node *node)
{
    struct conf_dhcp *dhcp = thing;
    const struct dhcp_option *known = dhcp_option_find_name(node->key);
    struct conf_option *option = NULL;

    if (!known)
        return false;
    if (!known->configured) {
        conf_wrong(build->errors, node->line, "%s is the server's own: expected no value here", node->key);
        return true;
    }
    if (!conf_setting_stands(build, in, node, dhcp_type_is_list(known->type)))
        return true;
    dhcp->has_routers |= known->code == DHCP_OPTION_ROUTERS;
    for (size_t i = 0; i < dhcp->option_count; i++)
        if (dhcp->options[i].option == known)
            option = &dhcp->options[i];
    if (option && !dhcp_type_is_list(known->type)) { /* by its other name */
        conf_wrong(build->errors, node->line, "%s is set already, in line %u", node->key, option->line);
        return true;
    }
    if (!option && node->value_count)
        option = add_option(build, dhcp, known, node->line);
    for (size_t i = 0; option && i < node->value_count; i++)
        read_value_of(build, option, node, &node->values[i]);
    return true;
}

const struct block conf_dhcp_block = {.key = "dhcp",
                                      .once = true,
                                      .begin = begin_dhcp,
                                      .settings = dhcp_settings,
                                      .setting_count = ARRAY_SIZE(dhcp_settings),
                                      .other = read_option};

/* What was not said follows from what was. */
void conf_dhcp_defaults(struct conf_dhcp *dhcp)
{
    if (!dhcp->lease_s)
        dhcp->lease_s = dhcp->lease_max_s && dhcp->lease_max_s < DEFAULT_S   ? dhcp->lease_max_s
                        : dhcp->lease_min_s && dhcp->lease_min_s > DEFAULT_S ? dhcp->lease_min_s
                                                                             : DEFAULT_S;
    if (!dhcp->lease_min_s)
        dhcp->lease_min_s = dhcp->lease_s < MIN_S ? dhcp->lease_s : MIN_S;
    if (!dhcp->lease_max_s)
        dhcp->lease_max_s = dhcp->lease_s;
}

/* --- checking ---------------------------------------------------------------------------------------------------- */

/* A range lies in a subnet of its interface. One that has no address here has those that the system gave it: then it
 * shows when it is there. */
static void check_range(const struct conf_interface *interface, const struct conf_range *range,
                        struct conf_errors *errors)
{
    char first[IPV4_TEXT_SIZE], last[IPV4_TEXT_SIZE];

    ipv4_addr_format(range->first, first);
    ipv4_addr_format(range->last, last);
    for (size_t i = 0; i < interface->address_count; i++) {
        struct ipv4_prefix subnet = interface->addresses[i].prefix;
        if (!ipv4_prefix_contains(subnet, range->first) || !ipv4_prefix_contains(subnet, range->last))
            continue;
        if (!range->is_prefix && ipv4_prefix_has_broadcast(subnet) &&
            (range->first == ipv4_prefix_first(subnet) || range->last == ipv4_prefix_last(subnet)))
            conf_wrong(errors, range->line, "pool %s-%s: expected hosts' addresses, not the subnet's first or last",
                       first, last);
        return;
    }
    if (interface->address_count)
        conf_wrong(errors, range->line, "pool %s-%s: expected a range in a subnet of interface %s", first, last,
                   interface->name);
}

static int compare_ranges(const void *one, const void *other)
{
    const struct conf_range *a = *(const struct conf_range *const *)one, *b = *(const struct conf_range *const *)other;

    return a->first != b->first ? (a->first < b->first ? -1 : 1) : (a->line > b->line) - (a->line < b->line);
}

static int check_overlaps(const struct conf *conf, struct conf_errors *errors)
{
    size_t count = 0, filled = 0;
    char text[IPV4_TEXT_SIZE];

    for (size_t i = 0; i < conf->interface_count; i++)
        count += conf->interfaces[i].dhcp ? conf->interfaces[i].dhcp->range_count : 0;
    const struct conf_range **sorted = calloc(count + 1, sizeof(struct conf_range *));
    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < conf->interface_count; i++) {
        const struct conf_dhcp *dhcp = conf->interfaces[i].dhcp;
        for (size_t j = 0; dhcp && j < dhcp->range_count; j++)
            sorted[filled++] = &dhcp->ranges[j];
    }
    qsort(sorted, count, sizeof(struct conf_range *), compare_ranges);
    for (size_t i = 1; i < count; i++) {
        if (sorted[i]->first > sorted[i - 1]->last)
            continue;
        unsigned line = sorted[i]->line > sorted[i - 1]->line ? sorted[i]->line : sorted[i - 1]->line;
        ipv4_addr_format(sorted[i]->first, text);
        conf_wrong(errors, line, "pool: %s is in two ranges, of lines %u and %u", text, sorted[i - 1]->line,
                   sorted[i]->line);
    }
    free(sorted);
    return 0;
}

static void check_one(const struct conf_interface *interface, struct conf_errors *errors)
{
    const struct conf_dhcp *dhcp = interface->dhcp;

    if (!dhcp->range_count)
        conf_wrong(errors, dhcp->line, "dhcp: expected a pool, as \"10.0.1.100-10.0.1.199\"");
    if (dhcp->range_count > CONF_RANGES_MAX)
        conf_wrong(errors, dhcp->line, "dhcp: too many pools: at most %d expected", CONF_RANGES_MAX);
    if (dhcp->lease_min_s > dhcp->lease_s || dhcp->lease_s > dhcp->lease_max_s)
        conf_wrong(errors, dhcp->line, "dhcp: expected lease-min <= lease <= lease-max");
    for (size_t i = 0; i < dhcp->range_count; i++)
        check_range(interface, &dhcp->ranges[i], errors);
}

int conf_check_dhcp(const struct conf *conf, struct conf_errors *errors)
{
    for (size_t i = 0; i < conf->interface_count; i++)
        if (conf->interfaces[i].dhcp)
            check_one(&conf->interfaces[i], errors);
    return check_overlaps(conf, errors);
}

/* --- printing ---------------------------------------------------------------------------------------------------- */

static void print_range(const struct conf_range *range, FILE *stream)
{
    char first[IPV4_TEXT_SIZE], last[IPV4_TEXT_SIZE];

    ipv4_addr_format(range->first, first);
    ipv4_addr_format(range->last, last);
    if (range->is_prefix)
        fprintf(stream, "        pool = \"%s/%d\"\n", first,
                __builtin_clz((range->last - range->first) | 1) + (range->last == range->first));
    else
        fprintf(stream, "        pool = \"%s-%s\"\n", first, last);
}

static void print_duration(const char *name, uint32_t seconds, FILE *stream)
{
    char text[TEXT_DURATION_SIZE];

    text_format_duration(seconds, text);
    fprintf(stream, "        %s = \"%s\"\n", name, text);
}

static void print_option(const struct conf_option *option, FILE *stream)
{
    fprintf(stream, "        %s = [", option->option->name);
    for (size_t i = 0; i < option->text_count; i++) {
        fputs(i ? ", " : "", stream);
        conf_print_text(option->texts[i], stream);
    }
    fputs("]\n", stream);
}

void conf_print_dhcp(const struct conf_dhcp *dhcp, FILE *stream)
{
    char text[IPV4_TEXT_SIZE];
    bool routers = false;

    fputs("    dhcp {\n", stream);
    for (size_t i = 0; i < dhcp->range_count; i++)
        print_range(&dhcp->ranges[i], stream);
    print_duration("lease", dhcp->lease_s, stream);
    print_duration("lease-min", dhcp->lease_min_s, stream);
    print_duration("lease-max", dhcp->lease_max_s, stream);
    fprintf(stream, "        authoritative = %s\n        bootp = %s\n        client = %s\n",
            dhcp->authoritative ? "true" : "false", dhcp->bootp ? "true" : "false", dhcp->by_mac ? "mac" : "id");
    if (dhcp->next_server) {
        ipv4_addr_format(dhcp->next_server, text);
        fprintf(stream, "        next-server = \"%s\"\n", text);
    }
    for (size_t i = 0; i < dhcp->option_count; i++) {
        routers |= dhcp->options[i].option->code == DHCP_OPTION_ROUTERS;
        if (dhcp_type_is_list(dhcp->options[i].option->type)) {
            print_option(&dhcp->options[i], stream);
        } else {
            fprintf(stream, "        %s = ", dhcp->options[i].option->name);
            conf_print_text(dhcp->options[i].texts[0], stream);
            putc('\n', stream);
        }
    }
    if (dhcp->has_routers && !routers)
        fputs("        routers = []\n", stream);
    fputs("    }\n", stream);
}
