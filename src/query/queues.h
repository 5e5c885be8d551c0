/*
 * The queues of a shaped port, as others may see them without asking: a part of the engine's page (query/page.h) that
 * the thread which runs the queues writes itself, some times a second.
 */
#pragma once

#include "base/histogram.h"
#include "queue/stats.h"
#include "sched/sched.h"

#include <stdbool.h>
#include <stdint.h>

#define QUEUES_CLASS_NAME_SIZE 16 /* with its zero byte */

struct queues_class {
    char name[QUEUES_CLASS_NAME_SIZE];
    uint64_t rate;     /* bytes a second that it gets at most; 0: all there are */
    uint32_t kind;     /* enum queue_kind */
    uint32_t priority; /* 0 goes first */
    uint32_t weight;   /* its share among those of the same priority */
    uint32_t packets;  /* that wait */
    uint64_t bytes;
    uint64_t arrived_packets, arrived_bytes, left_packets, left_bytes, dropped_bytes;
    uint64_t drops[QUEUE_DROP_COUNT], marks[QUEUE_MARK_COUNT];
    uint64_t average_thousandths;    /* of RED's average queue, in its unit; 0: it has none */
    uint64_t limit_bytes;            /* past which nothing is taken; 0: it is limited in packets */
    uint32_t limit_packets;          /* the same; 0: it is limited in bytes */
    bool limit_auto;                 /* it follows what is measured: */
    int64_t rtt_ns;                  /* 0: not known yet */
    uint64_t flows_thousandths;      /* long-lived flows; 0: there have been none */
    uint64_t guard_thousandths;      /* so many times what these say it is; 1000: just that */
    struct histogram_summary delay;  /* of packets that left, since the queue is there */
    struct histogram_summary recent; /* of the last second that is over */
};

/* How late the thread looked at the queues, for what had come or was due. */
struct queues_looks {
    int64_t allowance_ns; /* what contracts reckon with */
    uint64_t stalls;      /* looks that were later */
    struct histogram_summary late;
};

struct queues {
    uint32_t sequence; /* odd while it is written */
    uint32_t ifindex;  /* the shaped port; 0: there is none of this number */
    uint64_t rate;     /* bytes a second */
    uint32_t link;     /* number of a kind of link (sched/link.h) */
    bool zero_copy;
    int64_t written_ns; /* CLOCK_MONOTONIC */
    /* Frames: all, those that wait in queues, those on their way in or out, those that are free. What is missing in the
     * sum is lost, and there is a fault. */
    uint32_t frames, frames_queued, frames_held, frames_free;
    uint64_t lost_no_frame, lost_full, lost_other; /* packets that did not come so far as the queues */
    uint64_t stalls;                               /* how often something could not be sent at once */
    struct queues_looks looks;
    uint32_t contracts;          /* packets of contracts that wait */
    uint32_t contracts_reserved; /* packets that there is memory for, and only for them */
    uint32_t class_count;
    struct queues_class classes[SCHED_CLASSES];
};
