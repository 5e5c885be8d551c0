#include "conf/bytes.h"

#include <errno.h>
#include <string.h>

#define BYTES_MAX 255

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Pairs of hexadecimal digits with colons between them, at least one. */
static bool are_pairs(const char *text)
{
    size_t len = strlen(text);
    bool fits = len >= 5 && len % 3 == 2;

    for (size_t i = 0; fits && i < len; i++)
        fits = i % 3 == 2 ? text[i] == ':' : is_hex(text[i]);
    return fits;
}

static int parse_bytes(const char *text, uint8_t *bytes, size_t room, size_t *len, struct text_error *err)
{
    bool is_number = strncmp(text, "0x", 2) == 0;
    int error = 0;

    *len = 0;
    if (is_number || are_pairs(text)) {
        error = dhcp_option_encode(DHCP_TYPE_BYTES, text + (is_number ? 2 : 0), bytes, room, len, err);
        if (error == -EINVAL)
            err->at += is_number ? 2 : 0;
    } else if (strlen(text) <= room) {
        *len = strlen(text);
        memcpy(bytes, text, *len);
    } else {
        error = -ENOSPC;
    }
    if (error == -ENOSPC)
        return text_wrong(err, 0, "at most 255 bytes");
    return !error && !*len ? text_wrong(err, 0, "at least one byte") : error;
}

bool conf_keep_bytes(struct build *build, const uint8_t *bytes, size_t len, bool prefix, struct dhcp_pattern *kept)
{
    uint8_t *copy = arena_get(&build->memory->arena, len + 1);

    build->no_memory |= !copy;
    if (!copy)
        return false;
    memcpy(copy, bytes, len);
    *kept = (struct dhcp_pattern){.bytes = copy, .len = (uint8_t)len, .prefix = prefix};
    return true;
}

void conf_read_bytes(struct build *build, const struct conf_node *node, const struct conf_value *value,
                     struct dhcp_pattern *kept)
{
    uint8_t bytes[BYTES_MAX];
    struct text_error err;
    size_t len;

    if (parse_bytes(value->text, bytes, sizeof(bytes), &len, &err))
        conf_wrong_text(build, node, value, &err);
    else
        conf_keep_bytes(build, bytes, len, false, kept);
}

void conf_print_hex(FILE *stream, int depth, const char *key, const struct dhcp_pattern *value, const char *before,
                    const char *between)
{
    fprintf(stream, "%*s%s = \"%s", depth * 4, "", key, before);
    for (size_t i = 0; i < value->len; i++)
        fprintf(stream, "%s%02x", i ? between : "", value->bytes[i]);
    fputs("\"\n", stream);
}

void conf_print_bytes(FILE *stream, int depth, const char *key, const struct dhcp_pattern *value)
{
    char text[256] = "";
    uint8_t bytes[255];
    size_t len;
    struct text_error err;
    bool plain = true;

    memcpy(text, value->bytes, value->len);
    for (size_t i = 0; i < value->len; i++)
        plain &= value->bytes[i] >= ' ' && value->bytes[i] < 127;
    if (plain && parse_bytes(text, bytes, sizeof(bytes), &len, &err) == 0 && len == value->len &&
        memcmp(bytes, value->bytes, len) == 0)
        conf_print_named(stream, depth, key, text);
    else
        conf_print_hex(stream, depth, key, value, "0x", "");
}
