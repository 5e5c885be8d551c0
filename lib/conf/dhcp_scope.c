/*
 * What clients are told: lease times and options. Options are known by dhcp/option.h's table, or said by number:
 *
 *     domain-name-servers = ["10.0.1.1", "10.0.1.2"]
 *     option-224:text     = "anything"
 *     option-43.6:uint8   = 8            part 6 of an option that consists of options
 *     option-225          = "01:02:ff"   bytes
 *     routers             = []           none, whatever a block around this one says
 */
#include "base/compiler.h"
#include "conf/dhcp.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define OPTION_MAX 1024 /* bytes of a value; with everything else it must fit into a message */

/* Settings of a scope are settings of every block whose thing begins with one. */
static_assert(offsetof(struct conf_dhcp, scope) == 0 && offsetof(struct conf_class, scope) == 0 &&
                  offsetof(struct conf_reservation, scope) == 0,
              "a scope is in front");

/* --- lease times, where to boot from ------------------------------------------------------------------------------ */

static void read_lease(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    conf_read_duration(build, node, value, CONF_LEASE_MIN, &((struct conf_scope *)thing)->lease_s);
}

static void read_lease_min(struct build *build, void *thing, const struct conf_node *node,
                           const struct conf_value *value)
{
    conf_read_duration(build, node, value, CONF_LEASE_MIN, &((struct conf_scope *)thing)->lease_min_s);
}

static void read_lease_max(struct build *build, void *thing, const struct conf_node *node,
                           const struct conf_value *value)
{
    conf_read_duration(build, node, value, CONF_LEASE_MIN, &((struct conf_scope *)thing)->lease_max_s);
}

static void read_next_server(struct build *build, void *thing, const struct conf_node *node,
                             const struct conf_value *value)
{
    conf_read_address(build, node, value, &((struct conf_scope *)thing)->next_server);
}

/* --- which option ------------------------------------------------------------------------------------------------- */

/* An option as it is called in a configuration. */
struct named {
    uint8_t code, sub;
    enum dhcp_type type;
    bool known; /* by its name */
    const char *expected;
};

#define NUMBERED "option-"

/* "224", "224:text", "43.6:uint8", behind "option-". */
static bool read_numbered(const char *text, struct named *named)
{
    size_t at = 0, len = strcspn(text, ":");
    uint32_t code, sub = 0;

    named->expected = "option-N or option-N:TYPE, N from 1 to 254";
    if (text_decimal(text, len, &at, 254, "", &code, NULL) || !code)
        return false;
    if (at < len && text[at] == '.') {
        at++;
        if (text_decimal(text, len, &at, 254, "", &sub, NULL) || !sub)
            return false;
    }
    if (at != len)
        return false;
    const struct dhcp_option *option = dhcp_option_find(code);
    named->code = (uint8_t)code;
    named->sub = (uint8_t)sub;
    named->type = option && !sub ? option->type : DHCP_TYPE_BYTES;
    named->known = option && !sub && !text[len];
    named->expected = "a type behind ':': bool, uint8, uint16, uint32, int32, address, address-pair, text, name, "
                      "domain, route, bytes or empty";
    if (text[len])
        named->type = dhcp_type_find(text + len + 1);
    if (named->type == DHCP_TYPE_COUNT)
        return false;
    named->expected = "no parts of an option that has none";
    return !sub || !option || option->type == DHCP_TYPE_BYTES;
}

/* False: it is no option's name; or it should be one and is none, then what was expected is in named->expected. */
static bool find_option(const char *key, struct named *named)
{
    const struct dhcp_option *option = dhcp_option_find_name(key);

    *named = (struct named){0};
    if (!option)
        return strncmp(key, NUMBERED, strlen(NUMBERED)) == 0 && read_numbered(key + strlen(NUMBERED), named);
    *named = (struct named){.code = option->code, .type = option->type, .known = true};
    return true;
}

static bool is_of_protocol(const struct named *named)
{
    const struct dhcp_option *option = dhcp_option_find(named->code);

    return option && !option->configured;
}

/* By which it is printed. */
static const char *key_of(struct build *build, const struct named *named)
{
    char key[64], sub[8] = "";

    if (named->known)
        return dhcp_option_find(named->code)->name;
    if (named->sub)
        snprintf(sub, sizeof(sub), ".%u", named->sub);
    snprintf(key, sizeof(key), NUMBERED "%u%s:%s", named->code, sub, dhcp_type_keyword(named->type));
    return conf_keep(build, key);
}

/* --- what it says ------------------------------------------------------------------------------------------------- */

/* Where an option stands in a block. One that is said here takes the place of what was inherited, with its parts. */
static struct conf_option *place_of(struct build *build, struct conf_scope *scope, const struct named *named)
{
    struct conf_option *place = NULL;
    size_t kept = 0;

    for (size_t i = 0; i < scope->option_count; i++) {
        struct conf_option *option = &scope->options[i];
        bool same = option->code == named->code && option->sub == named->sub;
        if (option->code == named->code && option->inherited && (same || !option->sub || !named->sub))
            continue;
        scope->options[kept] = *option;
        if (same)
            place = &scope->options[kept];
        kept++;
    }
    scope->option_count = kept;
    if (!place && (place = conf_append(build, &scope->options, &scope->option_count, sizeof(*scope->options))))
        *place = (struct conf_option){0}; /* where one that was dropped may have been */
    return place;
}

static void read_value_of(struct build *build, struct conf_option *option, const struct conf_node *node,
                          const struct conf_value *value)
{
    uint8_t bytes[OPTION_MAX];
    struct text_error err;
    size_t len = option->len;

    if (len)
        memcpy(bytes, option->bytes, len);
    int error = dhcp_option_encode(option->type, value->text, bytes, OPTION_MAX, &len, &err);
    if (error == -ENOSPC)
        conf_wrong(build->errors, value->line, "%s: expected at most %d bytes of values", node->key, OPTION_MAX);
    else if (error)
        conf_wrong_text(build, node, value, &err);
    if (error)
        return;
    if ((option->type == DHCP_TYPE_TEXT || option->sub) && len - option->len > 255)
        conf_wrong(build->errors, value->line, "%s: expected %s", node->key,
                   option->sub ? "at most 255 bytes" : dhcp_type_help(DHCP_TYPE_TEXT));
    const char *kept = conf_keep(build, value->text);
    const char **text = conf_append(build, &option->texts, &option->text_count, sizeof(*option->texts));
    uint8_t *copy = arena_get(&build->memory->arena, len);
    if (!copy || !text) {
        build->no_memory = true;
        return;
    }
    *text = kept;
    if (len)
        memcpy(copy, bytes, len);
    option->bytes = copy;
    option->len = len;
}

/* An option. An empty list says that there is none. */
static bool read_option(struct build *build, void *thing, const struct conf_node *in, const struct conf_node *node)
{
    struct conf_scope *scope = thing;
    struct named named;

    if (!find_option(node->key, &named)) {
        if (named.expected)
            conf_wrong(build->errors, node->line, "%s: expected %s", node->key, named.expected);
        return named.expected;
    }
    if (is_of_protocol(&named)) {
        conf_wrong(build->errors, node->line, "%s is the server's own: expected no value here", node->key);
        return true;
    }
    if (!conf_setting_stands(build, in, node, dhcp_type_is_list(named.type) || (node->is_list && !node->value_count)))
        return true;
    struct conf_option *option = place_of(build, scope, &named);
    if (!option)
        return true;
    if (option->key && (!dhcp_type_is_list(named.type) || option->type != named.type)) { /* by its other name */
        conf_wrong(build->errors, node->line, "%s is set already, in line %u", node->key, option->line);
        return true;
    }
    if (!option->key)
        *option = (struct conf_option){
            .key = key_of(build, &named), .code = named.code, .sub = named.sub, .type = named.type, .line = node->line};
    for (size_t i = 0; i < node->value_count; i++)
        read_value_of(build, option, node, &node->values[i]);
    return true;
}

static void add_always(struct build *build, struct conf_scope *scope, const char *key, uint8_t code)
{
    for (size_t i = 0; i < scope->always_count; i++)
        if (scope->always[i].code == code)
            return;
    struct conf_always *always = conf_append(build, &scope->always, &scope->always_count, sizeof(*scope->always));
    if (always)
        *always = (struct conf_always){key, code};
}

static void read_always(struct build *build, void *thing, const struct conf_node *node, const struct conf_value *value)
{
    struct named named;

    if (!find_option(value->text, &named) || named.sub || is_of_protocol(&named))
        conf_wrong(build->errors, value->line, "%s: '%s': expected an option's name, or option-N", node->key,
                   value->text);
    else
        add_always(build, thing, named.known ? key_of(build, &named) : conf_keep(build, value->text), named.code);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static const struct setting scope_settings[] = {
    {"lease", read_lease, false},         {"lease-min", read_lease_min, false},
    {"lease-max", read_lease_max, false}, {"next-server", read_next_server, false},
    {"always", read_always, true},
};

const struct block conf_scope_block = {
    .settings = scope_settings, .setting_count = ARRAY_SIZE(scope_settings), .other = read_option};

void conf_scope_inherit(struct build *build, struct conf_scope *scope, const struct conf_scope *around)
{
    scope->lease_s = around->lease_s;
    scope->lease_min_s = around->lease_min_s;
    scope->lease_max_s = around->lease_max_s;
    scope->next_server = around->next_server;
    for (size_t i = 0; i < around->option_count; i++) {
        struct conf_option *option = conf_append(build, &scope->options, &scope->option_count, sizeof(*option));
        if (!option)
            return;
        *option = around->options[i];
        option->inherited = true;
    }
    for (size_t i = 0; i < around->always_count; i++)
        add_always(build, scope, around->always[i].key, around->always[i].code);
}
