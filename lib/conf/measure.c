#include "conf/measure.h"

#include "base/compiler.h"
#include "conf/dscp.h"
#include "dhcp/message.h"
#include "net/dscp.h"
#include "twamp/packet.h"

#include <assert.h>
#include <string.h>

#define INTERVAL_NS INT64_C(1000000000)
#define SIZE        44 /* bytes: what STAMP's packets have (RFC 8762 4.2.1), there and back */

static void read_port(struct build *build, const struct conf_node *node, const struct conf_value *value, uint16_t *port)
{
    uint32_t number;

    if (conf_read_number(build, node, value, 1, UINT16_MAX, "a UDP port from 1 to 65535", &number))
        *port = (uint16_t)number;
}

/* --- reflectors --------------------------------------------------------------------------------------------------- */

static void *begin_reflector(struct build *build, void *within, const struct conf_node *node)
{
    struct conf_interface *interface = within;
    struct conf_reflector *reflector = arena_get(&build->memory->arena, sizeof(*reflector));

    build->no_memory |= !reflector;
    if (reflector)
        *reflector = (struct conf_reflector){.rate = CONF_REFLECTOR_RATE, .port = TWAMP_PORT, .line = node->line};
    interface->reflector = reflector;
    return reflector;
}

static void read_from(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_reflector *reflector = thing;
    struct ipv4_prefix prefix, *added;

    if (conf_read_prefix(build, node, value, &prefix) &&
        (added = conf_append(build, &reflector->from, &reflector->from_count, sizeof(*reflector->from))))
        *added = prefix;
}

static void read_reflector_rate(struct build *build, void *thing, const struct conf_node *node,
                                const struct conf_value *value)
{
    static_assert(CONF_REFLECTOR_RATE_MAX == 10000, "the text says so");
    conf_read_number(build, node, value, 1, CONF_REFLECTOR_RATE_MAX, "answers a second, from 1 to 10000",
                     &((struct conf_reflector *)thing)->rate);
}

static void read_reflector_port(struct build *build, void *thing, const struct conf_node *node,
                                const struct conf_value *value)
{
    read_port(build, node, value, &((struct conf_reflector *)thing)->port);
}

static const struct setting reflector_settings[] = {
    {"from", read_from, true},
    {"rate", read_reflector_rate, false},
    {"port", read_reflector_port, false},
};

const struct block conf_reflector_block = {.key = "reflector",
                                           .once = true,
                                           .begin = begin_reflector,
                                           .settings = reflector_settings,
                                           .setting_count = ARRAY_SIZE(reflector_settings)};

/* --- probes ------------------------------------------------------------------------------------------------------- */

static void *begin_probe(struct build *build, void *within, const struct conf_node *node)
{
    static_assert(CONF_PROBE_NAME_SIZE == 32, "the text says so");
    struct conf *conf = within;

    if (!conf_is_name(node->label, CONF_PROBE_NAME_SIZE, "-_.")) {
        conf_wrong(build->errors, node->line, "probe '%s': expected a name: 1 to 31 letters, digits, '-', '_' and '.'",
                   node->label);
        return NULL;
    }
    struct conf_probe *probe = conf_append(build, &conf->probes, &conf->probe_count, sizeof(*conf->probes));
    if (!probe)
        return NULL;
    *probe = (struct conf_probe){.port = TWAMP_PORT, .interval_ns = INTERVAL_NS, .size = SIZE, .line = node->line};
    memcpy(probe->name, node->label, strlen(node->label) + 1);
    return probe;
}

static void read_to(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_host(build, node, value, &((struct conf_probe *)thing)->to);
}

static void read_probe_port(struct build *build, void *thing, const struct conf_node *node,
                            const struct conf_value *value)
{
    read_port(build, node, value, &((struct conf_probe *)thing)->port);
}

static void read_interval(struct build *build, void *thing, const struct conf_node *node,
                          const struct conf_value *value)
{
    static_assert(CONF_PROBE_INTERVAL_MIN_NS == 10000000 && CONF_PROBE_INTERVAL_MAX_NS == 3600000000000,
                  "the text says so");
    struct queue_length length;
    struct text_error err;

    if (queue_length_parse(value->text, strlen(value->text), &length, &err) || length.unit != QUEUE_NS ||
        length.value < CONF_PROBE_INTERVAL_MIN_NS || length.value > CONF_PROBE_INTERVAL_MAX_NS)
        conf_wrong(build->errors, value->line, "%s: '%s': expected a time from 10ms to 3600s", node->key, value->text);
    else
        ((struct conf_probe *)thing)->interval_ns = (int64_t)length.value;
}

static void read_probe_dscp(struct build *build, void *thing, const struct conf_node *node,
                            const struct conf_value *value)
{
    conf_read_dscp(build, node, value, &((struct conf_probe *)thing)->dscp);
}

static void read_size(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    static_assert(TWAMP_REFLECTED == 41 && CONF_PROBE_SIZE_MAX == 8972, "the text says so");
    uint32_t number;

    if (conf_read_number(build, node, value, TWAMP_REFLECTED, CONF_PROBE_SIZE_MAX, "bytes, from 41 to 8972", &number))
        ((struct conf_probe *)thing)->size = (uint16_t)number;
}

static const struct setting probe_settings[] = {
    {"to", read_to, false},           {"port", read_probe_port, false}, {"interval", read_interval, false},
    {"dscp", read_probe_dscp, false}, {"size", read_size, false},
};

const struct block conf_probe_block = {.key = "probe",
                                       .label = "the probe's name",
                                       .begin = begin_probe,
                                       .settings = probe_settings,
                                       .setting_count = ARRAY_SIZE(probe_settings)};

/* --- checking ----------------------------------------------------------------------------------------------------- */

bool conf_has_measurements(const struct conf *conf)
{
    bool has = conf->probe_count > 0;

    for (size_t i = 0; i < conf->interface_count; i++)
        has |= conf->interfaces[i].reflector != NULL;
    return has;
}

static void check_reflector(const struct conf_interface *interface, struct conf_errors *errors)
{
    const struct conf_reflector *reflector = interface->reflector;

    if (!reflector->from_count)
        conf_wrong(errors, reflector->line,
                   "reflector: expected whom it answers, as from = [\"192.0.2.0/24\"] (\"0.0.0.0/0\" for everybody)");
    if (reflector->from_count > CONF_REFLECTOR_FROM_MAX)
        conf_wrong(errors, reflector->line, "reflector: too many prefixes: at most %d expected",
                   CONF_REFLECTOR_FROM_MAX);
    if (reflector->port == DHCP_SERVER_PORT || reflector->port == DHCP_CLIENT_PORT)
        conf_wrong(errors, reflector->line, "reflector: UDP port %u is that of DHCP: expected another",
                   reflector->port);
}

static void check_probe(const struct conf *conf, size_t number, struct conf_errors *errors)
{
    const struct conf_probe *probe = &conf->probes[number];
    const struct conf_interface *owner = conf_find_owner(conf, probe->to);

    if (!probe->to)
        conf_wrong(errors, probe->line, "probe %s: expected a reflector's address, as to = \"192.0.2.1\"", probe->name);
    else if (owner)
        conf_wrong(errors, probe->line, "probe %s: its reflector is this router itself (interface %s)", probe->name,
                   owner->name);
    for (size_t i = 0; i < number; i++) {
        if (strcmp(conf->probes[i].name, probe->name) == 0) {
            conf_wrong(errors, probe->line, "probe %s is there already, in line %u", probe->name, conf->probes[i].line);
            break;
        }
    }
}

void conf_check_measurements(const struct conf *conf, struct conf_errors *errors)
{
    for (size_t i = 0; i < conf->interface_count; i++)
        if (conf->interfaces[i].reflector)
            check_reflector(&conf->interfaces[i], errors);
    if (conf->probe_count > CONF_PROBES_MAX)
        conf_wrong(errors, conf->probes[CONF_PROBES_MAX].line, "too many probes: at most %d expected", CONF_PROBES_MAX);
    for (size_t i = 0; i < conf->probe_count && i < CONF_PROBES_MAX; i++)
        check_probe(conf, i, errors);
}

/* --- printing ----------------------------------------------------------------------------------------------------- */

void conf_print_reflector(const struct conf_reflector *reflector, FILE *stream)
{
    fputs("    reflector {\n", stream);
    conf_print_prefixes(stream, 2, "from", reflector->from, reflector->from_count);
    fprintf(stream, "        rate = %u\n        port = %u\n    }\n", reflector->rate, reflector->port);
}

void conf_print_probe(const struct conf_probe *probe, FILE *stream)
{
    const struct queue_length interval = {.unit = QUEUE_NS, .value = (uint64_t)probe->interval_ns};
    char time[QUEUE_LENGTH_TEXT_SIZE], dscp[DSCP_TEXT_SIZE];

    fprintf(stream, "\nprobe \"%s\" {\n", probe->name);
    conf_print_address(stream, 1, "to", probe->to);
    queue_length_format(&interval, time);
    dscp_format(probe->dscp, dscp);
    fprintf(stream, "    port = %u\n", probe->port);
    conf_print_named(stream, 1, "interval", time);
    conf_print_named(stream, 1, "dscp", dscp);
    fprintf(stream, "    size = %u\n}\n", probe->size);
}
