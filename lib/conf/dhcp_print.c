/* What is served to DHCP clients, as it parses again. */
#include "conf/bytes.h"
#include "conf/dhcp.h"

#include <stdarg.h>
#include <string.h>

/* A line of a block that stands so deep in others. */
__attribute__((format(printf, 3, 4))) static void line(FILE *stream, int depth, const char *format, ...)
{
    va_list arguments;

    fprintf(stream, "%*s", depth * 4, "");
    va_start(arguments, format);
    vfprintf(stream, format, arguments);
    va_end(arguments);
    putc('\n', stream);
}

static void begin_block(FILE *stream, int depth, const char *key, const char *label)
{
    fprintf(stream, "%*s%s ", depth * 4, "", key);
    conf_print_text(label, stream);
    fputs(" {\n", stream);
}

/* --- scopes ------------------------------------------------------------------------------------------------------- */

static void print_option(FILE *stream, int depth, const struct conf_option *option)
{
    if (!dhcp_type_is_list(option->type) && option->text_count) {
        conf_print_named(stream, depth, option->key, option->texts[0]);
        return;
    }
    fprintf(stream, "%*s%s = [", depth * 4, "", option->key);
    for (size_t i = 0; i < option->text_count; i++) {
        fputs(i ? ", " : "", stream);
        conf_print_text(option->texts[i], stream);
    }
    fputs("]\n", stream);
}

static void print_scope(FILE *stream, int depth, const struct conf_scope *scope)
{
    if (scope->lease_s) {
        conf_print_duration(stream, depth, "lease", scope->lease_s);
        conf_print_duration(stream, depth, "lease-min", scope->lease_min_s);
        conf_print_duration(stream, depth, "lease-max", scope->lease_max_s);
    }
    conf_print_address(stream, depth, "next-server", scope->next_server);
    for (size_t i = 0; i < scope->option_count; i++)
        print_option(stream, depth, &scope->options[i]);
    for (size_t i = 0; i < scope->always_count; i++)
        line(stream, depth, "always = \"%s\"", scope->always[i].key);
}

/* --- hosts -------------------------------------------------------------------------------------------------------- */

static void print_patterns(FILE *stream, int depth, const char *key, const struct dhcp_pattern *patterns, size_t count)
{
    char text[257];

    for (size_t i = 0; i < count; i++) {
        memcpy(text, patterns[i].bytes, patterns[i].len);
        memcpy(text + patterns[i].len, patterns[i].prefix ? "*" : "", 2 - !patterns[i].prefix);
        conf_print_named(stream, depth, key, text);
    }
}

static void print_class(FILE *stream, const struct conf_class *class)
{
    begin_block(stream, 1, "class", class->name);
    print_patterns(stream, 2, "vendor-class", class->vendors, class->vendor_count);
    print_patterns(stream, 2, "user-class", class->users, class->user_count);
    for (size_t i = 0; i < class->system_count; i++)
        line(stream, 2, "architecture = %u", class->systems[i]);
    for (size_t i = 0; i < class->mac_count; i++)
        conf_print_hex(stream, 2, "mac", &class->macs[i], "", ":");
    for (size_t i = 0; i < class->contract_count; i++)
        conf_print_named(stream, 2, "contract", class->contracts[i].name);
    print_scope(stream, 2, &class->scope);
    line(stream, 1, "}");
}

static void print_reservation(FILE *stream, int depth, const struct conf_reservation *reservation)
{
    const struct dhcp_pattern *keys = reservation->keys;

    begin_block(stream, depth, "reservation", reservation->name);
    if (keys[DHCP_BY_MAC].bytes)
        conf_print_hex(stream, depth + 1, "mac", &keys[DHCP_BY_MAC], "", ":");
    if (keys[DHCP_BY_CLIENT_ID].bytes)
        conf_print_bytes(stream, depth + 1, "client-id", &keys[DHCP_BY_CLIENT_ID]);
    if (keys[DHCP_BY_CIRCUIT_ID].bytes)
        conf_print_bytes(stream, depth + 1, "circuit-id", &keys[DHCP_BY_CIRCUIT_ID]);
    conf_print_address(stream, depth + 1, "address", reservation->addr);
    print_scope(stream, depth + 1, &reservation->scope);
    line(stream, depth, "}");
}

/* --- pools, subnets, and what is around them ---------------------------------------------------------------------- */

static void print_range(FILE *stream, int depth, const struct conf_range *range)
{
    char text[2 * IPV4_PREFIX_TEXT_SIZE], last[IPV4_TEXT_SIZE];

    ipv4_addr_format(range->first, text);
    ipv4_addr_format(range->last, last);
    size_t len = strlen(text);
    if (range->is_prefix)
        snprintf(text + len, sizeof(text) - len, "/%d",
                 __builtin_clz((range->last - range->first) | 1) + (range->last == range->first));
    else
        snprintf(text + len, sizeof(text) - len, "-%s", last);
    if (!range->class_count) {
        conf_print_named(stream, depth, "pool", text);
        return;
    }
    begin_block(stream, depth, "pool", text);
    for (size_t i = 0; i < range->class_count; i++)
        conf_print_named(stream, depth + 1, "class", range->classes[i]);
    line(stream, depth, "}");
}

static void print_dhcp(FILE *stream, int depth, const struct conf_dhcp *dhcp)
{
    char text[IPV4_PREFIX_TEXT_SIZE];

    if (dhcp->network[0])
        conf_print_named(stream, depth, "network", dhcp->network);
    for (size_t i = 0; i < dhcp->range_count; i++)
        print_range(stream, depth, &dhcp->ranges[i]);
    conf_print_flag(stream, depth, "authoritative", dhcp->authoritative);
    conf_print_flag(stream, depth, "bootp", dhcp->bootp);
    line(stream, depth, "client = %s", dhcp->by_mac ? "mac" : "id");
    conf_print_flag(stream, depth, "conflict-check", dhcp->probe);
    conf_print_flag(stream, depth, "rapid-commit", dhcp->rapid);
    conf_print_flag(stream, depth, "trust-option-82", dhcp->trusted);
    conf_print_flag(stream, depth, "other-servers", dhcp->others);
    line(stream, depth, "leases-per-circuit = %u", dhcp->per_circuit);
    line(stream, depth, "leases-per-mac = %u", dhcp->per_mac);
    print_scope(stream, depth, &dhcp->scope);
    for (size_t i = 0; i < dhcp->reservation_count; i++)
        print_reservation(stream, depth, &dhcp->reservations[i]);
    for (size_t i = 0; i < dhcp->subnet_count; i++) {
        ipv4_prefix_format(dhcp->subnets[i].prefix, text);
        begin_block(stream, depth, "subnet", text);
        print_dhcp(stream, depth + 1, &dhcp->subnets[i]);
        line(stream, depth, "}");
    }
}

void conf_print_dhcp(const struct conf_dhcp *dhcp, FILE *stream)
{
    line(stream, 1, "dhcp {");
    print_dhcp(stream, 2, dhcp);
    line(stream, 1, "}");
}

void conf_print_dhcp_general(const struct conf_dhcp_general *general, FILE *stream)
{
    fputs("\ndhcp {\n", stream);
    conf_print_prefixes(stream, 1, "relays", general->relays, general->relay_count);
    conf_print_duration(stream, 1, "offer", general->offer_s);
    conf_print_duration(stream, 1, "quarantine", general->quarantine_s);
    conf_print_duration(stream, 1, "history", general->history_s);
    for (size_t i = 0; i < general->class_count; i++)
        print_class(stream, &general->classes[i]);
    print_dhcp(stream, 1, &general->all);
    fputs("}\n", stream);
}
