#include "interchange/write.h"

#include "base/compiler.h"
#include "base/csv.h"
#include "interchange/entry_json.h"
#include "interchange/inside.h"
#include "interchange/time_text.h"
#include "net/ipv4_addr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- names -------------------------------------------------------------------------------------------------------- */

enum interchange_format interchange_format_of(const char *name)
{
    static const char *const names[] = {
#define X(enumerator, name, help) (name),
        INTERCHANGE_FORMATS(X)
#undef X
    };
    unsigned format = 0;

    while (format < ARRAY_SIZE(names) && strcmp(names[format], name) != 0)
        format++;
    return (enum interchange_format)format;
}

const char *interchange_format_list(void)
{
    return "json, csv, netbox-prefixes, netbox-ranges, netbox-addresses, kea, dhcpd or routes";
}

/* --- JSON and CSV with all of it ---------------------------------------------------------------------------------- */

static int write_json(struct interchange_writer *writer, const struct plan_entry *entry)
{
    json_t *json = entry_json(entry);

    if (!json)
        return -EINVAL;
    fputs(writer->rows ? ",\n  " : "{\"nodes\": [\n  ", writer->stream);
    json_dumpf(json, writer->stream, 0);
    json_decref(json);
    return 0;
}

static void write_cells(FILE *stream, const char *const *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        csv_write(stream, cells[i] ? cells[i] : "");
        fputs(i + 1 < count ? "," : "\r\n", stream);
    }
}

static int write_csv(struct interchange_writer *writer, const struct plan_entry *entry)
{
    char range[IPV4_RANGE_TEXT_SIZE], until[TIME_TEXT_SIZE], created[TIME_TEXT_SIZE], changed[TIME_TEXT_SIZE];

    ipv4_range_format(entry->range, range);
    time_text_write(entry->until_s, until);
    time_text_write(entry->created_s, created);
    time_text_write(entry->changed_s, changed);
    const char *const cells[] = {range,
                                 plan_kind_name(entry->kind),
                                 plan_status_name(entry->status),
                                 entry->delegated ? "yes" : "no",
                                 entry->for_sibling ? "yes" : "no",
                                 entry->name,
                                 entry->owner,
                                 entry->provider,
                                 entry->contract,
                                 entry->note,
                                 entry->until_s ? until : "",
                                 created,
                                 changed};
    write_cells(writer->stream, cells, ARRAY_SIZE(cells));
    return 0;
}

/* --- NetBox ------------------------------------------------------------------------------------------------------- */

/* An address as NetBox has it, with the length of what it lies in. */
static void format_in(const struct interchange_writer *writer, uint32_t addr, char text[static IPV4_PREFIX_TEXT_SIZE])
{
    uint8_t len = writer->depth ? writer->around[writer->depth - 1].len : 32;

    ipv4_prefix_format((struct ipv4_prefix){addr, len}, text);
}

/* Labels of letters, digits, '-' and '_', with dots between. */
static bool is_dns_name(const char *name)
{
    bool label = false;

    for (; *name; name++) {
        if (*name == '.' ? !label : *name == '/')
            return false;
        label = *name != '.';
    }
    return label;
}

/* What NetBox has no place for. To be freed; NULL: no UTF-8, or no memory. */
static char *comment_of(const struct plan_entry *entry)
{
    json_t *json = entry_json(entry);
    char *dump = json ? json_dumps(json, JSON_COMPACT) : NULL, *comment = NULL;

    json_decref(json);
    if (dump && asprintf(&comment, NETBOX_COMMENT "%s", dump) < 0)
        comment = NULL;
    free(dump);
    return comment;
}

static int write_netbox(struct interchange_writer *writer, const struct plan_entry *entry)
{
    char first[IPV4_RANGE_TEXT_SIZE], last[IPV4_RANGE_TEXT_SIZE];
    char *comment = comment_of(entry);
    const char *cells[8], *dns_name = entry->name && is_dns_name(entry->name) ? entry->name : "";
    size_t count = 0;

    if (!comment)
        return -EINVAL;
    if (writer->format == INTERCHANGE_NETBOX_PREFIXES)
        ipv4_range_format(entry->range, first);
    else
        format_in(writer, entry->range.first, first);
    format_in(writer, entry->range.last, last);
    if (writer->format == INTERCHANGE_NETBOX_PREFIXES && !strchr(first, '/'))
        ipv4_prefix_format((struct ipv4_prefix){entry->range.first, 32}, first);
    cells[count++] = first;
    if (writer->format == INTERCHANGE_NETBOX_RANGES)
        cells[count++] = last;
    cells[count++] = netbox_status(entry);
    cells[count++] = entry->owner;
    if (writer->format == INTERCHANGE_NETBOX_ADDRESSES)
        cells[count++] = dns_name;
    cells[count++] = netbox_description(entry);
    cells[count++] = comment;
    write_cells(writer->stream, cells, count);
    free(comment);
    return 0;
}

/* --- DHCP servers ------------------------------------------------------------------------------------------------- */

static bool is_served(const struct plan_entry *entry)
{
    return entry->status == PLAN_ASSIGNED && (entry->kind == PLAN_SUBNET || entry->kind == PLAN_POOL);
}

static int write_dhcpd(struct interchange_writer *writer, const struct plan_entry *entry)
{
    FILE *stream = writer->stream;
    char first[IPV4_TEXT_SIZE], last[IPV4_TEXT_SIZE];

    ipv4_addr_format(entry->range.first, first);
    ipv4_addr_format(entry->range.last, last);
    if (entry->kind == PLAN_POOL) {
        fprintf(stream, "    range %s %s;\n", first, last);
        return 0;
    }
    if (writer->open)
        fputs("}\n\n", stream);
    ipv4_addr_format(~(entry->range.last - entry->range.first), last); /* the mask */
    if (entry->name)
        fprintf(stream, "# %s\n", entry->name);
    fprintf(stream, "subnet %s netmask %s {\n", first, last);
    writer->open = true;
    writer->served = entry->range;
    return 0;
}

static int write_kea_pool(struct interchange_writer *writer, const struct plan_entry *entry)
{
    char first[IPV4_TEXT_SIZE], last[IPV4_TEXT_SIZE];

    ipv4_addr_format(entry->range.first, first);
    ipv4_addr_format(entry->range.last, last);
    fprintf(writer->stream, "%s{\"pool\": \"%s - %s\"}", writer->pools++ ? ", " : "", first, last);
    return 0;
}

/* Leases are stored with the number of their subnet, which must stay what it is: it is the first address. */
static int write_kea(struct interchange_writer *writer, const struct plan_entry *entry)
{
    char range[IPV4_PREFIX_TEXT_SIZE];
    struct ipv4_prefix prefix;

    if (entry->kind == PLAN_POOL)
        return write_kea_pool(writer, entry);
    ipv4_range_is_prefix(entry->range, &prefix);
    ipv4_prefix_format(prefix, range);
    json_t *context = json_pack("{s:s*, s:s*}", "name", entry->name, "comment", entry->note);
    char *text = context ? json_dumps(context, 0) : NULL;
    json_decref(context);
    if (!text)
        return -EINVAL;
    fprintf(writer->stream, "%s{\"id\": %u, \"subnet\": \"%s\", \"user-context\": %s, \"pools\": [",
            writer->open ? "]},\n  " : "{\"subnet4\": [\n  ", entry->range.first, range, text);
    free(text);
    writer->open = true;
    writer->served = entry->range;
    writer->pools = 0;
    return 0;
}

/* --- routes ------------------------------------------------------------------------------------------------------- */

static bool is_route(const struct interchange_writer *writer, const struct plan_entry *entry)
{
    return entry->kind == PLAN_BLOCK ? !writer->depth : entry->kind == PLAN_SUBNET && entry->status == PLAN_ASSIGNED;
}

static int write_route(struct interchange_writer *writer, const struct plan_entry *entry)
{
    char range[IPV4_RANGE_TEXT_SIZE];

    ipv4_range_format(entry->range, range);
    fprintf(writer->stream, "%s{%s\"dst\": \"%s\", \"protocol\": \"static\", \"flags\": []}",
            writer->rows ? ",\n " : "[", entry->kind == PLAN_BLOCK ? "\"type\": \"blackhole\", " : "", range);
    return 0;
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static bool holds(const struct plan_entry *entry)
{
    return entry->kind == PLAN_BLOCK || entry->kind == PLAN_SUBNET;
}

static bool is_written(const struct interchange_writer *writer, const struct plan_entry *entry)
{
    switch (writer->format) {
    case INTERCHANGE_NETBOX_PREFIXES:
        return holds(entry);
    case INTERCHANGE_NETBOX_RANGES:
        return entry->kind == PLAN_POOL;
    case INTERCHANGE_NETBOX_ADDRESSES:
        return entry->kind == PLAN_HOST;
    case INTERCHANGE_KEA:
    case INTERCHANGE_DHCPD:
        return is_served(entry) &&
               (entry->kind == PLAN_SUBNET || (writer->open && ipv4_range_covers(writer->served, entry->range)));
    case INTERCHANGE_ROUTES:
        return is_route(writer, entry);
    default:
        return true;
    }
}

static int write_row(struct interchange_writer *writer, const struct plan_entry *entry)
{
    static int (*const write[])(struct interchange_writer * writer, const struct plan_entry *entry) = {
        [INTERCHANGE_JSON] = write_json,
        [INTERCHANGE_CSV] = write_csv,
        [INTERCHANGE_NETBOX_PREFIXES] = write_netbox,
        [INTERCHANGE_NETBOX_RANGES] = write_netbox,
        [INTERCHANGE_NETBOX_ADDRESSES] = write_netbox,
        [INTERCHANGE_KEA] = write_kea,
        [INTERCHANGE_DHCPD] = write_dhcpd,
        [INTERCHANGE_ROUTES] = write_route,
    };

    return write[writer->format](writer, entry);
}

void interchange_write_begin(struct interchange_writer *writer, enum interchange_format format, FILE *stream)
{
    static const char *const headings[INTERCHANGE_FORMAT_COUNT] = {
        [INTERCHANGE_CSV] =
            "range,kind,status,delegated,for_sibling,name,owner,provider,contract,note,until,created,changed\r\n",
        [INTERCHANGE_NETBOX_PREFIXES] = "prefix,status,tenant,description,comments\r\n",
        [INTERCHANGE_NETBOX_RANGES] = "start_address,end_address,status,tenant,description,comments\r\n",
        [INTERCHANGE_NETBOX_ADDRESSES] = "address,status,tenant,dns_name,description,comments\r\n",
    };

    *writer = (struct interchange_writer){.stream = stream, .format = format};
    if (headings[format])
        fputs(headings[format], stream);
}

int interchange_write(struct interchange_writer *writer, const struct plan_entry *entry)
{
    struct ipv4_prefix prefix;
    int error = 0;

    while (writer->depth && !ipv4_range_covers(ipv4_range_of(writer->around[writer->depth - 1]), entry->range))
        writer->depth--;
    if (is_written(writer, entry)) {
        error = write_row(writer, entry);
        writer->rows++;
    }
    if (holds(entry) && writer->depth < PLAN_DEPTH_MAX && ipv4_range_is_prefix(entry->range, &prefix))
        writer->around[writer->depth++] = prefix;
    return error;
}

void interchange_write_end(struct interchange_writer *writer)
{
    static const struct {
        const char *some, *none;
    } ends[INTERCHANGE_FORMAT_COUNT] = {
        [INTERCHANGE_JSON] = {"\n]}\n", "{\"nodes\": []}\n"},
        [INTERCHANGE_KEA] = {"]}\n]}\n", "{\"subnet4\": []}\n"},
        [INTERCHANGE_DHCPD] = {"}\n", NULL},
        [INTERCHANGE_ROUTES] = {"]\n", "[]\n"},
    };
    const char *end = writer->rows ? ends[writer->format].some : ends[writer->format].none;

    if (end)
        fputs(end, writer->stream);
}
