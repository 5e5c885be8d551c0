/* Orders: each is looked for among those with keys, carried out, and stored. */
#include "book/inside.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* --- what has become of an order ---------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) int book_refuse(struct book_done *done, int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(done->why, sizeof(done->why), format, args);
    va_end(args);
    return done->error = error;
}

static int refuse_store(const struct book *book, struct book_done *done, int error)
{
    return book_refuse(done, error, "it cannot be stored: %s", book->why);
}

static void tell(struct book_done *done, const struct plan_change *first)
{
    done->is = first->is;
    done->node = first->is ? first->after : first->before;
}

/* Below which numbers keys need not be known. */
static uint64_t oldest_known(const struct book *book)
{
    return book->latest < BOOK_KEYS_MAX ? 0 : book->latest - BOOK_KEYS_MAX;
}

/* --- orders with keys --------------------------------------------------------------------------------------------- */

static uint64_t hash_order(const struct book_order *order, const char *holder)
{
    static const uint8_t everywhere_the_same[SIPHASH_KEY_SIZE];
    unsigned char bytes[BOOK_ORDER_BYTES_MAX + PACK_TEXT_MAX + 2];
    struct pack pack = {.at = bytes, .end = bytes + sizeof(bytes)};
    struct book_order same = *order;

    same.key = NULL;
    book_pack_order(&pack, &same);
    pack_text(&pack, holder);
    return siphash(everywhere_the_same, bytes, (size_t)(pack.at - bytes));
}

/* An operation that is compared with what is asked for. */
struct seen {
    const char *key;
    uint64_t request;
    bool same_key, same_request;
    uint32_t steps;
};

static int compare_key(void *arg, const struct plan_operation *operation)
{
    struct seen *seen = arg;

    seen->same_key = operation->key && strcmp(operation->key, seen->key) == 0;
    seen->same_request = operation->request == seen->request;
    seen->steps = operation->steps;
    return 0;
}

struct first_step {
    struct book *book;
    struct plan_change change;
};

static int take_first(void *arg, const struct plan_stored_step *step)
{
    struct first_step *first = arg;

    first->change = step->change;
    return plan_entry_copy(&first->change.before, &first->book->texts) &&
                   plan_entry_copy(&first->change.after, &first->book->texts)
               ? 1
               : -ENOMEM;
}

/* 1: it was carried out before, and is answered; 0: it was not; -errno. */
static int look_for_key(struct book *book, const struct book_order *order, uint64_t request, struct book_done *done)
{
    uint64_t at = 0, number;

    while ((number = book_keys_find(&book->keys, order->key, &at))) {
        struct seen seen = {.key = order->key, .request = request};
        struct first_step first = {.book = book};
        int error = plan_store_get(book->store, number, compare_key, &seen);
        if (error)
            return book_refuse(done, error, "its history cannot be read: %s", plan_store_why(book->store));
        if (!seen.same_key)
            continue;
        if (!seen.same_request)
            return book_refuse(done, -EEXIST, "key %s is that of another order: operation %llu", order->key,
                               (unsigned long long)number);
        if (seen.steps && (error = book_enough(plan_store_each_step(book->store, number, 0, take_first, &first))))
            return book_refuse(done, error, "its history cannot be read: %s", plan_store_why(book->store));
        tell(done, &first.change);
        done->repeated = true;
        done->operation = number;
        done->steps = seen.steps;
        return 1;
    }
    return 0;
}

/* --- carrying out ------------------------------------------------------------------------------------------------ */

/* The node that the order names. 0; -errno. */
static int find_node(struct doing *doing, uint32_t *node)
{
    const struct book_order *order = doing->order;
    const struct plan *plan = doing->book->plan;
    char range[IPV4_RANGE_TEXT_SIZE];

    *node = order->node ? plan_find_name(plan, order->node) : plan_find(plan, order->range);
    if (*node)
        return 0;
    if (order->node)
        return book_refuse(doing->done, -ENOENT, "there is no node '%.*s' in the plan", PLAN_NAME_MAX, order->node);
    ipv4_range_format(order->range, range);
    return book_refuse(doing->done, -ENOENT, "%s is not in the plan", range);
}

static int carry_out_on_node(struct doing *doing)
{
    const struct book_order *order = doing->order;
    struct plan *plan = doing->book->plan;
    struct plan_refusal *why = &doing->refusal;
    struct plan_entry entry;
    uint32_t node;

    int error = find_node(doing, &node);
    if (error)
        return error;
    plan_get(plan, node, &entry);
    switch (order->operation) {
    case BOOK_ALLOCATE: {
        const struct plan_request request = {.within = node,
                                             .len = order->len,
                                             .strategy = order->strategy,
                                             .keep_sibling = order->keep_sibling,
                                             .entry = order->entry};
        return plan_allocate(plan, &request, &doing->by, NULL, why);
    }
    case BOOK_SET:
        plan_entry_give(&entry, &order->entry, order->gives);
        return plan_set(plan, node, &entry, &doing->by, why);
    case BOOK_DELEGATE:
        entry.delegated = true;
        entry.owner = order->entry.owner ? order->entry.owner : entry.owner;
        return plan_set(plan, node, &entry, &doing->by, why);
    case BOOK_FREE:
        return plan_release(plan, node, order->all, order->cool_off_s, &doing->by, why);
    case BOOK_SPLIT:
        return plan_split(plan, node, order->len, &doing->by, why);
    case BOOK_MOVE:
        return plan_move(plan, node, order->to.first, &doing->by, why);
    default:
        return plan_resize(plan, node, order->to, &doing->by, why);
    }
}

static int merge(struct doing *doing)
{
    struct ipv4_prefix prefix;

    if (!ipv4_range_is_prefix(doing->order->range, &prefix))
        return book_refuse(doing->done, -EINVAL, "what comes of a merge is a block: expected ADDRESS/LENGTH");
    return plan_merge(doing->book->plan, prefix, &doing->by, NULL, &doing->refusal);
}

static int import(struct doing *doing)
{
    struct book *book = doing->book;
    struct book_staged *staged = book_stages_find(&book->stages, doing->order->key);

    if (!staged)
        return book_refuse(doing->done, -ENODATA, "what is to be imported has not come, or is not there any more");
    plan_wanted_settle(book->plan, staged->wanted, staged->count);
    int error = plan_import(book->plan, staged->wanted, staged->count, &doing->by, &doing->refusal);
    book_stages_drop(staged);
    return error;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static int carry_out(struct doing *doing)
{
    const struct book_order *order = doing->order;

    switch (order->operation) {
    case BOOK_ADD: {
        struct plan_entry entry = order->entry;
        entry.range = order->range;
        return plan_add(doing->book->plan, &entry, &doing->by, NULL, &doing->refusal);
    }
    case BOOK_MERGE:
        return merge(doing);
    case BOOK_IMPORT:
        return import(doing);
    case BOOK_UNDO:
        return book_undo(doing);
    default:
        return carry_out_on_node(doing);
    }
}

bool book_is_key(const char *key)
{
    size_t len = strnlen(key, BOOK_KEY_MAX + 1);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)key[i] <= ' ' || (unsigned char)key[i] >= 0x7f)
            return false;
    return len && len <= BOOK_KEY_MAX;
}

int book_do(struct book *book, const struct book_order *order, const struct book_by *by, struct book_done *done)
{
    struct doing doing = {.book = book, .order = order, .by = {.holder = by->holder, .now_s = by->now_s}, .done = done};
    uint64_t request = order->key ? hash_order(order, by->holder) : 0;
    struct plan_operation operation = {.at_s = by->now_s,
                                       .who = by->who,
                                       .holder = by->holder,
                                       .what = book_operation_name(order->operation),
                                       .key = order->key,
                                       .request = request};
    size_t count;

    *done = (struct book_done){0};
    arena_clear(&book->texts);
    if (order->key && !book_is_key(order->key))
        return book_refuse(done, -EINVAL, "a key has 1 to %d characters, and no spaces", BOOK_KEY_MAX);
    if (order->key && book_keys_reserve(&book->keys, oldest_known(book)))
        return book_refuse(done, -ENOMEM, "no memory");
    int error = book_begin(book);
    if (error)
        return refuse_store(book, done, error);
    int seen = order->key ? look_for_key(book, order, request, done) : 0;
    if (seen)
        return done->error;
    error = carry_out(&doing);
    if (error && !done->error) {
        plan_refusal_format(book->plan, &doing.refusal, done->why);
        done->error = error;
    }
    if (error)
        return error;
    const struct plan_change *changes = plan_changes(book->plan, &count);
    if (!count) /* an import of what is there already */
        return 0;
    operation.undoes = doing.undoes;
    if ((error = book_put(book, &operation)))
        return refuse_store(book, done, error);
    tell(done, changes);
    done->operation = operation.number;
    done->steps = operation.steps;
    return 0;
}
