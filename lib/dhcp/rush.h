/*
 * Within lib/dhcp: who is served while more comes than can be. Those are who have something here already, which made-up
 * clients do not; and none of them so often that the others would not get their share.
 */
#pragma once

#include "dhcp/exchange.h"

struct rush;

/* NULL if there is no memory. */
struct rush *rush_new(void);
struct rush *rush_free(struct rush *rush); /* takes NULL, returns NULL */

/* Whether its sender has a lease or a reservation, or takes what it was offered, and has not been heard more than
 * RUSH_EACH times within this second. */
#define RUSH_EACH 8
bool rush_admits(const struct exchange *exchange);
