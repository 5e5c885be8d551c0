/*
 * What a shaped port has to give to contracts: said once, for whoever checks them and whoever keeps them.
 */
#pragma once

#include "sched/admission.h"
#include "sched/edf.h"
#include "sched/shaper.h"

#define CAPACITY_CONTRACTS 16384u /* of a port */

struct capacity {
    struct admission_config admission;
    unsigned bucket_log; /* of its scheduler (edf_config) */
};

/* rate: as shaped, with a burst of what leaves between two looks at the queues; largest: packet on the link, bytes;
 * packets: those whose memory is for contracts only. */
struct capacity capacity_of(struct shaper_rate rate, uint32_t largest, uint32_t packets);

/* How many packets' memory a port of so many bytes a second keeps for contracts: for 200 ms of the smallest, within
 * bounds, if it begins with contracts; a little if it does not, for those that may come. */
uint32_t capacity_packets(uint64_t rate, bool contracts);
