#include "interchange/entry_json.h"

#include "base/compiler.h"

#include <stdio.h>
#include <string.h>

json_t *entry_json(const struct plan_entry *entry)
{
    char range[IPV4_RANGE_TEXT_SIZE];

    ipv4_range_format(entry->range, range);
    return json_pack("{s:s, s:s, s:s, s:b, s:b, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, s:I, s:o}", "range", range, "kind",
                     plan_kind_name(entry->kind), "status", plan_status_name(entry->status), "delegated",
                     (int)entry->delegated, "for_sibling", (int)entry->for_sibling, "name", entry->name, "owner",
                     entry->owner, "provider", entry->provider, "contract", entry->contract, "note", entry->note,
                     "created", (json_int_t)entry->created_s, "changed", (json_int_t)entry->changed_s, "until",
                     entry->until_s ? json_integer((json_int_t)entry->until_s) : json_null());
}

/* --- members ------------------------------------------------------------------------------------------------------ */

bool entry_json_expected(char wrong[static ENTRY_JSON_WRONG_SIZE], const char *key, const json_t *value,
                         const char *expected)
{
    const char *text = json_string_value(value);

    if (text)
        snprintf(wrong, ENTRY_JSON_WRONG_SIZE, "%s: '%.40s': expected %s", key, text, expected);
    else
        snprintf(wrong, ENTRY_JSON_WRONG_SIZE, "%s: expected %s", key, expected);
    return false;
}

/* A word that stands in a list: its number, or `count`. */
static uint8_t find_word(const json_t *value, const char *const *names, unsigned count)
{
    const char *word = json_string_value(value);
    unsigned i = 0;

    while (i < count && !(word && strcmp(word, names[i]) == 0))
        i++;
    return (uint8_t)i;
}

#define X(enumerator, name, ...) name,

static bool read_kind(const char *key, const json_t *value, struct plan_entry *entry, char *wrong)
{
    static const char *const names[] = {PLAN_KINDS(X)};

    entry->kind = find_word(value, names, PLAN_KIND_COUNT);
    return entry->kind < PLAN_KIND_COUNT || entry_json_expected(wrong, key, value, "block, subnet, pool or host");
}

static bool read_status(const char *key, const json_t *value, struct plan_entry *entry, char *wrong)
{
    static const char *const names[] = {PLAN_STATUSES(X)};

    entry->status = find_word(value, names, PLAN_STATUS_COUNT);
    return entry->status < PLAN_STATUS_COUNT ||
           entry_json_expected(wrong, key, value, "allocated, assigned, reserved or quarantined");
}

#undef X

static bool read_flag(const char *key, const json_t *value, bool *flag, char *wrong)
{
    *flag = json_is_true(value);
    return json_is_boolean(value) || entry_json_expected(wrong, key, value, "true or false");
}

static bool read_delegated(const char *key, const json_t *value, struct plan_entry *entry, char *wrong)
{
    return read_flag(key, value, &entry->delegated, wrong);
}

static bool read_for_sibling(const char *key, const json_t *value, struct plan_entry *entry, char *wrong)
{
    return read_flag(key, value, &entry->for_sibling, wrong);
}

/* null, or an empty one: none. */
static bool read_text(const char *key, const json_t *value, size_t max, const char **text, char *wrong)
{
    *text = json_string_value(value);
    if (*text && !(*text)[0])
        *text = NULL;
    if ((json_is_string(value) && (!*text || strlen(*text) <= max)) || json_is_null(value))
        return true;
    snprintf(wrong, ENTRY_JSON_WRONG_SIZE, "%s: expected a string of at most %zu bytes, or null", key, max);
    return false;
}

#define READ_TEXT(member, max)                                                                             \
    static bool read_##member(const char *key, const json_t *value, struct plan_entry *entry, char *wrong) \
    {                                                                                                      \
        return read_text(key, value, (max), &entry->member, wrong);                                        \
    }
READ_TEXT(name, PLAN_NAME_MAX)
READ_TEXT(owner, PLAN_TEXT_MAX)
READ_TEXT(provider, PLAN_TEXT_MAX)
READ_TEXT(contract, PLAN_TEXT_MAX)
READ_TEXT(note, PLAN_TEXT_MAX)
#undef READ_TEXT

static bool read_time(const char *key, const json_t *value, uint32_t *seconds, char *wrong)
{
    json_int_t number = json_integer_value(value);

    *seconds = (uint32_t)number;
    if (json_is_null(value) || (json_is_integer(value) && number >= 0 && number < UINT32_MAX))
        return true;
    snprintf(wrong, ENTRY_JSON_WRONG_SIZE, "%s: expected an integer from 0 to %u, or null", key, UINT32_MAX - 1);
    return false;
}

#define READ_TIME(what)                                                                                  \
    static bool read_##what(const char *key, const json_t *value, struct plan_entry *entry, char *wrong) \
    {                                                                                                    \
        return read_time(key, value, &entry->what##_s, wrong);                                           \
    }
READ_TIME(created)
READ_TIME(changed)
READ_TIME(until)
#undef READ_TIME

static const struct member {
    const char *key;
    bool (*read)(const char *key, const json_t *value, struct plan_entry *entry, char *wrong);
    uint32_t gives;
} members[] = {
    {"kind", read_kind, PLAN_GIVES_KIND},
    {"status", read_status, PLAN_GIVES_STATUS},
    {"delegated", read_delegated, PLAN_GIVES_DELEGATED},
    {"for_sibling", read_for_sibling, PLAN_GIVES_FOR_SIBLING},
    {"name", read_name, PLAN_GIVES_NAME},
    {"owner", read_owner, PLAN_GIVES_OWNER},
    {"provider", read_provider, PLAN_GIVES_PROVIDER},
    {"contract", read_contract, PLAN_GIVES_CONTRACT},
    {"note", read_note, PLAN_GIVES_NOTE},
    {"created", read_created, PLAN_GIVES_CREATED},
    {"changed", read_changed, PLAN_GIVES_CHANGED},
    {"until", read_until, PLAN_GIVES_UNTIL},
};

json_t *entry_json_given(const struct plan_wanted *wanted)
{
    json_t *json = entry_json(&wanted->entry);

    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (!(wanted->gives & members[i].gives))
            json_object_del(json, members[i].key);
    return json;
}

enum entry_json_result entry_json_member(const char *key, const json_t *value, struct plan_wanted *wanted,
                                         char wrong[static ENTRY_JSON_WRONG_SIZE])
{
    size_t i = 0;

    while (i < ARRAY_SIZE(members) && strcmp(members[i].key, key) != 0)
        i++;
    if (i == ARRAY_SIZE(members))
        return ENTRY_JSON_UNKNOWN;
    wanted->gives |= members[i].gives;
    return members[i].read(key, value, &wanted->entry, wrong) ? ENTRY_JSON_READ : ENTRY_JSON_WRONG;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

bool entry_json_range(const char *key, const json_t *value, struct ipv4_range *range,
                      char wrong[static ENTRY_JSON_WRONG_SIZE])
{
    const char *text = json_string_value(value);

    return (text && ipv4_range_parse(text, strlen(text), IPV4_PREFIX_ALLOW_ADDRESS, range, NULL) == 0) ||
           entry_json_expected(wrong, key, value, "an address, a prefix without host bits, or a range FIRST-LAST");
}

bool entry_json_read(const json_t *object, struct plan_wanted *wanted, char wrong[static ENTRY_JSON_WRONG_SIZE])
{
    const char *key;
    json_t *value;

    *wanted = (struct plan_wanted){.gives = 0};
    if (!json_is_object(object)) {
        snprintf(wrong, ENTRY_JSON_WRONG_SIZE, "expected an object");
        return false;
    }
    if (!entry_json_range("range", json_object_get(object, "range"), &wanted->entry.range, wrong))
        return false;
    json_object_foreach((json_t *)object, key, value)
    {
        if (strcmp(key, "range") == 0 || strcmp(key, "depth") == 0 || strcmp(key, "usage") == 0)
            continue;
        enum entry_json_result result = entry_json_member(key, value, wanted, wrong);
        if (result == ENTRY_JSON_UNKNOWN)
            snprintf(wrong, ENTRY_JSON_WRONG_SIZE,
                     "'%.20s' is not known: expected range, kind, status, delegated, for_sibling, name, owner, "
                     "provider, contract, note, created, changed or until",
                     key);
        if (result != ENTRY_JSON_READ)
            return false;
    }
    return true;
}
