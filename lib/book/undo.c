/* Undoing: what an operation changed, the other way round. */
#include "book/inside.h"

#include <errno.h>
#include <stdlib.h>

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

/* An operation's changes, the other way round. */
struct inverse {
    struct book *book;
    struct plan_change *changes; /* as many as it has steps */
    size_t count;
};

static int take_inverse(void *arg, const struct plan_stored_step *step)
{
    struct inverse *inverse = arg;
    struct plan_change *change = &inverse->changes[inverse->count++];

    *change = (struct plan_change){
        .was = step->change.is, .is = step->change.was, .before = step->change.after, .after = step->change.before};
    return plan_entry_copy(&change->before, &inverse->book->texts) &&
                   plan_entry_copy(&change->after, &inverse->book->texts)
               ? 0
               : -ENOMEM;
}

static int find_target(struct doing *doing, struct target *target)
{
    struct plan_store *store = doing->book->store;
    uint64_t wanted = doing->order->undoes;
    int error = wanted ? plan_store_get(store, wanted, take_target, target)
                       : plan_store_latest(store, target->holder, take_target, target);

    if (error)
        return book_refuse(doing->done, error, "the history cannot be read: %s", plan_store_why(store));
    if (!target->found && wanted)
        return book_refuse(doing->done, -ENOENT, "there is no operation %llu", (unsigned long long)wanted);
    if (!target->found)
        return book_refuse(doing->done, -ENOENT, "there is nothing to undo");
    if (target->undone)
        return book_refuse(doing->done, -EALREADY, "operation %llu is undone already, by operation %llu",
                           (unsigned long long)target->number, (unsigned long long)target->undone);
    if (target->expired)
        return book_refuse(doing->done, -EINVAL, "what has cooled off is free: it can be allocated again");
    if (!target->same_holder)
        return book_refuse(doing->done, -EACCES,
                           "operation %llu is another holder's: who acts as its holder can undo it",
                           (unsigned long long)target->number);
    return 0;
}

int book_undo(struct doing *doing)
{
    struct target target = {.holder = doing->by.holder};
    struct book *book = doing->book;

    int error = find_target(doing, &target);
    if (error)
        return error;
    struct inverse inverse = {book, calloc(target.steps ? target.steps : 1, sizeof(*inverse.changes)), 0};
    if (!inverse.changes)
        return book_refuse(doing->done, -ENOMEM, "no memory");
    error = plan_store_each_step(book->store, target.number, 0, take_inverse, &inverse);
    if (error)
        book_refuse(doing->done, error, "the history cannot be read");
    else
        error = plan_apply(book->plan, inverse.changes, inverse.count, &doing->by, &doing->refusal);
    doing->undoes = target.number;
    free(inverse.changes);
    arena_clear(&book->texts);
    return error;
}
