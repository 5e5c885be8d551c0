#include "book/book.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "book/keys.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct book {
    struct plan *plan;
    struct plan_store *store;
    struct book_keys keys;
    uint8_t hash_key[SIPHASH_KEY_SIZE];
    bool open;          /* a transaction */
    int failed;         /* -errno: what is open cannot be stored */
    uint64_t latest;    /* number of an operation that was put */
    uint64_t committed; /* of one that is stored */
    struct arena texts; /* of what was read */
    struct plan_change *read;
    size_t read_count;
    char why[128];
};

/* --- out of the store --------------------------------------------------------------------------------------------- */

static int load_node(void *arg, const struct plan_entry *entry)
{
    const struct plan_change change = {.is = true, .after = *entry};
    const struct plan_by by = {.everywhere = true};
    struct plan_refusal refusal;
    struct book *book = arg;
    char why[PLAN_REFUSAL_SIZE];
    int error = plan_apply(book->plan, &change, 1, &by, &refusal);

    if (!error || error == -ENOMEM)
        return error;
    plan_refusal_format(book->plan, &refusal, why);
    snprintf(book->why, sizeof(book->why), "it is no plan: %.100s", why);
    return -EUCLEAN;
}

/* The plan as it is stored, in place of the one that is there. */
static int load(struct book *book)
{
    book->plan = plan_free(book->plan);
    book->plan = plan_new(book->hash_key);
    snprintf(book->why, sizeof(book->why), "out of memory");
    if (!book->plan)
        return -ENOMEM;
    int error = plan_store_each_node(book->store, load_node, book);
    if (error && error != -EUCLEAN && error != -ENOMEM)
        snprintf(book->why, sizeof(book->why), "%s", plan_store_why(book->store));
    return error;
}

/* Below which numbers keys need not be known. */
static uint64_t oldest_known(const struct book *book)
{
    return book->latest < BOOK_KEYS_MAX ? 0 : book->latest - BOOK_KEYS_MAX;
}

static int load_key(void *arg, const struct plan_operation *operation)
{
    struct book *book = arg;
    int error = book_keys_reserve(&book->keys, 0);

    if (!error)
        book_keys_add(&book->keys, operation->key, operation->number);
    return error;
}

static int note_number(void *arg, const struct plan_operation *operation)
{
    uint64_t *number = arg;

    *number = operation->number;
    return 1;
}

/* Of what `each` returned, what is no error: that it has had enough. */
static int enough(int rc)
{
    return rc > 0 ? 0 : rc;
}

int book_open(const char *path, const uint8_t hash_key[SIPHASH_KEY_SIZE], struct book **result, const char **why)
{
    struct book *book = calloc(1, sizeof(*book));

    *result = book;
    *why = "out of memory";
    if (!book)
        return -ENOMEM;
    memcpy(book->hash_key, hash_key, sizeof(book->hash_key));
    int error = book_keys_open(&book->keys, hash_key);
    if (!error)
        error = plan_store_open(path, &book->store, why);
    if (error)
        return error;
    error = load(book);
    if (!error)
        error = enough(plan_store_each_operation(book->store, 0, note_number, &book->latest));
    if (!error)
        error = plan_store_each_key(book->store, BOOK_KEYS_MAX, load_key, book);
    book->committed = book->latest;
    *why = book->why;
    return error;
}

struct book *book_close(struct book *book)
{
    if (book) {
        plan_store_close(book->store);
        plan_free(book->plan);
        book_keys_close(&book->keys);
        arena_clear(&book->texts);
        free(book->read);
        free(book);
    }
    return NULL;
}

const struct plan *book_plan(const struct book *book)
{
    return book->plan;
}

struct plan_store *book_store(struct book *book)
{
    return book->store;
}

uint64_t book_latest(const struct book *book)
{
    return book->latest;
}

/* --- transactions ------------------------------------------------------------------------------------------------- */

bool book_is_open(const struct book *book)
{
    return book->open;
}

const char *book_why(const struct book *book)
{
    return book->why;
}

/* What is open cannot be stored. Returns why. */
static int fail(struct book *book, int error)
{
    snprintf(book->why, sizeof(book->why), "%s", plan_store_why(book->store));
    return book->failed = error;
}

static int begin(struct book *book)
{
    if (book->failed || book->open)
        return book->failed;
    int error = plan_store_begin(book->store);
    book->open = !error;
    if (error)
        snprintf(book->why, sizeof(book->why), "%s", plan_store_why(book->store));
    return error;
}

int book_revert(struct book *book)
{
    char why[sizeof(book->why)];

    memcpy(why, book->why, sizeof(why));
    plan_store_rollback(book->store);
    book->open = false;
    book->failed = 0;
    book->latest = book->committed;
    if (load(book))
        return -ENOTRECOVERABLE;
    memcpy(book->why, why, sizeof(why));
    return 0;
}

int book_commit(struct book *book)
{
    if (!book->open)
        return 0;
    int error = book->failed ? book->failed : plan_store_commit(book->store);
    if (!error) {
        book->open = false;
        book->committed = book->latest;
        return 0;
    }
    if (!book->failed)
        fail(book, error);
    return book_revert(book) ? -ENOTRECOVERABLE : error;
}

/* --- what has become of an order ---------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static int refuse(struct book_done *done, int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(done->why, sizeof(done->why), format, args);
    va_end(args);
    return done->error = error;
}

static int refuse_store(const struct book *book, struct book_done *done, int error)
{
    return refuse(done, error, "it cannot be stored: %s", book->why);
}

static void tell(struct book_done *done, const struct plan_change *first)
{
    done->is = first->is;
    done->node = first->is ? first->after : first->before;
}

static const char *copy_text(struct book *book, const char *text, bool *failed)
{
    char *copy = text ? arena_text(&book->texts, text, strlen(text)) : NULL;

    *failed |= text && !copy;
    return copy;
}

/* False: there is no memory. */
static bool copy_entry(struct book *book, struct plan_entry *entry)
{
    bool failed = false;

    entry->name = copy_text(book, entry->name, &failed);
    entry->owner = copy_text(book, entry->owner, &failed);
    entry->provider = copy_text(book, entry->provider, &failed);
    entry->contract = copy_text(book, entry->contract, &failed);
    entry->note = copy_text(book, entry->note, &failed);
    return !failed;
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
    return copy_entry(first->book, &first->change.before) && copy_entry(first->book, &first->change.after) ? 1
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
            return refuse(done, error, "its history cannot be read: %s", plan_store_why(book->store));
        if (!seen.same_key)
            continue;
        if (!seen.same_request)
            return refuse(done, -EEXIST, "key %s is that of another order: operation %llu", order->key,
                          (unsigned long long)number);
        if (seen.steps && (error = enough(plan_store_each_step(book->store, number, 0, take_first, &first))))
            return refuse(done, error, "its history cannot be read: %s", plan_store_why(book->store));
        tell(done, &first.change);
        done->repeated = true;
        done->operation = number;
        done->steps = seen.steps;
        return 1;
    }
    return 0;
}

/* --- carrying out ------------------------------------------------------------------------------------------------- */

/* An order that is being carried out. */
struct doing {
    struct book *book;
    const struct book_order *order;
    struct plan_by by;
    struct book_done *done;
    struct plan_refusal refusal;
    uint64_t undoes;
};

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
        return refuse(doing->done, -ENOENT, "there is no node '%.*s' in the plan", PLAN_NAME_MAX, order->node);
    ipv4_range_format(order->range, range);
    return refuse(doing->done, -ENOENT, "%s is not in the plan", range);
}

/* What the order says of a node. */
static void set_entry(struct plan_entry *entry, const struct book_order *order)
{
    const struct plan_entry *to = &order->entry;

    if (order->gives & BOOK_GIVES_KIND)
        entry->kind = to->kind;
    if (order->gives & BOOK_GIVES_STATUS)
        entry->status = to->status;
    if (order->gives & BOOK_GIVES_DELEGATED)
        entry->delegated = to->delegated;
    if (order->gives & BOOK_GIVES_NAME)
        entry->name = to->name;
    if (order->gives & BOOK_GIVES_OWNER)
        entry->owner = to->owner;
    if (order->gives & BOOK_GIVES_PROVIDER)
        entry->provider = to->provider;
    if (order->gives & BOOK_GIVES_CONTRACT)
        entry->contract = to->contract;
    if (order->gives & BOOK_GIVES_NOTE)
        entry->note = to->note;
    if (order->gives & BOOK_GIVES_UNTIL)
        entry->until_s = to->until_s;
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
        set_entry(&entry, order);
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
        return refuse(doing->done, -EINVAL, "what comes of a merge is a block: expected ADDRESS/LENGTH");
    return plan_merge(doing->book->plan, prefix, &doing->by, NULL, &doing->refusal);
}

/* --- undoing ------------------------------------------------------------------------------------------------------ */

/* The operation that is to be undone. */
struct target {
    const char *holder;
    uint64_t number, undone;
    uint32_t steps;
    bool found, same_holder, expired;
};

static int take_target(void *arg, const struct plan_operation *operation)
{
    struct target *target = arg;

    target->found = true;
    target->number = operation->number;
    target->undone = operation->undone;
    target->steps = operation->steps;
    target->expired = strcmp(operation->what, book_operation_name(BOOK_EXPIRE)) == 0;
    target->same_holder =
        operation->holder ? target->holder && strcmp(operation->holder, target->holder) == 0 : !target->holder;
    return 0;
}

/* One step the other way round. */
static int take_inverse(void *arg, const struct plan_stored_step *step)
{
    struct book *book = arg;
    struct plan_change *change = &book->read[book->read_count++];

    *change = (struct plan_change){
        .was = step->change.is, .is = step->change.was, .before = step->change.after, .after = step->change.before};
    return copy_entry(book, &change->before) && copy_entry(book, &change->after) ? 0 : -ENOMEM;
}

static int find_target(struct doing *doing, struct target *target)
{
    struct plan_store *store = doing->book->store;
    uint64_t wanted = doing->order->undoes;
    int error = wanted ? plan_store_get(store, wanted, take_target, target)
                       : plan_store_latest(store, target->holder, take_target, target);

    if (error)
        return refuse(doing->done, error, "the history cannot be read: %s", plan_store_why(store));
    if (!target->found && wanted)
        return refuse(doing->done, -ENOENT, "there is no operation %llu", (unsigned long long)wanted);
    if (!target->found)
        return refuse(doing->done, -ENOENT, "there is nothing to undo");
    if (target->undone)
        return refuse(doing->done, -EALREADY, "operation %llu is undone already, by operation %llu",
                      (unsigned long long)target->number, (unsigned long long)target->undone);
    if (target->expired)
        return refuse(doing->done, -EINVAL, "what has cooled off is free: it can be allocated again");
    if (!target->same_holder)
        return refuse(doing->done, -EACCES, "operation %llu is another holder's: who acts as its holder can undo it",
                      (unsigned long long)target->number);
    return 0;
}

static int undo(struct doing *doing)
{
    struct target target = {.holder = doing->by.holder};
    struct book *book = doing->book;

    int error = find_target(doing, &target);
    if (error)
        return error;
    free(book->read);
    book->read_count = 0;
    book->read = calloc(target.steps ? target.steps : 1, sizeof(*book->read));
    if (!book->read)
        return refuse(doing->done, -ENOMEM, "no memory");
    error = plan_store_each_step(book->store, target.number, 0, take_inverse, book);
    if (error)
        return refuse(doing->done, error, "the history cannot be read");
    doing->undoes = target.number;
    error = plan_apply(book->plan, book->read, book->read_count, &doing->by, &doing->refusal);
    free(book->read);
    book->read = NULL;
    arena_clear(&book->texts);
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
    case BOOK_UNDO:
        return undo(doing);
    default:
        return carry_out_on_node(doing);
    }
}

/* Store what the plan has just done. */
static int put(struct book *book, struct plan_operation *operation)
{
    size_t count;
    const struct plan_change *changes = plan_changes(book->plan, &count);

    operation->steps = (uint32_t)count;
    int error = plan_store_put(book->store, operation, changes);
    if (error)
        return fail(book, error);
    book->latest = operation->number;
    if (operation->key)
        book_keys_add(&book->keys, operation->key, operation->number);
    return 0;
}

static bool is_key(const char *key)
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
    if (order->key && !is_key(order->key))
        return refuse(done, -EINVAL, "a key has 1 to %d characters, and no spaces", BOOK_KEY_MAX);
    if (order->key && book_keys_reserve(&book->keys, oldest_known(book)))
        return refuse(done, -ENOMEM, "no memory");
    int error = begin(book);
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
    operation.undoes = doing.undoes;
    if ((error = put(book, &operation)))
        return refuse_store(book, done, error);
    tell(done, plan_changes(book->plan, &count));
    done->operation = operation.number;
    done->steps = operation.steps;
    return 0;
}

int book_expire(struct book *book, uint32_t now_s)
{
    struct plan_operation operation = {.at_s = now_s, .who = "clock", .what = book_operation_name(BOOK_EXPIRE)};
    const struct plan_by by = {.now_s = now_s};
    size_t count;

    if (plan_next_s(book->plan) > now_s)
        return 0;
    int error = begin(book);
    if (!error)
        error = plan_tick(book->plan, &by, NULL);
    if (error)
        return error;
    plan_changes(book->plan, &count);
    return count ? put(book, &operation) : 0;
}

uint32_t book_expires_s(const struct book *book)
{
    return plan_next_s(book->plan);
}
