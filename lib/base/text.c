/* Text that people write: the shared pieces of every parser. */
#include "base/text.h"

#include "base/compiler.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int text_wrong(struct text_error *err, size_t at, const char *expected)
{
    if (err)
        *err = (struct text_error){.at = at, .expected = expected};
    return -EINVAL;
}

size_t text_word(const char *text, size_t len, size_t *at)
{
    while (*at < len && text[*at] == ' ')
        (*at)++;
    size_t end = *at;
    while (end < len && text[end] != ' ')
        end++;
    return end - *at;
}

bool text_is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

int text_decimal(const char *text, size_t len, size_t *at, uint32_t max, const char *expected, uint32_t *value,
                 struct text_error *err)
{
    uint64_t number = 0;
    size_t start = *at, i = start;

    for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
        number = number * 10 + (uint64_t)(text[i] - '0');
        if (number > max)
            return text_wrong(err, start, expected);
        if (i > start && text[start] == '0')
            return text_wrong(err, start, expected);
    }
    if (i == start)
        return text_wrong(err, start, expected);
    *at = i;
    *value = (uint32_t)number;
    return 0;
}

static const struct {
    char name;
    uint32_t seconds;
} units[] = {{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

bool text_number(const char *text, uint32_t max, uint32_t *value)
{
    size_t at = 0, len = strlen(text);
    uint32_t read;
    bool right = text_decimal(text, len, &at, max, "a number", &read, NULL) == 0 && at == len;

    if (right)
        *value = read;
    return right;
}

int text_duration(const char *text, size_t len, uint32_t max, uint32_t *seconds, struct text_error *err)
{
    static const char infinite[] = "infinite";
    static const char expected[] = "a duration, as \"90s\", \"30m\", \"1h30m\" or \"7d\"";
    uint64_t sum = 0;
    size_t at = 0, unit = 0;

    if (max == UINT32_MAX && len == sizeof(infinite) - 1 && memcmp(text, infinite, len) == 0) {
        *seconds = UINT32_MAX;
        return 0;
    }
    do {
        uint32_t number;
        size_t start = at;
        if (text_decimal(text, len, &at, max, expected, &number, err))
            return -EINVAL;
        while (unit < ARRAY_SIZE(units) && at < len && units[unit].name != text[at])
            unit++;
        if (at == len || unit == ARRAY_SIZE(units))
            return text_wrong(err, at, expected);
        sum += (uint64_t)number * units[unit].seconds;
        if (sum > max || sum == UINT32_MAX)
            return text_wrong(err, start, "a shorter duration");
        at++;
        unit++;
    } while (at < len);
    *seconds = (uint32_t)sum;
    return 0;
}

void text_format_duration(uint32_t seconds, char out[static TEXT_DURATION_SIZE])
{
    size_t len = 0;

    if (seconds == UINT32_MAX || seconds == 0) {
        snprintf(out, TEXT_DURATION_SIZE, "%s", seconds ? "infinite" : "0s");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (seconds >= units[i].seconds)
            len += (size_t)snprintf(out + len, TEXT_DURATION_SIZE - len, "%u%c", seconds / units[i].seconds,
                                    units[i].name);
        seconds %= units[i].seconds;
    }
}
