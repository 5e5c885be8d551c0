#include "net/classifier.h"

#include "base/compiler.h"
#include "base/range.h"

#include <stdlib.h>

#define PORT_BITS   16
#define PARTS_MAX   30 /* of a range of ports: 2 x 16 - 2 */
#define LOAD_FACTOR 2  /* places in the table for each entry */

/* What is looked at of a packet, in two words:
 *     source and destination address
 *     source port, destination port, protocol, DSCP, where it came in */
struct key {
    uint64_t words[2];
};

/* The bits that conditions of a kind look at, and what a packet must be for that (enum flow_kind). */
struct tuple {
    struct key mask;
    uint8_t needs;
};

struct entry {
    struct key key;
    uint32_t tuple, number; /* CLASSIFIER_NONE: the place is free */
};

struct classifier {
    struct tuple *tuples;
    struct entry *table; /* open addressing */
    size_t tuple_count, mask;
};

/* Ports with the same first bits. */
struct part {
    uint16_t port;
    uint8_t bits;
};

static struct key make_key(uint32_t src, uint32_t dst, uint16_t src_port, uint16_t dst_port, uint8_t protocol,
                           uint8_t dscp, uint8_t in)
{
    return (struct key){{(uint64_t)src << 32 | dst, (uint64_t)src_port << 48 | (uint64_t)dst_port << 32 |
                                                        (uint64_t)protocol << 24 | (uint64_t)dscp << 16 | in}};
}

static struct key masked(struct key key, struct key mask)
{
    return (struct key){{key.words[0] & mask.words[0], key.words[1] & mask.words[1]}};
}

static bool equal(struct key a, struct key b)
{
    return a.words[0] == b.words[0] && a.words[1] == b.words[1];
}

/* Who chooses the conditions is trusted, and packets change nothing here: it has to spread, and no more. */
static size_t place_of(struct key key, size_t tuple, size_t mask)
{
    uint64_t hash = (key.words[0] ^ tuple) * 0x9e3779b97f4a7c15;

    hash = (hash ^ hash >> 32 ^ key.words[1]) * 0xd6e8feb86659fd93;
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93;
    return (hash ^ hash >> 32) & mask;
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

/* A range of ports as parts, each as large as it can be. How many. */
static unsigned split(struct match_ports ports, struct part parts[static PARTS_MAX])
{
    uint32_t at = ports.first, end = ports.last + 1u;
    unsigned count = 0;

    while (at < end) {
        unsigned free_bits = range_block_log(at, end);
        parts[count++] = (struct part){(uint16_t)at, (uint8_t)(PORT_BITS - free_bits)};
        at += 1u << free_bits;
    }
    return count;
}

static uint16_t port_mask(struct part part)
{
    return (uint16_t)(0xffff0000u >> part.bits);
}

static uint8_t needs_of(const struct match *match, struct part from, struct part to)
{
    return (uint8_t)((match->protocol || match->dscp != MATCH_ANY_DSCP ? FLOW_IP : 0) |
                     (match->from.len || match->to.len ? FLOW_IPV4 : 0) | (from.bits || to.bits ? FLOW_PORTS : 0));
}

/* The number of a kind, which is there from now on. */
static size_t find_tuple(struct classifier *classifier, struct tuple tuple)
{
    for (size_t i = 0; i < classifier->tuple_count; i++)
        if (equal(classifier->tuples[i].mask, tuple.mask) && classifier->tuples[i].needs == tuple.needs)
            return i;
    classifier->tuples[classifier->tuple_count] = tuple;
    return classifier->tuple_count++;
}

static void add(struct classifier *classifier, const struct classifier_rule *rule, struct part from, struct part to)
{
    const struct match *match = rule->match;
    bool dscp = match->dscp != MATCH_ANY_DSCP, in = match->in[0] != '\0';
    struct tuple tuple = {.mask = make_key(ipv4_mask(match->from.len), ipv4_mask(match->to.len), port_mask(from),
                                           port_mask(to), match->protocol ? UINT8_MAX : 0, dscp ? UINT8_MAX : 0,
                                           in ? UINT8_MAX : 0),
                          .needs = needs_of(match, from, to)};
    struct key key =
        masked(make_key(match->from.addr, match->to.addr, from.port, to.port, match->protocol, match->dscp, rule->in),
               tuple.mask);
    size_t number = find_tuple(classifier, tuple), at = place_of(key, number, classifier->mask);

    while (classifier->table[at].number != CLASSIFIER_NONE)
        at = (at + 1) & classifier->mask;
    classifier->table[at] = (struct entry){.key = key, .tuple = (uint32_t)number, .number = rule->number};
}

/* How many entries, and so kinds at most, the rules make. */
static size_t count_entries(const struct classifier_rule *rules, size_t count)
{
    struct part parts[PARTS_MAX];
    size_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (size_t)split(rules[i].match->from_ports, parts) * split(rules[i].match->to_ports, parts);
    return sum;
}

struct classifier *classifier_new(const struct classifier_rule *rules, size_t count)
{
    struct classifier *classifier = calloc(1, sizeof(*classifier));
    size_t entries = count_entries(rules, count), places = 1;
    struct part from[PARTS_MAX], to[PARTS_MAX];

    if (!classifier)
        return NULL;
    while (places < entries * LOAD_FACTOR + 1)
        places *= 2;
    classifier->mask = places - 1;
    classifier->tuples = calloc(entries + 1, sizeof(*classifier->tuples));
    classifier->table = calloc(places, sizeof(*classifier->table));
    if (!classifier->tuples || !classifier->table)
        return classifier_free(classifier);
    for (size_t i = 0; i < places; i++)
        classifier->table[i].number = CLASSIFIER_NONE;
    for (size_t i = 0; i < count; i++) {
        unsigned from_count = split(rules[i].match->from_ports, from), to_count = split(rules[i].match->to_ports, to);
        for (unsigned j = 0; j < from_count; j++)
            for (unsigned k = 0; k < to_count; k++)
                add(classifier, &rules[i], from[j], to[k]);
    }
    return classifier;
}

struct classifier *classifier_free(struct classifier *classifier)
{
    if (classifier) {
        free(classifier->tuples);
        free(classifier->table);
    }
    free(classifier);
    return NULL;
}

/* --- finding ----------------------------------------------------------------------------------------------------- */

uint32_t classifier_find(const struct classifier *classifier, const struct flow *flow, uint8_t in)
{
    const struct key key =
        make_key(flow->src, flow->dst, flow->src_port, flow->dst_port, flow->protocol, flow->dscp, in);

    for (size_t i = 0; i < classifier->tuple_count; i++) {
        const struct tuple *tuple = &classifier->tuples[i];
        if ((flow->kind & tuple->needs) != tuple->needs)
            continue;
        struct key looked_at = masked(key, tuple->mask);
        size_t at = place_of(looked_at, i, classifier->mask);
        for (; classifier->table[at].number != CLASSIFIER_NONE; at = (at + 1) & classifier->mask)
            if (classifier->table[at].tuple == i && equal(classifier->table[at].key, looked_at))
                return classifier->table[at].number;
    }
    return CLASSIFIER_NONE;
}
