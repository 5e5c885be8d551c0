#include "management/pages.h"

#include <stdlib.h>
#include <string.h>

bool pages_open(struct pages *pages, enum query_kind kind)
{
    *pages = (struct pages){.query.kind = kind, .buffer = calloc(1, sizeof(union query_buffer))};
    return pages->buffer;
}

void pages_close(struct pages *pages)
{
    free(pages->buffer);
    *pages = (struct pages){.ended = true};
}

bool pages_turn(struct session *session, struct pages *pages, size_t record_bytes, int *code)
{
    const struct query_answer *answer = &session->buffer.answer;

    if (pages->ended || *code)
        return false;
    *code = session_ask(session, &pages->query, record_bytes);
    if (!*code && answer->error)
        *code = WIRE_INTERNAL;
    if (*code)
        return false;
    memcpy(pages->buffer, &session->buffer, sizeof(*answer) + answer->count * record_bytes);
    pages->taken = 0;
    pages->ended = !answer->more;
    pages->query.range.started = true;
    pages->query.range.after = answer->last;
    return true;
}

bool plan_pages_open(struct plan_pages *nodes)
{
    *nodes = (struct plan_pages){.list = {.within.range = {0, UINT32_MAX}, .depth = UINT32_MAX, .bare = true}};
    return pages_open(&nodes->pages, QUERY_PLAN_LIST);
}

void plan_pages_close(struct plan_pages *nodes)
{
    pages_close(&nodes->pages);
}

bool plan_pages_next(struct session *session, struct plan_pages *nodes, struct plan_entry *entry, int *code)
{
    while (!query_plan_take_entry(&nodes->records, entry)) {
        query_plan_ask_list(&nodes->pages.query, &nodes->list);
        if (!pages_turn(session, &nodes->pages, 1, code))
            return false;
        nodes->records = query_plan_records(nodes->pages.buffer);
        nodes->list.started = true;
        nodes->list.behind = query_plan_behind(&nodes->pages.buffer->answer);
    }
    return true;
}
