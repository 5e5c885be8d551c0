/* What can be asked: one function a command, and the table of them. docs/protocol.md describes requests and results. */
#include "management/commands.h"
#include "base/compiler.h"
#include "netlink/protocol.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int no_engine(struct session *session, const json_t *id)
{
    return session_fail(session, id, WIRE_UNAVAILABLE, wire_meaning(WIRE_UNAVAILABLE));
}

/* --- from shared memory ------------------------------------------------------------------------------------------ */

static int command_version(struct session *session, const json_t *id, const json_t *arguments)
{
    const struct management_config *config = session->config;

    (void)arguments;
    json_t *result = json_pack("{s:s, s:s, s:i, s:s, s:i}", "program", "fairleadd", "version", config->version,
                               "protocol", WIRE_PROTOCOL, "hostname", config->hostname, "pid", (int)config->parent);
    if (session_page(session)) {
        json_object_set_new(result, "engine_pid", json_integer(session->page.pid));
        json_object_set_new(result, "engine_alive", json_boolean(session_engine_alive(session)));
        json_object_set_new(result, "engine_since", json_integer((json_int_t)session->page.started_s));
        json_object_set_new(result, "prefixes", json_integer((json_int_t)session->page.prefixes));
        json_object_set_new(result, "neighbours", json_integer((json_int_t)session->page.neighbours));
        json_object_set_new(result, "resyncs", json_integer((json_int_t)session->page.resyncs));
        json_object_set_new(result, "audits", json_integer((json_int_t)session->page.audits));
        json_object_set_new(result, "audit_drift", json_integer((json_int_t)session->page.audit_drift));
        json_object_set_new(result, "netlink_messages", json_integer((json_int_t)session->page.messages));
        json_object_set_new(result, "fib_used_bytes", json_integer((json_int_t)session->page.fib_used_bytes));
        json_object_set_new(result, "fib_bytes", json_integer((json_int_t)session->page.fib_bytes));
        json_object_set_new(result, "fib_blocks_without_room",
                            json_integer((json_int_t)session->page.fib_blocks_without_room));
    }
    return session_answer(session, id, WIRE_OK, result);
}

static json_t *json_asides(uint32_t asides)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < PORT_ASIDE_COUNT; i++)
        if (asides & 1u << i)
            json_array_append_new(list,
                                  json_pack("{s:s, s:s}", "reason", port_aside_name(i), "meaning", port_aside_help(i)));
    return list;
}

static const char *state_of(const struct page_port *port)
{
    return !port->ifindex                    ? "missing"
           : strcmp(port->door, "none") == 0 ? "no-door"
           : !port->up                       ? "down"
           : port->aside                     ? "aside"
                                             : "forwards";
}

static int command_ports(struct session *session, const json_t *id, const json_t *arguments)
{

    (void)arguments;
    if (!session_page(session))
        return no_engine(session, id);
    json_t *list = json_array();
    for (unsigned i = 1; i <= session->page.ports && i < DOOR_PORTS; i++) {
        const struct page_port *port = &session->page.all[i];
        if (!port->name[0])
            continue;
        json_t *one =
            json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "port", port->name, "state", state_of(port), "door", port->door,
                      "configured_door", port->wanted, "ifindex", (int)port->ifindex, "mtu", (int)port->mtu);
        json_object_set_new(one, "mac", port->ifindex ? json_mac(port->mac) : json_null());
        json_object_set_new(one, "aside", json_asides(port->aside));
        json_object_set_new(one, "takes_xdp", json_boolean(port->takes_xdp));
        json_array_append_new(list, one);
    }
    return session_answer(session, id, WIRE_OK,
                          json_pack("{s:o, s:o}", "ports", list, "firewall", json_text(session->page.firewall)));
}

static int command_counters(struct session *session, const json_t *id, const json_t *arguments)
{

    (void)arguments;
    if (!session_page(session))
        return no_engine(session, id);
    json_t *list = json_array();
    for (unsigned i = 1; i <= session->page.ports && i < DOOR_PORTS; i++) {
        struct door_counters sum;
        if (!session->page.all[i].name[0])
            continue;
        int error = page_sum_counters(&session->reader, session->page.cpus, i, &sum);
        if (error) {
            json_decref(list);
            return session_fail(session, id, WIRE_INTERNAL, strerror(-error));
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:o, s:o}", "port",
                                              session->page.all[i].name, "door", session->page.all[i].door, "in",
                                              json_count(&sum.in), "cut", json_count(&sum.cut), "out",
                                              json_count(&sum.out), "unsent", (json_int_t)sum.unsent, "kernel",
                                              json_reasons(sum.punts, 0, DOOR_PUNT_COUNT, door_punt_name), "dropped",
                                              json_reasons(sum.drops, 1, DROP_REASON_COUNT, drop_reason_name)));
    }
    return session_answer(session, id, WIRE_OK, json_pack("{s:o}", "counters", list));
}

static int command_audit(struct session *session, const json_t *id, const json_t *arguments)
{
    (void)arguments;
    if (!session_page(session))
        return no_engine(session, id);
    const struct page *page = &session->page;
    return session_answer(session, id, WIRE_OK,
                          json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:b}", "audits", (json_int_t)page->audits,
                                    "audit_drift", (json_int_t)page->audit_drift, "drift",
                                    (json_int_t)page->audit_last_drift, "prefixes", (json_int_t)page->audit_prefixes,
                                    "changed", (json_int_t)page->audit_changed, "ended",
                                    page->audit_ended_s ? json_integer((json_int_t)page->audit_ended_s) : json_null(),
                                    "runs", (int)page->audit_runs));
}

static int command_sessions(struct session *session, const json_t *id, const json_t *arguments)
{
    const struct table *table = session->table;

    (void)arguments;
    json_t *list = json_array();
    for (uint32_t i = 0; i < table->max; i++) {
        const struct table_session *one = &table->all[i];
        if (READ_ONCE(one->pid))
            json_array_append_new(list,
                                  json_pack("{s:i, s:i, s:i, s:i, s:I, s:I, s:b, s:b}", "session", (int)one->pid, "pid",
                                            (int)one->peer_pid, "uid", (int)one->uid, "gid", (int)one->gid, "since",
                                            (json_int_t)one->since_s, "requests", (json_int_t)READ_ONCE(one->requests),
                                            "may_change", (int)one->may_change, "this", one == session->self));
    }
    return session_answer(session, id, WIRE_OK,
                          json_pack("{s:o, s:i, s:I, s:I, s:I, s:I}", "sessions", list, "max", (int)table->max,
                                    "accepted", (json_int_t)table->accepted, "ended", (json_int_t)table->ended,
                                    "refused", (json_int_t)table->refused, "failed", (json_int_t)table->failed));
}

/* --- routes ------------------------------------------------------------------------------------------------------ */

/* Names of rtnetlink's protocol numbers, as rt_protos(5) and the daemons themselves have them. */
static json_t *json_protocol(uint8_t protocol)
{
    static const struct {
        uint8_t number;
        const char *name;
    } names[] = {{NETLINK_PROTOCOL_FAIRLEAD, "fairlead"},
                 {RTPROT_REDIRECT, "redirect"},
                 {RTPROT_KERNEL, "kernel"},
                 {RTPROT_BOOT, "boot"},
                 {RTPROT_STATIC, "static"},
                 {RTPROT_RA, "ra"},
                 {RTPROT_ZEBRA, "zebra"},
                 {RTPROT_BIRD, "bird"},
                 {RTPROT_DHCP, "dhcp"},
                 {18, "keepalived"},
                 {42, "babel"},
                 {186, "bgp"},
                 {187, "isis"},
                 {188, "ospf"},
                 {189, "rip"}};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].number == protocol)
            return json_string(names[i].name);
    return json_integer(protocol);
}

static json_t *json_route(const struct query_route *route)
{
    const struct rib_path *path = &route->path;
    json_t *one = json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:I, s:i}", "prefix", json_prefix(route->prefix), "source",
                            rib_source_name(path->source), "type", rib_type_name(path->type), "via",
                            path->gateway ? json_address(path->gateway) : json_null(), "interface",
                            json_text(route->interface), "protocol", json_protocol(path->protocol), "metric",
                            (json_int_t)path->metric, "preference", (int)path->preference);

    if (path->mtu)
        json_object_set_new(one, "mtu", json_integer(path->mtu));
    if (path->tos)
        json_object_set_new(one, "tos", json_integer(path->tos));
    if (path->next_hop_id)
        json_object_set_new(one, "nexthop_object", json_integer(path->next_hop_id));
    if (path->flags & RIB_MULTIPATH)
        json_object_set_new(one, "multipath", json_true());
    if (path->flags & (RIB_ENCAPSULATED | RIB_VIA_IPV6))
        json_object_set_new(one, "kernel_only", json_true());
    return one;
}

static json_t *route_record(const void *record)
{
    const struct query_route *route = record;
    json_t *one = json_route(route);

    json_object_set_new(one, "best", json_boolean(route->best));
    if (route->path.source == RIB_SOURCE_STATIC)
        json_object_set_new(one, "installed", json_boolean(route->installed));
    return one;
}

static json_t *neighbour_record(const void *record)
{
    static const struct {
        uint16_t state;
        const char *name;
    } states[] = {{NUD_INCOMPLETE, "incomplete"}, {NUD_REACHABLE, "reachable"}, {NUD_STALE, "stale"},
                  {NUD_DELAY, "delay"},           {NUD_PROBE, "probe"},         {NUD_FAILED, "failed"},
                  {NUD_NOARP, "noarp"},           {NUD_PERMANENT, "permanent"}};
    const struct query_neighbour *neighbour = record;
    const char *state = "none";

    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (neighbour->state & states[i].state)
            state = states[i].name;
    return json_pack("{s:o, s:o, s:o, s:s}", "address", json_address(neighbour->addr), "interface",
                     json_text(neighbour->interface), "mac", neighbour->valid ? json_mac(neighbour->mac) : json_null(),
                     "state", state);
}

static int command_routes(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_ROUTES};

    if (!read_within(arguments, &query.range.within))
        return session_fail(session, id, WIRE_BAD_REQUEST, within_expected);
    return session_list(session, id, &query, sizeof(struct query_route), "routes", route_record);
}

static int command_neighbours(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_NEIGHBOURS};

    (void)arguments;
    return session_list(session, id, &query, sizeof(struct query_neighbour), "neighbours", neighbour_record);
}

/* Whether the door of every port stands aside. */
static bool all_aside(struct session *session)
{
    bool any = false;

    if (!session_page(session))
        return false;
    for (unsigned i = 1; i <= session->page.ports && i < DOOR_PORTS; i++) {
        any |= session->page.all[i].name[0] != '\0';
        if (session->page.all[i].name[0] && strcmp(session->page.all[i].door, "none") != 0 &&
            !session->page.all[i].aside)
            return false;
    }
    return any;
}

/* Where all doors stand aside, nothing is cut through. */
static void set_verdict(json_t *result, uint32_t word, bool aside)
{
    json_set_verdict(result,
                     door_word_kind(word) == DOOR_FORWARD && aside ? door_word(DOOR_PUNT, DOOR_PUNT_ASIDE, 0) : word);
}

static json_t *json_ways(const struct query_lookup *lookup, bool aside)
{
    json_t *ways = json_array();

    for (uint32_t i = 0; i < lookup->way_count && i < QUERY_WAYS_MAX; i++) {
        const struct query_way *way = &lookup->ways[i];
        json_t *one = json_pack("{s:o, s:o, s:I, s:f}", "next_hop", json_address(way->gateway), "interface",
                                json_text(way->egress), "weight", (json_int_t)way->weight, "share",
                                (double)way->buckets / DOOR_BUCKETS);
        set_verdict(one, way->word, aside);
        json_array_append_new(ways, one);
    }
    return ways;
}

/* Of several ways that of the first one that flows follow. */
static uint32_t word_of(const struct query_lookup *lookup)
{
    for (uint32_t i = 0; i < lookup->way_count && i < QUERY_WAYS_MAX; i++)
        if (lookup->ways[i].buckets)
            return lookup->ways[i].word;
    return lookup->word;
}

static json_t *lookup_result(uint32_t addr, const struct query_lookup *lookup, bool aside)
{
    json_t *result = lookup->found ? json_route(&lookup->route) : json_object();

    json_object_set_new(result, "address", json_address(addr));
    if (!lookup->found)
        json_object_set_new(result, "prefix", json_null());
    json_object_set_new(result, "candidates", json_integer(lookup->candidates));
    json_object_set_new(result, "next_hop", lookup->gateway ? json_address(lookup->gateway) : json_null());
    json_object_set_new(result, "interface", json_text(lookup->egress));
    json_object_set_new(result, "adjacency",
                        door_word_kind(lookup->word) != DOOR_FORWARD
                            ? json_null()
                            : json_pack("{s:o, s:o, s:i, s:i}", "mac", json_mac(lookup->adjacency.dst), "own_mac",
                                        json_mac(lookup->adjacency.src), "mtu", (int)lookup->adjacency.mtu, "ifindex",
                                        (int)lookup->adjacency.ifindex));
    if (lookup->way_count)
        json_object_set_new(result, "ways", json_ways(lookup, aside));
    set_verdict(result, word_of(lookup), aside);
    return result;
}

static int command_route(struct session *session, const json_t *id, const json_t *arguments)
{
    const char *text = json_string_value(json_object_get(arguments, "address"));
    struct query query = {.kind = QUERY_LOOKUP};
    struct text_error wrong_text;
    char line[128];

    if (!text)
        return session_fail(session, id, WIRE_BAD_REQUEST, "address: expected an address, as \"10.0.1.1\"");
    if (ipv4_addr_parse(text, strlen(text), &query.addr, &wrong_text)) {
        snprintf(line, sizeof(line), "address: '%.40s': character %zu: expected %s", text, wrong_text.at + 1,
                 wrong_text.expected);
        return session_fail(session, id, WIRE_BAD_REQUEST, line);
    }
    int code = session_ask(session, &query, sizeof(struct query_lookup));
    if (code)
        return session_fail(session, id, (enum wire_code)code, wire_meaning(code));
    return session_answer(session, id, WIRE_OK,
                          lookup_result(query.addr, query_records(&session->buffer), all_aside(session)));
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

static int command_reload(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_RELOAD};

    (void)arguments;
    int code = session_ask(session, &query, sizeof(struct query_text));
    if (code)
        return session_fail(session, id, (enum wire_code)code, wire_meaning(code));
    if (!session->buffer.answer.error)
        return session_answer(session, id, WIRE_OK, json_object());
    json_t *errors = json_array();
    const struct query_text *lines = query_records(&session->buffer);
    for (uint32_t i = 0; i < session->buffer.answer.count; i++)
        json_array_append_new(errors, json_string(lines[i].line));
    return session_fail_with(session, id, WIRE_REFUSED, "the configuration is wrong; the one in force stays",
                             json_pack("{s:o}", "errors", errors));
}

static int command_audit_begin(struct session *session, const json_t *id, const json_t *arguments)
{
    struct query query = {.kind = QUERY_AUDIT};

    (void)arguments;
    int code = session_ask(session, &query, 0);
    if (code)
        return session_fail(session, id, (enum wire_code)code, wire_meaning(code));
    return session_answer(session, id, WIRE_OK,
                          json_pack("{s:I}", "audits", (json_int_t)session->buffer.answer.generation));
}

const struct session_command session_commands[] = {
    {"version", {NULL}, false, command_version},
    {"ports", {NULL}, false, command_ports},
    {"counters", {NULL}, false, command_counters},
    {"audit", {NULL}, false, command_audit},
    {"audit-begin", {NULL}, true, command_audit_begin},
    {"queues", {NULL}, false, command_queues},
    {"contracts", {NULL}, false, command_contracts},
    {"probes", {NULL}, false, command_probes},
    {"reflectors", {NULL}, false, command_reflectors},
    {"sessions", {NULL}, false, command_sessions},
    {"routes", {"within"}, false, command_routes},
    {"neighbours", {NULL}, false, command_neighbours},
    {"leases", {"within", "mac", "name"}, false, command_leases},
    {"history", {"within", "at"}, false, command_history},
    {"pools", {NULL}, false, command_pools},
    {"reservations", {NULL}, false, command_reservations},
    {"dhcp", {NULL}, false, command_dhcp},
    {"route", {"address"}, false, command_route},
    {"trace", {"match", "verdict", "reason", "count"}, true, command_trace},
    {"watch", {"what"}, false, command_watch},
    {"lease-release", {"address"}, true, command_lease_release},
    {"lease-reserve", {"address", "mac"}, true, command_lease_reserve},
    {"lease-unreserve", {"address"}, true, command_lease_unreserve},
    {"lease-import", {"leases"}, true, command_lease_import},
    {"contract", {"name"}, false, command_contract},
    {"contract-check", {"name", "settings"}, false, command_contract_check},
    {"contract-add", {"name", "settings"}, true, command_contract_add},
    {"contract-remove", {"name"}, true, command_contract_remove},
    {"plan", {"within", "depth", "having", "bare"}, false, command_plan},
    {"plan-find", {"node", "at"}, false, command_plan_find},
    {"plan-announce", {"provider"}, false, command_plan_announce},
    {"plan-check", {NULL}, false, command_plan_check},
    {"plan-history", {"about", "operation", "limit"}, false, command_plan_history},
    {"plan-stage", {"key", "at", "nodes"}, true, command_plan_stage},
    {"plan-do", {"operations", "as"}, true, command_plan_do},
    {"reload", {NULL}, true, command_reload},
};
const unsigned session_command_count = ARRAY_SIZE(session_commands);
