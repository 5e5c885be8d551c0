/*
 * From the tree to the model. What may stand where is said by tables: one of settings and blocks for each block, and
 * for each setting the function that reads its value. Only what concerns one setting is decided here; how settings fit
 * together is check.c's.
 */
#include "conf/model.h"

#include "base/compiler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct build {
    struct conf *conf;
    struct conf_memory *memory;
    struct conf_errors *errors;
    bool no_memory;
};

/* Reads one value into the thing that its block describes. */
typedef void read_value(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value);

struct setting {
    const char *key;
    read_value *read;
    bool list; /* several values, and several times */
};

struct block {
    const char *key;
    const char *label; /* what stands there, for errors; NULL: it has none */
    bool once;
    /* The thing that the block describes; NULL: its label is wrong (listed), or there is no memory (noted). */
    void *(*begin)(struct build *build, const struct conf_node *node);
    const struct setting *settings;
    size_t setting_count;
};

/* --- values ------------------------------------------------------------------------------------------------------ */

static bool is_interface_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len < CONF_NAME_SIZE && !strpbrk(name, "/: \t\"\\") && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static void wrong_text(struct build *build, const struct conf_node *node, const struct conf_value *value,
                       const struct text_error *err)
{
    conf_wrong(build->errors, value->line, "%s: '%s': character %zu: expected %s", node->key, value->text, err->at + 1,
               err->expected);
}

static bool read_number(struct build *build, const struct conf_node *node, const struct conf_value *value, uint32_t min,
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

/* Which of `count` words; the list of all of them in the error. */
static bool read_choice(struct build *build, const struct conf_node *node, const struct conf_value *value,
                        const char *(*name)(unsigned), unsigned count, unsigned *choice)
{
    char all[100] = "";

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

    if (read_number(build, node, value, CONF_PREFERENCE_MIN, CONF_PREFERENCE_MAX, "a number from 2 to 254", &number))
        *preference = (uint8_t)number;
}

/* --- interface --------------------------------------------------------------------------------------------------- */

static void *begin_interface(struct build *build, const struct conf_node *node)
{
    struct conf *conf = build->conf;

    if (!is_interface_name(node->label)) {
        conf_wrong(build->errors, node->line, "interface '%s': expected the name of an interface: 1 to %d characters",
                   node->label, CONF_NAME_SIZE - 1);
        return NULL;
    }
    struct conf_interface *interface =
        arena_append(&build->memory->arena, &conf->interfaces, &conf->interface_count, sizeof(*conf->interfaces));
    if (!interface) {
        build->no_memory = true;
        return NULL;
    }
    memcpy(interface->name, node->label, strlen(node->label) + 1);
    interface->line = node->line;
    return interface;
}

static void read_address(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_interface *interface = thing;
    struct text_error err;
    struct ipv4_prefix prefix;

    if (ipv4_prefix_parse(value->text, strlen(value->text), IPV4_PREFIX_ALLOW_HOST_BITS, &prefix, &err)) {
        wrong_text(build, node, value, &err);
        return;
    }
    struct conf_address *address = arena_append(&build->memory->arena, &interface->addresses, &interface->address_count,
                                                sizeof(*interface->addresses));
    if (!address)
        build->no_memory = true;
    else
        *address = (struct conf_address){.prefix = prefix, .line = value->line};
}

static const char *door_name(unsigned door)
{
    return conf_door_name((enum conf_door)door);
}

static void read_door(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_interface *interface = thing;
    unsigned door;

    if (read_choice(build, node, value, door_name, CONF_DOOR_COUNT, &door))
        interface->door = (enum conf_door)door;
}

static const struct setting interface_settings[] = {
    {"address", read_address, true},
    {"door", read_door, false},
};

/* --- route ------------------------------------------------------------------------------------------------------- */

static void *begin_route(struct build *build, const struct conf_node *node)
{
    struct conf *conf = build->conf;
    struct text_error err;
    struct ipv4_prefix prefix;

    if (ipv4_prefix_parse(node->label, strlen(node->label), 0, &prefix, &err)) {
        conf_wrong(build->errors, node->line, "route '%s': character %zu: expected %s", node->label, err.at + 1,
                   err.expected);
        return NULL;
    }
    struct conf_route *route =
        arena_append(&build->memory->arena, &conf->routes, &conf->route_count, sizeof(*conf->routes));
    if (!route)
        build->no_memory = true;
    else
        *route = (struct conf_route){.prefix = prefix, .line = node->line};
    return route;
}

static void read_via(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct conf_route *route = thing;
    struct text_error err;

    if (ipv4_addr_parse(value->text, strlen(value->text), &route->via, &err))
        wrong_text(build, node, value, &err);
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

    if (read_choice(build, node, value, route_type_name, CONF_ROUTE_TYPE_COUNT, &type))
        route->type = (enum conf_route_type)type;
}

static void read_metric(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    read_number(build, node, value, 0, UINT32_MAX, "a number from 0 to 4294967295",
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

/* --- preferences, management ------------------------------------------------------------------------------------- */

static void *begin_conf(struct build *build, const struct conf_node *node)
{
    (void)node;
    return build->conf;
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

    if (read_number(build, node, value, 1, CONF_SESSIONS_MAX, "a number from 1 to 4096", &number))
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

/* --- the file as a whole ----------------------------------------------------------------------------------------- */

static void read_hostname(struct build *build, void *thing, const struct conf_node *node,
                          const struct conf_value *value)
{
    struct conf *conf = thing;
    size_t len = strlen(value->text);
    bool fits = len > 0 && len < CONF_HOSTNAME_SIZE && value->text[0] != '.' && value->text[0] != '-';

    for (size_t i = 0; i < len; i++) {
        char c = value->text[i];
        fits &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    }
    if (!fits)
        conf_wrong(build->errors, value->line, "%s: '%s': expected letters, digits, '-' and '.' (RFC 1123 2.1)",
                   node->key, value->text);
    else
        memcpy(conf->hostname, value->text, len + 1);
}

static const struct setting top_settings[] = {
    {"hostname", read_hostname, false},
};

static const struct block top_blocks[] = {
    {"interface", "the interface's name", false, begin_interface, interface_settings, ARRAY_SIZE(interface_settings)},
    {"route", "the route's prefix", false, begin_route, route_settings, ARRAY_SIZE(route_settings)},
    {"preferences", NULL, true, begin_conf, preferences_settings, ARRAY_SIZE(preferences_settings)},
    {"management", NULL, true, begin_conf, management_settings, ARRAY_SIZE(management_settings)},
};

static const struct setting *find_setting(const struct setting *settings, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(settings[i].key, key) == 0)
            return &settings[i];
    return NULL;
}

static const struct block *find_block(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(top_blocks); i++)
        if (strcmp(top_blocks[i].key, key) == 0)
            return &top_blocks[i];
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

static void read_setting(struct build *build, void *thing, const struct setting *setting, const struct conf_node *in,
                         const struct conf_node *node)
{
    const struct conf_node *first = setting->list ? NULL : earlier(in, node);

    if (node->is_block)
        conf_wrong(build->errors, node->line, "%s: expected '=' and a value", node->key);
    else if (first)
        conf_wrong(build->errors, node->line, "%s is set already, in line %u", node->key, first->line);
    else if (node->is_list && !setting->list)
        conf_wrong(build->errors, node->line, "%s: expected one value, no list", node->key);
    else
        for (size_t i = 0; i < node->value_count; i++)
            setting->read(build, thing, node, &node->values[i]);
}

static void unknown(struct build *build, const struct conf_node *in, const struct conf_node *node,
                    const struct setting *settings, size_t count)
{
    char all[120] = "";

    for (size_t i = 0; i < count; i++) {
        strncat(all, i == 0 ? "" : ", ", sizeof(all) - strlen(all) - 1);
        strncat(all, settings[i].key, sizeof(all) - strlen(all) - 1);
    }
    for (size_t i = 0; in->key[0] == '\0' && i < ARRAY_SIZE(top_blocks); i++) {
        strncat(all, ", ", sizeof(all) - strlen(all) - 1);
        strncat(all, top_blocks[i].key, sizeof(all) - strlen(all) - 1);
    }
    conf_wrong(build->errors, node->line, "'%s' is not known %s%s: expected one of %s", node->key,
               in->key[0] ? "in " : "here", in->key, all);
}

static void read_block(struct build *build, const struct block *block, const struct conf_node *in,
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
    void *thing = block->begin(build, node);
    for (size_t i = 0; thing && i < node->child_count; i++) {
        const struct conf_node *child = &node->children[i];
        const struct setting *setting = find_setting(block->settings, block->setting_count, child->key);
        if (setting)
            read_setting(build, thing, setting, node, child);
        else
            unknown(build, node, child, block->settings, block->setting_count);
    }
}

int conf_model_build(const struct conf_node *root, struct conf_memory *memory, struct conf *conf,
                     struct conf_errors *errors)
{
    struct build build = {.conf = conf, .memory = memory, .errors = errors};

    *conf = (struct conf){.static_preference = 5, .kernel_preference = 10, .management.sessions = 256};
    for (size_t i = 0; i < root->child_count; i++) {
        const struct conf_node *node = &root->children[i];
        const struct setting *setting = find_setting(top_settings, ARRAY_SIZE(top_settings), node->key);
        const struct block *block = find_block(node->key);
        if (setting)
            read_setting(&build, conf, setting, root, node);
        else if (block)
            read_block(&build, block, root, node);
        else
            unknown(&build, root, node, top_settings, ARRAY_SIZE(top_settings));
    }
    for (size_t i = 0; i < conf->route_count; i++)
        if (!conf->routes[i].preference)
            conf->routes[i].preference = conf->static_preference;
    return build.no_memory ? -ENOMEM : 0;
}
