#include "net/dscp.h"

#include <stdio.h>
#include <string.h>

static const char *const names[DSCP_COUNT] = {
#define X(number, name, rfc) [number] = (name),
    DSCP_NAMES(X)
#undef X
};

int dscp_parse(const char *text, size_t len, uint8_t *dscp, struct text_error *err)
{
    static const char expected[] = "a DSCP: cs0 to cs7, af11 to af43, ef, va, le, or a number from 0 to 63";
    uint32_t number;
    size_t at = 0;

    for (unsigned i = 0; i < DSCP_COUNT; i++) {
        if (names[i] && strlen(names[i]) == len && memcmp(names[i], text, len) == 0) {
            *dscp = (uint8_t)i;
            return 0;
        }
    }
    int error = text_decimal(text, len, &at, DSCP_COUNT - 1, expected, &number, err);
    if (!error && at != len)
        error = text_wrong(err, at, "the end of the DSCP");
    if (!error)
        *dscp = (uint8_t)number;
    return error;
}

void dscp_format(uint8_t dscp, char out[static DSCP_TEXT_SIZE])
{
    if (dscp < DSCP_COUNT && names[dscp])
        snprintf(out, DSCP_TEXT_SIZE, "%s", names[dscp]);
    else
        snprintf(out, DSCP_TEXT_SIZE, "%u", dscp);
}
