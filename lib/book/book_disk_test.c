/* The book on disks that fail, and that lose their power: the plan is as before or after, and so is its history. */
#include "book/book.h"
#include "tests/book_orders.h"
#include "tests/disk.h"
#include "tests/scratch_store.h"

#include <errno.h>
#include <sqlite3.h>

#define COMMITS    60
#define STATES_MAX (COMMITS + 2)

static char left_path[96];

static int count_one(void *arg, const struct plan_operation *operation)
{
    uint64_t *count = arg;

    (void)operation;
    ++*count;
    return 0;
}

/* All that is known: the plan, and how many operations there were. To be freed. */
static char *state_of(struct book *book)
{
    char *plan = plan_dump(book_plan(book)), *text = NULL;
    uint64_t count = 0;

    assert_int_equal(plan_store_each_operation(book_store(book), 0, count_one, &count), 0);
    assert_true(asprintf(&text, "%llu operations\n%s", (unsigned long long)count, plan) > 0);
    free(plan);
    return text;
}

/* Some orders. */
static void draw_orders(struct book *book, uint64_t *seed)
{
    static uint32_t now_s = 2000;
    struct book_done done;

    now_s++;
    for (unsigned i = 2 + draw_u32(seed) % 10; i-- > 0;) {
        struct book_order order = draw_order(seed);
        stage_order(book, &order, seed);
        book_do(book, &order, book_draw_by(seed, now_s), &done);
    }
}

/* A state, and between which operations of the disk the power may have gone if it is what is found. */
struct candidate {
    char *state;
    size_t from, to;
};

struct run {
    struct candidate candidates[STATES_MAX];
    unsigned count;
};

static void work(struct run *run, uint64_t *seed, bool failing)
{
    struct book *book = open_book(scratch_path);
    char *known = state_of(book);

    run->candidates[0] = (struct candidate){known, 0, SIZE_MAX};
    run->count = 1;
    for (unsigned i = 0; i < COMMITS; i++) {
        size_t from = disk_count();
        if (i == 0)
            begin_book(book);
        else
            draw_orders(book, seed);
        char *after = state_of(book);
        if (failing && draw_u32(seed) % 4 == 0)
            disk_fail(DISK_SYNC, 1, SQLITE_IOERR_FSYNC, false);
        int error = book_commit(book);
        disk_fail(0, 0, 0, false);
        assert_true(!error || (failing && error == -EIO));
        /* From here on it must be there, and nothing older may be: what a failed flush has left is overwritten, unless
         * there was nothing to write. */
        if (!error && strcmp(after, known) != 0) {
            known = after;
            for (unsigned j = 0; j < run->count; j++)
                if (run->candidates[j].to == SIZE_MAX)
                    run->candidates[j].to = disk_count() - 1;
        }
        run->candidates[run->count++] = (struct candidate){after, from, SIZE_MAX};
        char *seen = state_of(book);
        assert_string_equal(seen, known);
        free(seen);
        if (draw_u32(seed) % 4 == 0)
            plan_store_checkpoint(book_store(book), 1);
        if (draw_u32(seed) % 20 == 0) {
            book_close(book);
            book = open_book(scratch_path);
        }
    }
    book_close(book);
}

static void assert_left(const struct run *run, size_t count, enum disk_left left, uint64_t *seed)
{
    scratch_remove(left_path);
    disk_leave(count, left, seed, left_path);
    struct book *book = open_book(left_path);
    char *found = state_of(book);
    bool expected = false;
    for (unsigned i = 0; i < run->count && !expected; i++)
        expected = run->candidates[i].from <= count && count <= run->candidates[i].to &&
                   strcmp(run->candidates[i].state, found) == 0;
    if (!expected)
        fail_msg("the power goes behind operation %zu, left %d: what is found was not promised then:\n%s", count, left,
                 found);
    free(found);
    book_close(book);
}

static void lose_power_everywhere(uint64_t seed, bool failing)
{
    static struct run run;

    snprintf(left_path, sizeof(left_path), "%s/left.db", scratch_directory);
    disk_begin();
    book_close(open_book(scratch_path));
    size_t begin = disk_count();
    work(&run, &seed, failing);
    disk_end();
    size_t end = disk_count();
    for (size_t count = begin; count <= end; count++) {
        assert_left(&run, count, DISK_ALL, &seed);
        assert_left(&run, count, (enum disk_left)(draw_u32(&seed) % DISK_LEFT_COUNT), &seed);
    }
    for (unsigned i = 0; i < run.count; i++)
        free(run.candidates[i].state);
}

static void the_plan_is_as_before_or_after_wherever_the_power_goes(void **state)
{
    (void)state;
    lose_power_everywhere(51, false);
}

static void also_if_flushes_have_failed(void **state)
{
    (void)state;
    lose_power_everywhere(52, true);
}

/* Each write or flush of a commit, of `most` that there may be, fails once: nothing has happened, in memory either, and
 * with the fault gone it goes on. */
static void fail_everywhere(unsigned operations, unsigned most, int rc, int errno_expected)
{
    uint64_t seed = 61;
    unsigned hits = 0;

    disk_begin();
    struct book *book = open_book(scratch_path);
    begin_book(book);
    char *known = state_of(book);
    for (unsigned round = 0; round < 300; round++) {
        disk_fail(operations, 1 + round % most, rc, round % 2 == 1);
        draw_orders(book, &seed);
        int error = book_commit(book);
        bool failed = disk_failed();
        hits += failed;
        disk_fail(0, 0, 0, false);
        assert_int_equal(error, failed ? errno_expected : 0);
        char *seen = state_of(book);
        if (error)
            assert_string_equal(seen, known);
        free(known);
        known = seen;
        if (round % 50 == 49) {
            book_close(book);
            book = open_book(scratch_path);
            seen = state_of(book);
            assert_string_equal(seen, known);
            free(seen);
        }
    }
    assert_true(hits > 20);
    free(known);
    book_close(book);
    disk_end();
}

static void a_write_fails(void **state)
{
    (void)state;
    fail_everywhere(DISK_WRITE, 10, SQLITE_IOERR_WRITE, -EIO);
}

static void the_disk_is_full(void **state)
{
    (void)state;
    fail_everywhere(DISK_WRITE, 10, SQLITE_FULL, -ENOSPC);
}

static void a_flush_fails(void **state)
{
    (void)state;
    fail_everywhere(DISK_SYNC, 2, SQLITE_IOERR_FSYNC, -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_CASE(the_plan_is_as_before_or_after_wherever_the_power_goes),
        SCRATCH_CASE(also_if_flushes_have_failed),
        SCRATCH_CASE(a_write_fails),
        SCRATCH_CASE(the_disk_is_full),
        SCRATCH_CASE(a_flush_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
