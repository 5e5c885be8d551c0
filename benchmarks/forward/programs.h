/*
 * What the programs and those who run them have in common.
 */
#pragma once

#include "net/eth.h"
#include "net/ipv4.h"
#include "net/udp.h"

#include <stdint.h>

#define FORWARD_KEYS   (1u << 16) /* destinations, in turn */
#define FORWARD_BATCH  16u        /* packets that the source sends at once */
#define FORWARD_CPUS   256u       /* as far as the source can name them */
#define FORWARD_QUEUE  4096u      /* packets that wait for the router's CPU, as in a card's ring */
#define FORWARD_HEADER (ETH_HDR_SIZE + IPV4_HDR_SIZE + UDP_HDR_SIZE)

/* The source's, of which there is one. */
struct forward_source {
    uint8_t header[FORWARD_HEADER]; /* of the packets, without destination and checksum */
    uint32_t checksum_part;         /* the sum of the IPv4 header without these two */
    uint32_t ifindex;               /* where they leave */
    uint32_t cpu;                   /* of the router */
    uint64_t batch_ns;              /* a batch begins so long after the one before; 0: at once */
    uint64_t due_ns, sent;          /* of the next batch; packets */
    uint32_t keys[FORWARD_KEYS];    /* host byte order */
};

/* The sink's. */
struct forward_sink {
    uint64_t packets;
    uint64_t bytes;
};
