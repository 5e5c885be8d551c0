/* The loop: orders and questions, and what has cooled off. */
#include "planner/planner.h"

#include "base/clock.h"
#include "log/log.h"
#include "planner/looks.h"
#include "role/role.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define TURN_MS          1000 /* how often the clock is looked at when nothing happens */
#define RETRY_S          10   /* after what has cooled off could not be stored */
#define CHECKPOINT_PAGES 8192 /* of the database's log, after a commit; in quiet moments any */
#define ORDERS_MAX       512  /* in one answer */
#define STAGED_AT_ONCE   256
#define WAITING_MAX      64 /* who waits for a commit, before it is made within a turn */

/* Who waits for the answer to his orders, which stands in the answers from `at` on. */
struct waiting {
    struct query_asker *asker;
    uint32_t at, bytes, orders;
};

struct planner {
    struct role loop;
    struct book *book;
    struct waiting waiting[WAITING_MAX];
    unsigned waiting_count;
    unsigned char *answers; /* WAITING_MAX of QUERY_ANSWER_BYTES */
    uint32_t answer_bytes;
    uint32_t retry_s; /* not before */
    bool failing;     /* the last commit has failed */
    int error;        /* the plan is lost: it has to be read anew, by another process */
};

static uint32_t now_s(void)
{
    int64_t now = clock_real_ns() / 1000000000;

    return now < 0 ? 0 : now > UINT32_MAX - 1 ? UINT32_MAX - 1 : (uint32_t)now;
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static void note_outcome(struct planner *planner, int error)
{
    if (error && !planner->failing)
        log_error("the address plan cannot be stored; nothing of it is changed: %s", book_why(planner->book));
    if (!error && planner->failing)
        log_info("the address plan is stored again");
    planner->failing = error;
    if (error != -ENOTRECOVERABLE)
        return;
    log_error("nor can it be read again: %s", book_why(planner->book));
    planner->error = error;
    planner->loop.stop = true;
}

/* Store what has been carried out, and answer. */
static void commit(struct planner *planner)
{
    bool any = book_is_open(planner->book);
    int error = book_commit(planner->book);

    if (any)
        note_outcome(planner, error);
    for (unsigned i = 0; i < planner->waiting_count; i++) {
        const struct waiting *waiting = &planner->waiting[i];
        union query_buffer *buffer = query_service_buffer(planner->loop.service);
        struct pack pack = query_plan_begin(buffer);
        if (error)
            pack_text(&pack, book_why(planner->book));
        else
            pack_bytes(&pack, planner->answers + waiting->at, waiting->bytes);
        query_plan_end(buffer, &pack);
        buffer->answer.error = error;
        buffer->answer.generation = waiting->orders;
        query_service_answer_to(planner->loop.service, waiting->asker, 1);
    }
    planner->waiting_count = 0;
    planner->answer_bytes = 0;
    if (!error && any && plan_store_checkpoint(book_store(planner->book), CHECKPOINT_PAGES))
        log_warning("the address plan's log could not be written back: %s", plan_store_why(book_store(planner->book)));
}

/* A role's `turned`. */
static void turned(void *arg)
{
    commit(arg);
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

static void carry_out(struct planner *planner, const struct query *query, union query_buffer *buffer,
                      struct query_made *made)
{
    struct query_plan_orders orders;
    struct book_order order;
    struct book_done done;
    bool wrong = false;

    if (!query_plan_read_do(query, &orders)) {
        buffer->answer.error = -EINVAL;
        return;
    }
    if (planner->waiting_count == WAITING_MAX)
        commit(planner);
    struct waiting *waiting = &planner->waiting[planner->waiting_count];
    *waiting = (struct waiting){.asker = query_service_asker(planner->loop.service), .at = planner->answer_bytes};
    unsigned char *begin = planner->answers + waiting->at;
    const size_t room = QUERY_ANSWER_BYTES - sizeof(struct query_answer);
    struct pack pack = {.at = begin, .end = begin + room};
    const struct book_by by = {.who = orders.who, .holder = orders.holder, .now_s = now_s()};
    /* As many as certainly have room. */
    while (waiting->orders < ORDERS_MAX && (size_t)(pack.end - pack.at) > BOOK_ORDER_BYTES_MAX &&
           query_plan_next_order(&orders, &order, &wrong)) {
        book_do(planner->book, &order, &by, &done);
        query_plan_put_done(&pack, &done);
        waiting->orders++;
    }
    if (!waiting->orders) {
        buffer->answer.error = -EINVAL;
        return;
    }
    waiting->bytes = (uint32_t)(pack.at - begin);
    planner->answer_bytes += waiting->bytes;
    planner->waiting_count++;
    made->later = true;
}

/* Nodes that are to be imported later. */
static void stage(struct planner *planner, const struct query *query, union query_buffer *buffer)
{
    struct plan_wanted wanted[STAGED_AT_ONCE];
    struct query_plan_staged staged;
    bool wrong = true;
    int error = query_plan_read_stage(query, &staged) ? 0 : -EINVAL;
    size_t count;

    do {
        for (count = 0; !error && count < STAGED_AT_ONCE && query_plan_next_wanted(&staged, &wanted[count], &wrong);)
            count++;
        if (!error)
            error = wrong ? -EINVAL : book_stage(planner->book, staged.key, staged.at, wanted, count);
        staged.at += (uint32_t)count;
    } while (!error && count == STAGED_AT_ONCE);
    buffer->answer.error = error;
    buffer->answer.generation = staged.at;
}

/* A query_service_config's `answer`. */
static void answer(void *arg, const struct query *query, union query_buffer *buffer, struct query_made *made)
{
    struct planner *planner = arg;

    made->record_bytes = 1;
    if (query->kind == QUERY_PLAN_DO) {
        carry_out(planner, query, buffer, made);
        return;
    }
    if (query->kind == QUERY_PLAN_STAGE) {
        stage(planner, query, buffer);
        return;
    }
    if (planner->waiting_count) { /* nobody hears of what is not stored */
        commit(planner);
        buffer->answer = (struct query_answer){0};
    }
    if (query->kind == QUERY_PLAN_LIST)
        looks_list(book_plan(planner->book), query, buffer);
    else if (query->kind == QUERY_PLAN_FIND)
        looks_find(planner->book, query, buffer);
    else if (query->kind == QUERY_PLAN_OPERATIONS)
        looks_operations(book_store(planner->book), query, buffer);
    else if (query->kind == QUERY_PLAN_STEPS)
        looks_steps(book_store(planner->book), query, buffer);
    else if (query->kind != QUERY_HELLO)
        buffer->answer.error = -EOPNOTSUPP;
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

static int open_planner(struct planner *planner, const struct planner_config *config)
{
    uint8_t hash_key[SIPHASH_KEY_SIZE];
    const char *why = "no random numbers";
    int error = getrandom(hash_key, sizeof(hash_key), 0) == (ssize_t)sizeof(hash_key) ? 0 : -EIO;
    int64_t began_ms = clock_now_ms();

    if (!error)
        error = book_open(config->book_path, hash_key, &planner->book, &why);
    if (error) {
        log_error("%s: %s", config->book_path, why);
        return error;
    }
    config->drop_privileges();
    planner->answers = malloc((size_t)WAITING_MAX * QUERY_ANSWER_BYTES);
    if (!planner->answers) {
        log_error("the planner could not be set up: out of memory");
        return -ENOMEM;
    }
    if (plan_count(book_plan(planner->book)))
        log_info("%u nodes of the address plan read in %lld ms", plan_count(book_plan(planner->book)),
                 (long long)(clock_now_ms() - began_ms));
    return role_open(&planner->loop, &(struct role_config){.name = "address plan",
                                                           .token = config->token,
                                                           .control = config->control,
                                                           .listener = config->listener,
                                                           .answer = answer,
                                                           .answer_arg = planner,
                                                           .turned = turned,
                                                           .arg = planner});
}

/* Free what has cooled off. How long nothing else is due, in milliseconds. */
static int look_at_clock(struct planner *planner)
{
    uint32_t now = now_s();

    if (book_expires_s(planner->book) > now || planner->retry_s > now)
        return TURN_MS;
    int error = book_expire(planner->book, now);
    commit(planner);
    planner->retry_s = error || planner->failing ? now + RETRY_S : 0;
    return 0;
}

static int run(struct planner *planner)
{
    while (!planner->loop.stop) {
        int64_t began_ms = clock_now_ms();
        int error = role_turn(&planner->loop, look_at_clock(planner));
        if (error)
            return error;
        if (clock_now_ms() - began_ms >= TURN_MS) /* a quiet moment; what cannot be now will be tried again */
            plan_store_checkpoint(book_store(planner->book), 1);
    }
    return planner->error;
}

int planner_run(const struct planner_config *config)
{
    struct planner *planner = calloc(1, sizeof(*planner));

    if (!planner)
        return -ENOMEM;
    int error = open_planner(planner, config);
    if (!error)
        error = run(planner);
    role_close(&planner->loop);
    book_close(planner->book);
    free(planner->answers);
    free(planner);
    return error;
}
