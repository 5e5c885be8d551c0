#include "sched/sched.h"

#include "sched/share.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <stdlib.h>

#define SEED   1
#define POOL   4000
#define MBIT   UINT64_C(125000)
#define SECOND INT64_C(1000000000)

struct scene {
    struct packets packets;
    struct sched_config config;
    struct drr_profile profile;
    struct sched *sched;
    uint32_t leaf;
    uint64_t seed, draws, came, got, got_bytes[SCHED_CLASSES];
};

static void set(struct scene *scene, unsigned classes)
{
    *scene = (struct scene){.seed = SEED, .draws = SEED};
    assert_int_equal(packets_open(&scene->packets, POOL), 0);
    scene->config = (struct sched_config){.rate = shaper_rate(100 * MBIT, SCHED_BURST_NS), .class_count = classes};
    scene->profile = (struct drr_profile){.quantum = 1514, .limit_packets = 100};
    for (unsigned i = 0; i < classes; i++)
        scene->config.classes[i] =
            (struct sched_class){.quantum = SCHED_QUANTUM,
                                 .queue = {.kind = QUEUE_DROP_TAIL, .limit_packets = 300, .limit_bytes = UINT64_MAX}};
}

static void begin(struct scene *scene)
{
    scene->sched = sched_new(&scene->config, &scene->packets, (struct queue_random){draw_of, &scene->draws}, 0);
    assert_non_null(scene->sched);
}

static void put(struct scene *scene, unsigned class, uint32_t len, int64_t now_ns)
{
    uint32_t number = packets_take(&scene->packets);

    assert_int_not_equal(number, PACKET_NONE);
    scene->packets.all[number] = (struct packet){
        .len = len, .class = (uint8_t) class, .leaf = scene->leaf++ % 10, .hash = draw_u32(&scene->seed)};
    sched_put(scene->sched, &number, 1, now_ns);
    scene->came++;
}

/* What leaves now is noted and given back. How many. */
static unsigned get(struct scene *scene, unsigned room, int64_t now_ns)
{
    uint32_t numbers[SCHED_BATCH];
    unsigned count = sched_get(scene->sched, numbers, room, now_ns);

    for (unsigned i = 0; i < count; i++) {
        const struct packet *packet = &scene->packets.all[numbers[i]];
        scene->got_bytes[packet->class] += packet->len;
        packets_give_back(&scene->packets, numbers[i]);
    }
    scene->got += count;
    return count;
}

static void end(struct scene *scene)
{
    uint64_t drops = 0;

    for (unsigned i = 0; i < scene->config.class_count; i++)
        for (unsigned j = 0; j < QUEUE_DROP_COUNT; j++)
            drops += sched_class_stats(scene->sched, i)->drops[j];
    assert_int_equal(scene->came, scene->got + drops + sched_packets(scene->sched));
    scene->sched = sched_free(scene->sched);
    assert_int_equal(scene->packets.free_count, POOL);
    packets_close(&scene->packets);
}

/* Keep each class's queue filled, and take what leaves, for so long. */
static void saturate(struct scene *scene, int64_t end_ns)
{
    for (int64_t now_ns = 0; now_ns < end_ns; now_ns += 100000) {
        for (unsigned i = 0; i < scene->config.class_count; i++)
            while (sched_class_packets(scene->sched, i) < 200)
                put(scene, i, 64 + draw_u32(&scene->seed) % 1455, now_ns);
        while (get(scene, SCHED_BATCH, now_ns))
            ;
    }
}

static double share(const struct scene *scene, unsigned class, int64_t time_ns)
{
    return (double)scene->got_bytes[class] * 1e9 / (double)time_ns / MBIT; /* Mbit/s */
}

static void the_port_has_its_rate(void **state)
{
    struct scene scene;

    (void)state;
    set(&scene, 1);
    begin(&scene);
    saturate(&scene, 2 * SECOND);
    assert_true(share(&scene, 0, 2 * SECOND) > 99.9 && share(&scene, 0, 2 * SECOND) < 100.2);
    end(&scene);
}

static void the_urgent_go_first(void **state)
{
    struct scene scene;

    (void)state;
    set(&scene, 3);
    scene.config.classes[0].rate = shaper_rate(30 * MBIT, SCHED_BURST_NS);
    scene.config.classes[1].priority = 1;
    scene.config.classes[2].priority = 2;
    begin(&scene);
    saturate(&scene, 2 * SECOND);
    assert_true(share(&scene, 0, 2 * SECOND) > 29.7 && share(&scene, 0, 2 * SECOND) < 30.3); /* its own rate */
    assert_true(share(&scene, 1, 2 * SECOND) > 69.5);                                        /* the rest */
    assert_true(scene.got_bytes[2] < 10000); /* what there was room for before the others had come */
    /* And within one look at the port: nothing of a class before what is more urgent. */
    while (get(&scene, SCHED_BATCH, 3 * SECOND))
        ;
    end(&scene);
}

static void those_alike_share_by_quantum(void **state)
{
    struct scene scene;

    (void)state;
    set(&scene, 4);
    for (unsigned i = 0; i < 4; i++) {
        scene.config.classes[i].quantum = 1514 * (i + 1);
        scene.config.classes[i].many = i % 2;
        if (i % 2)
            scene.config.classes[i].drr =
                (struct drr_config){.queues = 10, .profile_count = 1, .profiles = &scene.profile};
    }
    begin(&scene);
    saturate(&scene, 4 * SECOND);
    for (unsigned i = 0; i < 4; i++)
        assert_true(share(&scene, i, 4 * SECOND) > 9.8 * (i + 1) && share(&scene, i, 4 * SECOND) < 10.2 * (i + 1));
    end(&scene);
}

/* A class that has a queue each for many, with nothing to send for their rates, does not keep the others from it. */
static void who_may_not_send_is_passed_over(void **state)
{
    struct scene scene;

    (void)state;
    set(&scene, 2);
    scene.profile.rate = shaper_rate(MBIT, SCHED_BURST_NS);
    scene.config.classes[0].many = true;
    scene.config.classes[0].drr = (struct drr_config){.queues = 10, .profile_count = 1, .profiles = &scene.profile};
    begin(&scene);
    saturate(&scene, 2 * SECOND);
    assert_true(share(&scene, 0, 2 * SECOND) > 9.7 && share(&scene, 0, 2 * SECOND) < 10.2);
    assert_true(share(&scene, 1, 2 * SECOND) > 89.5);
    end(&scene);
}

/* Whoever sleeps until sched_next_ns misses nothing. */
static void all_leaves_at_the_times_that_it_says(void **state)
{
    struct scene scene;
    int64_t now_ns = 0;
    unsigned in_vain = 0;

    (void)state;
    set(&scene, 3);
    scene.config.rate = shaper_rate(2 * MBIT, 0);
    scene.config.classes[0].rate = shaper_rate(MBIT / 10, 0);
    scene.config.classes[1].many = true;
    scene.config.classes[1].drr = (struct drr_config){.queues = 10, .profile_count = 1, .profiles = &scene.profile};
    scene.profile.rate = shaper_rate(MBIT / 5, 1 << 14);
    begin(&scene);
    assert_int_equal(sched_next_ns(scene.sched), INT64_MAX);
    for (unsigned i = 0; i < 300; i++)
        put(&scene, i % 3, 1000, 0);
    while (sched_packets(scene.sched)) {
        int64_t next_ns = sched_next_ns(scene.sched);
        assert_int_not_equal(next_ns, INT64_MAX);
        now_ns = next_ns > now_ns ? next_ns : now_ns;
        in_vain = get(&scene, 1, now_ns) ? 0 : in_vain + 1;
        assert_true(in_vain < 2);
    }
    assert_int_equal(sched_next_ns(scene.sched), INT64_MAX);
    assert_int_equal(scene.got, 300);
    assert_true(now_ns < 9 * SECOND); /* 100 packets at 0.1 Mbit/s take 8 s */
    end(&scene);
}

/* One class is full, or all but one are: those that come to another still find room. */
static void no_class_takes_the_memory(void **state)
{
    struct scene scene;

    (void)state;
    set(&scene, 4);
    for (unsigned i = 0; i < 4; i++)
        scene.config.classes[i].queue.limit_packets = POOL;
    scene.config.classes[1].queue =
        (struct queue_config){.kind = QUEUE_FQ_CODEL,
                              .fq_codel = {.codel = {.target_ns = 5000000, .interval_ns = 100000000, .mtu = 1514},
                                           .flows = 64,
                                           .quantum = 1514,
                                           .limit_packets = POOL}};
    begin(&scene);
    for (unsigned i = 0; i < 3; i++)
        for (unsigned j = 0; j < POOL; j++)
            put(&scene, i, 100, 0);
    uint32_t before = sched_class_packets(scene.sched, 3);
    for (unsigned j = 0; j < 100; j++)
        put(&scene, 3, 100, 0);
    assert_int_equal(sched_class_packets(scene.sched, 3), before + 100);
    assert_true(scene.packets.free_count > 100);
    assert_true(sched_class_stats(scene.sched, 0)->drops[QUEUE_DROP_MEMORY] > 0);
    assert_true(sched_class_stats(scene.sched, 1)->drops[QUEUE_DROP_FATTEST] > 0);
    assert_int_equal(sched_class_stats(scene.sched, 3)->drops[QUEUE_DROP_MEMORY], 0);
    end(&scene);
}

/* Everything at random, and everything is accounted for. */
static void nothing_is_lost(void **state)
{
    struct scene scene;
    int64_t now_ns = 0;

    (void)state;
    set(&scene, 4);
    scene.config.classes[1].queue = (struct queue_config){
        .kind = QUEUE_RED,
        .limit_packets = 100,
        .limit_bytes = UINT64_MAX,
        .red.law = {.weight = 0.01, .packet_ns = 100000, .profiles = {{.min = 5, .max = 15, .max_p = 0.1}}}};
    scene.config.classes[2].many = scene.config.classes[3].many = true;
    for (unsigned i = 2; i < 4; i++) {
        scene.config.classes[i].priority = 1;
        scene.config.classes[i].drr = (struct drr_config){.queues = 10, .profile_count = 1, .profiles = &scene.profile};
    }
    scene.profile.rate = shaper_rate(3 * MBIT, 100000);
    begin(&scene);
    for (unsigned i = 0; i < 50000; i++) {
        for (unsigned j = draw_u32(&scene.seed) % 12; j > 0 && scene.packets.free_count; j--)
            put(&scene, draw_u32(&scene.seed) % 4, 64 + draw_u32(&scene.seed) % 1455, now_ns);
        get(&scene, 1 + draw_u32(&scene.seed) % SCHED_BATCH, now_ns);
        now_ns += draw_u32(&scene.seed) % 1000000;
    }
    for (unsigned i = 0; i < 4; i++)
        assert_true(sched_class_stats(scene.sched, i)->left_packets > 1000);
    end(&scene);
}

/* A contract's packets go first, and what they do not use is best effort's; all of the rate is used. */
static void contracts_go_first_and_the_rest_is_best_effort(void **state)
{
    const struct contract contract = {.rate = 10 * MBIT,
                                      .burst = 3000,
                                      .packet_min = 84,
                                      .packet_max = 1538,
                                      .delay_ns = 5000000,
                                      .treatment = CONTRACT_DEMOTE};
    struct scene scene;
    uint64_t promised_bytes = 0, bytes = 0;
    unsigned demoted = 0;

    (void)state;
    set(&scene, 1);
    scene.config.edf = (struct edf_config){.contracts = 4, .packets = POOL, .bucket_log = 11};
    begin(&scene);
    assert_non_null(sched_edf(scene.sched));
    edf_set(sched_edf(scene.sched), 2, &contract);
    int64_t next_ns = 0;
    for (int64_t now_ns = 0; now_ns < SECOND; now_ns += 100000) {
        while (sched_class_packets(scene.sched, 0) < 200)
            put(&scene, 0, 1000, now_ns);
        for (; next_ns <= now_ns; next_ns += 400000) { /* 20 Mbit/s: twice what it may */
            uint32_t number = packets_take(&scene.packets);
            scene.packets.all[number] =
                (struct packet){.len = 1000, .class = SCHED_CONTRACT, .contract = 2, .hash = 1, .arrived_ns = next_ns};
            sched_put(scene.sched, &number, 1, now_ns);
        }
        uint32_t numbers[SCHED_BATCH];
        unsigned count;
        while ((count = sched_get(scene.sched, numbers, SCHED_BATCH, now_ns)))
            for (unsigned i = 0; i < count; i++) {
                const struct packet *packet = &scene.packets.all[numbers[i]];
                bool promised = packet->class & SCHED_CONTRACT;
                assert_true(!promised || now_ns - packet->arrived_ns <= 100000);
                promised_bytes += promised ? packet->len : 0;
                demoted += !promised && packet->hash == 1;
                bytes += packet->len;
                packets_give_back(&scene.packets, numbers[i]);
            }
    }
    assert_true(promised_bytes > 10 * MBIT - 3000 && promised_bytes < 10 * MBIT + 5000);
    assert_true(bytes > 99.9 * MBIT && bytes < 100.2 * MBIT);
    assert_true(demoted > 100);
    assert_int_equal(edf_counts(sched_edf(scene.sched), 2).conforming, promised_bytes / 1000);
    sched_free(scene.sched);
    assert_int_equal(scene.packets.free_count, POOL);
    packets_close(&scene.packets);
}

/* Memory that is reserved for contracts is there for them, however much best effort comes. */
static void what_is_reserved_is_left_alone(void **state)
{
    const struct contract contract = {
        .rate = 10 * MBIT, .burst = 150000, .packet_min = 84, .packet_max = 1538, .delay_ns = 100000000};
    struct scene scene;

    (void)state;
    set(&scene, 2);
    scene.profile.limit_packets = POOL;
    scene.config.share_shift = SHARE_SHIFT_MAX;
    scene.config.classes[0].queue.limit_packets = POOL;
    scene.config.classes[1] = (struct sched_class){
        .quantum = SCHED_QUANTUM,
        .many = true,
        .drr = {.queues = 10, .profile_count = 1, .profiles = &scene.profile, .share_shift = SHARE_SHIFT_MAX}};
    scene.config.edf = (struct edf_config){.contracts = 1, .packets = POOL, .bucket_log = 11};
    scene.packets.reserved = 100;
    begin(&scene);
    edf_set(sched_edf(scene.sched), 0, &contract);
    for (unsigned i = 0; i < 2 * POOL; i++)
        put(&scene, i % 2, 1000, 0);
    assert_in_range(scene.packets.free_count, 100, 110);
    for (unsigned i = 0; i < 60; i++) {
        uint32_t number = packets_take(&scene.packets);
        scene.packets.all[number] = (struct packet){.len = 1000, .class = SCHED_CONTRACT};
        sched_put(scene.sched, &number, 1, 0);
    }
    assert_int_equal(scene.packets.held, 60);
    for (unsigned i = 0; i < 100; i++)
        put(&scene, i % 2, 1000, 0);
    assert_in_range(scene.packets.free_count, 40, 50);
    assert_int_equal(sched_next_ns(scene.sched), -(int64_t)SCHED_BURST_NS);
    scene.came += 60;
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_port_has_its_rate),
        cmocka_unit_test(the_urgent_go_first),
        cmocka_unit_test(contracts_go_first_and_the_rest_is_best_effort),
        cmocka_unit_test(what_is_reserved_is_left_alone),
        cmocka_unit_test(those_alike_share_by_quantum),
        cmocka_unit_test(who_may_not_send_is_passed_over),
        cmocka_unit_test(all_leaves_at_the_times_that_it_says),
        cmocka_unit_test(no_class_takes_the_memory),
        cmocka_unit_test(nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
