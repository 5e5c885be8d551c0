#include "sched/words.h"

#include "queue/settings.h"
#include "sched/link.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BYTES_MAX   4000000000u
#define PACKETS_MAX 1000000u

/* --- reading ----------------------------------------------------------------------------------------------------- */

static int read_length(const char *text, size_t len, enum queue_unit unit, uint64_t max, const char *expected,
                       uint64_t *value, struct text_error *err)
{
    struct queue_length length;
    int error = queue_length_parse(text, len, &length, err);

    if (error)
        return error;
    if (length.unit != unit || length.value > max)
        return text_wrong(err, 0, expected);
    *value = length.value;
    return 0;
}

static int read_value(const char *text, size_t len, enum word_kind kind, uint64_t *value, struct text_error *err)
{
    static const char packets_expected[] = "a number of packets, from 1 to 1000000";
    size_t at = 0;
    uint32_t number;

    switch (kind) {
    case WORD_RATE:
        return link_rate_parse(text, len, value, err);
    case WORD_BYTES:
        return read_length(text, len, QUEUE_BYTES, BYTES_MAX, "bytes, as 6kB, to 4GB", value, err);
    case WORD_NS:
        if (len == 1 && text[0] == '0') {
            *value = 0;
            return 0;
        }
        return read_length(text, len, QUEUE_NS, UINT64_MAX, "a time, as 5ms or 800us", value, err);
    default:
        if (text_decimal(text, len, &at, PACKETS_MAX, packets_expected, &number, err))
            return -EINVAL;
        if (at != len || !number)
            return text_wrong(err, 0, packets_expected);
        *value = number;
        return 0;
    }
}

int words_parse(const char *text, size_t len, size_t at, const struct word *words, unsigned count, const char *expected,
                uint64_t *values, struct text_error *err)
{
    assert(count <= WORDS_MAX);
    for (unsigned i = 0; i < count; i++)
        values[i] = WORDS_UNSAID;
    for (size_t word; (word = text_word(text, len, &at)) != 0;) {
        unsigned i = 0;
        while (i < count && !text_is(text + at, word, words[i].name))
            i++;
        if (i == count)
            return text_wrong(err, at, expected);
        if (values[i] != WORDS_UNSAID)
            return text_wrong(err, at, "each word once at most");
        at += word;
        word = text_word(text, len, &at);
        if (read_value(text + at, word, words[i].kind, &values[i], err)) {
            if (err)
                err->at += at;
            return -EINVAL;
        }
        at += word;
    }
    return 0;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static void format_value(enum word_kind kind, uint64_t value, char out[static QUEUE_LENGTH_TEXT_SIZE])
{
    static_assert(QUEUE_LENGTH_TEXT_SIZE == LINK_RATE_TEXT_SIZE, "either fits");
    const struct queue_length length = {.unit = kind == WORD_NS ? QUEUE_NS : QUEUE_BYTES, .value = value};

    if (kind == WORD_RATE)
        link_rate_format(value, out);
    else if (kind == WORD_PACKETS || !value)
        snprintf(out, QUEUE_LENGTH_TEXT_SIZE, "%" PRIu64, value);
    else
        queue_length_format(&length, out);
}

void words_append(const struct word *words, unsigned count, const uint64_t *values, char *text, size_t size)
{
    size_t len = strlen(text);
    char value[QUEUE_LENGTH_TEXT_SIZE];

    for (unsigned i = 0; i < count && len < size; i++) {
        if (values[i] == WORDS_UNSAID)
            continue;
        format_value(words[i].kind, values[i], value);
        len += (size_t)snprintf(text + len, size - len, "%s%s %s", len ? " " : "", words[i].name, value);
    }
}
