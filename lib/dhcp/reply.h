/*
 * DHCP messages as they leave: the header, then options in the order in which they are put, as many as there is room
 * for. Long values are split (RFC 3396); what does not fit into the options field goes into `file` and `sname` where
 * that is allowed (option 52).
 */
#pragma once

#include "dhcp/message.h"

#define DHCP_HEADERS     28                    /* of IPv4 and UDP, which sizes on the wire count */
#define DHCP_REPLY_MIN   300                   /* RFC 951 3, RFC 1542 2.1: a BOOTP message is never shorter */
#define DHCP_REPLY_MAX   (1500 - DHCP_HEADERS) /* what we send is never longer */
#define DHCP_IP_SIZE_MIN 576                   /* what every client takes (RFC 2131 2), headers included */

struct dhcp_reply {
    union {
        struct dhcp_header header;
        uint8_t bytes[DHCP_REPLY_MAX];
    };
    size_t len; /* when it is finished */

    /* While it is put together: */
    size_t limit; /* bytes of the message */
    size_t at;    /* in the options field: the next one */
    size_t kept;  /* room there for what comes last */
    size_t file_at, sname_at;
    bool may_overload;
};

/*
 * Begin with a header of zeros and the cookie. limit: bytes of the message, DHCP_REPLY_MIN to DHCP_REPLY_MAX; kept:
 * bytes that dhcp_reply_end() will need for its option; may_overload: options may stand in file and sname, which the
 * caller leaves alone then.
 */
void dhcp_reply_begin(struct dhcp_reply *reply, size_t limit, size_t kept, bool may_overload);

/* Put an option. False: there is no room for it. */
bool dhcp_reply_put(struct dhcp_reply *reply, uint8_t code, const void *value, size_t len);
bool dhcp_reply_put_u8(struct dhcp_reply *reply, uint8_t code, uint8_t value);
bool dhcp_reply_put_u32(struct dhcp_reply *reply, uint8_t code, uint32_t value);

/* The last option (82 comes last, RFC 3046 2.1; value NULL: none), the end, and zeros up to DHCP_REPLY_MIN. */
void dhcp_reply_end(struct dhcp_reply *reply, uint8_t code, const void *value, size_t len);
