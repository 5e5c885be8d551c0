/* JSON: which of the formats it is, and our own. */
#include "interchange/inside.h"

#include "interchange/entry_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the comment that a text begins with; 0: with none. */
static size_t comment_length(const char *text, size_t len)
{
    bool slash = text[0] == '/' && len > 1;
    const char *end;

    if (text[0] == '#' || (slash && text[1] == '/'))
        end = memchr(text, '\n', len);
    else if (slash && text[1] == '*')
        end = (end = memmem(text + 2, len - 2, "*/", 2)) ? end + 2 : NULL;
    else
        return 0;
    return end ? (size_t)(end - text) : len;
}

/* Kea's configuration may have comments: they become spaces, so that lines and columns stay. */
static void blank_comments(char *text, size_t len)
{
    bool string = false;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            string = !string;
        else if (string && text[i] == '\\')
            i++;
        size_t comment = i < len && !string ? comment_length(text + i, len - i) : 0;
        for (size_t end = i + comment; i < end; i++)
            if (text[i] != '\n')
                text[i] = ' ';
        i -= comment > 0;
    }
}

/* --- our own ------------------------------------------------------------------------------------------------------ */

static void read_own(struct reading *reading, const json_t *nodes)
{
    reading->place.list = "nodes";
    reading->known = true;
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        char wrong[ENTRY_JSON_WRONG_SIZE];
        struct plan_wanted wanted;
        reading->place.number = (unsigned)i;
        if (!entry_json_read(json_array_get(nodes, i), &wanted, wrong)) {
            reading_fault(reading, "%s", wrong);
            continue;
        }
        struct interchange_node *node = reading_add(reading, wanted.entry.range);
        if (node)
            reading_wanted(reading, node, &wanted);
    }
}

/* --- which it is -------------------------------------------------------------------------------------------------- */

static int read_array(struct reading *reading, const json_t *array)
{
    const json_t *first = json_array_get(array, 0);

    if (json_object_get(first, "dst"))
        return read_routes(reading, array);
    if (json_object_get(first, "subnet"))
        return read_kea(reading, array, "subnet4");
    read_own(reading, array);
    return 0;
}

static int read_object(struct reading *reading, const json_t *object)
{
    const json_t *kea = json_object_get(object, "Dhcp4"), *networks, *network;
    size_t i;

    if (json_is_array(json_object_get(object, "nodes"))) {
        read_own(reading, json_object_get(object, "nodes"));
        return 0;
    }
    if (!kea)
        kea = object;
    int error = read_kea(reading, json_object_get(kea, "subnet4"), "subnet4");
    networks = json_object_get(kea, "shared-networks");
    json_array_foreach(networks, i, network)
    {
        if (!error)
            error = read_kea(reading, json_object_get(network, "subnet4"), "shared-networks' subnet4");
    }
    return error;
}

int read_json(struct reading *reading)
{
    struct source *source = &reading->source;
    size_t len = (size_t)(source->end - source->at);
    char *text = malloc(len + 1);
    json_error_t wrong;

    if (!text)
        return -ENOMEM;
    memcpy(text, source->at, len);
    blank_comments(text, len);
    json_t *json = json_loadb(text, len, 0, &wrong);
    free(text);
    if (!json) {
        source->line += wrong.line > 0 ? (unsigned)wrong.line - 1 : 0;
        return reading_wrong(reading, "column %d: %.120s", wrong.column, wrong.text);
    }
    int error = json_is_array(json) ? read_array(reading, json) : read_object(reading, json);
    json_decref(json);
    return error;
}
