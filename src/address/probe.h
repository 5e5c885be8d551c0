/*
 * Whether somebody has an address already: asked by ARP on its link (RFC 5227 2.1.1), or by ICMP echo beyond relays.
 * Nobody waits for that but the one who asked: there are so many questions at once, each for the same short time.
 */
#pragma once

#include "address/sockets.h"

#define PROBE_MAX     1024  /* questions at once */
#define PROBE_MS      300   /* for how long an answer is waited for */
#define PROBE_GOOD_MS 10000 /* so long it need not be asked again */

struct probe_question {
    uint32_t addr;
    unsigned port;      /* 0: beyond relays */
    const uint8_t *mac; /* of the one who is to get it, and may have it already; ETH_ADDR_SIZE bytes */
};

/* What is asked has a number below PROBE_MAX until it is answered. */
struct probe_config {
    struct sockets *sockets;
    void (*nobody)(void *arg, unsigned number);   /* nobody has said anything */
    void (*somebody)(void *arg, unsigned number); /* who has it */
    void *arg;
};

struct probes;

struct probes *probes_new(const struct probe_config *config); /* NULL: no memory */
struct probes *probes_free(struct probes *probes);            /* takes NULL, returns NULL; answers nothing more */

/* Whether addresses beyond relays will be asked for. */
void probes_want_ping(struct probes *probes, bool wanted);

/* Ask. The number of the question, which may have been asked before and not been answered yet; -1: it need not, or
 * cannot be asked now. */
int probes_ask(struct probes *probes, const struct probe_question *question);

/* Whose time is over is free. */
void probes_turn(struct probes *probes);

/* How long the loop may wait; at most `most` ms. */
int probes_wait_ms(const struct probes *probes, int most);

struct probe_counts {
    uint64_t asked, used, unasked; /* unasked: there was no room for it, or no socket */
};

const struct probe_counts *probes_counts(const struct probes *probes);
