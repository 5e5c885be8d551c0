#include "sched/link.h"

#include "base/compiler.h"
#include "sched/shaper.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_MAX 4000000000u
#define BYTE_BITS  8

static const struct {
    const char *name;
    struct link_overhead overhead;
} kinds[] = {
#define X(name, bytes, least, framing, help) {name, {bytes, least, LINK_FRAMING_##framing}},
    LINK_KINDS(X)
#undef X
};

static const struct {
    const char *suffix;
    uint64_t bits;
} units[] = {{"Gbit", 1000000000}, {"Mbit", 1000000}, {"kbit", 1000}};

const char *link_kind_name(unsigned kind)
{
    return kind < ARRAY_SIZE(kinds) ? kinds[kind].name : NULL;
}

struct link_overhead link_kind_overhead(unsigned kind)
{
    return kinds[kind < ARRAY_SIZE(kinds) ? kind : 0].overhead;
}

int link_rate_parse(const char *text, size_t len, uint64_t *rate, struct text_error *err)
{
    static const char expected[] = "a number and kbit, Mbit or Gbit (a second)";
    size_t at = 0;
    uint32_t number;
    int error = text_decimal(text, len, &at, NUMBER_MAX, expected, &number, err);

    if (error)
        return error;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (!text_is(text + at, len - at, units[i].suffix))
            continue;
        if (number < 1 || number > SHAPER_RATE_MAX / (units[i].bits / BYTE_BITS))
            return text_wrong(err, 0, "1kbit to 400Gbit");
        *rate = number * (units[i].bits / BYTE_BITS);
        return 0;
    }
    return text_wrong(err, at, expected);
}

void link_rate_format(uint64_t rate, char out[static LINK_RATE_TEXT_SIZE])
{
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (rate * BYTE_BITS % units[i].bits == 0) {
            snprintf(out, LINK_RATE_TEXT_SIZE, "%" PRIu64 "%s", rate * BYTE_BITS / units[i].bits, units[i].suffix);
            return;
        }
    }
    snprintf(out, LINK_RATE_TEXT_SIZE, "%" PRIu64 "B/s", rate); /* of no text that was read */
}
