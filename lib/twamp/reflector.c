#include "twamp/reflector.h"

#include "base/compiler.h"

#include <math.h>
#include <string.h>

const char *twamp_answer_name(unsigned answer)
{
    static const char *const names[] = {
#define X(enumerator, name, help) name,
        TWAMP_ANSWERS(X)
#undef X
    };

    return answer < ARRAY_SIZE(names) ? names[answer] : "unknown";
}

void twamp_reflector_open(struct twamp_reflector *reflector, const struct twamp_reflector_config *config,
                          int64_t now_ns)
{
    *reflector = (struct twamp_reflector){.tokens = config->rate, .at_ns = now_ns};
}

static bool may_ask(const struct twamp_reflector_config *config, uint32_t src)
{
    for (size_t i = 0; i < config->from_count; i++)
        if (ipv4_prefix_contains(config->from[i], src))
            return true;
    return false;
}

/* A token bucket, full after a second. */
static bool take_token(struct twamp_reflector *reflector, const struct twamp_reflector_config *config, int64_t now_ns)
{
    double more = (double)(now_ns - reflector->at_ns) / 1e9 * config->rate;

    reflector->tokens = fmin(reflector->tokens + more, config->rate);
    reflector->at_ns = now_ns;
    if (reflector->tokens < 1)
        return false;
    reflector->tokens -= 1;
    return true;
}

static enum twamp_answer judge(struct twamp_reflector *reflector, const struct twamp_reflector_config *config,
                               const struct twamp_question *question, int64_t now_ns)
{
    if (!may_ask(config, question->src))
        return TWAMP_ANSWER_STRANGER;
    if (question->len < TWAMP_SENT_SIZE)
        return TWAMP_ANSWER_SHORT;
    return take_token(reflector, config, now_ns) ? TWAMP_ANSWER_REFLECTED : TWAMP_ANSWER_TOO_MANY;
}

size_t twamp_reflect(struct twamp_reflector *reflector, const struct twamp_reflector_config *config,
                     const struct twamp_question *question, int64_t now_ns, uint8_t *answer)
{
    struct twamp_reflected reflected = {.received_ns = question->received_ns,
                                        .reflected_ns = question->received_ns,
                                        .error = {.synchronised = config->synchronised, .multiplier = 1},
                                        .ttl = question->ttl};
    size_t len = question->len > TWAMP_REFLECTED ? question->len : TWAMP_REFLECTED;
    enum twamp_answer what = judge(reflector, config, question, now_ns);

    reflector->answers[what]++;
    if (what != TWAMP_ANSWER_REFLECTED)
        return 0;
    twamp_read_sent(question->bytes, question->len, &reflected.sent);
    reflected.number = reflected.sent.number;
    memset(answer, 0, len);
    twamp_write_reflected(&reflected, answer);
    memcpy(answer + TWAMP_SENT_AT, question->bytes, TWAMP_SENT_SIZE); /* to the bit: nanoseconds are coarser */
    return len;
}
