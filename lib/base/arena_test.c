#include "base/arena.h"

#include "tests/unit.h"

#include <string.h>

static void pieces_are_zeros_and_apart(void **state)
{
    (void)state;
    struct arena arena = {0};

    for (size_t bytes = 0; bytes < 9000; bytes = bytes * 2 + 1) {
        unsigned char *piece = arena_get(&arena, bytes), *next = arena_get(&arena, 1);
        assert_non_null(piece);
        assert_int_equal((uintptr_t)piece % sizeof(max_align_t *), 0);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(piece[i], 0);
        memset(piece, 0xff, bytes);
        assert_int_equal(*next, 0);
    }
    assert_null(arena_get(&arena, SIZE_MAX));
    arena_clear(&arena);
    assert_string_equal(arena_text(&arena, "text and more", 4), "text");
    arena_clear(&arena);
}

static void arrays_grow_and_keep_what_they_hold(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t *numbers = NULL, count = 0;

    for (size_t i = 0; i < 1000; i++) {
        size_t *number = arena_append(&arena, &numbers, &count, sizeof(*numbers));
        assert_non_null(number);
        assert_int_equal(*number, 0);
        *number = i;
    }
    assert_int_equal(count, 1000);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(numbers[i], i);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeros_and_apart),
        cmocka_unit_test(arrays_grow_and_keep_what_they_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
