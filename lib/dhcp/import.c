#include "dhcp/import.h"

#include "base/csv.h"
#include "base/isc_text.h"
#include "net/eth.h"
#include "net/ipv4_addr.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INFINITE 4294967295u /* as a lifetime of Kea */

/* A file that is being read. */
struct reading {
    struct dhcp_import *import;
    struct source source;
};

__attribute__((format(printf, 2, 3))) static int wrong(struct reading *reading, const char *format, ...)
{
    struct dhcp_import *import = reading->import;
    va_list args;

    va_start(args, format);
    vsnprintf(import->wrong, sizeof(import->wrong), format, args);
    va_end(args);
    import->wrong_line = reading->source.line;
    return -EINVAL;
}

/* A place for what is said of an address; `lease.state` 0 until it is a lease. NULL: no memory. */
static struct dhcp_imported *add(struct dhcp_import *import)
{
    if (import->count == import->room) {
        size_t room = import->room ? 2 * import->room : 64;
        struct dhcp_imported *larger = realloc(import->all, room * sizeof(*larger));
        if (!larger)
            return NULL;
        import->all = larger;
        import->room = room;
    }
    struct dhcp_imported *added = &import->all[import->count++];
    memset(added, 0, sizeof(*added));
    return added;
}

/* --- values ------------------------------------------------------------------------------------------------------ */

static bool read_number(const char *text, uint64_t max, uint64_t *number)
{
    uint64_t read = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || read > max / 10 || read * 10 > max - (uint64_t)(*text - '0'))
            return false;
        read = read * 10 + (uint64_t)(*text - '0');
    }
    *number = read;
    return true;
}

/* Hexadecimal digits with or without something between each two. */
static bool read_hex(const char *text, uint8_t *bytes, size_t room, size_t *len)
{
    return *text && dhcp_option_encode(DHCP_TYPE_BYTES, text, bytes, room, len, NULL) == 0;
}

static bool read_mac(const char *text, struct dhcp_lease *lease)
{
    size_t len = 0;

    if (!read_hex(text, lease->chaddr, sizeof(lease->chaddr), &len))
        return false;
    lease->htype = DHCP_HTYPE_ETH;
    lease->hlen = (uint8_t)len;
    return true;
}

static bool read_bytes(const char *text, struct dhcp_bytes *bytes)
{
    size_t len = 0;

    if (!read_hex(text, bytes->bytes, sizeof(bytes->bytes), &len))
        return false;
    bytes->len = (uint8_t)len;
    return true;
}

static bool read_name(const char *text, size_t len, struct dhcp_bytes *name)
{
    if (len > sizeof(name->bytes))
        return false;
    name->len = (uint8_t)len;
    memcpy(name->bytes, text, len);
    return true;
}

static bool read_address(const char *text, uint32_t *addr)
{
    return ipv4_addr_parse(text, strlen(text), addr, NULL) == 0;
}

/* --- dhcpd.leases ------------------------------------------------------------------------------------------------ */

/* W YYYY/MM/DD HH:MM:SS (UTC), "epoch SECONDS", or "never": the words behind the keyword, ';' left. */
static int read_date(struct reading *reading, struct isc_token *token, uint64_t *seconds)
{
    char text[3][24] = {"", "", ""};
    struct tm tm = {0};
    unsigned words = 0;
    int rc;

    while ((rc = isc_next(&reading->source, token)) == 1 && !isc_is(token, ";") && words < 3)
        snprintf(text[words++], sizeof(text[0]), "%.23s", token->text);
    if (rc < 0)
        return rc;
    if (rc == 1 && words == 1 && strcmp(text[0], "never") == 0) {
        *seconds = DHCP_NEVER;
        return 0;
    }
    if (rc == 1 && words == 2 && strcmp(text[0], "epoch") == 0 && read_number(text[1], INT64_MAX, seconds))
        return 0;
    const char *end = words == 3 ? strptime(text[1], "%Y/%m/%d", &tm) : NULL;
    if (end && !*end)
        end = strptime(text[2], "%H:%M:%S", &tm);
    time_t time = end && !*end ? timegm(&tm) : -1;
    if (rc != 1 || time < 0)
        return wrong(reading, "expected a time, as \"4 2026/11/26 12:00:00;\"");
    *seconds = (uint64_t)time;
    return 0;
}

/* A statement of a lease that is not looked into. */
static int read_other(struct reading *reading, struct isc_token *token)
{
    return isc_skip(&reading->source, token, 0);
}

static int read_hardware(struct reading *reading, struct isc_token *token, struct dhcp_lease *lease)
{
    int rc = isc_next(&reading->source, token);
    bool ethernet = rc == 1 && isc_is(token, "ethernet");

    if (rc == 1)
        rc = isc_next(&reading->source, token);
    if (rc < 0)
        return rc;
    if (!rc || (ethernet && !read_mac(token->text, lease)))
        return wrong(reading, "hardware: expected a type and an address, as \"ethernet 02:00:5e:10:00:01\"");
    return isc_skip(&reading->source, token, 0);
}

static int read_uid(struct reading *reading, struct isc_token *token, struct dhcp_lease *lease)
{
    int rc = isc_next(&reading->source, token);

    if (rc < 0)
        return rc;
    if (!rc || !(token->is_string ? read_name(token->text, token->len, &lease->client_id)
                                  : read_bytes(token->text, &lease->client_id)))
        return wrong(reading, "uid: expected a string of at most 255 characters, or hexadecimal digits");
    return isc_skip(&reading->source, token, 0);
}

static int read_host_name(struct reading *reading, struct isc_token *token, struct dhcp_lease *lease)
{
    int rc = isc_next(&reading->source, token);

    if (rc < 0)
        return rc;
    if (!rc || !token->is_string || !read_name(token->text, token->len, &lease->host_name))
        return wrong(reading, "client-hostname: expected a string of at most 255 characters");
    return isc_skip(&reading->source, token, 0);
}

/* "binding state active" makes it a lease. Without one (before version 3 of dhcpd) it is one too. */
static int read_state(struct reading *reading, struct isc_token *token, bool *active)
{
    int rc = isc_next(&reading->source, token);

    if (rc == 1 && isc_is(token, "state"))
        rc = isc_next(&reading->source, token);
    if (rc < 0)
        return rc;
    *active = rc == 1 && isc_is(token, "active");
    return rc ? isc_skip(&reading->source, token, 0) : wrong(reading, "binding state: expected a state");
}

static int read_isc_lease(struct reading *reading, struct isc_token *token)
{
    struct dhcp_imported *added = add(reading->import);
    struct dhcp_lease *lease = added ? &added->lease : NULL;
    bool active = true;
    int rc = isc_next(&reading->source, token);

    if (!lease)
        return -ENOMEM;
    added->line = reading->source.line;
    if (rc == 1 && !read_address(token->text, &lease->addr))
        return wrong(reading, "lease: expected an address");
    if (rc == 1)
        rc = isc_next(&reading->source, token);
    if (rc < 0)
        return rc;
    if (!rc || !isc_is(token, "{"))
        return wrong(reading, "lease: expected an address and '{'");
    while ((rc = isc_next(&reading->source, token)) == 1 && !isc_is(token, "}")) {
        uint64_t *time = isc_is(token, "starts") ? &lease->began_s
                         : isc_is(token, "cltt") ? &lease->last_s
                         : isc_is(token, "ends") ? &lease->ends_s
                                                 : NULL;
        rc = time                               ? read_date(reading, token, time)
             : isc_is(token, "hardware")        ? read_hardware(reading, token, lease)
             : isc_is(token, "uid")             ? read_uid(reading, token, lease)
             : isc_is(token, "client-hostname") ? read_host_name(reading, token, lease)
             : isc_is(token, "binding")         ? read_state(reading, token, &active)
                                                : read_other(reading, token);
        if (rc)
            return rc;
    }
    if (rc < 0)
        return rc;
    if (!rc)
        return wrong(reading, "expected '}' at the end of the lease, found the end of the file");
    if (!lease->last_s)
        lease->last_s = lease->began_s;
    if (active && lease->ends_s && (lease->hlen || lease->client_id.len))
        lease->state = DHCP_LEASE_BOUND;
    return 0;
}

static int read_isc(struct reading *reading)
{
    struct isc_token *token = malloc(sizeof(*token));
    int rc = token ? 1 : -ENOMEM;

    while (rc == 1 && (rc = isc_next(&reading->source, token)) == 1) {
        int error = isc_is(token, "lease") ? read_isc_lease(reading, token) : read_other(reading, token);
        if (error)
            rc = error;
    }
    free(token);
    return rc;
}

/* --- CSV --------------------------------------------------------------------------------------------------------- */

/* Which field a heading is; CSV_FIELDS_MAX: none. */
static size_t find(const struct csv_row *heading, const char *name)
{
    size_t i = 0;

    while (i < heading->count && strcmp(heading->fields[i], name) != 0)
        i++;
    return i < heading->count ? i : CSV_FIELDS_MAX;
}

/* Kea writes "&#x2c" for what would be a comma. In place. */
static void unescape(char *text)
{
    char *to = text;
    unsigned value;

    for (; *text; text++) {
        if (strncmp(text, "&#x", 3) == 0 && sscanf(text + 3, "%2x", &value) == 1) {
            *to++ = (char)value;
            text += 4;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

struct columns {
    size_t addr, mac, client_id, name, state, lifetime, expire, began, last, ends;
};

static int read_kea_row(struct reading *reading, const struct columns *columns, struct csv_row *row,
                        struct dhcp_lease *lease)
{
    uint64_t lifetime, expire, state = 0;
    const char *mac = csv_field(row, columns->mac), *id = csv_field(row, columns->client_id);

    if (!read_number(csv_field(row, columns->lifetime), UINT32_MAX, &lifetime) ||
        !read_number(csv_field(row, columns->expire), INT64_MAX, &expire))
        return wrong(reading, "expected numbers as valid_lifetime and expire");
    if (columns->state < CSV_FIELDS_MAX && !read_number(csv_field(row, columns->state), UINT32_MAX, &state))
        return wrong(reading, "expected a number as state");
    if ((*mac && !read_mac(mac, lease)) || (*id && !read_bytes(id, &lease->client_id)))
        return wrong(reading, "expected hexadecimal digits as hwaddr and client_id");
    lease->began_s = lease->last_s = lifetime == INFINITE || lifetime > expire ? 0 : expire - lifetime;
    lease->ends_s = lifetime == INFINITE ? DHCP_NEVER : expire;
    if (state == 0 && lifetime && (lease->hlen || lease->client_id.len)) /* with a lifetime of 0 it is taken away */
        lease->state = DHCP_LEASE_BOUND;
    return 0;
}

static int read_own_row(struct reading *reading, const struct columns *columns, const struct csv_row *row,
                        struct dhcp_lease *lease)
{
    const char *mac = csv_field(row, columns->mac), *id = csv_field(row, columns->client_id),
               *ends = csv_field(row, columns->ends);

    lease->ends_s = DHCP_NEVER;
    if ((*mac && !read_mac(mac, lease)) || (*id && !read_bytes(id, &lease->client_id)))
        return wrong(reading, "expected hexadecimal digits as mac and client_id");
    if (!read_number(csv_field(row, columns->began), INT64_MAX, &lease->began_s) ||
        !read_number(csv_field(row, columns->last), INT64_MAX, &lease->last_s) ||
        (*ends && !read_number(ends, INT64_MAX, &lease->ends_s)))
        return wrong(reading, "expected seconds since 1970 as began, last and ends");
    if (strcmp(csv_field(row, columns->state), dhcp_lease_state_name(DHCP_LEASE_BOUND)) == 0)
        lease->state = DHCP_LEASE_BOUND;
    return 0;
}

static int read_csv_rows(struct reading *reading, bool kea, struct csv_row *row)
{
    int rc = csv_next(&reading->source, row);
    const struct columns columns = {.addr = find(row, "address"),
                                    .mac = find(row, kea ? "hwaddr" : "mac"),
                                    .client_id = find(row, "client_id"),
                                    .name = find(row, kea ? "hostname" : "host_name"),
                                    .state = find(row, "state"),
                                    .lifetime = find(row, "valid_lifetime"),
                                    .expire = find(row, "expire"),
                                    .began = find(row, "began"),
                                    .last = find(row, "last"),
                                    .ends = find(row, "ends")};

    while (rc == 1 && (rc = csv_next(&reading->source, row)) == 1) {
        struct dhcp_imported *added = add(reading->import);
        if (!added)
            return -ENOMEM;
        added->line = row->line;
        if (!read_address(csv_field(row, columns.addr), &added->lease.addr))
            return wrong(reading, "expected an address in the first field");
        int error = kea ? read_kea_row(reading, &columns, row, &added->lease)
                        : read_own_row(reading, &columns, row, &added->lease);
        if (error)
            return error;
        if (kea && columns.name < row->count)
            unescape(row->fields[columns.name]);
        const char *name = csv_field(row, columns.name);
        if (!read_name(name, strlen(name), &added->lease.host_name))
            return wrong(reading, "expected a name of at most 255 characters");
    }
    return rc;
}

static int read_csv(struct reading *reading, bool kea)
{
    struct csv_row *row = calloc(1, sizeof(*row));
    int rc = row ? read_csv_rows(reading, kea, row) : -ENOMEM;

    free(row);
    return rc;
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

static int compare(const void *one, const void *other)
{
    const struct dhcp_imported *a = one, *b = other;

    if (a->lease.addr != b->lease.addr)
        return a->lease.addr < b->lease.addr ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

/* The last word on each address, if it is a lease. */
static void keep_last(struct dhcp_import *import)
{
    size_t kept = 0;

    if (import->count)
        qsort(import->all, import->count, sizeof(*import->all), compare);
    for (size_t i = 0; i < import->count; i++) {
        if (i + 1 < import->count && import->all[i + 1].lease.addr == import->all[i].lease.addr)
            continue;
        if (import->all[i].lease.state != DHCP_LEASE_BOUND) {
            import->others++;
            continue;
        }
        if (kept != i)
            import->all[kept] = import->all[i];
        kept++;
    }
    import->count = kept;
}

static bool begins(const struct source *source, const char *text)
{
    size_t len = strlen(text);

    return (size_t)(source->end - source->at) >= len && memcmp(source->at, text, len) == 0;
}

int dhcp_import_read(struct dhcp_import *import, const char *text, size_t len)
{
    struct reading reading = {.import = import, .source = {.at = text, .end = text + len, .line = 1}};
    int error;

    if (begins(&reading.source, "address,hwaddr,client_id,valid_lifetime,expire,")) {
        import->kind = "Kea";
        error = read_csv(&reading, true);
    } else if (begins(&reading.source, "address,state,mac,client_id,")) {
        import->kind = "Fairlead";
        error = read_csv(&reading, false);
    } else {
        import->kind = "dhcpd.leases";
        error = read_isc(&reading);
    }
    if (error == -EINVAL && !import->wrong[0])
        wrong(&reading, "%s", reading.source.expected);
    if (!error)
        keep_last(import);
    if (!error && !import->count && !import->others) {
        reading.source.line = 1;
        return wrong(&reading, "expected dhcpd.leases, or the CSV of Kea's leases or of fairlead lease export");
    }
    return error;
}

void dhcp_import_clear(struct dhcp_import *import)
{
    free(import->all);
    *import = (struct dhcp_import){0};
}
