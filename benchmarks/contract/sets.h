/*
 * Ports and sets of contracts, made up from a seed: of all sizes, and filled until nothing more is admitted.
 */
#pragma once

#include "sched/admission.h"
#include "sched/sched.h"

#define SETS_CONTRACTS_MAX   1000u
#define SETS_PACKET_SMALLEST 84u /* bytes on Ethernet */

struct port {
    uint64_t rate;       /* bytes a second */
    int64_t poll_ns;     /* the longest between two looks at it */
    uint32_t packet_max; /* bytes on the link */
    unsigned bucket_log;
    uint64_t ring_bytes; /* what may be in the transmit ring when the next packet goes into it */
};

struct set {
    uint64_t seed;
    struct port port;
    struct admission_config config;
    struct admission *admission;
    double longest_bytes; /* what the port sends in the longest delay that is asked for */
    uint32_t count;
    struct contract contracts[SETS_CONTRACTS_MAX];
    uint64_t asked, refused, offers; /* of admission */
};

/* A set of its own for each seed. */
void set_make(struct set *set, uint64_t seed);
void set_free(struct set *set);

/* Uniform: 0 to below; and between two bounds, alike in each order of magnitude. */
uint64_t set_draw(uint64_t *state, uint64_t below);
double set_draw_log(uint64_t *state, double least, double most);
