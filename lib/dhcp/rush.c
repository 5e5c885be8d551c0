#include "dhcp/rush.h"

#include "dhcp/choice.h"
#include "dhcp/ledger.h"

#include <stdlib.h>
#include <string.h>

#define PLACES 65536 /* a client has one by its hash; few share one, and then what they may do */

struct rush {
    uint64_t now_s;
    uint8_t heard[PLACES]; /* in this second */
};

struct rush *rush_new(void)
{
    return calloc(1, sizeof(struct rush));
}

struct rush *rush_free(struct rush *rush)
{
    free(rush);
    return NULL;
}

static bool is_known(const struct exchange *exchange)
{
    struct dhcp_lease_summary lease;

    return exchange->reservation ||
           (choice_find_lease(exchange, &lease) && dhcp_summary_is_active(&lease, exchange->now_s)) ||
           (exchange->message->type == DHCP_REQUEST && exchange->ours &&
            dhcp_offers_of(exchange->server->offers, &exchange->identity, exchange->network));
}

bool rush_admits(const struct exchange *exchange)
{
    struct rush *rush = exchange->server->rush;
    uint8_t *heard = &rush->heard[exchange->identity.hash[0] % PLACES];

    if (!is_known(exchange))
        return false;
    if (rush->now_s != exchange->now_s) {
        memset(rush->heard, 0, sizeof(rush->heard));
        rush->now_s = exchange->now_s;
    }
    if (*heard == RUSH_EACH)
        return false;
    ++*heard;
    return true;
}
