/* NetBox's tables as CSV, and our own: rows under a heading that says what they are. */
#include "interchange/inside.h"

#include "base/compiler.h"
#include "base/csv.h"
#include "interchange/entry_json.h"
#include "interchange/time_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns that are read. X(enumerator, heading as NetBox's imports have it; its exports may begin with a capital, and
 * have spaces) */
#define COLUMNS(X)                \
    X(RANGE, "range")             \
    X(KIND, "kind")               \
    X(STATUS, "status")           \
    X(DELEGATED, "delegated")     \
    X(FOR_SIBLING, "for_sibling") \
    X(NAME, "name")               \
    X(OWNER, "owner")             \
    X(PROVIDER, "provider")       \
    X(CONTRACT, "contract")       \
    X(NOTE, "note")               \
    X(UNTIL, "until")             \
    X(CREATED, "created")         \
    X(CHANGED, "changed")         \
    X(PREFIX, "prefix")           \
    X(ADDRESS, "address")         \
    X(IP_ADDRESS, "ip_address")   \
    X(START, "start_address")     \
    X(END, "end_address")         \
    X(RIR, "rir")                 \
    X(VRF, "vrf")                 \
    X(TENANT, "tenant")           \
    X(DNS_NAME, "dns_name")       \
    X(DESCRIPTION, "description") \
    X(COMMENTS, "comments")

enum column {
#define X(enumerator, ...) COLUMN_##enumerator,
    COLUMNS(X)
#undef X
        COLUMN_COUNT
};

/* Where each stands in a row; CSV_FIELDS_MAX: nowhere. */
struct heading {
    size_t at[COLUMN_COUNT];
};

struct table {
    struct reading *reading;
    struct heading heading;
    struct csv_row *row;
};

static bool has(const struct table *table, enum column column)
{
    return table->heading.at[column] < CSV_FIELDS_MAX;
}

static const char *cell(const struct table *table, enum column column)
{
    return csv_field(table->row, table->heading.at[column]);
}

/* "Start address" is start_address. */
static bool is_heading(const char *field, const char *name)
{
    for (; *field && *name; field++, name++) {
        char c = (char)(*field == ' ' ? '_' : *field >= 'A' && *field <= 'Z' ? *field - 'A' + 'a' : *field);
        if (c != *name)
            return false;
    }
    return !*field && !*name;
}

static const char *const column_names[] = {
#define X(enumerator, name) (name),
    COLUMNS(X)
#undef X
};

static void read_heading(struct table *table)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        table->heading.at[i] = CSV_FIELDS_MAX;
        for (size_t j = table->row->count; j-- > 0;)
            if (is_heading(table->row->fields[j], column_names[i]))
                table->heading.at[i] = j;
    }
}

/* --- our own ------------------------------------------------------------------------------------------------------ */

/* A cell as JSON has it: an empty one is null. NULL: that cannot be, which has been said. */
static json_t *json_of(struct reading *reading, const char *key, const char *text, bool flag, bool time)
{
    uint32_t seconds;
    json_t *value = NULL;

    if (flag)
        value = strcmp(text, "yes") == 0 ? json_true() : strcmp(text, "no") == 0 ? json_false() : NULL;
    else if (!*text)
        value = json_null();
    else if (!time)
        value = json_string(text);
    else if (time_text_read(text, &seconds))
        value = json_integer(seconds);
    if (!value)
        reading_fault(reading, "%s: '%.60s': expected %s", key, text,
                      flag   ? "yes or no"
                      : time ? "a time, as 2026-11-27T12:00:00Z"
                             : "UTF-8");
    return value;
}

/* The row as an object. NULL: it is wrong, which has been said. */
static json_t *object_of(struct table *table)
{
    static const struct {
        bool flag, time, may_be_none;
        uint8_t column;
    } members[] = {
        {false, false, false, COLUMN_RANGE},      {false, false, false, COLUMN_KIND},
        {false, false, false, COLUMN_STATUS},     {true, false, false, COLUMN_DELEGATED},
        {true, false, false, COLUMN_FOR_SIBLING}, {false, false, true, COLUMN_NAME},
        {false, false, true, COLUMN_OWNER},       {false, false, true, COLUMN_PROVIDER},
        {false, false, true, COLUMN_CONTRACT},    {false, false, true, COLUMN_NOTE},
        {false, true, true, COLUMN_UNTIL},        {false, true, false, COLUMN_CREATED},
        {false, true, false, COLUMN_CHANGED},
    };
    json_t *object = json_object();

    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        const char *key = column_names[members[i].column], *text = cell(table, members[i].column);
        if (!has(table, members[i].column) || (!*text && !members[i].may_be_none))
            continue; /* nothing is said of it */
        json_t *value = json_of(table->reading, key, text, members[i].flag, members[i].time);
        if (!value) {
            json_decref(object);
            return NULL;
        }
        json_object_set_new(object, key, value);
    }
    return object;
}

static void read_own(struct table *table)
{
    char wrong[ENTRY_JSON_WRONG_SIZE];
    struct plan_wanted wanted;
    json_t *object = object_of(table);

    if (!object)
        return;
    if (!entry_json_read(object, &wanted, wrong)) {
        reading_fault(table->reading, "%s", wrong);
    } else {
        struct interchange_node *node = reading_add(table->reading, wanted.entry.range);
        if (node)
            reading_wanted(table->reading, node, &wanted);
    }
    json_decref(object);
}

/* --- NetBox's ----------------------------------------------------------------------------------------------------- */

const char *netbox_status(const struct plan_entry *entry)
{
    switch (entry->status) {
    case PLAN_ALLOCATED:
        return entry->kind == PLAN_BLOCK ? "container" : "active";
    case PLAN_ASSIGNED:
        return "active";
    case PLAN_RESERVED:
        return "reserved";
    default:
        return "deprecated";
    }
}

const char *netbox_description(const struct plan_entry *entry)
{
    return entry->note ? entry->note : entry->name ? entry->name : "";
}

/* What was exported in a comment, whose addresses may have been changed since. */
static bool read_comment(struct table *table, struct interchange_node *node)
{
    const char *text = strstr(cell(table, COLUMN_COMMENTS), NETBOX_COMMENT);
    char wrong[ENTRY_JSON_WRONG_SIZE];
    struct plan_wanted wanted;
    struct ipv4_range range = node->wanted.entry.range;

    json_t *object = text ? json_loads(text + strlen(NETBOX_COMMENT), JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    bool same = object && entry_json_read(object, &wanted, wrong) && ipv4_range_equal(wanted.entry.range, range);
    if (same)
        reading_wanted(table->reading, node, &wanted);
    json_decref(object);
    return same;
}

static void read_status(struct table *table, struct interchange_node *node)
{
    const char *status = cell(table, COLUMN_STATUS);

    if (!*status || (node->wanted.gives & PLAN_GIVES_STATUS && is_heading(status, netbox_status(&node->wanted.entry))))
        return; /* as the comment says */
    if (is_heading(status, "container")) {
        reading_status(node, PLAN_ALLOCATED);
        reading_kind(node, PLAN_BLOCK);
    } else if (is_heading(status, "reserved") || is_heading(status, "deprecated")) {
        reading_status(node, PLAN_RESERVED);
    } else {
        reading_status(node, PLAN_ASSIGNED);
        if (!is_heading(status, "active") && !is_heading(status, "dhcp") && !is_heading(status, "slaac"))
            reading_remark(table->reading, "status '%.40s' is taken as active", status);
    }
}

/* Whether a column says something else than what was exported: that is what the comment says, just so. */
static bool says_other(const struct table *table, enum column column, bool commented, const char *exported)
{
    return has(table, column) && !(commented && strcmp(cell(table, column), exported) == 0);
}

/* What all tables have. NULL: the row is not taken. */
static struct interchange_node *read_row(struct table *table, struct ipv4_range range)
{
    struct reading *reading = table->reading;
    const char *vrf = cell(table, COLUMN_VRF), *wanted = reading->to->vrf;
    bool global = !*vrf || strcmp(vrf, "Global") == 0;
    struct interchange_node *node;

    if (wanted ? strcmp(vrf, wanted) != 0 : !global) {
        if (wanted)
            reading->to->other_vrfs++;
        else
            reading_fault(reading, "it is in VRF '%.60s', and a plan is one address space: expected vrf and its name",
                          vrf);
        return NULL;
    }
    if (!(node = reading_add(reading, range)))
        return NULL;
    bool commented = read_comment(table, node);
    read_status(table, node);
    const struct plan_entry *entry = &node->wanted.entry;
    if (says_other(table, COLUMN_TENANT, commented, entry->owner ? entry->owner : ""))
        reading_owner(reading, node, cell(table, COLUMN_TENANT));
    if (says_other(table, COLUMN_DESCRIPTION, commented, netbox_description(entry)))
        reading_note(reading, node, cell(table, COLUMN_DESCRIPTION));
    return node;
}

static void read_prefix(struct table *table)
{
    struct ipv4_prefix prefix;

    if (!reading_prefix(table->reading, cell(table, COLUMN_PREFIX), &prefix))
        return;
    if (!ipv4_prefix_equal(prefix, ipv4_prefix_network(prefix))) {
        reading_fault(table->reading, "'%.40s': expected a prefix without host bits", cell(table, COLUMN_PREFIX));
        return;
    }
    struct interchange_node *node = read_row(table, ipv4_range_of(prefix));
    if (node && has(table, COLUMN_RIR) && !(node->wanted.gives & PLAN_GIVES_KIND)) { /* an aggregate */
        reading_kind(node, PLAN_BLOCK);
        reading_status(node, PLAN_ALLOCATED);
    }
}

static void read_range(struct table *table)
{
    struct ipv4_range range;

    if (!reading_address(table->reading, cell(table, COLUMN_START), &range.first) ||
        !reading_address(table->reading, cell(table, COLUMN_END), &range.last))
        return;
    if (range.first > range.last) {
        reading_fault(table->reading, "'%.40s': expected an address that is not below the first",
                      cell(table, COLUMN_END));
        return;
    }
    struct interchange_node *node = read_row(table, range);
    if (node)
        reading_kind(node, PLAN_POOL);
}

static void read_address(struct table *table, enum column column)
{
    uint32_t addr;

    if (!reading_address(table->reading, cell(table, column), &addr))
        return;
    struct interchange_node *node = read_row(table, (struct ipv4_range){addr, addr});
    if (!node)
        return;
    reading_kind(node, PLAN_HOST);
    if (*cell(table, COLUMN_DNS_NAME) &&
        !(node->wanted.entry.name && strcmp(cell(table, COLUMN_DNS_NAME), node->wanted.entry.name) == 0))
        reading_name(table->reading, node, cell(table, COLUMN_DNS_NAME));
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static void read_any(struct table *table)
{
    if (has(table, COLUMN_RANGE))
        read_own(table);
    else if (has(table, COLUMN_START))
        read_range(table);
    else if (has(table, COLUMN_PREFIX))
        read_prefix(table);
    else
        read_address(table, has(table, COLUMN_ADDRESS) ? COLUMN_ADDRESS : COLUMN_IP_ADDRESS);
}

static int read_rows(struct table *table)
{
    struct reading *reading = table->reading;
    int rc = csv_next(&reading->source, table->row);

    if (rc != 1)
        return rc;
    read_heading(table);
    if (!has(table, COLUMN_RANGE) && !(has(table, COLUMN_START) && has(table, COLUMN_END)) &&
        !has(table, COLUMN_PREFIX) && !has(table, COLUMN_ADDRESS) && !has(table, COLUMN_IP_ADDRESS))
        return reading_wrong(reading,
                             "expected one of the columns range, prefix, address, or start_address and end_address");
    reading->known = true;
    while ((rc = csv_next(&reading->source, table->row)) == 1) {
        reading->place.number = table->row->line;
        read_any(table);
    }
    return rc;
}

int read_csv(struct reading *reading)
{
    struct table table = {.reading = reading, .row = malloc(sizeof(*table.row))};
    int error = table.row ? read_rows(&table) : -ENOMEM;

    if (error == -EINVAL && !reading->to->wrong[0])
        reading_wrong(reading, "%s", reading->source.expected);
    free(table.row);
    return error;
}
