/*
 * What a sender of test packets learns of the way to a reflector and back: how many are lost, come twice or out of
 * order, how long they took, and how much the time each way varies.
 *
 * A round trip is without the time that the reflector had the packet (RFC 5357 appendix I). What one way takes can be
 * told only if both clocks are right; by how much it varies, always: each way's time is given above its least of the
 * last TWAMP_LEAST_NS to twice that, in which clocks do not drift much (RFC 5481, packet delay variation).
 *
 * A deterministic core: time comes from the caller. Times by which packets are told apart are CLOCK_MONOTONIC, those in
 * packets since 1970.
 */
#pragma once

#include "base/histogram.h"
#include "base/window_min.h"
#include "twamp/packet.h"

#define TWAMP_FLIGHT   4096u               /* packets under way that are remembered; a power of two */
#define TWAMP_LOST_NS  INT64_C(5000000000) /* what is not back by then is lost */
#define TWAMP_LEAST_NS INT64_C(60000000000)

/* What becomes of a packet that has come. X(enumerator, name, help) */
#define TWAMP_VERDICTS(X)                                             \
    X(TAKEN, "taken", "the first answer to a packet")                 \
    X(DUPLICATE, "duplicate", "one more answer to the same packet")   \
    X(LATE, "late", "the answer to a packet that was taken for lost") \
    X(STRANGE, "strange", "no answer to any packet of ours, or none at all")

enum twamp_verdict {
#define X(enumerator, name, help) TWAMP_##enumerator,
    TWAMP_VERDICTS(X)
#undef X
        TWAMP_VERDICT_COUNT
};

/* "taken"; "unknown". */
const char *twamp_verdict_name(unsigned verdict);

/* Of one way, or of the round trip. */
struct twamp_way {
    struct histogram delay;     /* of a way: above its least */
    struct window_min least_ns; /* by the two clocks */
};

struct twamp_session {
    struct {
        int64_t sent_ns, stamp_ns; /* monotonic; as it says */
        uint32_t number;
        uint8_t state; /* session.c's */
    } flight[TWAMP_FLIGHT];
    uint32_t next;   /* number of the next packet */
    uint32_t oldest; /* that is not known to be back or lost */
    uint32_t newest; /* of those that came back: their number + 1 */
    uint64_t sent, lost, reordered;
    uint64_t verdicts[TWAMP_VERDICT_COUNT];
    struct twamp_way round, there, back;
};

/* Zeros are one that begins. */

/* A packet is sent; it is to say so. `stamp_ns`: since 1970. */
struct twamp_sent twamp_session_send(struct twamp_session *session, int64_t now_ns, int64_t stamp_ns);

/* Something has come, at `stamp_ns` since 1970. */
enum twamp_verdict twamp_session_take(struct twamp_session *session, const uint8_t *bytes, size_t len, int64_t now_ns,
                                      int64_t stamp_ns);

/* What is not back yet and should be is lost. */
void twamp_session_turn(struct twamp_session *session, int64_t now_ns);
