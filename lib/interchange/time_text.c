#include "interchange/time_text.h"

#include "base/text.h"

#include <string.h>
#include <time.h>

bool time_text_read(const char *text, uint32_t *seconds)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    time_t time = end && !*end ? timegm(&tm) : -1;

    if (time < 0 || time >= UINT32_MAX)
        return text_number(text, UINT32_MAX - 1, seconds);
    *seconds = (uint32_t)time;
    return true;
}

void time_text_write(uint32_t seconds, char out[static TIME_TEXT_SIZE])
{
    time_t time = seconds;
    struct tm tm;

    gmtime_r(&time, &tm);
    strftime(out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
