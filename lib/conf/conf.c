/* Reading, printing, and the way from text to a checked model. */
#include "conf/conf.h"

#include "base/compiler.h"
#include "conf/contract.h"
#include "conf/dhcp.h"
#include "conf/guard.h"
#include "conf/measure.h"
#include "conf/model.h"
#include "conf/planned.h"
#include "conf/relay.h"
#include "conf/shape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is not valid yet. NULL: no memory. */
static struct conf *begin_conf(void)
{
    struct conf *conf = calloc(1, sizeof(*conf));
    struct conf_memory *memory = calloc(1, sizeof(*memory));

    if (conf && memory) {
        conf->memory = memory;
        return conf;
    }
    free(conf);
    free(memory);
    return NULL;
}

/* The caller's, if nothing was found to be wrong since there were `before` errors; otherwise it is gone. */
static int end_conf(struct conf *conf, int error, const struct conf_errors *errors, size_t before, struct conf **result)
{
    if (!error && errors->count > before)
        error = -EINVAL;
    if (error)
        conf_free(conf);
    else
        *result = conf;
    return error;
}

/* Contracts that are added by hand. */
static int read_contracts(struct conf *conf, const char *text, size_t len, struct conf_errors *errors)
{
    struct conf_node root;
    int error = conf_tree_parse(text, len, &conf->memory->arena, &root, errors);

    return error == -ENOMEM ? error : conf_model_add_contracts(&root, conf->memory, conf, errors);
}

/* The same beside a configuration: what is wrong with their text has no line in that. */
static int add_contracts(struct conf *conf, const char *text, size_t len, struct conf_errors *errors)
{
    struct conf_errors *found = calloc(1, sizeof(*found));
    int error = found ? read_contracts(conf, text, len, found) : -ENOMEM;

    for (size_t i = 0; found && i < found->count && i < CONF_ERRORS_KEPT; i++)
        conf_wrong(errors, 0, "contracts that were added by hand (contracts.conf), line %u: %s", found->all[i].line,
                   found->all[i].text);
    free(found);
    return error;
}

static int parse(const char *text, size_t len, const char *by_hand, size_t by_hand_len, struct conf **result,
                 struct conf_errors *errors)
{
    struct conf *conf = begin_conf();
    struct conf_node root;
    size_t before = errors->count;

    if (!conf)
        return -ENOMEM;
    /* A tree with holes is looked at nevertheless: its other lines may be wrong too. */
    int error = conf_tree_parse(text, len, &conf->memory->arena, &root, errors);
    if (error != -ENOMEM)
        error = conf_planned_possible(text, len) ? conf_planned_resolve(&root, &conf->memory->arena, errors) : 0;
    if (!error)
        error = conf_model_build(&root, conf->memory, conf, errors);
    if (!error && by_hand_len)
        error = add_contracts(conf, by_hand, by_hand_len, errors);
    if (!error)
        error = conf_contracts_of_classes(conf, &conf->memory->arena, errors);
    if (!error)
        error = conf_check(conf, errors);
    error = end_conf(conf, error, errors, before, result);
    if (error)
        conf_errors_sort(errors);
    return error;
}

int conf_parse(const char *text, size_t len, struct conf **conf, struct conf_errors *errors)
{
    return parse(text, len, NULL, 0, conf, errors);
}

int conf_check_with(const char *text, size_t len, const char *by_hand, size_t by_hand_len, struct conf_errors *errors)
{
    struct conf *conf = NULL;
    int error = parse(text, len, by_hand, by_hand_len, &conf, errors);

    if (!error)
        conf_free(conf);
    return error;
}

int conf_parse_contracts(const char *text, size_t len, struct conf **result, struct conf_errors *errors)
{
    struct conf *conf = begin_conf();
    size_t before = errors->count;

    return conf ? end_conf(conf, read_contracts(conf, text, len, errors), errors, before, result) : -ENOMEM;
}

int conf_parse_file(int fd, struct conf **conf)
{
    struct conf_errors *errors = calloc(1, sizeof(*errors));
    struct stat status;
    char *text = NULL;
    int error = !errors ? -ENOMEM : fstat(fd, &status) < 0 ? -errno : 0;

    if (!error && status.st_size) {
        text = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        error = text == MAP_FAILED ? -errno : 0;
    }
    if (!error)
        error = conf_parse(text ? text : "", (size_t)status.st_size, conf, errors);
    if (text && text != MAP_FAILED)
        munmap(text, (size_t)status.st_size);
    free(errors);
    return error;
}

struct conf *conf_free(struct conf *conf)
{
    if (conf) {
        arena_clear(&conf->memory->arena);
        free(conf->memory);
        free(conf);
    }
    return NULL;
}

int conf_read(const char *path, char **result, size_t *len)
{
    struct stat status;
    size_t bytes = 0, room = 0;
    char *text = NULL;
    int error = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
        error = -EISDIR;
    while (!error) {
        if (bytes == room) {
            room = room ? room * 2 : 16384;
            char *larger = room > (size_t)2 * CONF_TEXT_MAX ? NULL : realloc(text, room);
            if (!larger) {
                error = room > (size_t)2 * CONF_TEXT_MAX ? -EFBIG : -ENOMEM;
                break;
            }
            text = larger;
        }
        ssize_t got = read(fd, text + bytes, room - bytes);
        if (got == 0)
            break;
        if (got > 0)
            bytes += (size_t)got;
        else if (errno != EINTR)
            error = -errno;
    }
    close(fd);
    if (!error && bytes > CONF_TEXT_MAX)
        error = -EFBIG;
    if (error) {
        free(text);
        return error;
    }
    *result = text;
    *len = bytes;
    return 0;
}

struct conf *conf_load(const char *program, const char *path, FILE *stream)
{
    struct conf_errors *errors = calloc(1, sizeof(*errors));
    struct conf *conf = NULL;
    char *text = NULL;
    size_t len = 0;
    int error = errors ? conf_read(path, &text, &len) : -ENOMEM;

    if (!error)
        error = conf_parse(text, len, &conf, errors);
    if (error && (!errors || !errors->count))
        fprintf(stream, "%s: %s: %s\n", program, path, strerror(-error));
    if (errors)
        conf_errors_print(errors, path, stream);
    free(text);
    free(errors);
    return conf;
}

const struct conf_interface *conf_find_interface(const struct conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->interface_count; i++)
        if (strcmp(conf->interfaces[i].name, name) == 0)
            return &conf->interfaces[i];
    return NULL;
}

const struct conf_interface *conf_find_owner(const struct conf *conf, uint32_t addr)
{
    for (size_t i = 0; i < conf->interface_count; i++)
        for (size_t j = 0; j < conf->interfaces[i].address_count; j++)
            if (conf->interfaces[i].addresses[j].prefix.addr == addr)
                return &conf->interfaces[i];
    return NULL;
}

bool conf_interface_may_reach(const struct conf_interface *interface, uint32_t addr)
{
    for (size_t i = 0; i < interface->address_count; i++)
        if (ipv4_prefix_contains(interface->addresses[i].prefix, addr))
            return true;
    return interface->address_count == 0;
}

bool conf_interface_has_clients(const struct conf_interface *interface)
{
    return interface->dhcp || interface->relay;
}

bool conf_has_clients(const struct conf *conf)
{
    for (size_t i = 0; i < conf->interface_count; i++)
        if (conf_interface_has_clients(&conf->interfaces[i]))
            return true;
    return false;
}

bool conf_has_relays(const struct conf *conf)
{
    for (size_t i = 0; i < conf->interface_count; i++)
        if (conf->interfaces[i].relay)
            return true;
    return false;
}

const char *conf_door_name(enum conf_door door)
{
    static const char *const names[] = {"auto", "xdp", "tc"};

    return door < ARRAY_SIZE(names) ? names[door] : "unknown";
}

const char *conf_route_type_name(enum conf_route_type type)
{
    static const char *const names[] = {"unicast", "blackhole", "unreachable", "prohibit"};

    return type < ARRAY_SIZE(names) ? names[type] : "unknown";
}

bool conf_is_key(const char *text)
{
    return text[0] && strspn(text, "abcdefghijklmnopqrstuvwxyz-") == strlen(text);
}

void conf_print_text(const char *text, FILE *stream)
{
    putc('"', stream);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', stream);
        putc(*text, stream);
    }
    putc('"', stream);
}

void conf_print_named(FILE *stream, int depth, const char *key, const char *text)
{
    fprintf(stream, "%*s%s = ", depth * 4, "", key);
    conf_print_text(text, stream);
    putc('\n', stream);
}

void conf_print_duration(FILE *stream, int depth, const char *key, uint32_t seconds)
{
    char text[TEXT_DURATION_SIZE];

    text_format_duration(seconds, text);
    conf_print_named(stream, depth, key, text);
}

void conf_print_flag(FILE *stream, int depth, const char *key, bool set)
{
    fprintf(stream, "%*s%s = %s\n", depth * 4, "", key, set ? "true" : "false");
}

void conf_print_address(FILE *stream, int depth, const char *key, uint32_t addr)
{
    char text[IPV4_TEXT_SIZE];

    if (!addr)
        return;
    ipv4_addr_format(addr, text);
    fprintf(stream, "%*s%s = \"%s\"\n", depth * 4, "", key, text);
}

void conf_print_prefixes(FILE *stream, int depth, const char *key, const struct ipv4_prefix *prefixes, size_t count)
{
    char text[IPV4_PREFIX_TEXT_SIZE];

    for (size_t i = 0; i < count; i++) {
        ipv4_prefix_format(prefixes[i], text);
        conf_print_named(stream, depth, key, text);
    }
}

bool conf_prints_equal(void (*print)(const void *thing, FILE *stream), const void *a, const void *b)
{
    const void *things[] = {a, b};
    char *texts[2] = {NULL, NULL};
    bool whole = true;

    for (size_t i = 0; i < ARRAY_SIZE(things); i++) {
        size_t bytes;
        FILE *stream = open_memstream(&texts[i], &bytes);
        if (stream)
            print(things[i], stream);
        whole &= stream && fclose(stream) == 0;
    }
    bool equal = whole && strcmp(texts[0], texts[1]) == 0;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        free(texts[i]);
    return equal;
}

static void print_interface(const struct conf_interface *interface, FILE *stream)
{
    char text[IPV4_PREFIX_TEXT_SIZE];

    fputs("\ninterface ", stream);
    conf_print_text(interface->name, stream);
    fputs(" {\n", stream);
    for (size_t i = 0; i < interface->address_count; i++) {
        ipv4_prefix_format(interface->addresses[i].prefix, text);
        fprintf(stream, "    address = \"%s\"\n", text);
    }
    fprintf(stream, "    door = \"%s\"\n", conf_door_name(interface->door));
    conf_print_shape(&interface->shape, stream);
    if (interface->bypass_named)
        conf_print_flag(stream, 1, "bypass-firewall", interface->bypass_firewall);
    conf_print_guard(interface, stream);
    if (interface->dhcp)
        conf_print_dhcp(interface->dhcp, stream);
    if (interface->relay)
        conf_print_relay(interface->relay, stream);
    if (interface->reflector)
        conf_print_reflector(interface->reflector, stream);
    fputs("}\n", stream);
}

static void print_route(const struct conf_route *route, FILE *stream)
{
    char text[IPV4_PREFIX_TEXT_SIZE];

    ipv4_prefix_format(route->prefix, text);
    fprintf(stream, "\nroute \"%s\" {\n", text);
    if (route->type != CONF_ROUTE_UNICAST)
        fprintf(stream, "    type = \"%s\"\n", conf_route_type_name(route->type));
    conf_print_address(stream, 1, "via", route->via);
    if (route->interface[0])
        conf_print_named(stream, 1, "interface", route->interface);
    fprintf(stream, "    metric = %u\n    preference = %u\n}\n", route->metric, route->preference);
}

void conf_print(const struct conf *conf, FILE *stream)
{
    if (conf->hostname[0])
        fprintf(stream, "hostname = \"%s\"\n", conf->hostname);
    conf_print_duration(stream, 0, "dead-man", conf->dead_man_s);
    if (conf->bypass_firewall)
        conf_print_flag(stream, 0, "bypass-firewall", true);
    fprintf(stream, "preferences {\n    static = %u\n    kernel = %u\n}\n", conf->static_preference,
            conf->kernel_preference);
    fprintf(stream, "\nmanagement {\n    sessions = %u\n", conf->management.sessions);
    if (conf->management.group[0])
        conf_print_named(stream, 1, "group", conf->management.group);
    fputs("}\n", stream);
    if (conf->plan.discard)
        fputs("\nplan {\n    discard = true\n}\n", stream);
    if (conf->dhcp.all.scope.line || conf_has_clients(conf))
        conf_print_dhcp_general(&conf->dhcp, stream);
    for (size_t i = 0; i < conf->interface_count; i++)
        print_interface(&conf->interfaces[i], stream);
    for (size_t i = 0; i < conf->route_count; i++)
        print_route(&conf->routes[i], stream);
    for (size_t i = 0; i < conf->probe_count; i++)
        conf_print_probe(&conf->probes[i], stream);
    for (size_t i = 0; i < conf->contract_count; i++)
        conf_print_contract(&conf->contracts[i], stream);
}
