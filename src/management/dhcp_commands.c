/* Commands of DHCP: lists, events, and what people change. */
#include "base/compiler.h"
#include "dhcp/lease.h"
#include "dhcp/option.h"
#include "management/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- records ------------------------------------------------------------------------------------------------------ */

/* What a client calls itself, if it is text that may be shown. */
static json_t *json_host_name(const struct query_bytes *name)
{
    size_t len = name->len;

    while (len && name->bytes[len - 1] == '\0') /* some send it */
        len--;
    for (size_t i = 0; i < len; i++)
        if (name->bytes[i] < 0x20 || name->bytes[i] == 0x7f)
            return json_null();
    json_t *text = len ? json_stringn((const char *)name->bytes, len) : NULL;
    return text ? text : json_null();
}

static json_t *json_hardware(uint8_t htype, uint8_t hlen, const uint8_t *address)
{
    return htype == DHCP_HTYPE_ETH && hlen == ETH_ADDR_SIZE ? json_mac(address) : json_null();
}

static json_t *json_time(uint64_t time_s)
{
    return time_s == DHCP_NEVER ? json_null() : json_integer((json_int_t)time_s);
}

static json_t *lease_record(const void *record)
{
    const struct query_lease *lease = record;
    const char *state = dhcp_lease_state_name(lease->state);
    bool ended = !lease->active && lease->state != DHCP_LEASE_RELEASED;
    json_t *one = json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "address", json_address(lease->addr), "state",
                            ended ? "ended" : state, "interface", json_text(lease->interface), "mac",
                            json_hardware(lease->htype, lease->hlen, lease->chaddr), "client_id",
                            wire_hex(lease->client_id.bytes, lease->client_id.len), "host_name",
                            json_host_name(&lease->host_name));

    json_object_set_new(one, "began", json_integer((json_int_t)lease->began_s));
    json_object_set_new(one, "last", json_integer((json_int_t)lease->last_s));
    json_object_set_new(one, "ends", json_time(lease->ends_s));
    json_object_set_new(one, "left",
                        lease->ends_s == DHCP_NEVER
                            ? json_null()
                            : json_integer(lease->active ? (json_int_t)(lease->ends_s - lease->now_s) : 0));
    return one;
}

static json_t *pool_record(const void *record)
{
    const struct query_pool *pool = record;

    json_t *one =
        json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "first", json_address(pool->first), "last",
                  json_address(pool->last), "interface", json_text(pool->interface), "size",
                  (json_int_t)pool->last - pool->first + 1, "bound", (json_int_t)pool->bound, "offered",
                  (json_int_t)pool->offered, "reserved", (json_int_t)pool->reserved, "declined",
                  (json_int_t)pool->declined, "used", (json_int_t)pool->used, "fresh", (json_int_t)pool->fresh);
    json_object_set_new(one, "growth", pool->has_growth ? json_real(pool->growth) : json_null());
    json_object_set_new(one, "full_in", pool->fills ? json_integer((json_int_t)pool->full_in_s) : json_null());
    return one;
}

static json_t *count_record(const void *record)
{
    const struct query_count *count = record;

    return json_pack("{s:s, s:I, s:s}", "name", count->name, "count", (json_int_t)count->count, "meaning", count->help);
}

/* A hardware address, as people write them: 02:00:5e:10:00:01, 02-00-5e-10-00-01. False: it is none. */
static bool read_mac(const char *text, struct query_lease *lease)
{
    char copy[3 * ETH_ADDR_SIZE];
    size_t len = 0;

    if (strlen(text) >= sizeof(copy))
        return false;
    memcpy(copy, text, strlen(text) + 1);
    for (char *dash = copy; (dash = strchr(dash, '-'));)
        *dash = ':';
    if (dhcp_option_encode(DHCP_TYPE_BYTES, copy, lease->chaddr, ETH_ADDR_SIZE, &len, NULL) || len != ETH_ADDR_SIZE)
        return false;
    lease->htype = DHCP_HTYPE_ETH;
    lease->hlen = ETH_ADDR_SIZE;
    return true;
}

/* Bytes of a value that is text; false: it is none, or too long. */
static bool read_text(const json_t *value, struct query_bytes *bytes)
{
    size_t len = json_string_length(value);

    if (!json_is_string(value) || len > sizeof(bytes->bytes))
        return false;
    bytes->len = (uint8_t)len;
    memcpy(bytes->bytes, json_string_value(value), len);
    return true;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

int command_leases(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_LEASES};
    const json_t *mac = json_object_get(arguments, "mac"), *name = json_object_get(arguments, "name");

    if (!read_within(arguments, &query.range.within))
        return session_fail(session, id, WIRE_BAD_REQUEST, within_expected);
    if (mac && !(json_is_string(mac) && read_mac(json_string_value(mac), &query.lease)))
        return session_fail(session, id, WIRE_BAD_REQUEST, "mac: expected a hardware address");
    if (name && !read_text(name, &query.lease.host_name))
        return session_fail(session, id, WIRE_BAD_REQUEST, "name: expected 1 to 255 characters");
    return session_list(session, id, &query, sizeof(struct query_lease), "leases", lease_record);
}

static json_t *binding_record(const void *record)
{
    const struct query_binding *binding = record;
    const char *state = dhcp_lease_state_name(binding->state);
    bool ended = binding->state == DHCP_LEASE_BOUND && !binding->goes_on;

    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:I, s:o}", "address", json_address(binding->addr), "mac",
                     json_hardware(binding->htype, binding->hlen, binding->chaddr), "state", ended ? "ended" : state,
                     "client_id", wire_hex(binding->client_id.bytes, binding->client_id.len), "host_name",
                     json_host_name(&binding->host_name), "began", (json_int_t)binding->began_s, "ended",
                     json_time(binding->ended_s));
}

int command_history(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_HISTORY, .at_s = QUERY_ANY_TIME};
    json_t *at = json_object_get(arguments, "at");

    if (!read_within(arguments, &query.range.within))
        return session_fail(session, id, WIRE_BAD_REQUEST, within_expected);
    if (at && (!json_is_integer(at) || json_integer_value(at) < 0))
        return session_fail(session, id, WIRE_BAD_REQUEST, "at: expected seconds since 1970");
    if (at)
        query.at_s = (uint64_t)json_integer_value(at);
    return session_list(session, id, &query, sizeof(struct query_binding), "history", binding_record);
}

int command_pools(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_POOLS};

    (void)arguments;
    return session_list(session, id, &query, sizeof(struct query_pool), "pools", pool_record);
}

int command_dhcp(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_DHCP};

    (void)arguments;
    return session_list(session, id, &query, sizeof(struct query_count), "dhcp", count_record);
}

static json_t *reservation_record(const void *record)
{
    const struct query_reservation *reservation = record;
    const struct query_bytes *mac = &reservation->mac, *id = &reservation->client_id, *line = &reservation->circuit_id;

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "address",
                     reservation->addr ? json_address(reservation->addr) : json_null(), "mac",
                     mac->len == ETH_ADDR_SIZE ? json_mac(mac->bytes) : wire_hex(mac->bytes, mac->len), "client_id",
                     wire_hex(id->bytes, id->len), "circuit_id", wire_hex(line->bytes, line->len), "interface",
                     json_text(reservation->interface), "by_hand", (int)reservation->by_hand);
}

int command_reservations(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_RESERVATIONS};

    (void)arguments;
    return session_list(session, id, &query, sizeof(struct query_reservation), "reservations", reservation_record);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static const char *event_name(unsigned kind)
{
    static const char *const names[] = {
#define X(enumerator, name) [QUERY_EVENT_##enumerator] = (name),
        QUERY_EVENT_KINDS(X)
#undef X
    };

    return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

static json_t *event_record(const struct query_event_record *event)
{
    json_t *one = lease_record(&event->lease);

    json_object_set_new(one, "event", json_string(event_name(event->kind)));
    json_object_set_new(one, "at", json_integer((json_int_t)event->at_s));
    json_object_del(one, "state"); /* that of now is another one, perhaps */
    json_object_del(one, "left");
    return one;
}

/* What has just been answered, as a line. */
static int tell_events(struct session *session, const json_t *id)
{
    const struct query_event_record *records = query_records(&session->buffer);
    const struct query_answer *answer = &session->buffer.answer;
    json_t *events = json_array();

    for (uint32_t i = 0; i < answer->count; i++)
        json_array_append_new(events, event_record(&records[i]));
    return session_answer(session, id, WIRE_MORE,
                          json_pack("{s:o, s:I}", "events", events, "lost", (json_int_t)answer->lost));
}

static int tell_nothing(struct session *session, const json_t *id, enum wire_code code, json_t *lost)
{
    return session_answer(session, id, code, json_pack("{s:[], s:o}", "events", "lost", lost));
}

int command_watch(struct session *session, const json_t *id, const json_t *arguments)
{
    const char *what = json_string_value(json_object_get(arguments, "what"));
    struct query query = {.kind = QUERY_EVENTS, .generation = QUERY_FROM_NOW};
    bool answered = false;
    int error = 0;

    if (!what || strcmp(what, "leases") != 0)
        return session_fail(session, id, WIRE_BAD_REQUEST, "what: expected \"leases\"");
    while (!error) {
        int code = session_watch(session, &query, sizeof(struct query_event_record));
        if (code == WIRE_OK) { /* the other side has had enough */
            return tell_nothing(session, id, WIRE_OK, json_integer(0));
        } else if (code == WIRE_MORE) {
            error = tell_nothing(session, id, WIRE_MORE, json_integer(0));
        } else if (code == WIRE_UNAVAILABLE && answered) { /* the next one waits in the socket's queue */
            answered = false;
            query.generation = QUERY_FROM_NOW;
            error = tell_nothing(session, id, WIRE_MORE, json_null());
        } else if (code) {
            return session_fail(session, id, (enum wire_code)code, wire_meaning(code));
        } else {
            answered = true;
            query.generation = session->buffer.answer.generation;
            error = tell_events(session, id);
        }
    }
    return error;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

/* Why a change is refused. */
static const char *refusal(const struct query *query, int error)
{
    switch (error) {
    case -ENOENT:
        return "there is none";
    case -EADDRNOTAVAIL:
        return query->kind == QUERY_TAKE_OVER ? "in no pool, and not reserved"
                                              : "no address for hosts of a subnet that is served";
    case -EADDRINUSE:
        return "somebody else has it, or it is reserved for somebody else";
    case -EALREADY:
        return "the host has it already, and for no shorter time";
    case -EEXIST:
        return "the host has another address";
    case -ETIME:
        return "it is over";
    case -EINVAL:
        return "neither a hardware address nor a client identifier";
    case -ENODATA:
        return "nobody with an Ethernet address has it: expected mac";
    case -EIO:
        return "it could not be stored";
    default:
        return strerror(-error);
    }
}

/* Ask for a change until there is room for it. 0; the code to fail with; what the role says is in the answer. */
static int ask_for_change(struct session *session, const struct query *query)
{
    int code = session_ask(session, query, 0);

    while (!code && session->buffer.answer.error == -EAGAIN) {
        struct query stored = {.kind = QUERY_STORED, .generation = session->buffer.answer.generation};
        code = session_ask(session, &stored, 0);
        if (!code)
            code = session_ask(session, query, 0);
    }
    return code;
}

/* Wait until a batch is on stable storage: 0, and answer.error says whether it is; the code to fail with. */
static int wait_until_stored(struct session *session, uint64_t batch)
{
    const struct query query = {.kind = QUERY_STORED, .generation = batch};
    int code;

    while (!(code = session_ask(session, &query, 0)) && session->buffer.answer.error == -EAGAIN)
        ;
    return code;
}

/* Make one change, and answer when it lasts. */
static int change(struct session *session, const json_t *id, const struct query *query, const char *exists)
{
    int code = ask_for_change(session, query);

    if (!code && !session->buffer.answer.error)
        code = wait_until_stored(session, session->buffer.answer.generation);
    if (code)
        return session_fail(session, id, (enum wire_code)code, wire_meaning(code));
    int error = session->buffer.answer.error;
    if (error)
        return session_fail(session, id, error == -EIO ? WIRE_INTERNAL : WIRE_REFUSED,
                            error == -EEXIST ? exists : refusal(query, error));
    return session_answer(session, id, WIRE_OK, json_object());
}

static bool read_address(const json_t *arguments, uint32_t *addr)
{
    const char *text = json_string_value(json_object_get(arguments, "address"));

    return text && ipv4_addr_parse(text, strlen(text), addr, NULL) == 0;
}

static const char address_expected[] = "address: expected an address, as \"10.0.1.9\"";
static const char by_configuration[] = "the configuration reserves it: change it there";

int command_lease_release(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_RELEASE};

    if (!read_address(arguments, &query.lease.addr))
        return session_fail(session, id, WIRE_BAD_REQUEST, address_expected);
    return change(session, id, &query, "");
}

int command_lease_reserve(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_RESERVE};
    const json_t *mac = json_object_get(arguments, "mac");

    if (!read_address(arguments, &query.lease.addr))
        return session_fail(session, id, WIRE_BAD_REQUEST, address_expected);
    if (mac && !(json_is_string(mac) && read_mac(json_string_value(mac), &query.lease)))
        return session_fail(session, id, WIRE_BAD_REQUEST, "mac: expected a hardware address");
    return change(session, id, &query, by_configuration);
}

int command_lease_unreserve(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_UNRESERVE};

    if (!read_address(arguments, &query.lease.addr))
        return session_fail(session, id, WIRE_BAD_REQUEST, address_expected);
    return change(session, id, &query, by_configuration);
}

/* --- leases of other servers -------------------------------------------------------------------------------------- */

static bool read_time(const json_t *one, const char *key, uint64_t *seconds)
{
    const json_t *value = json_object_get(one, key);

    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *seconds = (uint64_t)json_integer_value(value);
    return true;
}

/* A lease as command_leases() tells it. What is wrong with it; NULL. */
static const char *read_lease(const json_t *one, struct query_lease *lease)
{
    const json_t *mac = json_object_get(one, "mac"), *client_id = json_object_get(one, "client_id"),
                 *name = json_object_get(one, "host_name");
    size_t len = 0;

    *lease = (struct query_lease){0};
    if (!read_address(one, &lease->addr))
        return address_expected;
    if (json_is_string(mac) && !read_mac(json_string_value(mac), lease))
        return "mac: expected a hardware address";
    if (json_is_string(client_id)) {
        if (dhcp_option_encode(DHCP_TYPE_BYTES, json_string_value(client_id), lease->client_id.bytes,
                               sizeof(lease->client_id.bytes), &len, NULL))
            return "client_id: expected hexadecimal digits";
        lease->client_id.len = (uint8_t)len;
    }
    if (json_is_string(name) && !read_text(name, &lease->host_name))
        return "host_name: expected at most 255 characters";
    if (!read_time(one, "began", &lease->began_s) || !read_time(one, "last", &lease->last_s))
        return "began, last: expected seconds since 1970";
    lease->ends_s = DHCP_NEVER;
    if (!json_is_null(json_object_get(one, "ends")) && !read_time(one, "ends", &lease->ends_s))
        return "ends: expected seconds since 1970, or null";
    return NULL;
}

static void refuse(json_t *refused, size_t number, const char *why)
{
    json_array_append_new(refused, json_pack("{s:I, s:s}", "number", (json_int_t)number, "why", why));
}

int command_lease_import(struct session *session, const json_t *id, const json_t *arguments)
{
    const json_t *leases = json_object_get(arguments, "leases");
    json_t *refused = json_array();
    uint64_t batch = 0;
    size_t taken = 0;
    int code = 0;

    for (size_t i = 0; !code && i < json_array_size(leases); i++) {
        struct query query = {.kind = QUERY_TAKE_OVER};
        const char *wrong = read_lease(json_array_get(leases, i), &query.lease);
        if (wrong) {
            refuse(refused, i, wrong);
            continue;
        }
        code = ask_for_change(session, &query);
        int error = session->buffer.answer.error;
        if (!code && error)
            refuse(refused, i, refusal(&query, error));
        if (!code && !error) {
            batch = session->buffer.answer.generation;
            taken++;
        }
    }
    if (!code && taken)
        code = wait_until_stored(session, batch);
    if (!json_is_array(leases) || code || (taken && session->buffer.answer.error)) {
        json_decref(refused);
        return !json_is_array(leases) ? session_fail(session, id, WIRE_BAD_REQUEST, "leases: expected a list")
               : code                 ? session_fail(session, id, (enum wire_code)code, wire_meaning(code))
                                      : session_fail(session, id, WIRE_INTERNAL, "they could not be stored");
    }
    return session_answer(session, id, WIRE_OK,
                          json_pack("{s:I, s:o}", "taken", (json_int_t)taken, "refused", refused));
}
