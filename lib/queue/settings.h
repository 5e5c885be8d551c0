/*
 * Queues as operators describe them: lengths as times, bytes or packets, everything else only if it is to differ from
 * what is usual. For a link of a given rate they become what the disciplines work with, or there is a reason why not.
 */
#pragma once

#include "base/text.h"
#include "queue/queue.h"

enum queue_unit { QUEUE_UNSET, QUEUE_NS, QUEUE_BYTES, QUEUE_PACKETS, QUEUE_AUTO };

/* How long a queue is: a time, which is what the link sends in it; bytes; packets; as long as what is measured says. */
struct queue_length {
    enum queue_unit unit;
    uint64_t value;
};

/* Read "20ms", "800us", "1s", "1500B", "64kB", "2MB" (of 1,000 each), "100p", never QUEUE_AUTO. 0; -EINVAL, and what is
 * wrong. */
int queue_length_parse(const char *text, size_t len, struct queue_length *length, struct text_error *err);

#define QUEUE_LENGTH_TEXT_SIZE 24
/* As it is read, in the largest unit in which it is a whole number; "auto"; "" if it is unset. */
void queue_length_format(const struct queue_length *length, char out[static QUEUE_LENGTH_TEXT_SIZE]);

/* Of RED, of packets of some DSCPs. */
struct queue_red_settings {
    struct queue_length min, max; /* of the same kind; unset: 5 and 15 packets, or by the target */
    double probability;           /* at max; 0: 0.1 */
};

/* Zeros and false: what is usual for that kind. */
struct queue_settings {
    enum queue_kind kind;
    struct queue_length limit; /* unset: drop-tail 100 ms, RED four times its last max, CoDel 1 s, DualPI2 250 ms,
                                  FQ-CoDel 10,240 packets */
    bool no_ecn;               /* drop even what could be marked */
    /* drop-tail whose limit is QUEUE_AUTO */
    struct queue_length limit_min, limit_max; /* unset: 20 packets and a batch; 500 ms */
    double factor;                            /* 0: 1 */
    /* RED */
    struct queue_red_settings red[RED_PROFILES];
    unsigned red_count;               /* profiles; 0: one */
    double weight;                    /* of the queue in its average; 0: by the rate, as adaptive RED has it */
    bool not_gentle, byte_mode;       /* byte_mode: a packet's probability grows with its length */
    bool adaptive;                    /* the probability follows; with a target, the thresholds come from that */
    uint8_t profile_of[PACKET_DSCPS]; /* by DSCP */
    /* CoDel, FQ-CoDel, DualPI2, adaptive RED */
    int64_t target_ns;   /* 0: 5 ms; DualPI2 15 ms */
    int64_t interval_ns; /* 0: 100 ms; of DualPI2 the longest round-trip time */
    /* FQ-CoDel */
    uint32_t flows;   /* 0: 1,024 */
    uint32_t quantum; /* bytes; 0: the MTU and 14 */
    /* DualPI2 */
    double coupling;              /* 0: 2 */
    int64_t step_ns;              /* 0: 1 ms, or two packets if these take longer */
    uint32_t low_latency_percent; /* 0: 90 */
};

/* Past what a queue takes nothing: packets or bytes, the other is 0. */
void queue_limit(const struct queue_config *config, uint32_t *packets, uint64_t *bytes);

/* Which setting is wrong, and what was expected. */
struct queue_fault {
    const char *setting; /* as it is called in the configuration; static */
    char why[160];
};

/* For a link of that many bytes a second whose packets have at most mtu bytes. 0; -EINVAL, and why. */
int queue_configure(const struct queue_settings *settings, uint64_t rate, uint32_t mtu, struct queue_config *config,
                    struct queue_fault *fault);
