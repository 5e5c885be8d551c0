/*
 * Entries in a fixed array, chained by client and by address. All of them stand in one list in the order in which they
 * were added; the oldest of one network, for which room may have to be made, is looked for among the oldest of all.
 */
#include "dhcp/offers.h"

#include <assert.h>
#include <stdlib.h>

#define LOOKED 1024 /* how far for the oldest one of a network */

struct entry {
    struct dhcp_offer offer;
    uint32_t next_of_client, next_of_addr; /* index + 1; 0: none. next_of_addr links free entries too */
    uint32_t newer, older;
};

struct dhcp_offers {
    uint32_t max, count, used, free_entry;
    uint32_t newest, oldest;
    uint32_t *by_client, *by_addr; /* 2 * max heads of chains each */
    struct entry *entries;
};

struct dhcp_offers *dhcp_offers_new(uint32_t max)
{
    struct dhcp_offers *offers = calloc(1, sizeof(*offers));

    if (!offers)
        return NULL;
    offers->max = max;
    offers->by_client = calloc((size_t)2 * max, sizeof(*offers->by_client));
    offers->by_addr = calloc((size_t)2 * max, sizeof(*offers->by_addr));
    offers->entries = calloc(max, sizeof(*offers->entries)); /* what is not used takes no memory */
    return offers->by_client && offers->by_addr && offers->entries ? offers : dhcp_offers_free(offers);
}

struct dhcp_offers *dhcp_offers_free(struct dhcp_offers *offers)
{
    if (offers) {
        free(offers->by_client);
        free(offers->by_addr);
        free(offers->entries);
    }
    free(offers);
    return NULL;
}

bool dhcp_offers_are_full(const struct dhcp_offers *offers)
{
    return offers->count == offers->max;
}

uint32_t dhcp_offers_count(const struct dhcp_offers *offers)
{
    return offers->count;
}

static uint32_t *client_head(const struct dhcp_offers *offers, const struct dhcp_identity *identity)
{
    return &offers->by_client[identity->hash[0] % ((uint64_t)2 * offers->max)];
}

static uint32_t *addr_head(const struct dhcp_offers *offers, uint32_t addr)
{
    return &offers->by_addr[(addr * 0x9e3779b97f4a7c15u >> 32) % ((uint64_t)2 * offers->max)];
}

const struct dhcp_offer *dhcp_offers_of(const struct dhcp_offers *offers, const struct dhcp_identity *identity,
                                        uint32_t network)
{
    for (uint32_t at = *client_head(offers, identity); at; at = offers->entries[at - 1].next_of_client) {
        const struct dhcp_offer *offer = &offers->entries[at - 1].offer;
        if (offer->network == network && dhcp_identity_equal(&offer->identity, identity))
            return offer;
    }
    return NULL;
}

const struct dhcp_offer *dhcp_offers_at(const struct dhcp_offers *offers, uint32_t addr)
{
    for (uint32_t at = *addr_head(offers, addr); at; at = offers->entries[at - 1].next_of_addr)
        if (offers->entries[at - 1].offer.addr == addr)
            return &offers->entries[at - 1].offer;
    return NULL;
}

void dhcp_offers_add(struct dhcp_offers *offers, const struct dhcp_offer *offer)
{
    assert(offers->count < offers->max);
    uint32_t number = offers->free_entry;
    if (number)
        offers->free_entry = offers->entries[number - 1].next_of_addr;
    else
        number = ++offers->used;
    uint32_t *client = client_head(offers, &offer->identity), *addr = addr_head(offers, offer->addr);
    offers->entries[number - 1] =
        (struct entry){.offer = *offer, .next_of_client = *client, .next_of_addr = *addr, .older = offers->newest};
    *client = *addr = number;
    if (offers->newest)
        offers->entries[offers->newest - 1].newer = number;
    else
        offers->oldest = number;
    offers->newest = number;
    offers->count++;
}

void dhcp_offers_remove(struct dhcp_offers *offers, uint32_t addr)
{
    uint32_t *at = addr_head(offers, addr);

    while (*at && offers->entries[*at - 1].offer.addr != addr)
        at = &offers->entries[*at - 1].next_of_addr;
    assert(*at);
    uint32_t number = *at;
    struct entry *entry = &offers->entries[number - 1];
    *at = entry->next_of_addr;
    at = client_head(offers, &entry->offer.identity);
    while (*at != number)
        at = &offers->entries[*at - 1].next_of_client;
    *at = entry->next_of_client;
    if (entry->older)
        offers->entries[entry->older - 1].newer = entry->newer;
    else
        offers->oldest = entry->newer;
    if (entry->newer)
        offers->entries[entry->newer - 1].older = entry->older;
    else
        offers->newest = entry->older;
    *entry = (struct entry){.next_of_addr = offers->free_entry};
    offers->free_entry = number;
    offers->count--;
}

const struct dhcp_offer *dhcp_offers_oldest(const struct dhcp_offers *offers)
{
    return offers->oldest ? &offers->entries[offers->oldest - 1].offer : NULL;
}

const struct dhcp_offer *dhcp_offers_search(const struct dhcp_offers *offers, dhcp_offer_test *fits, const void *arg)
{
    uint32_t at = offers->oldest;

    for (unsigned i = 0; at && i < LOOKED; i++, at = offers->entries[at - 1].newer)
        if (fits(arg, &offers->entries[at - 1].offer))
            return &offers->entries[at - 1].offer;
    return NULL;
}
