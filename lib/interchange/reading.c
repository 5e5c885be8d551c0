/* What all readers of files share: what is said, and what is wrong with it. */
#include "interchange/inside.h"

#include <stdio.h>
#include <string.h>

/* --- what is wrong ------------------------------------------------------------------------------------------------ */

int reading_wrong(struct reading *reading, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reading->to->wrong, sizeof(reading->to->wrong), format, args);
    va_end(args);
    reading->to->wrong_line = reading->source.line;
    return -EINVAL;
}

void reading_say(struct interchange *to, const struct interchange_remark *where, const char *format, va_list args)
{
    char text[256];
    int len = vsnprintf(text, sizeof(text), format, args);
    struct interchange_remark *added = arena_append(&to->arena, &to->remarks, &to->remark_count, sizeof(*added));

    if (!added)
        return;
    *added = *where;
    added->text = arena_text(&to->arena, text, len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1);
    if (!added->text)
        added->text = "no memory";
}

static struct interchange_remark here(const struct reading *reading, bool fault)
{
    return (struct interchange_remark){.place = reading->place, .fault = fault};
}

void reading_fault(struct reading *reading, const char *format, ...)
{
    const struct interchange_remark where = here(reading, true);
    va_list args;

    va_start(args, format);
    reading_say(reading->to, &where, format, args);
    va_end(args);
}

void reading_remark(struct reading *reading, const char *format, ...)
{
    const struct interchange_remark where = here(reading, false);
    va_list args;

    va_start(args, format);
    reading_say(reading->to, &where, format, args);
    va_end(args);
}

/* --- what is said ------------------------------------------------------------------------------------------------- */

struct interchange_node *reading_add(struct reading *reading, struct ipv4_range range)
{
    struct interchange *to = reading->to;
    struct interchange_node *node = arena_append(&to->arena, &to->all, &to->count, sizeof(*node));

    reading->failed |= !node;
    reading->known = true;
    if (node)
        *node = (struct interchange_node){.wanted.entry.range = range, .place = reading->place};
    return node;
}

static bool is_ipv6(struct reading *reading, const char *text)
{
    bool is = strchr(text, ':');

    reading->to->ipv6 += is;
    return is;
}

bool reading_prefix(struct reading *reading, const char *text, struct ipv4_prefix *prefix)
{
    if (ipv4_prefix_parse(text, strlen(text), IPV4_PREFIX_ALLOW_ADDRESS | IPV4_PREFIX_ALLOW_HOST_BITS, prefix, NULL) ==
        0)
        return true;
    if (!is_ipv6(reading, text))
        reading_fault(reading, "'%.60s': expected an address or a prefix", text);
    return false;
}

bool reading_address(struct reading *reading, const char *text, uint32_t *addr)
{
    struct ipv4_prefix prefix;

    if (!reading_prefix(reading, text, &prefix))
        return false;
    *addr = prefix.addr;
    return true;
}

/* Where a text of UTF-8 may be cut: the beginning of a character. */
static size_t cut_at(const char *text, size_t most)
{
    while (most && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return most;
}

/* A space, or what becomes one. */
static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

const char *reading_text(struct reading *reading, const char *what, const char *text)
{
    size_t len = strlen(text);

    for (; len && is_blank(*text); len--)
        text++;
    while (len && is_blank(text[len - 1]))
        len--;
    if (!len)
        return NULL;
    json_t *utf8 = json_stringn(text, len);
    if (!utf8) {
        reading_fault(reading, "%s: expected UTF-8", what);
        return NULL;
    }
    json_decref(utf8);
    if (len > PLAN_TEXT_MAX) {
        len = cut_at(text, PLAN_TEXT_MAX);
        reading_remark(reading, "%s: cut off behind %zu bytes", what, len);
    }
    char *copy = arena_text(&reading->to->arena, text, len);
    reading->failed |= !copy;
    for (size_t i = 0; copy && i < len; i++)
        if (is_blank(copy[i]))
            copy[i] = ' ';
    return copy;
}

void reading_name(struct reading *reading, struct interchange_node *node, const char *name)
{
    node->wanted.entry.name = reading_text(reading, "name", name);
    node->wanted.gives |= PLAN_GIVES_NAME;
    node->soft_name = true;
}

void reading_owner(struct reading *reading, struct interchange_node *node, const char *owner)
{
    node->wanted.entry.owner = reading_text(reading, "owner", owner);
    node->wanted.gives |= PLAN_GIVES_OWNER;
}

void reading_note(struct reading *reading, struct interchange_node *node, const char *note)
{
    node->wanted.entry.note = reading_text(reading, "note", note);
    node->wanted.gives |= PLAN_GIVES_NOTE;
}

void reading_kind(struct interchange_node *node, enum plan_kind kind)
{
    node->wanted.entry.kind = (uint8_t)kind;
    node->wanted.gives |= PLAN_GIVES_KIND;
}

void reading_status(struct interchange_node *node, enum plan_status status)
{
    node->wanted.entry.status = (uint8_t)status;
    node->wanted.gives |= PLAN_GIVES_STATUS;
}

void reading_wanted(struct reading *reading, struct interchange_node *node, const struct plan_wanted *wanted)
{
    node->wanted = *wanted;
    reading->failed |= !plan_entry_copy(&node->wanted.entry, &reading->to->arena);
}
