/*
 * Pieces against a plain map of who has which unit.
 */
#include "fib/space.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#define UNITS 4000

struct fixture {
    struct fib_space space;
    uint8_t *pool;
    uint8_t owner[UNITS]; /* 0: free; 1: in use; 2: retired */
    struct fib_space_piece pieces[UNITS];
    size_t count;
    unsigned waits;
    uint64_t random;
};

static void wait_for_readers(void *arg)
{
    struct fixture *f = arg;

    f->waits++;
    for (size_t i = 0; i < UNITS; i++)
        if (f->owner[i] == 2)
            f->owner[i] = 0;
}

static void begin(struct fixture *f, uint64_t seed)
{
    memset(f, 0, sizeof(*f));
    f->random = seed;
    f->pool = calloc(UNITS, FIB_SPACE_UNIT);
    assert_non_null(f->pool);
    assert_int_equal(fib_space_open(&f->space, f->pool, UNITS * FIB_SPACE_UNIT, wait_for_readers, f), 0);
}

static void end(struct fixture *f)
{
    fib_space_close(&f->space);
    free(f->pool);
}

static uint32_t draw(struct fixture *f, uint32_t below)
{
    return draw_u32(&f->random) % below;
}

static void own(struct fixture *f, struct fib_space_piece piece, uint8_t was, uint8_t is)
{
    for (uint32_t i = 0; i < piece.units; i++) {
        assert_int_equal(f->owner[piece.at + i], was);
        f->owner[piece.at + i] = is;
    }
}

static bool take(struct fixture *f, uint32_t units)
{
    uint32_t at_bytes;

    if (!fib_space_take(&f->space, units, &at_bytes))
        return false;
    struct fib_space_piece piece = {.at = at_bytes / FIB_SPACE_UNIT, .units = units};
    assert_int_equal(at_bytes % FIB_SPACE_UNIT, 0);
    assert_in_range(piece.at, 1, UNITS - units); /* the first unit is ours */
    own(f, piece, 0, 1);
    memset(f->pool + at_bytes, 0xff, (size_t)units * FIB_SPACE_UNIT);
    f->pieces[f->count++] = piece;
    return true;
}

static void let_go(struct fixture *f, size_t which, bool readers)
{
    struct fib_space_piece piece = f->pieces[which];

    f->pieces[which] = f->pieces[--f->count];
    own(f, piece, 1, readers ? 2 : 0);
    (readers ? fib_space_retire : fib_space_give)(&f->space, piece.at * FIB_SPACE_UNIT, piece.units);
}

static void random_pieces_never_overlap(void **state)
{
    (void)state;
    struct fixture *f = malloc(sizeof(*f));
    assert_non_null(f);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        begin(f, seed);
        unsigned refused = 0;
        for (unsigned i = 0; i < 40000; i++) {
            if (draw(f, 100) < (i / 4000 % 2 ? 40u : 60u))
                refused += !take(f, 1 + draw(f, draw(f, 4) ? 12 : FIB_SPACE_MAX));
            else if (f->count)
                let_go(f, draw(f, (uint32_t)f->count), draw(f, 4) != 0);
            unsigned in_use = 0, retired = 0;
            for (size_t unit = 1; i % 1000 == 0 && unit < UNITS; unit++) {
                in_use += f->owner[unit] == 1;
                retired += f->owner[unit] == 2;
            }
            if (i % 1000 == 0) {
                assert_int_equal(f->space.used, in_use);
                assert_int_equal(f->space.retired, retired);
                assert_int_equal(f->space.free, UNITS - 1 - in_use - retired);
            }
        }
        assert_int_not_equal(refused, 0);
        assert_int_not_equal(f->waits, 0);
        while (f->count)
            let_go(f, draw(f, (uint32_t)f->count), false);
        for (unsigned i = 0; i < UNITS; i++) /* whatever is still retired comes back when nothing else fits */
            if (!take(f, FIB_SPACE_MAX))
                break;
        while (f->count)
            let_go(f, draw(f, (uint32_t)f->count), false);
        assert_int_equal(f->space.retired, 0);
        assert_int_equal(fib_space_largest(&f->space), UNITS - 1); /* all joined again */
        end(f);
    }
    free(f);
}

static void nobody_waits_while_anything_fits(void **state)
{
    (void)state;
    struct fixture *f = malloc(sizeof(*f));
    assert_non_null(f);
    begin(f, 1);
    for (unsigned i = 0; i < (UNITS - 1) / 10; i++) {
        assert_true(take(f, 10));
        let_go(f, 0, true);
        assert_int_equal(f->waits, 0);
    }
    assert_true(take(f, 10));
    assert_int_equal(f->waits, 1);
    end(f);
    free(f);
}

static void a_full_pool_gives_nothing(void **state)
{
    (void)state;
    struct fixture *f = malloc(sizeof(*f));
    assert_non_null(f);
    begin(f, 1);
    for (unsigned i = 1; i < UNITS; i++)
        assert_true(take(f, 1));
    assert_false(take(f, 1));
    assert_int_equal(fib_space_largest(&f->space), 0);
    assert_int_equal(f->waits, 0);         /* there was nothing to wait for */
    for (size_t i = 0; i < UNITS - 1; i++) /* every second one, wherever it is: room, but in crumbs */
        if (f->pieces[i].at % 2 && f->owner[f->pieces[i].at] == 1) {
            own(f, f->pieces[i], 1, 0);
            fib_space_give(&f->space, f->pieces[i].at * FIB_SPACE_UNIT, 1);
        }
    assert_false(take(f, 2));
    assert_true(take(f, 1));
    end(f);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_pieces_never_overlap),
        cmocka_unit_test(nobody_waits_while_anything_fits),
        cmocka_unit_test(a_full_pool_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
