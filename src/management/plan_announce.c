/* What of the plan would be announced to whom. */
#include "plan/announce.h"

#include "management/commands.h"
#include "management/pages.h"
#include "net/ipv4_map.h"
#include "net/ipv4_special.h"

#include <errno.h>

#define ANNOUNCEMENTS_A_LINE 200

/* Those that are told, in their order. */
struct announcements {
    const struct plan_announcement *all;
    size_t count;
    struct ipv4_map by_prefix; /* the same */
};

/* All nodes. 0; -errno, or *code. */
static int collect(struct session *session, struct plan_announce *announce, struct announcements *result, int *code)
{
    struct plan_pages nodes;
    struct plan_entry entry;
    int error = plan_pages_open(&nodes) ? 0 : -ENOMEM;

    while (!error && plan_pages_next(session, &nodes, &entry, code))
        error = plan_announce_node(announce, &entry);
    plan_pages_close(&nodes);
    if (!error && !*code)
        error = plan_announce_end(announce, &result->all, &result->count);
    for (size_t i = 0; !error && i < result->count; i++)
        error = ipv4_map_put(&result->by_prefix, result->all[i].prefix, (void *)&result->all[i]);
    return error;
}

/* Whether what is in no more specific route is discarded, and does not go where the default route leads. */
static bool is_discarded(struct session *session, struct ipv4_prefix prefix, int *code)
{
    struct query query = {.kind = QUERY_ROUTES, .range.within = prefix};
    const struct query_answer *answer = &session->buffer.answer;
    bool discarded = false;

    if (!*code)
        *code = session_ask(session, &query, sizeof(struct query_route));
    const struct query_route *routes = query_records(&session->buffer);
    for (uint32_t i = 0; !*code && i < answer->count && ipv4_prefix_equal(routes[i].prefix, prefix); i++)
        discarded |= rib_type_discards(routes[i].path.type);
    return discarded;
}

/* The announcement that it is more specific than. */
static json_t *json_within(const struct announcements *all, struct ipv4_prefix prefix)
{
    const struct plan_announcement *around =
        prefix.len ? ipv4_map_cover(&all->by_prefix, prefix.addr, prefix.len - 1U, NULL) : NULL;

    return around
               ? json_pack("{s:o, s:o}", "provider", json_text(around->provider), "prefix", json_prefix(around->prefix))
               : json_null();
}

static json_t *json_announcement(struct session *session, const struct announcements *all,
                                 const struct plan_announcement *announcement, int *code)
{
    struct ipv4_prefix prefix = announcement->prefix;
    const struct ipv4_special *special = ipv4_special_find(prefix);
    bool global = special ? special->global : !ipv4_special_overlaps(prefix);

    return json_pack("{s:o, s:o, s:o, s:b, s:b}", "provider", json_text(announcement->provider), "prefix",
                     json_prefix(prefix), "within", json_within(all, prefix), "global", (int)global, "discarded",
                     (int)is_discarded(session, prefix, code));
}

/* In as many lines as there must be. */
static int tell(struct session *session, const json_t *id, const char *provider, const struct announcements *all)
{
    json_t *list = json_array();
    int error = 0, code = 0;

    for (size_t i = 0; !error && i < all->count; i++) {
        if (provider && strcmp(provider, all->all[i].provider) != 0)
            continue;
        json_array_append_new(list, json_announcement(session, all, &all->all[i], &code));
        if (code) {
            json_decref(list);
            return session_fail(session, id, (enum wire_code)code, wire_meaning(code));
        }
        if (json_array_size(list) < ANNOUNCEMENTS_A_LINE)
            continue;
        error = session_answer(session, id, WIRE_MORE, json_pack("{s:o}", "announcements", list));
        list = json_array();
    }
    if (!error)
        return session_answer(session, id, WIRE_OK, json_pack("{s:o}", "announcements", list));
    json_decref(list);
    return error;
}

int command_plan_announce(struct session *session, const json_t *id, const json_t *arguments)
{
    const json_t *provider = json_object_get(arguments, "provider");
    struct announcements all = {0};
    int code = 0, error;

    if (provider && !json_is_string(provider))
        return session_fail(session, id, WIRE_BAD_REQUEST, "provider: expected a string");
    struct plan_announce *announce = plan_announce_new();
    error = announce ? collect(session, announce, &all, &code) : -ENOMEM;
    if (code)
        error = session_fail(session, id, (enum wire_code)code, wire_meaning(code));
    else if (error)
        error = session_fail(session, id, WIRE_INTERNAL, strerror(-error));
    else
        error = tell(session, id, json_string_value(provider), &all);
    ipv4_map_clear(&all.by_prefix);
    plan_announce_free(announce);
    return error;
}
