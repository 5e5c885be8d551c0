/*
 * Contracts in the words of integrated services: the traffic specification of RFC 2210 and 2215, and the reservation of
 * RFC 2212 (guaranteed quality of service), read, written and converted.
 *
 *     TSpec "r 2Mbit b 6kB p 10Mbit m 64B M 1500B"   RSpec "R 4Mbit S 2ms"
 *
 * Here bytes are those of IP packets, whatever link they are on. A link takes more, and the shorter packets are, the
 * more: that is what m is for. With R the delay is that of a wire of this rate which nobody else uses, and S more
 * (RFC 2212 section 3, with the error terms C and D at zero, for none is left: the whole of the bound is admitted):
 *
 *     (b - M) (p - R) / (R (p - r)) + M/R   for p > R;   M/R   for p <= R
 */
#pragma once

#include "base/text.h"
#include "sched/contract.h"
#include "sched/link.h"

#include <stddef.h>

struct tspec {
    uint64_t r, p; /* bytes a second: token bucket rate and peak rate; p 0: as fast as it may come */
    uint32_t b;    /* bytes: token bucket size; at least M */
    uint32_t m, M; /* bytes: minimum policed unit and largest packet */
};

struct rspec {
    uint64_t R;   /* bytes a second, at least r */
    int64_t s_ns; /* slack */
};

#define TSPEC_PACKET_MIN 20u   /* bytes: m at least */
#define TSPEC_PACKET_MAX 9000u /* M at most */

#define TSPEC_TEXT_SIZE 160
#define RSPEC_TEXT_SIZE 64

/* 0; -EINVAL with *err filled in (err may be NULL), the result untouched. */
int tspec_parse(const char *text, size_t len, struct tspec *tspec, struct text_error *err);
int rspec_parse(const char *text, size_t len, struct rspec *rspec, struct text_error *err);
/* As they are read, in kbit/s and microseconds: r, p and S rounded down, R up. */
void tspec_format(const struct tspec *tspec, char out[static TSPEC_TEXT_SIZE]);
void rspec_format(const struct rspec *rspec, char out[static RSPEC_TEXT_SIZE]);

/* Rates, bursts and packets on a link, rounded so that what conforms there conforms here; the rest is taken from
 * *contract. */
void tspec_to_contract(const struct tspec *tspec, const struct link_overhead *link, struct contract *contract);

/* What surely conforms to a contract on a link, in IP packets of m to M bytes. */
struct tspec tspec_of_contract(const struct contract *contract, const struct link_overhead *link, uint32_t m,
                               uint32_t M);

/* The delay that a reservation asks for; and one that asks for a delay. */
int64_t rspec_delay_ns(const struct rspec *rspec, const struct tspec *tspec);
struct rspec rspec_of_delay(int64_t delay_ns, const struct tspec *tspec);
