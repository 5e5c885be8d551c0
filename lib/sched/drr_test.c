/*
 * Deficit round robin beside a naive one: lists that are moved about as the paper says it, packet by packet the same.
 */
#include "sched/drr.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#define SEED   1
#define QUEUES 40
#define POOL   2000
#define LIMIT  60

/* --- the naive one ------------------------------------------------------------------------------------------------ */

struct naive_queue {
    uint32_t numbers[POOL], count;
    int64_t deficit;
    bool in_round;
};

struct naive {
    struct naive_queue queues[QUEUES];
    uint32_t round[QUEUES], round_count;
    bool in_turn;
};

static void naive_put(struct naive *naive, uint32_t queue, uint32_t number)
{
    struct naive_queue *to = &naive->queues[queue];

    to->numbers[to->count++] = number;
    if (!to->in_round)
        naive->round[naive->round_count++] = queue;
    to->in_round = true;
}

static uint32_t naive_get(struct naive *naive, const struct drr_config *config, const struct packets *packets,
                          const uint8_t *profile_of)
{
    while (naive->round_count) {
        uint32_t at = naive->round[0], number = PACKET_NONE;
        struct naive_queue *queue = &naive->queues[at];
        if (!naive->in_turn)
            queue->deficit += config->profiles[profile_of[at]].quantum;
        if (queue->deficit > 0) {
            number = queue->numbers[0];
            memmove(queue->numbers, queue->numbers + 1, --queue->count * sizeof(queue->numbers[0]));
            queue->deficit -= packets->all[number].len;
        }
        naive->in_turn = queue->count && queue->deficit > 0;
        if (!naive->in_turn) {
            memmove(naive->round, naive->round + 1, --naive->round_count * sizeof(naive->round[0]));
            queue->in_round = queue->count;
            if (queue->in_round)
                naive->round[naive->round_count++] = at;
            else
                queue->deficit = 0;
        }
        if (number != PACKET_NONE)
            return number;
    }
    return PACKET_NONE;
}

/* ------------------------------------------------------------------------------------------------------------------ */

struct scene {
    struct packets packets;
    struct drr_profile profiles[3];
    struct drr_config config;
    struct drr *drr;
    uint64_t seed, draws;
    uint64_t put_packets[QUEUES], put_bytes[QUEUES];
};

static void set(struct scene *scene, uint32_t queues)
{
    *scene = (struct scene){.seed = SEED, .draws = SEED};
    assert_int_equal(packets_open(&scene->packets, POOL), 0);
    for (unsigned i = 0; i < 3; i++)
        scene->profiles[i] = (struct drr_profile){.quantum = 700 * (i + 1), .limit_packets = LIMIT};
    scene->config = (struct drr_config){.queues = queues, .profile_count = 3, .profiles = scene->profiles};
}

static void begin(struct scene *scene)
{
    scene->drr = drr_new(&scene->config, &scene->packets, (struct queue_random){draw_of, &scene->draws}, 0);
    assert_non_null(scene->drr);
}

static uint32_t packet(struct scene *scene, uint32_t queue, uint32_t len)
{
    uint32_t number = packets_take(&scene->packets);

    assert_int_not_equal(number, PACKET_NONE);
    scene->packets.all[number] = (struct packet){.len = len, .leaf = queue, .ecn = PACKET_ECT_0};
    scene->put_packets[queue]++;
    scene->put_bytes[queue] += len;
    return number;
}

/* Each queue's counters say what became of all that came, and the pool is whole afterwards. */
static void end(struct scene *scene)
{
    struct queue_stats sum = {0};

    for (uint32_t i = 0; i < scene->config.queues; i++) {
        const struct drr_counts *counts = drr_queue_counts(scene->drr, i);
        uint64_t dropped =
            counts->dropped_limit + counts->dropped_memory + counts->dropped_early + counts->dropped_forced;
        assert_int_equal(counts->left_packets + dropped + drr_queue_packets(scene->drr, i), scene->put_packets[i]);
        assert_int_equal(counts->left_bytes + counts->dropped_bytes + drr_queue_bytes(scene->drr, i),
                         scene->put_bytes[i]);
        sum.left_packets += counts->left_packets;
        sum.drops[QUEUE_DROP_LIMIT] += counts->dropped_limit;
        sum.drops[QUEUE_DROP_MEMORY] += counts->dropped_memory;
        sum.drops[QUEUE_DROP_EARLY] += counts->dropped_early;
        sum.drops[QUEUE_DROP_FORCED] += counts->dropped_forced;
        sum.marks[QUEUE_MARK_EARLY] += counts->marked;
    }
    const struct queue_stats *stats = drr_stats(scene->drr);
    assert_int_equal(stats->left_packets, sum.left_packets);
    assert_int_equal(histogram_count(&stats->delay), sum.left_packets);
    assert_memory_equal(stats->drops, sum.drops, sizeof(sum.drops));
    assert_int_equal(stats->marks[QUEUE_MARK_EARLY], sum.marks[QUEUE_MARK_EARLY]);
    scene->drr = drr_free(scene->drr);
    assert_int_equal(scene->packets.free_count, POOL);
    packets_close(&scene->packets);
}

/* With all that may be fetched ahead, and without. */
static void same_as_a_naive_one(uint32_t queues, uint32_t step)
{
    static struct naive naive;
    uint8_t profile_of[QUEUES];
    struct scene scene;
    unsigned got = 0;

    memset(&naive, 0, sizeof(naive));
    set(&scene, queues);
    begin(&scene);
    for (unsigned i = 0; i < QUEUES; i++) {
        profile_of[i] = (uint8_t)(draw_u32(&scene.seed) % 3);
        drr_assign(scene.drr, i * step, profile_of[i]);
    }
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t numbers[DRR_BATCH], count = draw_u32(&scene.seed) % 28;
        for (unsigned j = 0; j < count; j++) {
            uint32_t queue = draw_u32(&scene.seed) % QUEUES, number = packets_take(&scene.packets);
            scene.packets.all[number] = (struct packet){.len = 64 + draw_u32(&scene.seed) % 1455, .leaf = queue * step};
            numbers[j] = number;
            if (naive.queues[queue].count < LIMIT && naive.queues[queue].count < scene.packets.free_count)
                naive_put(&naive, queue, number);
            else
                scene.put_packets[0]++; /* dropped */
            drr_put(scene.drr, &numbers[j], 1, i);
        }
        int64_t budget = draw_u32(&scene.seed) % 20000;
        count = drr_get(scene.drr, numbers, DRR_BATCH, &budget, i);
        for (unsigned j = 0; j < count; j++) {
            assert_int_equal(numbers[j], naive_get(&naive, &scene.config, &scene.packets, profile_of));
            packets_give_back(&scene.packets, numbers[j]);
        }
        got += count;
        if (count < DRR_BATCH && budget > 0)
            assert_int_equal(naive_get(&naive, &scene.config, &scene.packets, profile_of), PACKET_NONE);
    }
    const struct queue_stats *stats = drr_stats(scene.drr);
    assert_int_equal(stats->drops[QUEUE_DROP_LIMIT] + stats->drops[QUEUE_DROP_MEMORY], scene.put_packets[0]);
    assert_true(got > 50000 && scene.put_packets[0] > 1000);
    scene.drr = drr_free(scene.drr);
    assert_int_equal(scene.packets.free_count, POOL);
    packets_close(&scene.packets);
}

static void few_queues_are_as_a_naive_one(void **state)
{
    (void)state;
    same_as_a_naive_one(QUEUES, 1);
}

static void many_queues_are_as_a_naive_one(void **state)
{
    (void)state;
    same_as_a_naive_one(65536, 65536 / QUEUES);
}

/* A queue that has a rate leaves at that rate, however much waits in it; the others are not held up by it. */
static void each_queue_at_its_own_rate(void **state)
{
    struct scene scene;
    uint64_t bytes[QUEUES] = {0}, rates[3] = {1000000, 5000000, 0};
    const int64_t end_ns = 2000000000;

    (void)state;
    set(&scene, QUEUES);
    scene.config.share_shift = 3;
    for (unsigned i = 0; i < 3; i++)
        scene.profiles[i].rate = shaper_rate(rates[i], 1000000);
    begin(&scene);
    for (unsigned i = 0; i < QUEUES; i++)
        drr_assign(scene.drr, i, i % 3);
    for (int64_t now_ns = 0; now_ns < end_ns; now_ns += 50000) {
        uint32_t numbers[DRR_BATCH];
        for (unsigned i = 0; i < QUEUES; i++) { /* each has always got something to send */
            while (drr_queue_packets(scene.drr, i) < 10) {
                numbers[0] = packet(&scene, i, 64 + draw_u32(&scene.seed) % 1455);
                drr_put(scene.drr, numbers, 1, now_ns);
            }
        }
        assert_int_equal(drr_next_ns(scene.drr), INT64_MIN); /* those without a rate */
        int64_t budget = 40000;
        unsigned count = drr_get(scene.drr, numbers, DRR_BATCH, &budget, now_ns);
        for (unsigned i = 0; i < count; i++) {
            bytes[scene.packets.all[numbers[i]].leaf] += scene.packets.all[numbers[i]].len;
            packets_give_back(&scene.packets, numbers[i]);
        }
        assert_true(count == DRR_BATCH || budget <= 0); /* it works as long as there is work */
    }
    for (unsigned i = 0; i < QUEUES; i++) {
        double share = (double)bytes[i] / ((double)end_ns / 1e9);
        if (rates[i % 3])
            assert_true(share > 0.985 * (double)rates[i % 3] && share < 1.005 * (double)rates[i % 3]);
        else
            assert_true(share > 1.1 * 5000000);
    }
    end(&scene);
}

/* Queues that may not send yet say when: the first moment at which there is something to get. */
static void when_there_will_be_something(void **state)
{
    struct scene scene;
    uint32_t number;
    int64_t now_ns = 0, budget = INT64_MAX;

    (void)state;
    set(&scene, QUEUES);
    scene.profiles[0].rate = shaper_rate(125000, 0); /* a packet of 1,000 bytes in 8 ms */
    begin(&scene);
    assert_int_equal(drr_next_ns(scene.drr), INT64_MAX);
    for (unsigned i = 0; i < 20; i++) {
        number = packet(&scene, 5, 1000);
        drr_put(scene.drr, &number, 1, now_ns);
    }
    assert_int_equal(drr_get(scene.drr, &number, 1, &budget, now_ns), 1);
    packets_give_back(&scene.packets, number);
    for (unsigned i = 1; i < 20; i++) {
        assert_int_equal(drr_get(scene.drr, &number, 1, &budget, now_ns), 0);
        int64_t next_ns = drr_next_ns(scene.drr);
        assert_in_range(next_ns, now_ns + 8000000, now_ns + 8000000 + (1 << 15));
        assert_int_equal(drr_get(scene.drr, &number, 1, &budget, next_ns - 1), 0);
        assert_int_equal(drr_get(scene.drr, &number, 1, &budget, next_ns), 1);
        packets_give_back(&scene.packets, number);
        now_ns = next_ns;
    }
    assert_int_equal(drr_next_ns(scene.drr), INT64_MAX);
    end(&scene);
}

/* Random early detection in each queue is that of lib/queue, with the same draws. */
static void random_early_detection_is_the_same(void **state)
{
    struct scene scene;
    struct packets others;
    uint64_t draws = SEED;

    (void)state;
    set(&scene, QUEUES);
    struct red_config law = {
        .weight = 0.05, .gentle = true, .packet_ns = 10000, .profiles = {{.min = 5, .max = 15, .max_p = 0.1}}};
    scene.profiles[0].red = true;
    scene.profiles[0].ecn = true;
    scene.profiles[0].law = law;
    scene.config.share_shift = 7;
    const struct queue_config config = {
        .kind = QUEUE_RED, .limit_packets = LIMIT, .limit_bytes = UINT64_MAX, .red = {.law = law, .ecn = true}};
    assert_int_equal(packets_open(&others, POOL), 0);
    struct queue *queue = queue_new(&config, &others, (struct queue_random){draw_of, &draws}, 0);
    begin(&scene);
    uint64_t drops = 0, spare = SEED;
    int64_t now_ns = 0;
    for (unsigned i = 0; i < 100000; i++) {
        uint32_t number, other;
        now_ns += draw_u32(&scene.seed) % 20000;
        if (draw_u32(&scene.seed) % (100 + i / 100 % 100) < 92) {
            number = packet(&scene, 7, 1000);
            other = packets_take(&others);
            others.all[other] = scene.packets.all[number];
            if (drr_queue_packets(scene.drr, 7) && i % 3 == 0) /* some cannot be marked */
                others.all[other].ecn = scene.packets.all[number].ecn = PACKET_NOT_ECT;
            /* One draws for each packet, the other where it needs to: the next draw is set for both. */
            scene.draws = draws = draw_u32(&spare);
            queue_put(queue, other, now_ns);
            drr_put(scene.drr, &number, 1, now_ns);
        } else {
            int64_t budget = INT64_MAX;
            unsigned count = drr_get(scene.drr, &number, 1, &budget, now_ns);
            other = queue_get(queue, now_ns);
            assert_int_equal(count, other != PACKET_NONE);
            if (count) {
                assert_int_equal(scene.packets.all[number].ecn, others.all[other].ecn);
                packets_give_back(&scene.packets, number);
                packets_give_back(&others, other);
            }
        }
        assert_int_equal(drr_queue_packets(scene.drr, 7), queue_packets(queue));
        drops = queue_stats(queue)->drops[QUEUE_DROP_EARLY];
    }
    assert_true(drops > 100 && queue_stats(queue)->marks[QUEUE_MARK_EARLY] > 100);
    assert_int_equal(drr_queue_counts(scene.drr, 7)->dropped_early, drops);
    assert_int_equal(drr_queue_counts(scene.drr, 7)->dropped_forced, queue_stats(queue)->drops[QUEUE_DROP_FORCED]);
    assert_int_equal(drr_queue_counts(scene.drr, 7)->marked, queue_stats(queue)->marks[QUEUE_MARK_EARLY]);
    queue_free(queue);
    assert_int_equal(others.free_count, POOL);
    packets_close(&others);
    end(&scene);
}

/* One queue that takes all it gets leaves room for the others: alpha / (1 + alpha) of the pool at most. */
static void no_queue_takes_the_pool(void **state)
{
    struct scene scene;
    const int shifts[] = {-2, 0, 2};
    const unsigned most[] = {POOL / 5, POOL / 2, POOL * 4 / 5};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        set(&scene, QUEUES);
        scene.profiles[0].limit_packets = POOL;
        scene.config.share_shift = shifts[i];
        begin(&scene);
        for (unsigned j = 0; j < 2 * POOL; j++) {
            uint32_t number = packet(&scene, 3, 100);
            drr_put(scene.drr, &number, 1, 0);
        }
        assert_in_range(drr_queue_packets(scene.drr, 3), most[i] - 1, most[i] + 1);
        uint32_t other = packet(&scene, 4, 100);
        drr_put(scene.drr, &other, 1, 0);
        assert_int_equal(drr_queue_packets(scene.drr, 4), 1);
        assert_true(drr_queue_counts(scene.drr, 3)->dropped_memory > 0);
        end(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_queues_are_as_a_naive_one),      cmocka_unit_test(many_queues_are_as_a_naive_one),
        cmocka_unit_test(each_queue_at_its_own_rate),         cmocka_unit_test(when_there_will_be_something),
        cmocka_unit_test(random_early_detection_is_the_same), cmocka_unit_test(no_queue_takes_the_pool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
