/* fairlead calc: what a person wants to know of an address and its prefix. Needs no daemon. */
#include "base/compiler.h"
#include "client/command.h"
#include "client/output.h"
#include "net/ipv4_addr.h"
#include "net/ipv4_prefix.h"
#include "net/ipv4_reverse.h"
#include "net/ipv4_special.h"

#include <inttypes.h>
#include <string.h>

/* A field that is an address: dotted decimal for both, the bits beside it for people. */
static void address_field(struct output *out, const char *key, const char *label, uint32_t addr)
{
    char text[IPV4_TEXT_SIZE], bits[IPV4_BITS_SIZE];

    ipv4_addr_format(addr, text);
    ipv4_addr_format_bits(addr, bits);
    output_field(out, key, json_string(text), label, text, bits);
}

static void length_fields(struct output *out, unsigned len)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", len);
    output_field(out, "length", json_integer(len), "length", text, NULL);
    address_field(out, "mask", "mask", ipv4_mask(len));
}

/* Whether the block holds groups only: then it has neither hosts nor a broadcast address. */
static bool is_multicast(struct ipv4_prefix prefix)
{
    return ipv4_addr_is_multicast(ipv4_prefix_first(prefix)) && ipv4_addr_is_multicast(ipv4_prefix_last(prefix));
}

static uint64_t host_count(struct ipv4_prefix prefix)
{
    return is_multicast(prefix) ? 0 : (uint64_t)ipv4_prefix_last_host(prefix) - ipv4_prefix_first_host(prefix) + 1;
}

static void address_fields(struct output *out, struct ipv4_prefix prefix)
{
    char text[IPV4_PREFIX_TEXT_SIZE], bits[IPV4_BITS_SIZE];

    address_field(out, "address", "address", prefix.addr);
    length_fields(out, prefix.len);
    address_field(out, "wildcard", "wildcard", ~ipv4_mask(prefix.len));
    ipv4_prefix_format(ipv4_prefix_network(prefix), text);
    ipv4_addr_format_bits(ipv4_prefix_first(prefix), bits);
    output_field(out, "network", json_string(text), "network", text, bits);
    const char *none = is_multicast(prefix) ? "none (multicast)"
                       : prefix.len == 32   ? "none (a single host)"
                       : prefix.len == 31   ? "none (a link of two hosts, RFC 3021)"
                                            : NULL;
    if (none)
        output_field(out, "broadcast", json_null(), "broadcast", none, NULL);
    else
        address_field(out, "broadcast", "broadcast", ipv4_prefix_last(prefix));
}

static void host_fields(struct output *out, struct ipv4_prefix prefix)
{
    char first[IPV4_TEXT_SIZE], last[IPV4_TEXT_SIZE], line[80];
    uint64_t hosts = host_count(prefix);

    if (!hosts) {
        output_field(out, "first_host", json_null(), NULL, NULL, NULL);
        output_field(out, "last_host", json_null(), NULL, NULL, NULL);
        output_field(out, "hosts", json_integer(0), "hosts", "none (multicast)", NULL);
    } else {
        ipv4_addr_format(ipv4_prefix_first_host(prefix), first);
        ipv4_addr_format(ipv4_prefix_last_host(prefix), last);
        output_field(out, "first_host", json_string(first), NULL, NULL, NULL);
        output_field(out, "last_host", json_string(last), NULL, NULL, NULL);
        if (hosts == 1)
            snprintf(line, sizeof(line), "%s (1)", first);
        else
            snprintf(line, sizeof(line), "%s to %s (%" PRIu64 ")", first, last, hosts);
        output_field(out, "hosts", json_integer((json_int_t)hosts), "hosts", line, NULL);
    }
    ipv4_addr_format(ipv4_prefix_first(prefix), first);
    ipv4_addr_format(ipv4_prefix_last(prefix), last);
    snprintf(line, sizeof(line), "%s to %s (%" PRIu64 ")", first, last, ipv4_prefix_size(prefix));
    output_field(out, "first", json_string(first), NULL, NULL, NULL);
    output_field(out, "last", json_string(last), NULL, NULL, NULL);
    output_field(out, "addresses", json_integer((json_int_t)ipv4_prefix_size(prefix)), "addresses",
                 prefix.len == 32 ? "1" : line, NULL);
}

/* --- classful addressing ----------------------------------------------------------------------------------------- */

/* Of the address, and what the block is beside that. */
static void class_fields(struct output *out, struct ipv4_prefix prefix)
{
    char class[] = {ipv4_addr_class(prefix.addr), '\0'}, text[IPV4_PREFIX_TEXT_SIZE], line[80];
    char first = ipv4_addr_class(ipv4_prefix_first(prefix)), last = ipv4_addr_class(ipv4_prefix_last(prefix));
    int len = ipv4_addr_classful_length(prefix.addr);

    if (len < 0) {
        snprintf(line, sizeof(line), "%s (%s)", class, *class == 'D' ? "multicast" : "reserved");
        output_field(out, "class", json_string(class), "class", line, NULL);
        output_field(out, "classful_network", json_null(), NULL, NULL, NULL);
        output_field(out, "classful_networks", json_null(), NULL, NULL, NULL);
        return;
    }
    json_int_t networks = prefix.len < len ? (json_int_t)1 << (len - prefix.len) : 1;
    ipv4_prefix_format(ipv4_prefix_network((struct ipv4_prefix){.addr = prefix.addr, .len = (uint8_t)len}), text);
    if (first != last)
        snprintf(line, sizeof(line), "%s (network %s, the block is of classes %c to %c)", class, text, first, last);
    else if (prefix.len < len)
        snprintf(line, sizeof(line), "%s (network %s, one of %" PRId64 " in the block)", class, text,
                 (int64_t)networks);
    else if (prefix.len == len)
        snprintf(line, sizeof(line), "%s (network %s)", class, text);
    else
        snprintf(line, sizeof(line), "%s (network %s, subnet %d bit%s)", class, text, prefix.len - len,
                 prefix.len - len == 1 ? "" : "s");
    output_field(out, "class", json_string(class), "class", line, NULL);
    output_field(out, "classful_network", json_string(text), NULL, NULL, NULL);
    output_field(out, "classful_networks", first == last ? json_integer(networks) : json_null(), NULL, NULL, NULL);
}

/* What it takes to give `hosts` an address each in one classful network, and how many of its addresses nobody has then,
 * who are `needed` with network and broadcast address. */
static void waste_fields(struct output *out, uint64_t hosts, uint64_t needed)
{
    static const struct {
        char class;
        unsigned len;
    } classes[] = {{'C', 24}, {'B', 16}, {'A', 8}};
    char line[120];

    for (size_t i = 0; hosts && i < ARRAY_SIZE(classes); i++) {
        uint64_t size = UINT64_C(1) << (32 - classes[i].len);
        if (hosts > size - 2)
            continue;
        char class[] = {classes[i].class, '\0'};
        snprintf(line, sizeof(line),
                 "a class %s for so many hosts: %" PRIu64 " of %" PRIu64 " addresses wasted (%.1f %%)", class,
                 size - needed, size, 100 * (double)(size - needed) / (double)size);
        output_field(out, "classful_needed", json_string(class), NULL, NULL, NULL);
        output_field(out, "classful_addresses", json_integer((json_int_t)size), NULL, NULL, NULL);
        output_field(out, "classful_wasted", json_integer((json_int_t)(size - needed)), "classful", line, NULL);
        return;
    }
    output_field(out, "classful_needed", json_null(), NULL, NULL, NULL);
    output_field(out, "classful_addresses", json_null(), NULL, NULL, NULL);
    output_field(out, "classful_wasted", json_null(), "classful",
                 hosts ? "no class has a network for so many hosts" : NULL, NULL);
}

/* --- around it ---------------------------------------------------------------------------------------------------- */

/* A block beside this one, for scripts; what people read is in text. */
static void block_field(struct output *out, const char *key, bool is_there, struct ipv4_prefix prefix,
                        char text[static IPV4_PREFIX_TEXT_SIZE])
{
    memcpy(text, "none", 5);
    if (is_there)
        ipv4_prefix_format(ipv4_prefix_network(prefix), text);
    output_field(out, key, is_there ? json_string(text) : json_null(), NULL, NULL, NULL);
}

static void neighbour_fields(struct output *out, struct ipv4_prefix prefix)
{
    struct ipv4_prefix previous = prefix, next = prefix, parent = prefix;
    char text[IPV4_PREFIX_TEXT_SIZE], other[IPV4_PREFIX_TEXT_SIZE], line[80];
    uint32_t size = (uint32_t)ipv4_prefix_size(prefix);

    previous.addr = ipv4_prefix_first(prefix) - size;
    next.addr = ipv4_prefix_first(prefix) + size;
    parent.len--;
    block_field(out, "previous", ipv4_prefix_first(prefix) != 0, previous, text);
    block_field(out, "next", ipv4_prefix_last(prefix) != UINT32_MAX, next, other);
    snprintf(line, sizeof(line), "%s before, %s behind", text, other);
    output_line(out, "neighbours", line);
    block_field(out, "sibling", prefix.len > 0, ipv4_prefix_sibling(prefix), other);
    block_field(out, "supernet", prefix.len > 0, parent, text);
    snprintf(line, sizeof(line), "%s, with %s", text, other);
    output_line(out, "supernet", prefix.len ? line : "none");
}

/* Of the block if that is what was given, of the address if it has host bits. */
static void kind_fields(struct output *out, struct ipv4_prefix prefix)
{
    if (prefix.addr != ipv4_prefix_first(prefix))
        prefix.len = 32;
    const struct ipv4_special *special = ipv4_special_find(prefix);
    char block[IPV4_PREFIX_TEXT_SIZE], line[120];

    if (!special) {
        bool mixed = ipv4_special_overlaps(prefix);
        output_field(out, "kind", json_string(mixed ? "mixed" : "global unicast"), "kind",
                     mixed ? "mixed (global unicast and special-purpose blocks)" : "global unicast", NULL);
        output_field(out, "kind_block", json_null(), NULL, NULL, NULL);
        output_field(out, "forwardable", mixed ? json_null() : json_true(), NULL, NULL, NULL);
        output_field(out, "global", mixed ? json_null() : json_true(), NULL, NULL, NULL);
        return;
    }
    ipv4_prefix_format(special->block, block);
    snprintf(line, sizeof(line), "%s (%s, %s), %s", special->name, block, special->rfc,
             special->global        ? "globally reachable"
             : special->forwardable ? "not globally reachable"
                                    : "never forwarded");
    output_field(out, "kind", json_string(special->name), "kind", line, NULL);
    output_field(out, "kind_block", json_string(block), NULL, NULL, NULL);
    output_field(out, "forwardable", json_boolean(special->forwardable), NULL, NULL, NULL);
    output_field(out, "global", json_boolean(special->global), NULL, NULL, NULL);
}

static void notation_fields(struct output *out, struct ipv4_prefix prefix)
{
    char name[IPV4_REVERSE_SIZE], first[IPV4_REVERSE_SIZE], last[IPV4_REVERSE_SIZE], line[120];
    unsigned zones = ipv4_reverse_zones(prefix, first, last);

    ipv4_reverse_name(prefix.addr, name);
    output_field(out, "reverse", json_string(name), "reverse", name, NULL);
    snprintf(line, sizeof(line), "%s to %s (%u)", first, last, zones);
    output_field(out, "reverse_zone_first", json_string(first), NULL, NULL, NULL);
    output_field(out, "reverse_zone_last", json_string(last), NULL, NULL, NULL);
    output_field(out, "reverse_zones", json_integer(zones), zones == 1 ? "zone" : "zones", zones == 1 ? first : line,
                 NULL);
    snprintf(line, sizeof(line), "%" PRIu32 " (0x%08" PRIx32 ")", prefix.addr, prefix.addr);
    output_field(out, "integer", json_integer(prefix.addr), "integer", line, NULL);
}

static int print_and_free(const struct command *self, struct output *out, const struct options *options)
{
    int rc = output_print(out, options->json, stdout);

    output_free(out);
    return rc < 0 ? command_failed(self, "standard output: write error") : EXIT_OK;
}

static int wrong_text(const struct command *self, const char *text, const struct text_error *err)
{
    return command_failed(self, "'%s': character %zu: expected %s", text, err->at + 1, err->expected);
}

/* The smallest block for so many hosts. */
static int calc_hosts(const struct command *self, const char *text, const struct options *options)
{
    static const char expected[] = "a number of hosts of 1 to 4294967294";
    char line[80];
    struct text_error err;
    uint32_t hosts;
    size_t at = 0;

    if (text_decimal(text, strlen(text), &at, UINT32_MAX - 1, expected, &hosts, &err) < 0)
        return wrong_text(self, text, &err);
    if (!hosts || text[at]) {
        text_wrong(&err, hosts ? at : 0, expected);
        return wrong_text(self, text, &err);
    }
    unsigned len = hosts == 1 ? 32 : hosts == 2 ? 31 : 30;
    while (len < 31 && (UINT64_C(1) << (32 - len)) - 2 < hosts)
        len--;
    struct ipv4_prefix prefix = {.addr = 0, .len = (uint8_t)len};
    uint64_t room = host_count(prefix);

    struct output *out = output_new();
    snprintf(line, sizeof(line), "%" PRIu32, hosts);
    output_field(out, "hosts", json_integer(hosts), "hosts", line, NULL);
    length_fields(out, len);
    snprintf(line, sizeof(line), "%" PRIu64 " (%" PRIu64 " to spare)", room, room - hosts);
    output_field(out, "room", json_integer((json_int_t)room), "room", line, NULL);
    waste_fields(out, hosts, hosts + UINT64_C(2));
    return print_and_free(self, out, options);
}

static int calc(const struct command *self, int argc, char **argv, const struct options *options)
{
    struct ipv4_prefix prefix;
    struct text_error err;

    if (argc == 3 && strcmp(argv[1], self->own_option) == 0)
        return calc_hosts(self, argv[2], options);
    if (argc != 2 || strcmp(argv[1], self->own_option) == 0)
        return command_usage(self);
    const char *text = argv[1];
    if (ipv4_prefix_parse(text, strlen(text), IPV4_PREFIX_ALLOW_HOST_BITS | IPV4_PREFIX_ALLOW_MASK, &prefix, &err) < 0)
        return wrong_text(self, text, &err);

    struct output *out = output_new();
    address_fields(out, prefix);
    host_fields(out, prefix);
    class_fields(out, prefix);
    waste_fields(out, host_count(prefix), ipv4_prefix_size(prefix));
    neighbour_fields(out, prefix);
    kind_fields(out, prefix);
    notation_fields(out, prefix);
    return print_and_free(self, out, options);
}

const struct command command_calc = {
    .name = "calc",
    .arguments = "ADDRESS/LENGTH | --hosts NUMBER",
    .own_option = "--hosts",
    .summary = "what an address and its prefix length (or mask) mean",
    .help = "Prints mask, network, broadcast address, hosts, class, neighbours, kind and reverse zone of an IPv4\n"
            "address with its prefix length, and what classful addressing would have wasted for as many hosts. A\n"
            "mask in dotted decimal may stand in place of the length. With --hosts: the smallest block for so many.\n"
            "Needs no daemon.\n"
            "\n"
            "  fairlead calc 193.32.216.9/20\n"
            "  fairlead calc --hosts 2000\n"
            "  fairlead calc -j 172.16.5.4/255.255.240.0\n",
    .run = calc,
};
