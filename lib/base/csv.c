#include "base/csv.h"

#include <stdbool.h>
#include <string.h>

/* One character of a field, or what is between fields: 1: the row ends here; 0; -EINVAL. */
static int take(struct source *source, struct csv_row *row, size_t *len, bool *quoted)
{
    char c = *source->at;

    if (c == '"' && *quoted && source->at + 1 < source->end && source->at[1] == '"') {
        source->at++; /* "" is one within */
    } else if (c == '"') {
        *quoted = !*quoted;
        return 0;
    } else if (!*quoted && (c == '\n' || c == '\r')) {
        return 1;
    }
    bool ends = c == ',' && !*quoted;
    if (*len + 2 > sizeof(row->text) || (ends && row->count == CSV_FIELDS_MAX))
        return source_wrong(source, "expected at most 256 fields, of 65536 characters together");
    source->line += c == '\n';
    row->text[(*len)++] = (char)(ends ? '\0' : c);
    if (ends)
        row->fields[row->count++] = row->text + *len;
    return 0;
}

int csv_next(struct source *source, struct csv_row *row)
{
    size_t len = 0;
    bool quoted = false;
    int rc = 0;

    row->count = 0;
    while (source->at < source->end && (*source->at == '\n' || *source->at == '\r'))
        source->line += *source->at++ == '\n';
    if (source->at == source->end)
        return 0;
    row->line = source->line;
    row->fields[row->count++] = row->text;
    while (source->at < source->end && !(rc = take(source, row, &len, &quoted)))
        source->at++;
    row->text[len] = '\0';
    if (rc < 0)
        return rc;
    return quoted ? source_wrong(source, "expected '\"' at the end of the field") : 1;
}

void csv_write(FILE *stream, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, stream);
        return;
    }
    putc('"', stream);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', stream);
        putc(*text, stream);
    }
    putc('"', stream);
}
