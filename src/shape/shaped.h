/*
 * A shaped port: its frames, its queues, and a packet's way through them.
 *
 *   receive -> classify -> put -> wait -> get -> mark -> send
 *
 * Time comes from the caller, so that the same runs over memory and captures. Of one thread at a time.
 */
#pragma once

#include "base/siphash.h"
#include "conf/conf.h"
#include "port/frame_io.h"
#include "query/page.h"
#include "shape/promises.h"

#define SHAPED_RETRY_NS 1000000 /* when something could not be sent at once */

struct shaped_config {
    const struct conf_shape *shape;     /* with a rate; looked at only in shaped_new() */
    uint32_t ifindex;                   /* for those who look */
    uint32_t mtu;                       /* of the port's packets, bytes */
    bool contracts;                     /* it begins with some */
    struct queues *shown;               /* where to show; NULL: nowhere. Borrowed */
    const uint8_t *mac;                 /* the port's address, for frames that are marked (bpf/door.h); NULL: none
                                           are. Borrowed */
    uint64_t seed;                      /* of random numbers */
    uint8_t key[SIPHASH_KEY_SIZE];      /* of flows */
    const struct door_samples *samples; /* of what comes in at the port, for queues that size themselves; NULL: nothing
                                           is known of that. Borrowed */
};

struct shaped;

/* With `fault` filled in if it is -EINVAL. 0; -ENOMEM; -EMSGSIZE: the MTU is more than frames can hold. */
int shaped_new(const struct shaped_config *config, int64_t now_ns, struct shaped **shaped, struct queue_fault *fault);
/* The queues go before what they are connected to. Takes NULL, returns NULL. */
struct shaped *shaped_free(struct shaped *shaped);

struct frame_pool *shaped_frames(struct shaped *shaped);

/* Where frames come from and go to, on those frames; taken over. */
void shaped_connect(struct shaped *shaped, struct frame_io *io);
struct frame_io *shaped_io(const struct shaped *shaped);

/* What it has for contracts. */
const struct capacity *shaped_capacity(const struct shaped *shaped);

/* A contract has this number from now on, and nothing has become of it yet. What waits of the one before keeps its
 * times. Its delays are counted in what is zeros now, and is taken over; the one before, for the caller to free. */
struct histogram *shaped_set_contract(struct shaped *shaped, uint32_t number, const struct contract *contract,
                                      struct histogram *delays);

/* From now on packets have the contracts whose numbers the classifier says; NULL: none has. It is taken over; the one
 * before, for the caller to free. */
struct classifier *shaped_classify(struct shaped *shaped, struct classifier *classifier);

/* The same for all contracts of a configuration at an interface, by the numbers that they have there: for a port that
 * nobody changes. 0; -ENOMEM. */
int shaped_keep(struct shaped *shaped, const struct conf *conf, const char *out);

/* What has become of a contract's packets; each of their delays (shape/promises.h). */
struct query_figures shaped_contract(const struct shaped *shaped, uint32_t number, int64_t now_ns);
const struct histogram *shaped_contract_delays(const struct shaped *shaped, uint32_t number);

/* Do what there is to do now; with a bound. When to come again, unless frames come before: now_ns or later; INT64_MAX:
 * not before frames come. */
int64_t shaped_turn(struct shaped *shaped, int64_t now_ns);

/* What there is, for shaped_config.shown and for others. */
void shaped_describe(const struct shaped *shaped, int64_t now_ns, struct queues *queues);
