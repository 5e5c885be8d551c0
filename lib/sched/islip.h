/*
 * Which inputs of a device send to which outputs in the next slot, where every input has a queue for each output
 * (virtual output queues), so that no packet waits behind one for another output: iSLIP (McKeown, "The iSLIP Scheduling
 * Algorithm for Input-Queued Switches", IEEE/ACM Transactions on Networking 7(2), 1999).
 *
 * A deterministic core: no time, no random numbers.
 */
#pragma once

#include <stdint.h>

#define ISLIP_PORTS_MAX 64u
#define ISLIP_NONE      UINT8_MAX

struct islip {
    unsigned ports, iterations;
    uint8_t grant[ISLIP_PORTS_MAX];  /* of each output: the input that it prefers */
    uint8_t accept[ISLIP_PORTS_MAX]; /* of each input: the output that it prefers */
};

/* With so many inputs and as many outputs, 1 to ISLIP_PORTS_MAX; iterations: at least 1; log2 of the ports are about
 * enough. */
void islip_begin(struct islip *islip, unsigned ports, unsigned iterations);

/*
 * requests[i], bit j: input i has something for output j; other bits are 0. to[i] becomes the output that input i sends
 * to, or ISLIP_NONE; no output is in it twice, and none that was not requested. How many send.
 */
unsigned islip_match(struct islip *islip, const uint64_t requests[], uint8_t to[]);
