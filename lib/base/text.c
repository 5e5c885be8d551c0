/* Text that people write: the shared pieces of every parser. */
#include "base/text.h"

#include <errno.h>

int text_wrong(struct text_error *err, size_t at, const char *expected)
{
    if (err)
        *err = (struct text_error){.at = at, .expected = expected};
    return -EINVAL;
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
