/*
 * Round-trip times of the TCP flows that leave a port, measured as they pass: what one side says (a timestamp, RFC
 * 7323, or the handshake) is timed until the other side has answered it. Outside of the port that is a segment that
 * leaves until one comes back; inside, one that comes until one leaves. Both together are a flow's round-trip time
 * without the wait in our own queues. Where routes are not the same both ways only one half is seen, and taken for all.
 *
 * A flow's time is the least of the last RTT_WINDOW_NS to twice that; that of many flows is their harmonic mean. A
 * table of constant size: flows that are long stay in it whatever strangers send.
 *
 * A deterministic core: time comes from the caller.
 */
#pragma once

#include "base/siphash.h"
#include "net/tcp.h"

#define RTT_WINDOW_NS INT64_C(10000000000)
#define RTT_FLOWS     4096u
#define RTT_MAX_NS    INT64_C(10000000000) /* what takes longer is no round trip */
#define RTT_LONG      16u                  /* packets between two looks that make a flow one that counts */

struct rtt_table;

/* NULL: there is no memory. */
struct rtt_table *rtt_new(const uint8_t key[SIPHASH_KEY_SIZE]);
struct rtt_table *rtt_free(struct rtt_table *table); /* takes NULL, returns NULL */

/* A segment has come in at the port. Times of all calls may be out of order by what waits. */
void rtt_came(struct rtt_table *table, const struct tcp_segment *segment, int64_t now_ns);

/* One has left it, of that class, that had come to the queue before. Fills: it is one of those that fill a buffer. */
void rtt_left(struct rtt_table *table, const struct tcp_segment *segment, unsigned class, bool fills, int64_t came_ns,
              int64_t left_ns);

/* Of a class's flows that are long, and how many of those could be measured; 0: none. Begins to count anew who is. */
int64_t rtt_take(struct rtt_table *table, unsigned class, unsigned *flows);
