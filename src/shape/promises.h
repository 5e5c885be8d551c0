/*
 * The contracts of a shaped port: which packets have one, and whether what was promised was kept.
 *
 * A promise holds as long as the port's thread looks at its queues often enough: a packet's delay begins when it comes
 * to the lift's far end, and the transmit ring has something to send meanwhile. A look that comes later than that
 * allows is a stall of the platform: it is counted, and so is what is late because of it, until no packet of a contract
 * waits any more.
 */
#pragma once

#include "base/histogram.h"
#include "conf/conf.h"
#include "net/classifier.h"
#include "query/contracts.h"
#include "query/queues.h"
#include "sched/sched.h"

struct promises;

/* At most `contracts`, with numbers below that. NULL if there is no memory. */
struct promises *promises_new(uint32_t contracts, unsigned bucket_log, int64_t allowance_ns);
/* Takes NULL, returns NULL. */
struct promises *promises_free(struct promises *promises);

/* From now on packets have the contracts whose numbers the classifier says; NULL: none has. It is taken over; the one
 * before, for the caller to free. */
struct classifier *promises_classify(struct promises *promises, struct classifier *classifier);

/* A number's figures begin anew. Its delays are counted in what is zeros now, and is taken over; the one before, for
 * the caller to free. */
struct histogram *promises_begin(struct promises *promises, uint32_t number, struct histogram *delays);

/* Give a packet its contract, if it has one, and when it came: what its arrived_ns says, or now if that is unknown.
 * `in`: the number of the port at which it came in; 0: at none. */
void promises_find(struct promises *promises, struct packet *packet, const struct flow *flow, uint8_t in,
                   int64_t now_ns);

/* A look at the queues, for which frames that came at first_ns (INT64_MAX: none) had to wait, or whoever was to come at
 * due_ns. */
void promises_look(struct promises *promises, int64_t first_ns, int64_t due_ns, int64_t now_ns);

/* The port took nothing more. */
void promises_blocked(struct promises *promises);

/* A packet with a contract leaves; its last bit will at left_ns. */
void promises_left(struct promises *promises, const struct packet *packet, int64_t left_ns);

/* No packet of a contract waits. */
void promises_settled(struct promises *promises);

/* What has left of a contract; how often the platform stalled since it began; and each delay, borrowed, NULL if no
 * contract ever had this number. */
struct query_kept promises_kept(const struct promises *promises, uint32_t number, int64_t now_ns);
uint64_t promises_stalls(const struct promises *promises, uint32_t number);
const struct histogram *promises_delays(const struct promises *promises, uint32_t number);

struct queues_looks promises_looks(const struct promises *promises);
