#include "query/plan.h"

/* --- questions ---------------------------------------------------------------------------------------------------- */

/* Room behind what is there. */
static struct pack behind_text(struct query *query)
{
    unsigned char *text = (unsigned char *)query->text;

    return (struct pack){.at = text + query->text_bytes, .end = text + QUERY_TEXT_SIZE};
}

static struct pack begin_question(struct query *query, enum query_kind kind)
{
    query->kind = kind;
    query->text_bytes = 0;
    return behind_text(query);
}

static bool end_question(struct query *query, const struct pack *pack)
{
    if (!pack->full)
        query->text_bytes = (uint32_t)(pack->at - (unsigned char *)query->text);
    return !pack->full;
}

static struct unpack question(const struct query *query)
{
    const unsigned char *text = (const unsigned char *)query->text;

    return (struct unpack){.at = text, .end = text + query->text_bytes};
}

void query_plan_ask_do(struct query *query, const char *who, const char *holder)
{
    struct pack pack = begin_question(query, QUERY_PLAN_DO);
    pack_text(&pack, who);
    pack_text(&pack, holder);
    end_question(query, &pack);
}

bool query_plan_add_order(struct query *query, const struct book_order *order)
{
    struct pack pack = behind_text(query);

    book_pack_order(&pack, order);
    return end_question(query, &pack);
}

bool query_plan_read_do(const struct query *query, struct query_plan_orders *orders)
{
    orders->rest = question(query);
    orders->who = unpack_text(&orders->rest);
    orders->holder = unpack_text(&orders->rest);
    return orders->who && !orders->rest.wrong;
}

bool query_plan_next_order(struct query_plan_orders *orders, struct book_order *order, bool *wrong)
{
    *wrong = false;
    if (orders->rest.at == orders->rest.end)
        return false;
    *wrong = !book_unpack_order(&orders->rest, order);
    return !*wrong;
}

void query_plan_ask_stage(struct query *query, const char *key, uint32_t at)
{
    struct pack pack = begin_question(query, QUERY_PLAN_STAGE);
    pack_text(&pack, key);
    pack_u32(&pack, at);
    end_question(query, &pack);
}

bool query_plan_add_wanted(struct query *query, const struct plan_wanted *wanted)
{
    struct pack pack = behind_text(query);

    pack_u32(&pack, wanted->gives);
    book_pack_entry(&pack, &wanted->entry);
    return end_question(query, &pack);
}

bool query_plan_read_stage(const struct query *query, struct query_plan_staged *staged)
{
    staged->rest = question(query);
    staged->key = unpack_text(&staged->rest);
    staged->at = unpack_u32(&staged->rest);
    return !staged->rest.wrong;
}

bool query_plan_next_wanted(struct query_plan_staged *staged, struct plan_wanted *wanted, bool *wrong)
{
    *wrong = false;
    if (staged->rest.at == staged->rest.end)
        return false;
    wanted->gives = unpack_u32(&staged->rest);
    book_unpack_entry(&staged->rest, &wanted->entry);
    *wrong = staged->rest.wrong;
    return !*wrong;
}

void query_plan_ask_list(struct query *query, const struct query_plan_list *list)
{
    struct pack pack = begin_question(query, QUERY_PLAN_LIST);
    pack_text(&pack, list->within.name);
    book_pack_range(&pack, list->within.range);
    pack_u32(&pack, list->depth);
    pack_text(&pack, list->having);
    pack_u8(&pack, list->started);
    book_pack_range(&pack, list->behind);
    pack_u8(&pack, list->bare);
    end_question(query, &pack);
}

bool query_plan_read_list(const struct query *query, struct query_plan_list *list)
{
    struct unpack unpack = question(query);

    list->within.name = unpack_text(&unpack);
    list->within.range = book_unpack_range(&unpack);
    list->depth = unpack_u32(&unpack);
    list->having = unpack_text(&unpack);
    list->started = unpack_u8(&unpack);
    list->behind = book_unpack_range(&unpack);
    list->bare = unpack_u8(&unpack);
    return !unpack.wrong;
}

void query_plan_ask_find(struct query *query, const struct query_plan_place *place)
{
    struct pack pack = begin_question(query, QUERY_PLAN_FIND);
    pack_text(&pack, place->name);
    book_pack_range(&pack, place->range);
    end_question(query, &pack);
}

bool query_plan_read_find(const struct query *query, struct query_plan_place *place)
{
    struct unpack unpack = question(query);

    place->name = unpack_text(&unpack);
    place->range = book_unpack_range(&unpack);
    return !unpack.wrong;
}

void query_plan_ask_operations(struct query *query, uint64_t below)
{
    struct pack pack = begin_question(query, QUERY_PLAN_OPERATIONS);
    pack_u64(&pack, below);
    end_question(query, &pack);
}

bool query_plan_read_operations(const struct query *query, uint64_t *below)
{
    struct unpack unpack = question(query);

    *below = unpack_u64(&unpack);
    return !unpack.wrong;
}

void query_plan_ask_steps(struct query *query, const struct query_plan_steps *steps)
{
    struct pack pack = begin_question(query, QUERY_PLAN_STEPS);
    pack_u64(&pack, steps->operation);
    pack_u32(&pack, steps->from);
    book_pack_range(&pack, steps->about);
    pack_u64(&pack, steps->below.operation);
    pack_u32(&pack, steps->below.step);
    end_question(query, &pack);
}

bool query_plan_read_steps(const struct query *query, struct query_plan_steps *steps)
{
    struct unpack unpack = question(query);

    steps->operation = unpack_u64(&unpack);
    steps->from = unpack_u32(&unpack);
    steps->about = book_unpack_range(&unpack);
    steps->below.operation = unpack_u64(&unpack);
    steps->below.step = unpack_u32(&unpack);
    return !unpack.wrong;
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

struct pack query_plan_begin(union query_buffer *buffer)
{
    return (struct pack){.at = query_records(buffer), .end = buffer->bytes + sizeof(buffer->bytes)};
}

void query_plan_end(union query_buffer *buffer, const struct pack *pack)
{
    buffer->answer.count = (uint32_t)(pack->at - (unsigned char *)query_records(buffer));
}

struct unpack query_plan_records(union query_buffer *buffer)
{
    const unsigned char *records = query_records(buffer);

    return (struct unpack){.at = records, .end = records + buffer->answer.count};
}

/* What has been written since `begin` stays, if it is whole. */
static bool keep_if_whole(struct pack *pack, unsigned char *begin)
{
    bool whole = !pack->full;

    if (!whole)
        *pack = (struct pack){.at = begin, .end = pack->end};
    return whole;
}

bool query_plan_put_done(struct pack *pack, const struct book_done *done)
{
    unsigned char *begin = pack->at;

    pack_u32(pack, (uint32_t)-done->error);
    pack_text(pack, done->error ? done->why : NULL);
    pack_u64(pack, done->operation);
    pack_u32(pack, done->steps);
    pack_u8(pack, (uint8_t)(done->repeated | done->is << 1));
    if (!done->error)
        book_pack_entry(pack, &done->node);
    return keep_if_whole(pack, begin);
}

bool query_plan_take_done(struct unpack *unpack, struct book_done *done)
{
    if (unpack->at == unpack->end)
        return false;
    done->error = -(int)unpack_u32(unpack);
    const char *why = unpack_text(unpack);
    done->why[0] = '\0';
    if (why)
        strncat(done->why, why, sizeof(done->why) - 1);
    done->operation = unpack_u64(unpack);
    done->steps = unpack_u32(unpack);
    uint8_t flags = unpack_u8(unpack);
    done->repeated = flags & 1;
    done->is = flags & 2;
    if (!done->error)
        book_unpack_entry(unpack, &done->node);
    return !unpack->wrong;
}

static void pack_usage(struct pack *pack, const struct plan_usage *usage)
{
    const uint64_t counts[] = {usage->addresses,   usage->used,  usage->reserved,
                               usage->quarantined, usage->edges, usage->free};
    uint8_t lengths = 0;

    pack_bytes(pack, counts, sizeof(counts));
    pack_u32(pack, usage->nodes);
    pack_u8(pack, usage->largest);
    for (unsigned len = 0; len <= 32; len++)
        lengths += usage->free_blocks[len] != 0;
    pack_u8(pack, lengths);
    for (unsigned len = 0; len <= 32; len++) {
        if (!usage->free_blocks[len])
            continue;
        pack_u8(pack, (uint8_t)len);
        pack_u32(pack, usage->free_blocks[len]);
    }
}

static void unpack_usage(struct unpack *unpack, struct plan_usage *usage)
{
    uint64_t counts[6];

    unpack_bytes(unpack, counts, sizeof(counts));
    *usage = (struct plan_usage){.addresses = counts[0],
                                 .used = counts[1],
                                 .reserved = counts[2],
                                 .quarantined = counts[3],
                                 .edges = counts[4],
                                 .free = counts[5]};
    usage->nodes = unpack_u32(unpack);
    usage->largest = unpack_u8(unpack);
    for (unsigned lengths = unpack_u8(unpack); lengths > 0 && !unpack->wrong; lengths--) {
        uint8_t len = unpack_u8(unpack);
        uint32_t count = unpack_u32(unpack);
        if (len <= 32)
            usage->free_blocks[len] = count;
    }
}

bool query_plan_put_node(struct pack *pack, const struct query_plan_node *node)
{
    unsigned char *begin = pack->at;

    book_pack_entry(pack, &node->entry);
    pack_u32(pack, node->depth);
    pack_usage(pack, &node->usage);
    return keep_if_whole(pack, begin);
}

bool query_plan_take_node(struct unpack *unpack, struct query_plan_node *node)
{
    if (unpack->at == unpack->end)
        return false;
    book_unpack_entry(unpack, &node->entry);
    node->depth = unpack_u32(unpack);
    unpack_usage(unpack, &node->usage);
    return !unpack->wrong;
}

bool query_plan_put_entry(struct pack *pack, const struct plan_entry *entry)
{
    unsigned char *begin = pack->at;

    book_pack_entry(pack, entry);
    return keep_if_whole(pack, begin);
}

bool query_plan_take_entry(struct unpack *unpack, struct plan_entry *entry)
{
    if (unpack->at == unpack->end)
        return false;
    book_unpack_entry(unpack, entry);
    return !unpack->wrong;
}

bool query_plan_put_step(struct pack *pack, const struct plan_stored_step *step)
{
    const struct plan_operation *operation = &step->operation;
    unsigned char *begin = pack->at;

    pack_u64(pack, operation->number);
    pack_u32(pack, operation->at_s);
    pack_text(pack, operation->who);
    pack_text(pack, operation->holder);
    pack_text(pack, operation->what);
    pack_u32(pack, operation->steps);
    pack_u64(pack, operation->undoes);
    pack_u64(pack, operation->undone);
    pack_text(pack, operation->key);
    pack_u32(pack, step->number);
    pack_u8(pack, (uint8_t)(step->change.was | step->change.is << 1));
    if (step->change.was)
        book_pack_entry(pack, &step->change.before);
    if (step->change.is)
        book_pack_entry(pack, &step->change.after);
    return keep_if_whole(pack, begin);
}

bool query_plan_take_step(struct unpack *unpack, struct plan_stored_step *step)
{
    if (unpack->at == unpack->end)
        return false;
    *step = (struct plan_stored_step){0};
    step->operation.number = unpack_u64(unpack);
    step->operation.at_s = unpack_u32(unpack);
    step->operation.who = unpack_text(unpack);
    step->operation.holder = unpack_text(unpack);
    step->operation.what = unpack_text(unpack);
    step->operation.steps = unpack_u32(unpack);
    step->operation.undoes = unpack_u64(unpack);
    step->operation.undone = unpack_u64(unpack);
    step->operation.key = unpack_text(unpack);
    step->number = unpack_u32(unpack);
    uint8_t flags = unpack_u8(unpack);
    step->change.was = flags & 1;
    step->change.is = flags & 2;
    if (step->change.was)
        book_unpack_entry(unpack, &step->change.before);
    if (step->change.is)
        book_unpack_entry(unpack, &step->change.after);
    return !unpack->wrong;
}
