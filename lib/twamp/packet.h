/*
 * Test packets of TWAMP Light, unauthenticated (RFC 5357 4.1.2, 4.2.1 and appendix I): a sender's, and what a reflector
 * makes of it. STAMP's first packets (RFC 8762) are the same on the wire.
 *
 * A deterministic core: times are nanoseconds since 1970, by the clock of whoever says them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TWAMP_PORT      862 /* RFC 8762 4.1 */
#define TWAMP_SENT_SIZE 14  /* bytes: the least that a sender's packet has; the rest is padding */
#define TWAMP_SENT_AT   24  /* where a reflected one has it */
#define TWAMP_REFLECTED 41  /* the least that a reflected one has */

/* How good a clock is (RFC 4656 4.1.2): multiplier * 2^(scale - 32) seconds, and whether it is synchronised to UTC. */
struct twamp_error {
    bool synchronised;
    uint8_t scale;      /* 0 to 63 */
    uint8_t multiplier; /* never 0 */
};

struct twamp_sent {
    uint32_t number;
    int64_t sent_ns;
    struct twamp_error error;
};

struct twamp_reflected {
    uint32_t number; /* the reflector's: a stateless one says the sender's */
    int64_t reflected_ns, received_ns;
    struct twamp_error error;
    struct twamp_sent sent; /* as the sender has said it */
    uint8_t ttl;            /* with which its packet arrived */
};

/* Into `bytes`, of at least TWAMP_SENT_SIZE; padding is the caller's. */
void twamp_write_sent(const struct twamp_sent *sent, uint8_t *bytes);
/* False: it is shorter than such a packet. Times are rounded to less than a nanosecond. */
bool twamp_read_sent(const uint8_t *bytes, size_t len, struct twamp_sent *sent);

/* A packet of either kind is sent now, since 1970. */
void twamp_stamp(uint8_t *bytes, int64_t now_ns);

/* Into `bytes`, of TWAMP_REFLECTED. */
void twamp_write_reflected(const struct twamp_reflected *reflected, uint8_t *bytes);
bool twamp_read_reflected(const uint8_t *bytes, size_t len, struct twamp_reflected *reflected);
