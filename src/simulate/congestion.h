/*
 * What TCP senders do about congestion, as far as a queue can see it: how many packets may be under way, and how fast
 * they go out. Windows are in packets.
 *
 * A deterministic core: time comes from the caller.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* X(enumerator, name, help) */
#define CONGESTIONS(X)                                                                                  \
    X(RENO, "reno", "additive increase, half of it at a loss (RFC 5681)")                               \
    X(CUBIC, "cubic", "as most systems send (RFC 9438)")                                                \
    X(SCALABLE, "scalable", "less by the share of marks (RFC 8257), paced, for low latency (RFC 9331)") \
    X(BBR, "bbr", "by the rate and the round-trip time that it has measured (version 1)")

enum congestion_kind {
#define X(enumerator, name, help) CONGESTION_##enumerator,
    CONGESTIONS(X)
#undef X
        CONGESTION_COUNT
};

/* "reno"; "unknown". And what it is. */
const char *congestion_name(unsigned kind);
const char *congestion_help(unsigned kind);

#define CONGESTION_ROUNDS 10 /* round trips that BBR looks back */

struct congestion {
    enum congestion_kind kind;
    double window;
    double threshold; /* below it, slow start */
    double packet_ns; /* between two packets; 0: as fast as they can go */
    int64_t srtt_ns;  /* smoothed; 0: not known yet */
    int64_t least_ns; /* the least round-trip time, or of BBR that of the last 10 s; 0: not known yet */
    union {
        struct {
            double top;       /* the window before the last loss */
            double reno;      /* what Reno would have */
            double k;         /* seconds until the window is at its top again */
            int64_t begun_ns; /* of this epoch; 0: it has not */
        } cubic;
        struct {
            double alpha; /* the average share of marks */
            double packets, marked;
            int64_t round_ns; /* when this round trip ends */
        } scalable;
        struct {
            double rates[CONGESTION_ROUNDS]; /* packets a nanosecond: the most of each of the last round trips */
            double full;                     /* the rate, when it last grew */
            int64_t round_ns, least_at_ns, slow_until_ns, phase_ns;
            unsigned round, flat, phase;
            bool started, draining;
        } bbr;
    };
};

/* What an acknowledgement says. */
struct congestion_ack {
    unsigned packets; /* that were acknowledged for the first time; */
    unsigned marked;  /* so many of them with a mark */
    int64_t rtt_ns;   /* of the last one */
    double rate;      /* packets a nanosecond at which they were delivered; 0: not known */
    double in_flight; /* packets under way now */
    bool recovering;  /* from a loss */
};

void congestion_open(struct congestion *congestion, enum congestion_kind kind);
void congestion_acked(struct congestion *congestion, const struct congestion_ack *ack, int64_t now_ns);
/* A round-trip time is known, and nothing else. */
void congestion_timed(struct congestion *congestion, int64_t rtt_ns);
/* Something was lost: once for all that is lost of one flight. */
void congestion_lost(struct congestion *congestion);
/* Nothing came back any more. */
void congestion_timed_out(struct congestion *congestion);
