/* fairlead calc: what a person wants to know of an address and its prefix. Needs no daemon. */
#include "client/command.h"
#include "client/output.h"
#include "net/ipv4_addr.h"
#include "net/ipv4_prefix.h"
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

/* Whether the block holds groups only: then it has neither hosts nor a broadcast address. */
static bool is_multicast(struct ipv4_prefix prefix)
{
    return ipv4_addr_is_multicast(ipv4_prefix_first(prefix)) && ipv4_addr_is_multicast(ipv4_prefix_last(prefix));
}

static void address_fields(struct output *out, struct ipv4_prefix prefix)
{
    char text[IPV4_PREFIX_TEXT_SIZE], bits[IPV4_BITS_SIZE];

    address_field(out, "address", "address", prefix.addr);
    snprintf(text, sizeof(text), "%u", prefix.len);
    output_field(out, "length", json_integer(prefix.len), "length", text, NULL);
    address_field(out, "mask", "mask", ipv4_mask(prefix.len));
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
    uint64_t hosts = (uint64_t)ipv4_prefix_last_host(prefix) - ipv4_prefix_first_host(prefix) + 1;

    if (is_multicast(prefix)) {
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
    snprintf(line, sizeof(line), "%" PRIu64, ipv4_prefix_size(prefix));
    output_field(out, "addresses", json_integer((json_int_t)ipv4_prefix_size(prefix)), "addresses", line, NULL);
}

/* What the address alone says, whatever its prefix. */
static void classful_fields(struct output *out, struct ipv4_prefix prefix)
{
    char class[] = {ipv4_addr_class(prefix.addr), '\0'}, text[IPV4_PREFIX_TEXT_SIZE], line[80];
    int len = ipv4_addr_classful_length(prefix.addr);

    if (len < 0) {
        snprintf(line, sizeof(line), "%s (%s)", class, *class == 'D' ? "multicast" : "reserved");
        output_field(out, "class", json_string(class), "class", line, NULL);
        output_field(out, "classful_network", json_null(), NULL, NULL, NULL);
        return;
    }
    ipv4_prefix_format(ipv4_prefix_network((struct ipv4_prefix){.addr = prefix.addr, .len = (uint8_t)len}), text);
    if (prefix.len > len)
        snprintf(line, sizeof(line), "%s (network %s, subnet %d bit%s)", class, text, prefix.len - len,
                 prefix.len - len == 1 ? "" : "s");
    else
        snprintf(line, sizeof(line), "%s (network %s)", class, text);
    output_field(out, "class", json_string(class), "class", line, NULL);
    output_field(out, "classful_network", json_string(text), NULL, NULL, NULL);
}

/* Of the block if that is what was given, of the address if it has host bits. */
static void kind_fields(struct output *out, struct ipv4_prefix prefix)
{
    if (prefix.addr != ipv4_prefix_first(prefix))
        prefix.len = 32;
    const struct ipv4_special *special = ipv4_special_find(prefix);
    char block[IPV4_PREFIX_TEXT_SIZE], line[100];

    if (!special) {
        bool mixed = ipv4_special_overlaps(prefix);
        output_field(out, "kind", json_string(mixed ? "mixed" : "global unicast"), "kind",
                     mixed ? "mixed (global unicast and special-purpose blocks)" : "global unicast", NULL);
        output_field(out, "kind_block", json_null(), NULL, NULL, NULL);
        return;
    }
    ipv4_prefix_format(special->block, block);
    snprintf(line, sizeof(line), "%s (%s, %s)", special->name, block, special->rfc);
    output_field(out, "kind", json_string(special->name), "kind", line, NULL);
    output_field(out, "kind_block", json_string(block), NULL, NULL, NULL);
}

static void notation_fields(struct output *out, struct ipv4_prefix prefix)
{
    uint32_t addr = prefix.addr;
    char line[40];

    /* RFC 1035 3.5 */
    snprintf(line, sizeof(line), "%u.%u.%u.%u.in-addr.arpa", addr & 255, addr >> 8 & 255, addr >> 16 & 255, addr >> 24);
    output_field(out, "reverse", json_string(line), "reverse", line, NULL);
    snprintf(line, sizeof(line), "%" PRIu32 " (0x%08" PRIx32 ")", addr, addr);
    output_field(out, "integer", json_integer(addr), "integer", line, NULL);
}

static int calc(const struct command *self, int argc, char **argv, const struct options *options)
{
    struct ipv4_prefix prefix;
    struct text_error err;

    if (argc != 2)
        return command_usage(self);
    const char *text = argv[1];
    if (ipv4_prefix_parse(text, strlen(text), IPV4_PREFIX_ALLOW_HOST_BITS | IPV4_PREFIX_ALLOW_MASK, &prefix, &err) < 0)
        return command_failed(self, "'%s': character %zu: expected %s", text, err.at + 1, err.expected);

    struct output *out = output_new();
    address_fields(out, prefix);
    host_fields(out, prefix);
    classful_fields(out, prefix);
    kind_fields(out, prefix);
    notation_fields(out, prefix);
    int rc = output_print(out, options->json, stdout);
    output_free(out);
    return rc < 0 ? command_failed(self, "standard output: write error") : EXIT_OK;
}

const struct command command_calc = {
    .name = "calc",
    .arguments = "ADDRESS/LENGTH",
    .summary = "what an address and its prefix length (or mask) mean",
    .help = "Prints mask, network, broadcast address, hosts, class and kind of an IPv4 address with its prefix\n"
            "length. A mask in dotted decimal may stand in place of the length. Needs no daemon.\n"
            "\n"
            "  fairlead calc 10.0.1.77/24\n"
            "  fairlead calc -j 172.16.5.4/255.255.240.0\n",
    .run = calc,
};
