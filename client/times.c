#include "client/times.h"

#include "base/compiler.h"
#include "base/text.h"

#include <string.h>
#include <time.h>

bool times_read(const char *text, json_int_t *seconds)
{
    static const char *const forms[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"};
    uint32_t number;

    if (text[0] == '@' && text_number(text + 1, UINT32_MAX, &number)) {
        *seconds = number;
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        struct tm local = {.tm_isdst = -1};
        const char *end = strptime(text, forms[i], &local);
        if (end && !*end) {
            *seconds = (json_int_t)mktime(&local);
            return true;
        }
    }
    return false;
}

void times_cell(const json_t *row, const char *key, char cell[static TABLE_CELL_SIZE])
{
    time_t since = (time_t)json_integer_value(json_object_get(row, key));
    struct tm local;

    if (!localtime_r(&since, &local) || !strftime(cell, TABLE_CELL_SIZE, "%F %T", &local))
        cell[0] = '\0';
}
