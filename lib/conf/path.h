/*
 * A contract along a path: hops that each keep it, one behind the other. What is to be said to each of them, and what
 * comes of it from end to end.
 *
 *     rate = "2Mbit"  burst = "6kB"  packet = "256B"  delay = "20ms"
 *     hop "edge-1" { rate = "50Mbit"  delay = "5ms"  line = "4ms" }
 *     hop "core-1" { rate = "1Gbit" }
 *
 * Each hop regulates again: what came too early waits until it conforms, and that is no longer than it was early. So
 * bounds add up: a packet has left the last hop within the sum of all delays and of the time on the lines between
 * (Georgiadis, Guerin, Peris, Sivarajan, "Efficient Network QoS Provisioning Based on per Node Traffic Shaping", 1996).
 */
#pragma once

#include "conf/conf.h"

#define CONF_HOPS_MAX      64
#define CONF_HOP_NAME_SIZE 16

struct conf_hop {
    char name[CONF_HOP_NAME_SIZE];
    struct conf_shape shape; /* its port: rate and link */
    uint32_t mtu;
    int64_t delay_ns; /* of the contract there; 0: as short as an otherwise empty port keeps it */
    int64_t line_ns;  /* how long what has left is on its way, at most */
    unsigned line;
};

struct conf_path {
    struct conf_contract contract; /* for all hops; its delay and jitter are what is wanted from end to end, 0: nothing
                                      in particular */
    struct conf_hop *hops;
    size_t hop_count;
    struct contract *terms;      /* what follows for each hop, on its link: with delay, excess and wait */
    int64_t delay_ns, jitter_ns; /* what comes of it, at most */
    int64_t wanted_delay_ns, wanted_jitter_ns;
    struct conf_memory *memory; /* behind all pointers */
};

/* As conf_parse(): 0; -EINVAL with errors; -ENOMEM. The caller owns *path. That more may come of it than is wanted is
 * no error here. */
int conf_path_parse(const char *text, size_t len, struct conf_path **path, struct conf_errors *errors);
struct conf_path *conf_path_free(struct conf_path *path); /* takes NULL, returns NULL */
