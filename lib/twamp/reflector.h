/*
 * Answers test packets, and remembers none of them (RFC 5357 appendix I; RFC 8762 4.2, stateless). Who may ask is said,
 * and how many answers a second there are, so that a reflector is of no use to those who want to be a nuisance to
 * others: it does not answer strangers, and hardly ever with more than came.
 *
 * A deterministic core: time comes from the caller.
 */
#pragma once

#include "net/ipv4_prefix.h"
#include "twamp/packet.h"

/* X(enumerator, name, help) */
#define TWAMP_ANSWERS(X)                                         \
    X(REFLECTED, "reflected", "answered")                        \
    X(STRANGER, "stranger", "not from any of those who may ask") \
    X(SHORT, "short", "shorter than a test packet")              \
    X(TOO_MANY, "too-many", "more in this second than are answered")

enum twamp_answer {
#define X(enumerator, name, help) TWAMP_ANSWER_##enumerator,
    TWAMP_ANSWERS(X)
#undef X
        TWAMP_ANSWER_COUNT
};

/* "reflected"; "unknown". */
const char *twamp_answer_name(unsigned answer);

struct twamp_reflector_config {
    const struct ipv4_prefix *from; /* who may ask */
    size_t from_count;
    uint32_t rate;     /* answers a second at most, and at once */
    bool synchronised; /* our clock is */
};

struct twamp_reflector {
    double tokens; /* answers that there may be now */
    int64_t at_ns; /* when that was so */
    uint64_t answers[TWAMP_ANSWER_COUNT];
};

void twamp_reflector_open(struct twamp_reflector *reflector, const struct twamp_reflector_config *config,
                          int64_t now_ns);

struct twamp_question {
    uint32_t src; /* host order */
    uint8_t ttl;
    const uint8_t *bytes;
    size_t len;
    int64_t received_ns; /* since 1970 */
};

/* The answer is of the same length, but TWAMP_REFLECTED at least, into `answer`, which has as much room; bytes beyond
 * are zero. Whoever sends it writes when that is, last of all (twamp_stamp()). Its length; 0: there is none. */
size_t twamp_reflect(struct twamp_reflector *reflector, const struct twamp_reflector_config *config,
                     const struct twamp_question *question, int64_t now_ns, uint8_t *answer);
