#include "sched/calendar.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <string.h>

#define SEED    1
#define ENTRIES 3000

static int64_t bucket_of[ENTRIES]; /* -1: not noted */
static uint64_t turn_of[ENTRIES];  /* in which order they were noted */

/* Which of those noted comes first: the lowest bucket's earliest. */
static uint32_t earliest(void)
{
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < ENTRIES; i++)
        if (bucket_of[i] >= 0 && (best == UINT32_MAX || bucket_of[i] < bucket_of[best] ||
                                  (bucket_of[i] == bucket_of[best] && turn_of[i] < turn_of[best])))
            best = i;
    return best;
}

static void in_the_order_of_buckets_and_then_of_notes(void **state)
{
    struct calendar_memory memory;
    struct calendar calendars[2] = {{0}};
    uint64_t seed = SEED, turn = 0;
    int64_t now = 123456789012, last = 0;
    unsigned back = 0, clamped = 0;

    (void)state;
    assert_int_equal(calendar_memory_open(&memory, ENTRIES + 1, 2), 0);
    assert_int_equal(calendar_open(&calendars[0], &memory), 0);
    assert_int_equal(calendar_open(&calendars[1], &memory), 0);
    memset(bucket_of, -1, sizeof(bucket_of));
    calendar_put(&calendars[1], 7,
                 (struct calendar_entry){.packet = 42, .note = 43}); /* the other one stays as it is */
    for (unsigned i = 0; i < 30000; i++) {
        uint32_t packet = draw_u32(&seed) % ENTRIES;
        now += draw_u32(&seed) % 8 ? 0 : draw_u32(&seed) % 40;
        if (bucket_of[packet] < 0 && draw_u32(&seed) % 5) {
            struct calendar *calendar = &calendars[0];
            int64_t bucket =
                now + draw_u32(&seed) % (draw_u32(&seed) % 4 ? 300 : 70000) - (draw_u32(&seed) % 50 ? 0 : 500);
            back += calendar->count && bucket < calendar->first;
            last = !calendar->count || bucket > last ? bucket : last;
            if (calendar->count && bucket > calendar->first + CALENDAR_BUCKETS - 1)
                last = bucket_of[packet] = calendar->first + CALENDAR_BUCKETS - 1;
            else
                bucket_of[packet] = bucket > last - CALENDAR_BUCKETS ? bucket : last - CALENDAR_BUCKETS + 1;
            clamped += bucket_of[packet] != bucket;
            turn_of[packet] = turn++;
            calendar_put(calendar, bucket, (struct calendar_entry){.packet = packet, .note = packet * 3});
        } else if (calendars[0].count) {
            uint32_t first = earliest();
            assert_int_equal(calendars[0].first, bucket_of[first]);
            struct calendar_entry entry = calendar_take(&calendars[0]);
            assert_int_equal(entry.packet, first);
            assert_int_equal(entry.note, first * 3);
            bucket_of[first] = -1;
        }
    }
    assert_true(back > 50 && clamped > 50 && calendars[0].count > 100);
    while (calendars[0].count)
        assert_int_not_equal(bucket_of[calendar_take(&calendars[0]).packet], -1);
    assert_int_equal(calendars[1].count, 1);
    assert_int_equal(calendar_take(&calendars[1]).note, 43);
    calendar_close(&calendars[0]);
    calendar_close(&calendars[1]);
    calendar_memory_close(&memory);
}

/* Whatever the order, there is memory for as many entries as were asked for. */
static void memory_is_for_as_many_as_were_asked_for(void **state)
{
    const uint32_t sizes[] = {1, 2, 7, 8, 1000, 100000, 300000};
    uint64_t seed = SEED;

    (void)state;
    for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        struct calendar_memory memory;
        struct calendar calendars[2] = {{0}};
        assert_int_equal(calendar_memory_open(&memory, sizes[s], 2), 0);
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(calendar_open(&calendars[i], &memory), 0);
        for (unsigned round = 0; round < 3; round++) {
            for (uint32_t i = 0; i < sizes[s]; i++) /* thinly spread, and full buckets, and from full to thin */
                calendar_put(&calendars[i & 1],
                             round == 0   ? i
                             : round == 1 ? draw_u32(&seed) % 3
                                          : draw_u32(&seed),
                             (struct calendar_entry){.packet = i});
            for (uint32_t i = 0; i < sizes[s] * 2; i++) /* one goes, one comes */
                if (calendars[i & 1].count) {
                    struct calendar_entry entry = calendar_take(&calendars[i & 1]);
                    calendar_put(&calendars[draw_u32(&seed) & 1], draw_u32(&seed) % CALENDAR_BUCKETS, entry);
                }
            for (unsigned i = 0; i < 2; i++)
                while (calendars[i].count)
                    assert_true(calendar_take(&calendars[i]).packet < sizes[s]);
        }
        for (unsigned i = 0; i < 2; i++)
            calendar_close(&calendars[i]);
        calendar_memory_close(&memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_the_order_of_buckets_and_then_of_notes),
        cmocka_unit_test(memory_is_for_as_many_as_were_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
