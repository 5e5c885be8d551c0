/*
 * Reservations that people made while the daemon ran: they are in the store, and beside those of the configuration.
 */
#pragma once

#include "store/store.h"

struct kept_reservations {
    struct store_reservation *all; /* in the order of addresses */
    size_t count, room;
};

#define KEPT_MAX 65536

/* The reservation of an address; NULL. */
const struct store_reservation *kept_find(const struct kept_reservations *kept, uint32_t addr);

/* Set or take away (store_put_reservation()). 0; -ENOMEM with nothing changed. */
int kept_put(struct kept_reservations *kept, const struct store_reservation *reservation);

/* For store_each_reservation(). */
int kept_load(void *kept, const struct store_reservation *reservation);

void kept_clear(struct kept_reservations *kept);
