/*
 * Any bytes at both ends of delay measurement. The first says what is done with the rest: a reflector is asked, and its
 * answer goes to a session that has sent something; or the session gets them as they are.
 */
#include "base/bytes.h"
#include "tests/fuzz/fuzz.h"
#include "twamp/reflector.h"
#include "twamp/session.h"

#include <string.h>

#define SENT 5

static const struct ipv4_prefix everybody = {0, 0};

static uint64_t told_of(const struct twamp_session *session)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < TWAMP_VERDICT_COUNT; i++)
        sum += session->verdicts[i];
    return sum;
}

static void take(const uint8_t *bytes, size_t len)
{
    struct twamp_session *session = calloc(1, sizeof(*session));
    uint8_t first[TWAMP_SENT_SIZE];

    FUZZ_CHECK(session);
    for (int64_t i = 0; i < SENT; i++) {
        struct twamp_sent sent = twamp_session_send(session, i, i + 1000);
        if (i == 0)
            twamp_write_sent(&sent, first);
    }
    for (uint64_t times = 1; times <= 3; times++) {
        enum twamp_verdict verdict = twamp_session_take(session, bytes, len, SENT, 2000);
        FUZZ_CHECK(session->verdicts[verdict] > 0 && told_of(session) == times);
        FUZZ_CHECK(verdict != TWAMP_TAKEN || times == 1);
    }
    FUZZ_CHECK(session->verdicts[TWAMP_STRANGE] == 3 || len >= TWAMP_REFLECTED);
    twamp_session_turn(session, SENT + TWAMP_LOST_NS);
    FUZZ_CHECK(session->sent == SENT && session->lost + session->verdicts[TWAMP_TAKEN] == SENT);
    free(session);
}

static void ask(const uint8_t *bytes, size_t len)
{
    const struct twamp_reflector_config config = {.from = &everybody, .from_count = 1, .rate = 1};
    const struct twamp_question question = {.bytes = bytes, .len = len, .ttl = 7, .received_ns = 5};
    size_t expected = len < TWAMP_SENT_SIZE ? 0 : len < TWAMP_REFLECTED ? TWAMP_REFLECTED : len;
    struct twamp_reflector reflector;
    struct twamp_reflected said;
    uint8_t *answer = malloc(expected ? expected : 1);

    FUZZ_CHECK(answer);
    twamp_reflector_open(&reflector, &config, 0);
    FUZZ_CHECK(twamp_reflect(&reflector, &config, &question, 0, answer) == expected);
    if (expected) {
        FUZZ_CHECK(memcmp(answer + TWAMP_SENT_AT, bytes, TWAMP_SENT_SIZE) == 0);
        FUZZ_CHECK(twamp_read_reflected(answer, expected, &said) && said.ttl == 7 && said.received_ns == 5);
        FUZZ_CHECK(twamp_reflect(&reflector, &config, &question, 0, answer) == 0); /* one a second */
        take(answer, expected);
    }
    free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] & 1)
        ask(data + 1, size - 1);
    else
        take(data + 1, size - 1);
    return 0;
}
