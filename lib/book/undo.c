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

/* One step the other way round. */
static int take_inverse(void *arg, const struct plan_stored_step *step)
{
    struct book *book = arg;
    struct plan_change *change = &book->read[book->read_count++];

    *change = (struct plan_change){
        .was = step->change.is, .is = step->change.was, .before = step->change.after, .after = step->change.before};
    return book_copy_entry(book, &change->before) && book_copy_entry(book, &change->after) ? 0 : -ENOMEM;
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
    free(book->read);
    book->read_count = 0;
    book->read = calloc(target.steps ? target.steps : 1, sizeof(*book->read));
    if (!book->read)
        return book_refuse(doing->done, -ENOMEM, "no memory");
    error = plan_store_each_step(book->store, target.number, 0, take_inverse, book);
    if (error)
        return book_refuse(doing->done, error, "the history cannot be read");
    doing->undoes = target.number;
    error = plan_apply(book->plan, book->read, book->read_count, &doing->by, &doing->refusal);
    free(book->read);
    book->read = NULL;
    arena_clear(&book->texts);
    return error;
}
