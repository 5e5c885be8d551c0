#include "dhcp/lease.h"

#include "base/siphash.h"

#include <string.h>

const char *dhcp_lease_state_name(unsigned state)
{
    switch (state) {
#define X(enumerator, number, name) \
    case number:                    \
        return name;
        DHCP_LEASE_STATES(X)
#undef X
    default:
        return "unknown";
    }
}

void dhcp_identify(const uint8_t key[DHCP_KEY_SIZE], const struct dhcp_lease *lease, struct dhcp_identity *identity)
{
    uint8_t text[1 + 255];
    size_t len;

    /* The first byte keeps identifiers and hardware addresses apart. */
    if (lease->client_id.len && !lease->by_mac) {
        text[0] = 1;
        len = lease->client_id.len;
        memcpy(text + 1, lease->client_id.bytes, len);
    } else {
        text[0] = 2;
        text[1] = lease->htype;
        len = 1 + (size_t)lease->hlen;
        memcpy(text + 2, lease->chaddr, lease->hlen);
    }
    identity->hash[0] = siphash(key, text, 1 + len);
    identity->hash[1] = siphash(key + SIPHASH_KEY_SIZE, text, 1 + len);
}
