/* The book: orders, keys, undoing, and that what is read again is what was there. */
#include "book/book.h"

#include "book/keys.h"
#include "tests/book_orders.h"
#include "tests/scratch_store.h"

#include <errno.h>
#include <sqlite3.h>

static const struct book_by root = {.who = "root", .now_s = 1000};

/* Carry out, or fail with what was said. */
static struct book_done must(struct book *book, struct book_order order)
{
    struct book_done done;

    if (book_do(book, &order, &root, &done))
        fail_msg("%s", done.why);
    return done;
}

static void must_not(struct book *book, struct book_order order, const struct book_by *by, int error, const char *why)
{
    struct book_done done;

    assert_int_equal(book_do(book, &order, by, &done), error);
    assert_int_equal(done.error, error);
    assert_string_equal(done.why, why);
}

static struct book_order add(enum plan_kind kind, const char *range, const char *name)
{
    return (struct book_order){.operation = BOOK_ADD,
                               .range = range_of(range),
                               .entry = {.kind = (uint8_t)kind, .status = kind != PLAN_BLOCK, .name = name}};
}

static struct book_order allocate(const char *within, uint8_t len, const char *key)
{
    return (struct book_order){.operation = BOOK_ALLOCATE,
                               .node = within,
                               .len = len,
                               .entry = {.kind = PLAN_SUBNET, .status = PLAN_ASSIGNED},
                               .key = key};
}

static struct book_order undo(uint64_t number)
{
    return (struct book_order){.operation = BOOK_UNDO, .undoes = number};
}

/* Take it from the file again: it is the same. */
static struct book *again(struct book *book)
{
    assert_int_equal(book_commit(book), 0);
    char *was = plan_dump(book_plan(book));
    book_close(book);
    book = open_book(scratch_path);
    char *is = plan_dump(book_plan(book));
    assert_string_equal(is, was);
    free(was);
    free(is);
    return book;
}

static void assert_plan(const struct book *book, const char *expected)
{
    char *text = plan_dump(book_plan(book));

    assert_string_equal(text, expected);
    free(text);
}

/* --- orders ------------------------------------------------------------------------------------------------------- */

static void orders_are_carried_out_and_stay(void **state)
{
    (void)state;
    struct book *book = open_book(scratch_path);

    assert_int_equal(must(book, add(PLAN_BLOCK, "10.0.0.0/16", "site")).operation, 1);
    struct book_done done = must(book, allocate("site", 24, NULL));
    assert_int_equal(done.operation, 2);
    assert_int_equal(done.node.range.first, 0x0a000000);
    must(book, (struct book_order){.operation = BOOK_SET,
                                   .range = range_of("10.0.0.0/24"),
                                   .entry = {.name = "lan0", .note = "the first", .status = PLAN_RESERVED},
                                   .gives = PLAN_GIVES_NAME | PLAN_GIVES_NOTE});
    must(book, (struct book_order){.operation = BOOK_RESIZE, .node = "lan0", .to = range_of("10.0.0.0/23")});
    must(book, (struct book_order){.operation = BOOK_MOVE, .node = "lan0", .to = range_of("10.0.8.0/23")});
    done = must(book, (struct book_order){.operation = BOOK_SPLIT, .node = "lan0", .len = 24});
    assert_int_equal(done.steps, 2);
    must(book, (struct book_order){.operation = BOOK_MERGE, .range = range_of("10.0.8.0/23")});
    must(book, (struct book_order){.operation = BOOK_DELEGATE, .node = "lan0", .entry = {.owner = "ada"}});
    book = again(book);
    assert_plan(book, "10.0.0.0/16 block allocated name=site owner= provider= contract= note= 1000 1000 0\n"
                      "10.0.8.0/23 subnet assigned delegated name=lan0 owner=ada provider= contract= note=the first "
                      "1000 1000 0\n");
    must(book, (struct book_order){.operation = BOOK_FREE, .node = "lan0", .cool_off_s = 60});
    assert_int_equal(book_expires_s(book), 1060);
    book = again(book);
    assert_int_equal(book_expires_s(book), 1060);
    assert_int_equal(book_expire(book, 1059), 0);
    assert_false(book_is_open(book));
    assert_int_equal(book_expire(book, 1060), 0);
    assert_true(book_is_open(book));
    book = again(book);
    assert_plan(book, "10.0.0.0/16 block allocated name=site owner= provider= contract= note= 1000 1000 0\n");
    book_close(book);
}

static void refusals_say_why(void **state)
{
    (void)state;
    const struct book_by ada = {.who = "ada", .holder = "ada", .now_s = 1000};
    struct book *book = open_book(scratch_path);

    must(book, add(PLAN_BLOCK, "10.0.0.0/16", "site"));
    must_not(book, allocate("sight", 24, NULL), &root, -ENOENT, "there is no node 'sight' in the plan");
    must_not(book, (struct book_order){.operation = BOOK_FREE, .range = range_of("10.0.0.0/24")}, &root, -ENOENT,
             "10.0.0.0/24 is not in the plan");
    must_not(book, add(PLAN_BLOCK, "10.0.0.0/16", NULL), &root, -EEXIST,
             "10.0.0.0/16: is in the plan already: block 10.0.0.0/16 (site)");
    must_not(book, (struct book_order){.operation = BOOK_MERGE, .range = range_of("10.0.0.1-10.0.0.2")}, &root, -EINVAL,
             "what comes of a merge is a block: expected ADDRESS/LENGTH");
    must_not(book, allocate("site", 24, "two words"), &root, -EINVAL, "a key has 1 to 63 characters, and no spaces");
    must_not(book, allocate("site", 24, ""), &root, -EINVAL, "a key has 1 to 63 characters, and no spaces");
    must_not(book, allocate("site", 24, NULL), &ada, -EACCES, "10.0.0.0/24: does not lie in a delegation to who acts");
    must_not(book, undo(7), &root, -ENOENT, "there is no operation 7");
    must_not(book, undo(0), &ada, -ENOENT, "there is nothing to undo");
    must_not(book, undo(1), &ada, -EACCES, "operation 1 is another holder's: who acts as its holder can undo it");
    /* Nothing of it has left a trace. */
    assert_int_equal(must(book, allocate("site", 24, NULL)).operation, 2);
    book_close(book);
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static void an_order_with_a_key_is_carried_out_once(void **state)
{
    (void)state;
    struct book *book = open_book(scratch_path);

    must(book, add(PLAN_BLOCK, "10.0.0.0/16", "site"));
    struct book_done first = must(book, allocate("site", 24, "k1"));
    assert_false(first.repeated);
    for (unsigned i = 0; i < 3; i++) {
        struct book_done repeated = must(book, allocate("site", 24, "k1"));
        assert_true(repeated.repeated);
        assert_int_equal(repeated.operation, first.operation);
        assert_true(repeated.is);
        assert_true(ipv4_range_equal(repeated.node.range, range_of("10.0.0.0/24")));
        must_not(book, allocate("site", 25, "k1"), &root, -EEXIST, "key k1 is that of another order: operation 2");
        /* Also when what it made is gone, and after the book was closed. */
        if (i == 0)
            must(book, (struct book_order){.operation = BOOK_FREE, .range = range_of("10.0.0.0/24"), .key = "k2"});
        book = again(book);
    }
    struct book_done freed =
        must(book, (struct book_order){.operation = BOOK_FREE, .range = range_of("10.0.0.0/24"), .key = "k2"});
    assert_true(freed.repeated);
    assert_false(freed.is);
    /* What was refused is no answer to remember. */
    must_not(book, allocate("lan", 26, "k3"), &root, -ENOENT, "there is no node 'lan' in the plan");
    must(book, add(PLAN_BLOCK, "10.1.0.0/24", "lan"));
    assert_false(must(book, allocate("lan", 26, "k3")).repeated);
    book_close(book);
}

static void keys_of_what_was_not_stored_are_free(void **state)
{
    (void)state;
    struct book *book = open_book(scratch_path);

    must(book, add(PLAN_BLOCK, "10.0.0.0/16", "site"));
    assert_int_equal(book_commit(book), 0);
    must(book, allocate("site", 24, "k1"));
    assert_int_equal(book_revert(book), 0);
    assert_false(book_is_open(book));
    assert_plan(book, "10.0.0.0/16 block allocated name=site owner= provider= contract= note= 1000 1000 0\n");
    must(book, allocate("site", 25, "other"));
    assert_false(must(book, allocate("site", 24, "k1")).repeated);
    assert_true(must(book, allocate("site", 24, "k1")).repeated);
    book_close(book);
}

static void old_keys_are_forgotten_for_new_ones(void **state)
{
    (void)state;
    struct book_keys keys;
    char text[16];

    assert_int_equal(book_keys_open(&keys, book_hash_key), 0);
    for (uint64_t i = 1; i <= 20000; i++) {
        uint64_t at = 0;
        snprintf(text, sizeof(text), "k%u", (unsigned)i);
        assert_int_equal(book_keys_reserve(&keys, i < 1000 ? 0 : i - 1000), 0);
        book_keys_add(&keys, text, i);
        snprintf(text, sizeof(text), "k%u", (unsigned)(i < 1000 ? 1 : i - 999));
        assert_int_equal(book_keys_find(&keys, text, &at), i < 1000 ? 1 : i - 999);
    }
    assert_true(keys.capacity <= 8192);
    book_keys_close(&keys);
}

/* --- importing ---------------------------------------------------------------------------------------------------- */

static struct plan_wanted some(const char *range, const char *name)
{
    return (struct plan_wanted){{.range = range_of(range), .name = name}, PLAN_GIVES_NAME};
}

static struct book_order import(const char *with_key)
{
    return (struct book_order){.operation = BOOK_IMPORT, .key = with_key};
}

static void nodes_are_imported_at_once(void **state)
{
    (void)state;
    char name[] = "lan0";
    struct plan_wanted first[] = {some("10.0.0.0/16", "site")}, second[] = {some("10.0.0.0/24", name)};
    struct book *book = open_book(scratch_path);

    must_not(book, import("k"), &root, -ENODATA, "what is to be imported has not come, or is not there any more");
    must_not(book, import(NULL), &root, -ENODATA, "what is to be imported has not come, or is not there any more");
    assert_int_equal(book_stage(book, "k", 0, first, 1), 0);
    assert_int_equal(book_stage(book, "k", 1, second, 1), 0);
    name[0] = 'x';
    struct book_done done = must(book, import("k"));
    assert_int_equal(done.operation, 1);
    assert_int_equal(done.steps, 2);
    char *before = plan_dump(book_plan(book));
    assert_string_equal(before, "10.0.0.0/16 block allocated name=site owner= provider= contract= note= 1000 1000 0\n"
                                "10.0.0.0/24 subnet assigned name=lan0 owner= provider= contract= note= 1000 1000 0\n");
    assert_true(must(book, import("k")).repeated);
    /* All of it is there: no operation. */
    assert_int_equal(book_stage(book, "k2", 0, first, 1), 0);
    done = must(book, import("k2"));
    assert_int_equal(done.operation, 0);
    assert_int_equal(done.steps, 0);
    assert_int_equal(book_latest(book), 1);
    book = again(book);
    must(book, undo(1));
    assert_plan(book, "");
    free(before);
    book_close(book);
}

static void what_comes_in_pieces_is_bounded(void **state)
{
    (void)state;
    struct plan_wanted one[] = {some("10.0.0.0/16", NULL)};
    struct book *book = open_book(scratch_path);
    char long_key[BOOK_KEY_MAX + 2];

    memset(long_key, 'k', sizeof(long_key) - 1);
    long_key[sizeof(long_key) - 1] = '\0';
    assert_int_equal(book_stage(book, NULL, 0, one, 1), -EINVAL);
    assert_int_equal(book_stage(book, "", 0, one, 1), -EINVAL);
    assert_int_equal(book_stage(book, long_key, 0, one, 1), -EINVAL);
    assert_int_equal(book_stage(book, "a", 1, one, 1), -ESTALE);
    assert_int_equal(book_stage(book, "a", 0, one, 1), 0);
    assert_int_equal(book_stage(book, "a", 0, one, 1), 0); /* anew */
    assert_int_equal(book_stage(book, "a", 2, one, 1), -ESTALE);
    assert_int_equal(book_stage(book, "a", 1, one, 1), -ESTALE); /* it is not there any more */
    /* The oldest goes when there are too many. */
    for (char key[] = "a"; key[0] <= 'a' + BOOK_STAGES_MAX; key[0]++)
        assert_int_equal(book_stage(book, key, 0, one, 1), 0);
    assert_int_equal(book_stage(book, "a", 1, one, 1), -ESTALE);
    assert_int_equal(book_stage(book, "b", 1, NULL, 0), 0);
    size_t count = 65536;
    struct plan_wanted *many = calloc(count, sizeof(*many));
    assert_non_null(many);
    for (size_t i = 0; i < BOOK_IMPORT_MAX / count; i++)
        assert_int_equal(book_stage(book, "m", i * count, many, count), 0);
    assert_int_equal(book_stage(book, "m", BOOK_IMPORT_MAX, many, 1), -E2BIG);
    assert_int_equal(book_stage(book, "m", BOOK_IMPORT_MAX, many, 0), -ESTALE);
    /* So are their texts. */
    char text[PLAN_TEXT_MAX + 1];
    memset(text, 'x', PLAN_TEXT_MAX);
    text[PLAN_TEXT_MAX] = '\0';
    for (size_t i = 0; i < count; i++)
        many[i].entry.note = many[i].entry.owner = text;
    size_t staged = 0;
    int error;
    while (!(error = book_stage(book, "t", staged, many, count)))
        staged += count;
    assert_int_equal(error, -E2BIG);
    assert_true(staged * 2 * PLAN_TEXT_MAX <= BOOK_IMPORT_TEXTS_MAX &&
                staged > BOOK_IMPORT_TEXTS_MAX / 2 / 256 - count);
    free(many);
    book_close(book);
}

/* --- undoing ------------------------------------------------------------------------------------------------------ */

static void operations_are_undone_and_done_again(void **state)
{
    (void)state;
    struct book *book = open_book(scratch_path);

    must(book, add(PLAN_BLOCK, "10.0.0.0/16", "site"));
    must(book, allocate("site", 24, NULL));
    char *before = plan_dump(book_plan(book));
    must(book, (struct book_order){.operation = BOOK_FREE, .node = "site", .all = true}); /* 3 */
    assert_plan(book, "");
    assert_int_equal(must(book, undo(0)).operation, 4);
    assert_plan(book, before);
    must_not(book, undo(3), &root, -EALREADY, "operation 3 is undone already, by operation 4");
    /* The one before that is next; an undo is undone by its number. */
    assert_int_equal(must(book, undo(0)).operation, 5);
    must(book, undo(5));
    assert_plan(book, before);
    must_not(book, undo(5), &root, -EALREADY, "operation 5 is undone already, by operation 6");
    must(book, undo(2));
    must(book, allocate("site", 25, NULL));
    must_not(book, undo(7), &root, -EINVAL, "10.0.0.0/24: cannot hold subnet 10.0.0.0/25");
    free(before);
    book_close(book);
}

static void orders_by_chance_stay_and_are_undone(void **state)
{
    (void)state;
    unsigned carried_out = 0, undone = 0, refused = 0, imported = 0;
    struct book *book = open_book(scratch_path);
    struct book_done done;
    uint64_t seed = 91;

    begin_book(book);
    for (unsigned i = 0; i < 10000; i++) {
        struct book_order order = draw_order(&seed);
        const struct book_by *by = book_draw_by(&seed, 1000 + i);
        char *before = plan_dump(book_plan(book));
        assert_int_equal(book_expire(book, by->now_s), 0);
        bool expired = book_is_open(book);
        stage_order(book, &order, &seed);
        int error = book_do(book, &order, by, &done);
        char *after = plan_dump(book_plan(book));
        if (error) {
            refused++;
            assert_true(expired || strcmp(before, after) == 0);
            assert_string_not_equal(done.why, "");
        } else {
            carried_out++;
        }
        imported += !error && order.operation == BOOK_IMPORT && done.operation;
        if (!error && !expired && done.operation && draw_u32(&seed) % 4 == 0) {
            struct book_order inverse = undo(done.operation);
            if (book_do(book, &inverse, by, &done))
                fail_msg("operation %u (%s) cannot be undone: %s", (unsigned)inverse.undoes,
                         book_operation_name(order.operation), done.why);
            char *back = plan_dump(book_plan(book));
            assert_string_equal(back, before);
            free(back);
            undone++;
        }
        free(before);
        free(after);
        if (i % 50 == 0)
            book = again(book);
        else if (draw_u32(&seed) % 8)
            assert_int_equal(book_commit(book), 0);
    }
    book = again(book);
    print_message("%u carried out (%u imports), %u of them undone, %u refused\n", carried_out, imported, undone,
                  refused);
    assert_true(carried_out > 1000 && undone > 200 && imported > 50);
    book_close(book);
}

/* --- as bytes ----------------------------------------------------------------------------------------------------- */

static void orders_are_the_same_out_of_bytes(void **state)
{
    (void)state;
    unsigned char bytes[BOOK_ORDER_BYTES_MAX], again[BOOK_ORDER_BYTES_MAX];
    uint64_t seed = 17;

    for (unsigned i = 0; i < 2000; i++) {
        struct book_order order = draw_order(&seed), read;
        order.key = draw_u32(&seed) % 2 ? "a-key" : NULL;
        order.undoes = draw_u32(&seed);
        struct pack pack = {.at = bytes, .end = bytes + sizeof(bytes)};
        book_pack_order(&pack, &order);
        assert_false(pack.full);
        size_t len = (size_t)(pack.at - bytes);
        struct unpack unpack = {.at = bytes, .end = bytes + len};
        assert_true(book_unpack_order(&unpack, &read));
        assert_ptr_equal(unpack.at, unpack.end);
        struct pack once_more = {.at = again, .end = again + sizeof(again)};
        book_pack_order(&once_more, &read);
        assert_int_equal(once_more.at - again, len);
        assert_memory_equal(bytes, again, len);
        /* Cut off anywhere, it is none; nor is there room for it in less. */
        size_t cut = draw_u32(&seed) % len;
        unpack = (struct unpack){.at = bytes, .end = bytes + cut};
        assert_false(book_unpack_order(&unpack, &read));
        once_more = (struct pack){.at = again, .end = again + cut};
        book_pack_order(&once_more, &order);
        assert_true(once_more.full);
    }
}

static void the_longest_order_fits(void **state)
{
    (void)state;
    char text[PLAN_TEXT_MAX + 1], name[PLAN_NAME_MAX + 1], key[BOOK_KEY_MAX + 1];
    unsigned char bytes[BOOK_ORDER_BYTES_MAX];
    struct pack pack = {.at = bytes, .end = bytes + sizeof(bytes)};

    memset(text, 'x', sizeof(text) - 1);
    memset(name, 'y', sizeof(name) - 1);
    memset(key, 'z', sizeof(key) - 1);
    text[PLAN_TEXT_MAX] = name[PLAN_NAME_MAX] = key[BOOK_KEY_MAX] = '\0';
    book_pack_order(&pack, &(struct book_order){
                               .node = name,
                               .entry = {.name = name, .owner = text, .provider = text, .contract = text, .note = text},
                               .key = key});
    assert_false(pack.full);
}

/* --- what is no plan ---------------------------------------------------------------------------------------------- */

static void what_is_no_plan_is_refused(void **state)
{
    (void)state;
    struct book *book = open_book(scratch_path);
    const char *why;

    must(book, add(PLAN_BLOCK, "10.0.0.0/16", "site"));
    must(book, allocate("site", 24, NULL));
    assert_int_equal(book_commit(book), 0);
    book_close(book);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(scratch_path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE node SET last = last + 1 WHERE kind = 1", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(book_open(scratch_path, book_hash_key, &book, &why), -EUCLEAN);
    assert_string_equal(why, "it is no plan: 10.0.0.0-10.0.1.0: only a pool may be a range that is no block");
    book_close(book);
    /* Nor is the database of leases one. */
    scratch_remove(scratch_path);
    store_close(scratch_open(scratch_path));
    assert_int_equal(book_open(scratch_path, book_hash_key, &book, &why), -EUCLEAN);
    assert_string_equal(why, "it is damaged, or no database of Fairlead");
    book_close(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_CASE(orders_are_carried_out_and_stay),
        SCRATCH_CASE(refusals_say_why),
        SCRATCH_CASE(an_order_with_a_key_is_carried_out_once),
        SCRATCH_CASE(keys_of_what_was_not_stored_are_free),
        cmocka_unit_test(old_keys_are_forgotten_for_new_ones),
        SCRATCH_CASE(nodes_are_imported_at_once),
        SCRATCH_CASE(what_comes_in_pieces_is_bounded),
        SCRATCH_CASE(operations_are_undone_and_done_again),
        SCRATCH_CASE(orders_by_chance_stay_and_are_undone),
        cmocka_unit_test(orders_are_the_same_out_of_bytes),
        cmocka_unit_test(the_longest_order_fits),
        SCRATCH_CASE(what_is_no_plan_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
