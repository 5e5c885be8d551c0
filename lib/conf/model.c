/*
 * From the tree to the model. What may stand where is said by tables: one of settings and blocks for each block, and
 * for each setting the function that reads its value. Only what concerns one setting is decided here; how settings fit
 * together is check.c's.
 */
#include "conf/model.h"

#include "base/compiler.h"
#include "conf/contract.h"
#include "conf/dhcp.h"
#include "conf/guard.h"
#include "conf/measure.h"
#include "conf/read.h"
#include "conf/relay.h"
#include "conf/shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- values ------------------------------------------------------------------------------------------------------- */

static bool is_interface_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len < CONF_NAME_SIZE && !strpbrk(name, "/: \t\"\\") && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

void conf_wrong_text(struct build *build, const struct conf_node *node, const struct conf_value *value,
                     const struct text_error *err)
{
    conf_wrong(build->errors, value->line, "%s: '%s': character %zu: expected %s", node->key, value->text, err->at + 1,
               err->expected);
}

bool conf_read_number(struct build *build, const struct conf_node *node, const struct conf_value *value, uint32_t min,
                      uint32_t max, const char *expected, uint32_t *number)
{
    size_t at = 0, len = strlen(value->text);
    uint32_t read;

    if (text_decimal(value->text, len, &at, max, expected, &read, NULL) || at != len || read < min) {
        conf_wrong(build->errors, value->line, "%s: '%s': expected %s", node->key, value->text, expected);
        return false;
    }
    *number = read;
    return true;
}

void conf_read_duration(struct build *build, const struct conf_node *node, const struct conf_value *value, uint32_t min,
                        uint32_t *seconds)
{
    struct text_error err;
    uint32_t read;

    if (text_duration(value->text, strlen(value->text), UINT32_MAX, &read, &err))
        conf_wrong_text(build, node, value, &err);
    else if (read < min)
        conf_wrong(build->errors, value->line, "%s: '%s': expected at least %u s", node->key, value->text, min);
    else
        *seconds = read;
}

bool conf_read_address(struct build *build, const struct conf_node *node, const struct conf_value *value,
                       uint32_t *addr)
{
    struct text_error err;
    int error = ipv4_addr_parse(value->text, strlen(value->text), addr, &err);

    if (error)
        conf_wrong_text(build, node, value, &err);
    return !error;
}

bool conf_read_host(struct build *build, const struct conf_node *node, const struct conf_value *value, uint32_t *addr)
{
    uint32_t read;

    if (!conf_read_address(build, node, value, &read))
        return false;
    if (ipv4_addr_is_host(read))
        *addr = read;
    else
        conf_wrong(build->errors, value->line, "%s: '%s': expected a host's address", node->key, value->text);
    return ipv4_addr_is_host(read);
}

bool conf_read_prefix(struct build *build, const struct conf_node *node, const struct conf_value *value,
                      struct ipv4_prefix *prefix)
{
    struct text_error err;
    int error = ipv4_prefix_parse(value->text, strlen(value->text), IPV4_PREFIX_ALLOW_ADDRESS, prefix, &err);

    if (error)
        conf_wrong_text(build, node, value, &err);
    return !error;
}

bool conf_is_name(const char *text, size_t size, const char *others)
{
    size_t len = strlen(text);
    bool fits = len > 0 && len < size;

    for (size_t i = 0; i < len; i++)
        fits &= (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
                (text[i] >= '0' && text[i] <= '9') || strchr(others, text[i]);
    return fits;
}

const char *conf_keep(struct build *build, const char *text)
{
    const char *copy = arena_text(&build->memory->arena, text, strlen(text));

    build->no_memory |= !copy;
    return copy;
}

void *conf_append(struct build *build, void *array, size_t *count, size_t bytes)
{
    void *added = arena_append(&build->memory->arena, array, count, bytes);

    build->no_memory |= !added;
    return added;
}

bool conf_read_choice(struct build *build, const struct conf_node *node, const struct conf_value *value,
                      const char *(*name)(unsigned), unsigned count, unsigned *choice)
{
    char all[200] = "";

    for (unsigned i = 0; i < count; i++) {
        if (strcmp(value->text, name(i)) == 0) {
            *choice = i;
            return true;
        }
        strncat(all, i == 0 ? "" : i + 1 == count ? " or " : ", ", sizeof(all) - strlen(all) - 1);
        strncat(all, name(i), sizeof(all) - strlen(all) - 1);
    }
    conf_wrong(build->errors, value->line, "%s: '%s': expected %s", node->key, value->text, all);
    return false;
}

void conf_read_flag(struct build *build, const struct conf_node *node, const struct conf_value *value, bool *flag)
{
    if (strcmp(value->text, "true") == 0 || strcmp(value->text, "false") == 0)
        *flag = value->text[0] == 't';
    else
        conf_wrong(build->errors, value->line, "%s: '%s': expected true or false", node->key, value->text);
}

static void read_interface_name(struct build *build, const struct conf_node *node, const struct conf_value *value,
                                char name[static CONF_NAME_SIZE])
{
    if (is_interface_name(value->text))
        memcpy(name, value->text, strlen(value->text) + 1);
    else
        conf_wrong(build->errors, value->line, "%s: '%s': expected the name of an interface: 1 to %d characters",
                   node->key, value->text, CONF_NAME_SIZE - 1);
}

static void read_preference(struct build *build, const struct conf_node *node, const struct conf_value *value,
                            uint8_t *preference)
{
    static_assert(CONF_PREFERENCE_MIN == 2 && CONF_PREFERENCE_MAX == 254, "the text says so");
    uint32_t number;

    if (conf_read_number(build, node, value, CONF_PREFERENCE_MIN, CONF_PREFERENCE_MAX, "a number from 2 to 254",
                         &number))
        *preference = (uint8_t)number;
}

/* --- interface ---------------------------------------------------------------------------------------------------- */

static void *begin_interface(struct build *build, void *within, const struct conf_node *node)
{
    struct conf *conf = within;

    if (!is_interface_name(node->label)) {
        conf_wrong(build->errors, node->line, "interface '%s': expected the name of an interface: 1 to %d characters",
                   node->label, CONF_NAME_SIZE - 1);
        return NULL;
    }
    struct conf_interface *interface =
        conf_append(build, &conf->interfaces, &conf->interface_count, sizeof(*conf->interfaces));
    if (!interface)
        return NULL;
    memcpy(interface->name, node->label, strlen(node->label) + 1);
    conf_begin_shape(&interface->shape);
    interface->line = node->line;
    return interface;
}

static void add_address(struct build *build, struct conf_interface *interface, struct ipv4_prefix prefix, unsigned line)
{
    struct conf_address *address =
        conf_append(build, &interface->addresses, &interface->address_count, sizeof(*interface->addresses));

    if (address)
        *address = (struct conf_address){.prefix = prefix, .line = line};
}

static void read_address(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct text_error err;
    struct ipv4_prefix prefix;

    if (ipv4_prefix_parse(value->text, strlen(value->text), IPV4_PREFIX_ALLOW_HOST_BITS, &prefix, &err))
        conf_wrong_text(build, node, value, &err);
    else
        add_address(build, thing, prefix, value->line);
}

/* The interface has the first address of it that a host can have. */
static void read_subnet(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct text_error err;
    struct ipv4_prefix prefix;

    if (ipv4_prefix_parse(value->text, strlen(value->text), 0, &prefix, &err))
        conf_wrong_text(build, node, value, &err);
    else
        add_address(build, thing, (struct ipv4_prefix){ipv4_prefix_first_host(prefix), prefix.len}, value->line);
}

static const char *door_name(unsigned door)
{
    return conf_door_name((enum conf_door)door);
}

static void read_door(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_interface *interface = thing;
    unsigned door;

    if (conf_read_choice(build, node, value, door_name, CONF_DOOR_COUNT, &door))
        interface->door = (enum conf_door)door;
}

static void read_bypass(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_interface *interface = thing;

    interface->bypass_named = true;
    conf_read_flag(build, node, value, &interface->bypass_firewall);
}

static const struct setting interface_settings[] = {
    {"address", read_address, true},          {"subnet", read_subnet, true},           {"door", read_door, false},
    {"rate", conf_read_rate, false},          {"queue", conf_read_shape_queue, false}, {"link", conf_read_link, false},
    {"source-guard", conf_read_guard, false}, {"bypass-firewall", read_bypass, false},
};

/* --- route -------------------------------------------------------------------------------------------------------- */

static void *begin_route(struct build *build, void *within, const struct conf_node *node)
{
    struct conf *conf = within;
    struct text_error err;
    struct ipv4_prefix prefix;

    if (ipv4_prefix_parse(node->label, strlen(node->label), 0, &prefix, &err)) {
        conf_wrong(build->errors, node->line, "route '%s': character %zu: expected %s", node->label, err.at + 1,
                   err.expected);
        return NULL;
    }
    struct conf_route *route = conf_append(build, &conf->routes, &conf->route_count, sizeof(*conf->routes));
    if (route)
        *route = (struct conf_route){.prefix = prefix, .line = node->line};
    return route;
}

static void read_via(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_address(build, node, value, &((struct conf_route *)thing)->via);
}

static void read_route_interface(struct build *build, void *thing, const struct conf_node *node,
                                 const struct conf_value *value)
{
    read_interface_name(build, node, value, ((struct conf_route *)thing)->interface);
}

static const char *route_type_name(unsigned type)
{
    return conf_route_type_name((enum conf_route_type)type);
}

static void read_type(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_route *route = thing;
    unsigned type;

    if (conf_read_choice(build, node, value, route_type_name, CONF_ROUTE_TYPE_COUNT, &type))
        route->type = (enum conf_route_type)type;
}

static void read_metric(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_number(build, node, value, 0, UINT32_MAX, "a number from 0 to 4294967295",
                     &((struct conf_route *)thing)->metric);
}

static void read_route_preference(struct build *build, void *thing, const struct conf_node *node,
                                  const struct conf_value *value)
{
    read_preference(build, node, value, &((struct conf_route *)thing)->preference);
}

static const struct setting route_settings[] = {
    {"via", read_via, false},       {"interface", read_route_interface, false},   {"type", read_type, false},
    {"metric", read_metric, false}, {"preference", read_route_preference, false},
};

/* --- preferences, management -------------------------------------------------------------------------------------- */

static void *begin_conf(struct build *build, void *within, const struct conf_node *node)
{
    (void)build;
    (void)node;
    return within;
}

static void read_static_preference(struct build *build, void *thing, const struct conf_node *node,
                                   const struct conf_value *value)
{
    read_preference(build, node, value, &((struct conf *)thing)->static_preference);
}

static void read_kernel_preference(struct build *build, void *thing, const struct conf_node *node,
                                   const struct conf_value *value)
{
    read_preference(build, node, value, &((struct conf *)thing)->kernel_preference);
}

static const struct setting preferences_settings[] = {
    {"static", read_static_preference, false},
    {"kernel", read_kernel_preference, false},
};

static void read_sessions(struct build *build, void *thing, const struct conf_node *node,
                          const struct conf_value *value)
{
    static_assert(CONF_SESSIONS_MAX == 4096, "the text says so");
    struct conf *conf = thing;
    uint32_t number;

    if (conf_read_number(build, node, value, 1, CONF_SESSIONS_MAX, "a number from 1 to 4096", &number))
        conf->management.sessions = number;
}

static void read_group(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf *conf = thing;
    size_t len = strlen(value->text);

    if (len == 0 || len >= CONF_GROUP_SIZE)
        conf_wrong(build->errors, value->line, "%s: '%s': expected the name of a group: 1 to %d characters", node->key,
                   value->text, CONF_GROUP_SIZE - 1);
    else
        memcpy(conf->management.group, value->text, len + 1);
}

static const struct setting management_settings[] = {
    {"sessions", read_sessions, false},
    {"group", read_group, false},
};

static void read_discard(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf *)thing)->plan.discard);
}

static const struct setting plan_settings[] = {
    {"discard", read_discard, false},
};

/* --- the file as a whole ------------------------------------------------------------------------------------------ */

static void read_hostname(struct build *build, void *thing, const struct conf_node *node,
                          const struct conf_value *value)
{
    struct conf *conf = thing;

    if (!conf_is_name(value->text, CONF_HOSTNAME_SIZE, "-.") || strchr("-.", value->text[0]))
        conf_wrong(build->errors, value->line, "%s: '%s': expected letters, digits, '-' and '.' (RFC 1123 2.1)",
                   node->key, value->text);
    else
        memcpy(conf->hostname, value->text, strlen(value->text) + 1);
}

static void read_dead_man(struct build *build, void *thing, const struct conf_node *node,
                          const struct conf_value *value)
{
    struct conf *conf = thing;

    conf_read_duration(build, node, value, CONF_DEAD_MAN_MIN, &conf->dead_man_s);
    if (conf->dead_man_s > CONF_DEAD_MAN_MAX)
        conf_wrong(build->errors, value->line, "%s: '%s': expected at most a day", node->key, value->text);
}

static void read_bypass_everywhere(struct build *build, void *thing, const struct conf_node *node,
                                   const struct conf_value *value)
{
    conf_read_flag(build, node, value, &((struct conf *)thing)->bypass_firewall);
}

static const struct setting top_settings[] = {
    {"hostname", read_hostname, false},
    {"dead-man", read_dead_man, false},
    {"bypass-firewall", read_bypass_everywhere, false},
};

static const struct block *const interface_blocks[] = {&conf_shape_queue_block,    &conf_traffic_class_block,
                                                       &conf_dhcp_interface_block, &conf_relay_block,
                                                       &conf_reflector_block,      &conf_host_block};

static const struct block interface_block = {.key = "interface",
                                             .label = "the interface's name",
                                             .begin = begin_interface,
                                             .settings = interface_settings,
                                             .setting_count = ARRAY_SIZE(interface_settings),
                                             .blocks = interface_blocks,
                                             .block_count = ARRAY_SIZE(interface_blocks)};

static const struct block route_block = {.key = "route",
                                         .label = "the route's prefix",
                                         .begin = begin_route,
                                         .settings = route_settings,
                                         .setting_count = ARRAY_SIZE(route_settings)};

static const struct block preferences_block = {.key = "preferences",
                                               .once = true,
                                               .begin = begin_conf,
                                               .settings = preferences_settings,
                                               .setting_count = ARRAY_SIZE(preferences_settings)};

static const struct block management_block = {.key = "management",
                                              .once = true,
                                              .begin = begin_conf,
                                              .settings = management_settings,
                                              .setting_count = ARRAY_SIZE(management_settings)};

static const struct block plan_block = {.key = "plan",
                                        .once = true,
                                        .begin = begin_conf,
                                        .settings = plan_settings,
                                        .setting_count = ARRAY_SIZE(plan_settings)};

/* In the order in which they are read: interfaces inherit what dhcp says in general. */
static const struct block *const top_blocks[] = {&conf_dhcp_general_block, &interface_block,   &route_block,
                                                 &conf_probe_block,        &preferences_block, &management_block,
                                                 &conf_contract_block,     &plan_block};

static const struct block top = {.key = "",
                                 .settings = top_settings,
                                 .setting_count = ARRAY_SIZE(top_settings),
                                 .blocks = top_blocks,
                                 .block_count = ARRAY_SIZE(top_blocks)};

static const struct setting *find_setting(const struct block *block, const char *key)
{
    for (; block; block = block->extends)
        for (size_t i = 0; i < block->setting_count; i++)
            if (strcmp(block->settings[i].key, key) == 0)
                return &block->settings[i];
    return NULL;
}

static const struct block *find_block(const struct block *block, const char *key)
{
    for (size_t i = 0; i < block->block_count; i++)
        if (strcmp(block->blocks[i]->key, key) == 0)
            return block->blocks[i];
    return NULL;
}

/* An earlier one of the same key; NULL if this is the first. */
static const struct conf_node *earlier(const struct conf_node *in, const struct conf_node *node)
{
    for (const struct conf_node *at = in->children; at < node; at++)
        if (strcmp(at->key, node->key) == 0)
            return at;
    return NULL;
}

bool conf_setting_stands(struct build *build, const struct conf_node *in, const struct conf_node *node, bool list)
{
    const struct conf_node *first = list ? NULL : earlier(in, node);

    if (node->is_block)
        conf_wrong(build->errors, node->line, "%s: expected '=' and a value", node->key);
    else if (first)
        conf_wrong(build->errors, node->line, "%s is set already, in line %u", node->key, first->line);
    else if (node->is_list && !list)
        conf_wrong(build->errors, node->line, "%s: expected one value, no list", node->key);
    else
        return true;
    return false;
}

static void read_setting(struct build *build, void *thing, const struct setting *setting, const struct conf_node *in,
                         const struct conf_node *node)
{
    bool stands = conf_setting_stands(build, in, node, setting->list);

    for (size_t i = 0; stands && i < node->value_count; i++)
        setting->read(build, thing, node, &node->values[i]);
}

static void list_key(char all[static 160], const char *key)
{
    strncat(all, all[0] ? ", " : "", 159 - strlen(all));
    strncat(all, key, 159 - strlen(all));
}

static void unknown(struct build *build, const struct block *block, const struct conf_node *node)
{
    const struct block *last = block;
    char all[160] = "";

    for (size_t i = 0; i < block->setting_count; i++)
        list_key(all, block->settings[i].key);
    for (size_t i = 0; i < block->block_count; i++)
        if (!find_setting(block, block->blocks[i]->key))
            list_key(all, block->blocks[i]->key);
    while (last->extends) {
        last = last->extends;
        for (size_t i = 0; i < last->setting_count; i++)
            list_key(all, last->settings[i].key);
    }
    conf_wrong(build->errors, node->line, "'%s' is not known %s%s: expected one of %s%s", node->key,
               block->key[0] ? "in " : "here", block->key, all, last->other ? ", or an option's name" : "");
}

static void read_block(struct build *build, const struct block *block, void *within, const struct conf_node *in,
                       const struct conf_node *node);

/* A setting, or something that is not known. */
static void read_child(struct build *build, const struct block *block, void *thing, const struct conf_node *in,
                       const struct conf_node *child)
{
    const struct setting *setting = find_setting(block, child->key);

    if (setting) {
        read_setting(build, thing, setting, in, child);
        return;
    }
    for (const struct block *at = block; at; at = at->extends)
        if (at->other && at->other(build, thing, in, child))
            return;
    unknown(build, block, child);
}

/* Everything that stands in a block: settings first, because blocks within it may inherit them. */
static void read_children(struct build *build, const struct block *block, void *thing, const struct conf_node *node)
{
    bool any = false;

    for (size_t i = 0; i < node->child_count; i++) {
        const struct conf_node *child = &node->children[i];
        if (find_block(block, child->key) && (child->is_block || !find_setting(block, child->key)))
            any = true;
        else
            read_child(build, block, thing, node, child);
    }
    for (size_t kind = 0; any && kind < block->block_count; kind++) {
        for (size_t i = 0; i < node->child_count; i++) {
            const struct conf_node *child = &node->children[i];
            if (strcmp(child->key, block->blocks[kind]->key) == 0 &&
                (child->is_block || !find_setting(block, child->key)))
                read_block(build, block->blocks[kind], thing, node, child);
        }
    }
}

static void read_block(struct build *build, const struct block *block, void *within, const struct conf_node *in,
                       const struct conf_node *node)
{
    const struct conf_node *first = block->once ? earlier(in, node) : NULL;

    if (!node->is_block) {
        conf_wrong(build->errors, node->line, "%s: expected %s%s'{'", node->key, block->label ? block->label : "",
                   block->label ? " and " : "");
        return;
    }
    if (first)
        conf_wrong(build->errors, node->line, "%s is there already, in line %u", node->key, first->line);
    if (block->label && !node->label)
        conf_wrong(build->errors, node->line, "%s: expected %s in front of '{'", node->key, block->label);
    if (!block->label && node->label)
        conf_wrong(build->errors, node->line, "%s: expected '{', found a label", node->key);
    if (first || !block->label != !node->label)
        return;
    void *thing = block->begin(build, within, node);
    if (thing)
        read_children(build, block, thing, node);
}

int conf_model_build(const struct conf_node *root, struct conf_memory *memory, struct conf *conf,
                     struct conf_errors *errors)
{
    struct build build = {.conf = conf, .memory = memory, .errors = errors};

    *conf = (struct conf){.dead_man_s = 60,
                          .static_preference = 5,
                          .kernel_preference = 10,
                          .management.sessions = 256,
                          .memory = memory};
    conf_dhcp_begin(conf);
    read_children(&build, &top, conf, root);
    for (size_t i = 0; i < conf->route_count; i++)
        if (!conf->routes[i].preference)
            conf->routes[i].preference = conf->static_preference;
    for (size_t i = 0; i < conf->interface_count; i++)
        if (!conf->interfaces[i].bypass_named)
            conf->interfaces[i].bypass_firewall = conf->bypass_firewall;
    conf_dhcp_end(conf);
    return build.no_memory ? -ENOMEM : 0;
}

int conf_model_read(const struct block *block, const struct conf_node *root, struct conf_memory *memory, void *thing,
                    struct conf_errors *errors)
{
    struct build build = {.memory = memory, .errors = errors};

    read_children(&build, block, thing, root);
    return build.no_memory ? -ENOMEM : 0;
}

int conf_model_add_contracts(const struct conf_node *root, struct conf_memory *memory, struct conf *conf,
                             struct conf_errors *errors)
{
    static const struct block *const blocks[] = {&conf_contract_block};
    static const struct block only = {.key = "", .blocks = blocks, .block_count = ARRAY_SIZE(blocks)};
    size_t before = conf->contract_count;
    int error = conf_model_read(&only, root, memory, conf, errors);

    for (size_t i = before; i < conf->contract_count; i++)
        conf->contracts[i].line = 0;
    return error;
}
