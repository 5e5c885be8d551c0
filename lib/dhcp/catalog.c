/* Sorted arrays, searched by halves: they are made at each configuration, and asked for each message. */
#include "dhcp/catalog.h"

#include "base/siphash.h"
#include "base/sorted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A client's key by which something is reserved. */
struct entry {
    uint64_t hash;
    const struct dhcp_reservation *reservation;
};

struct dhcp_catalog {
    uint8_t key[SIPHASH_KEY_SIZE];
    size_t subnet_count, reserved_count, entry_count;
    const struct dhcp_subnet **by_prefix, **by_network; /* within a network in the order in which they were told */
    const struct dhcp_reservation **reserved;           /* those with an address, by it */
    struct entry *entries;                              /* by hash, then in the order in which they were told */
};

/* --- making ------------------------------------------------------------------------------------------------------ */

static int compare_prefixes(const void *one, const void *other)
{
    const struct dhcp_subnet *a = *(const struct dhcp_subnet *const *)one;
    const struct dhcp_subnet *b = *(const struct dhcp_subnet *const *)other;

    return (a->prefix.addr > b->prefix.addr) - (a->prefix.addr < b->prefix.addr);
}

static int compare_networks(const void *one, const void *other)
{
    const struct dhcp_subnet *a = *(const struct dhcp_subnet *const *)one;
    const struct dhcp_subnet *b = *(const struct dhcp_subnet *const *)other;

    return a->network != b->network ? (a->network < b->network ? -1 : 1) : (a > b) - (a < b);
}

static int compare_reserved(const void *one, const void *other)
{
    const struct dhcp_reservation *a = *(const struct dhcp_reservation *const *)one;
    const struct dhcp_reservation *b = *(const struct dhcp_reservation *const *)other;

    return (a->addr > b->addr) - (a->addr < b->addr);
}

static int compare_entries(const void *one, const void *other)
{
    const struct entry *a = one, *b = other;

    return a->hash != b->hash ? (a->hash < b->hash ? -1 : 1)
                              : (a->reservation > b->reservation) - (a->reservation < b->reservation);
}

static uint64_t hash_of(const struct dhcp_catalog *catalog, unsigned kind, const struct dhcp_pattern *key)
{
    uint8_t text[1 + 255] = {(uint8_t)kind};

    memcpy(text + 1, key->bytes, key->len);
    return siphash(catalog->key, text, 1 + (size_t)key->len);
}

static void fill(struct dhcp_catalog *catalog, const struct dhcp_subnets *subnets)
{
    for (size_t i = 0; i < subnets->count; i++)
        catalog->by_prefix[i] = catalog->by_network[i] = &subnets->all[i];
    catalog->subnet_count = subnets->count;
    for (size_t i = 0; i < subnets->reservation_count; i++) {
        const struct dhcp_reservation *reservation = &subnets->reservations[i];
        if (reservation->addr)
            catalog->reserved[catalog->reserved_count++] = reservation;
        for (unsigned kind = 0; kind < DHCP_HOST_KEY_COUNT; kind++)
            if (reservation->keys[kind].bytes)
                catalog->entries[catalog->entry_count++] =
                    (struct entry){hash_of(catalog, kind, &reservation->keys[kind]), reservation};
    }
    qsort(catalog->by_prefix, catalog->subnet_count, sizeof(struct dhcp_subnet *), compare_prefixes);
    qsort(catalog->by_network, catalog->subnet_count, sizeof(struct dhcp_subnet *), compare_networks);
    qsort(catalog->reserved, catalog->reserved_count, sizeof(struct dhcp_reservation *), compare_reserved);
    qsort(catalog->entries, catalog->entry_count, sizeof(*catalog->entries), compare_entries);
}

int dhcp_catalog_new(const struct dhcp_subnets *subnets, const uint8_t key[DHCP_KEY_SIZE], struct dhcp_catalog **result)
{
    struct dhcp_catalog *catalog = calloc(1, sizeof(*catalog));

    if (!catalog)
        return -ENOMEM;
    memcpy(catalog->key, key, SIPHASH_KEY_SIZE);
    catalog->by_prefix = calloc(subnets->count + 1, sizeof(struct dhcp_subnet *));
    catalog->by_network = calloc(subnets->count + 1, sizeof(struct dhcp_subnet *));
    catalog->reserved = calloc(subnets->reservation_count + 1, sizeof(struct dhcp_reservation *));
    catalog->entries = calloc(subnets->reservation_count * DHCP_HOST_KEY_COUNT + 1, sizeof(*catalog->entries));
    if (!catalog->by_prefix || !catalog->by_network || !catalog->reserved || !catalog->entries) {
        dhcp_catalog_free(catalog);
        return -ENOMEM;
    }
    fill(catalog, subnets);
    *result = catalog;
    return 0;
}

struct dhcp_catalog *dhcp_catalog_free(struct dhcp_catalog *catalog)
{
    if (catalog) {
        free(catalog->by_prefix);
        free(catalog->by_network);
        free(catalog->reserved);
        free(catalog->entries);
    }
    free(catalog);
    return NULL;
}

/* --- finding ----------------------------------------------------------------------------------------------------- */

static uint64_t last_of(const void *element)
{
    return ipv4_prefix_last((*(const struct dhcp_subnet *const *)element)->prefix);
}

static uint64_t network_of(const void *element)
{
    return (*(const struct dhcp_subnet *const *)element)->network;
}

static uint64_t addr_of(const void *element)
{
    return (*(const struct dhcp_reservation *const *)element)->addr;
}

static uint64_t entry_hash(const void *element)
{
    return ((const struct entry *)element)->hash;
}

const struct dhcp_subnet *dhcp_catalog_subnet(const struct dhcp_catalog *catalog, uint32_t addr)
{
    size_t at = sorted_find(catalog->by_prefix, catalog->subnet_count, sizeof(struct dhcp_subnet *), last_of, addr);

    return at < catalog->subnet_count && ipv4_prefix_contains(catalog->by_prefix[at]->prefix, addr)
               ? catalog->by_prefix[at]
               : NULL;
}

const struct dhcp_subnet *dhcp_catalog_next(const struct dhcp_catalog *catalog, uint32_t network, size_t *number)
{
    size_t at = *number;

    if (!at)
        at = sorted_find(catalog->by_network, catalog->subnet_count, sizeof(struct dhcp_subnet *), network_of, network);
    if (at >= catalog->subnet_count || catalog->by_network[at]->network != network)
        return NULL;
    *number = at + 1;
    return catalog->by_network[at];
}

const struct dhcp_reservation *dhcp_catalog_reserved(const struct dhcp_catalog *catalog, uint32_t addr)
{
    size_t at =
        sorted_find(catalog->reserved, catalog->reserved_count, sizeof(struct dhcp_reservation *), addr_of, addr);

    return at < catalog->reserved_count && catalog->reserved[at]->addr == addr ? catalog->reserved[at] : NULL;
}

static bool holds(const struct dhcp_catalog *catalog, const struct dhcp_reservation *reservation, uint32_t network)
{
    const struct dhcp_subnet *subnet = reservation->addr ? dhcp_catalog_subnet(catalog, reservation->addr) : NULL;

    if (reservation->addr && (!subnet || subnet->network != network))
        return false;
    return !reservation->network || reservation->network == network;
}

const struct dhcp_reservation *dhcp_catalog_of(const struct dhcp_catalog *catalog, uint32_t network,
                                               const struct dhcp_pattern keys[DHCP_HOST_KEY_COUNT])
{
    for (unsigned kind = 0; catalog->entry_count && kind < DHCP_HOST_KEY_COUNT; kind++) {
        if (!keys[kind].bytes)
            continue;
        uint64_t hash = hash_of(catalog, kind, &keys[kind]);
        size_t at = sorted_find(catalog->entries, catalog->entry_count, sizeof(*catalog->entries), entry_hash, hash);
        for (; at < catalog->entry_count && catalog->entries[at].hash == hash; at++) {
            const struct dhcp_reservation *reservation = catalog->entries[at].reservation;
            const struct dhcp_pattern *key = &reservation->keys[kind];
            if (key->bytes && key->len == keys[kind].len && memcmp(key->bytes, keys[kind].bytes, key->len) == 0 &&
                holds(catalog, reservation, network))
                return reservation;
        }
    }
    return NULL;
}
