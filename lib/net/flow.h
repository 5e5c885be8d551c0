/*
 * What queues ask of a frame: which flow it is of, and how it is marked. Frames of any kind have an answer; headers are
 * believed as far as they are there.
 */
#pragma once

#include "base/siphash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow {
    uint32_t hash; /* of addresses, protocol and ports; of a fragment or another protocol without ports; of what is not
                      IP: of its link-layer addresses and type */
    uint8_t dscp;  /* RFC 2474; 0: it is not IP */
    uint8_t ecn;   /* RFC 3168: 0 to 3; 0: it is not IP */
};

/* The frame begins with its Ethernet header; VLAN tags are passed over. Who knows the key knows which flows meet. */
void flow_read(const uint8_t key[SIPHASH_KEY_SIZE], const uint8_t *frame, size_t len, struct flow *flow);

/* Mark it as having met congestion (CE), with its checksum. False: it is not IP, or its sender takes no marks (RFC 3168
 * 5); then it is as before. */
bool flow_mark(uint8_t *frame, size_t len);
