/*
 * What the programs of the door's benchmark (programs.bpf.c) and the program that runs them share. Shared with BPF.
 */
#pragma once

#include "base/bytes.h"
#include "base/random.h"
#include "net/eth.h"
#include "net/ipv4_addr.h"

#define DOOR_BENCH_KEYS   (1u << 18)
#define DOOR_BENCH_GROUPS 4096u

/* The headers of Ethernet and IPv4 in pieces that are stored at once: what reads them, by no more than a word of IPv4
 * or a part of a hardware address, finds it in one store, as in a packet that comes from elsewhere. */
struct door_bench_head {
    uint64_t eth_first;
    uint32_t eth_next;
    uint16_t eth_last;
    uint16_t unused;
    uint64_t ip_first, ip_next;
};

struct door_bench {
    uint64_t random;                /* state of the stream of destinations that are drawn */
    uint32_t at;                    /* of the next key */
    uint32_t drawn;                 /* not 0: destinations are drawn; otherwise they are the keys, in turn */
    uint64_t forwarded;             /* packets that a program redirected */
    uint64_t checksum_part;         /* the sum of the header's words, without destination and checksum */
    struct door_bench_head head;    /* of the packet, with 0 for destination and checksum */
    uint32_t keys[DOOR_BENCH_KEYS]; /* host order */
};

/* DIR-24-8: an entry below DOOR_BENCH_LONG is a next hop; the others name a group of 256. */
#define DOOR_BENCH_LONG 0x8000u

struct door_bench_dir24 {
    uint16_t root[1 << 24];
    uint16_t groups[DOOR_BENCH_GROUPS * 256];
};

/* The next destination: uniform over 1.0.0.0 to 223.255.255.255 without 127.0.0.0/8. */
static force_inline uint32_t door_bench_draw(uint64_t *state)
{
    uint32_t addr = (1u << 24) + (uint32_t)((random_u64(state) >> 32) * (223u << 24) >> 32);

    return ipv4_addr_is_loopback(addr) ? addr ^ 64u << 24 : addr;
}
