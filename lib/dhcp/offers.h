/*
 * Offers that are out: which address is held for which client for a short time. Nothing of it is durable. There is a
 * bound: past it the oldest offer makes room for the next.
 */
#pragma once

#include "dhcp/lease.h"

struct dhcp_offers;

struct dhcp_offer {
    struct dhcp_identity identity;
    uint32_t addr;
    uint32_t network; /* that the client is in: at most one offer there */
    uint64_t ends_s;
};

/* For at most `max` of them, at least 1. NULL if there is no memory. */
struct dhcp_offers *dhcp_offers_new(uint32_t max);
struct dhcp_offers *dhcp_offers_free(struct dhcp_offers *offers); /* takes NULL, returns NULL */

uint32_t dhcp_offers_count(const struct dhcp_offers *offers);
bool dhcp_offers_are_full(const struct dhcp_offers *offers);

/* What is held for a client; who an address is held for. Valid until the next change. NULL: nothing, nobody. */
const struct dhcp_offer *dhcp_offers_of(const struct dhcp_offers *offers, const struct dhcp_identity *identity,
                                        uint32_t network);
const struct dhcp_offer *dhcp_offers_at(const struct dhcp_offers *offers, uint32_t addr);

/* Hold an address; neither client nor address have an offer, and there is room. */
void dhcp_offers_add(struct dhcp_offers *offers, const struct dhcp_offer *offer);
/* Let go of one that there is. */
void dhcp_offers_remove(struct dhcp_offers *offers, uint32_t addr);

/* The one that was added longest ago; NULL: none. */
const struct dhcp_offer *dhcp_offers_oldest(const struct dhcp_offers *offers);

/* Of the 1,024 oldest the first that fits; NULL: none. */
typedef bool dhcp_offer_test(const void *arg, const struct dhcp_offer *offer);
const struct dhcp_offer *dhcp_offers_search(const struct dhcp_offers *offers, dhcp_offer_test *fits, const void *arg);
