#include "sched/edf.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#define SEED      1
#define POOL      2000
#define CONTRACTS 40
#define LOG       11
#define BUCKET    (INT64_C(1) << LOG)
#define MS        INT64_C(1000000)
#define BEGIN     INT64_C(1234567890123)

struct scene {
    struct packets packets;
    struct edf *edf;
    struct contract contracts[CONTRACTS];
    uint64_t seed;
    int64_t now_ns;
};

static void set(struct scene *scene)
{
    const struct edf_config config = {.contracts = CONTRACTS, .packets = POOL, .bucket_log = LOG};

    *scene = (struct scene){.seed = SEED, .now_ns = BEGIN};
    assert_int_equal(packets_open(&scene->packets, POOL), 0);
    scene->edf = edf_new(&config, &scene->packets);
    assert_non_null(scene->edf);
}

static void end(struct scene *scene)
{
    scene->edf = edf_free(scene->edf);
    assert_int_equal(scene->packets.free_count, POOL);
    assert_int_equal(scene->packets.held, 0);
    packets_close(&scene->packets);
}

static void give(struct scene *scene, uint32_t number, struct contract contract)
{
    assert_int_equal(contract_check(&contract, BUCKET), CONTRACT_SOUND);
    scene->contracts[number] = contract;
    edf_set(scene->edf, number, &contract);
}

/* A packet comes now. Its number, or PACKET_NONE if it is dropped; *left: it is best effort, and back in the pool. */
static uint32_t put(struct scene *scene, uint32_t contract, uint32_t len, int64_t arrived_ns, bool *left)
{
    uint32_t number = packets_take(&scene->packets), free_count = scene->packets.free_count;

    assert_int_not_equal(number, PACKET_NONE);
    scene->packets.all[number] = (struct packet){.len = len, .contract = contract, .arrived_ns = arrived_ns};
    *left = edf_put(scene->edf, &number, 1, scene->now_ns) == 1;
    if (*left)
        packets_give_back(&scene->packets, number);
    return scene->packets.free_count > free_count ? PACKET_NONE : number;
}

/* The next one that leaves, or PACKET_NONE. */
static uint32_t get(struct scene *scene)
{
    uint32_t number;
    int64_t budget = 1;

    if (!edf_get(scene->edf, &number, 1, &budget, scene->now_ns))
        return PACKET_NONE;
    assert_int_equal(budget, 1 - (int64_t)scene->packets.all[number].len);
    packets_give_back(&scene->packets, number);
    return number;
}

static const struct contract plain = {
    .rate = 1250000, .burst = 3000, .packet_min = 84, .packet_max = 1538, .delay_ns = 10 * MS, .wait_ns = 20 * MS};

/* --- order, against a model that looks at everything -------------------------------------------------------------- */

struct waiting {
    int64_t ready, deadline; /* buckets; ready 0: there is no such packet */
    uint64_t came, turn;     /* in which order they came, and may leave; turn 0: it may not yet */
};

struct model {
    struct waiting packets[POOL];
    int64_t tat_16[CONTRACTS]; /* of the theoretical arrival time after BEGIN, in 2^-16 ns */
    uint64_t came, turn;
};

/* Those that may leave by now, in the order in which they conform. */
static void model_ready(struct model *model, int64_t now)
{
    for (;;) {
        struct waiting *first = NULL;
        for (unsigned i = 0; i < POOL; i++) {
            struct waiting *packet = &model->packets[i];
            if (packet->ready && !packet->turn && packet->ready <= now &&
                (!first || packet->ready < first->ready ||
                 (packet->ready == first->ready && packet->came < first->came)))
                first = packet;
        }
        if (!first)
            return;
        first->turn = ++model->turn;
    }
}

static uint32_t model_get(struct model *model)
{
    uint32_t first = PACKET_NONE;

    for (uint32_t i = 0; i < POOL; i++) {
        const struct waiting *packet = &model->packets[i];
        if (packet->turn &&
            (first == PACKET_NONE || packet->deadline < model->packets[first].deadline ||
             (packet->deadline == model->packets[first].deadline && packet->turn < model->packets[first].turn)))
            first = i;
    }
    if (first != PACKET_NONE)
        model->packets[first] = (struct waiting){0};
    return first;
}

/* When a packet conforms, reckoned in another way. */
static int64_t model_conforms(struct model *model, const struct scene *scene, uint32_t number, uint32_t len,
                              int64_t at_ns)
{
    const struct contract *contract = &scene->contracts[number];
    int64_t at_16 = (at_ns - BEGIN) << 16, *tat_16 = &model->tat_16[number];
    int64_t len_16 = (int64_t)((double)len * 1e9 * 65536 / (double)contract->rate),
            burst_16 = (int64_t)((double)contract->burst * 1e9 * 65536 / (double)contract->rate);

    if (*tat_16 < at_16)
        *tat_16 = at_16;
    *tat_16 += len_16;
    int64_t conforms_16 = *tat_16 - burst_16 > at_16 ? *tat_16 - burst_16 : at_16;
    return BEGIN + (conforms_16 >> 16);
}

static void the_earliest_deadline_of_those_ready_leaves(void **state)
{
    static struct model model;
    struct scene scene;
    unsigned got = 0, waits = 0, nothing = 0;

    (void)state;
    set(&scene);
    memset(&model, 0, sizeof(model));
    for (uint32_t i = 0; i < CONTRACTS; i++) {
        struct contract contract = plain;
        contract.rate = 1000000 >> i % 3; /* a byte is a whole number of nanoseconds */
        contract.delay_ns = (int64_t)(1 + draw_u32(&scene.seed) % 30) * MS / 2;
        contract.wait_ns = 50 * MS;
        if (i % 3 == 0)
            contract.jitter_ns = contract.delay_ns / 3;
        give(&scene, i, contract);
    }
    for (unsigned i = 0; i < 20000; i++) {
        scene.now_ns += draw_u32(&scene.seed) % 8 ? draw_u32(&scene.seed) % 3000 : draw_u32(&scene.seed) % 300000;
        if (draw_u32(&scene.seed) % 5 < 2 && edf_packets(scene.edf) < POOL / 2) {
            uint32_t of = draw_u32(&scene.seed) % CONTRACTS, len = 84 + draw_u32(&scene.seed) % 1455;
            bool left;
            int64_t tat_16 = model.tat_16[of];
            int64_t conforms_ns = model_conforms(&model, &scene, of, len, scene.now_ns);
            int64_t deadline_ns = conforms_ns + contract_within_ns(&scene.contracts[of]), now = scene.now_ns >> LOG;
            model_ready(&model, now);
            uint32_t number = put(&scene, of, len, scene.now_ns, &left);
            assert_false(left);
            if (number == PACKET_NONE) {
                assert_true(conforms_ns - scene.now_ns > scene.contracts[of].wait_ns);
                model.tat_16[of] = tat_16;
                continue;
            }
            waits += conforms_ns >> LOG > now;
            model.packets[number] =
                (struct waiting){.ready = conforms_ns >> LOG, .deadline = deadline_ns >> LOG, .came = ++model.came};
        }
        if (draw_u32(&scene.seed) % 5 < 3) {
            model_ready(&model, scene.now_ns >> LOG);
            int64_t next_ns = edf_next_ns(scene.edf);
            uint32_t want = model_get(&model), number = get(&scene);
            assert_int_equal(number, want);
            assert_int_equal(number != PACKET_NONE, next_ns <= scene.now_ns);
            got += number != PACKET_NONE;
            nothing += number == PACKET_NONE;
        }
    }
    assert_true(got > 5000 && waits > 2000 && nothing > 1000);
    assert_true(edf_packets(scene.edf) > 0);
    end(&scene); /* what waits goes back to the pool */
}

/* --- what does not conform ---------------------------------------------------------------------------------------- */

static void shaped_it_comes_at_the_rate(void **state)
{
    struct scene scene;
    bool left;
    unsigned taken = 0;

    (void)state;
    set(&scene);
    give(&scene, 3, plain);
    for (unsigned i = 0; i < 50; i++)
        taken += put(&scene, 3, 1000, BEGIN, &left) != PACKET_NONE;
    /* A burst of 3,000 bytes, and what conforms within 20 ms at 1,250,000 bytes a second. */
    assert_int_equal(taken, 3 + 25);
    struct edf_counts counts = edf_counts(scene.edf, 3);
    assert_int_equal(counts.conforming, 3);
    assert_int_equal(counts.shaped, 25);
    assert_int_equal(counts.dropped, 22);
    assert_int_equal(scene.packets.held, 28);
    for (unsigned i = 0; i < 28; i++) {
        int64_t conforms_ns = i < 3 ? BEGIN : BEGIN + (i - 2) * INT64_C(800000);
        scene.now_ns = (conforms_ns >> LOG << LOG) - 1; /* not before its bucket */
        if (i >= 3) {
            assert_int_equal(get(&scene), PACKET_NONE);
            assert_int_equal(edf_next_ns(scene.edf), scene.now_ns + 1);
        }
        scene.now_ns++;
        assert_int_not_equal(get(&scene), PACKET_NONE);
    }
    assert_int_equal(edf_next_ns(scene.edf), INT64_MAX);
    assert_int_equal(scene.packets.held, 0);
    end(&scene);
}

static void demoted_or_dropped_it_takes_no_share(void **state)
{
    struct contract contract = plain;
    struct scene scene;
    bool left;

    (void)state;
    set(&scene);
    contract.treatment = CONTRACT_DEMOTE;
    give(&scene, 0, contract);
    contract.treatment = CONTRACT_DROP;
    give(&scene, 1, contract);
    for (uint32_t of = 0; of < 2; of++) {
        for (unsigned i = 0; i < 10; i++) {
            uint32_t number = put(&scene, of, 1000, scene.now_ns, &left);
            assert_int_equal(number != PACKET_NONE, i < 3);
            assert_int_equal(left, i >= 3 && of == 0);
        }
        scene.now_ns += INT64_C(800000); /* a packet's time: what did not conform has not used it up */
        assert_int_not_equal(put(&scene, of, 1000, scene.now_ns, &left), PACKET_NONE);
        assert_int_equal(put(&scene, of, 1539, scene.now_ns + 100 * MS, &left), PACKET_NONE); /* too long at any time */
        assert_int_equal(left, of == 0);
    }
    struct edf_counts demoted = edf_counts(scene.edf, 0), dropped = edf_counts(scene.edf, 1);
    assert_true(demoted.conforming == 4 && demoted.demoted == 8 && demoted.too_long == 1 && !demoted.dropped);
    assert_true(dropped.conforming == 4 && dropped.dropped == 8 && dropped.too_long == 1 && !dropped.demoted);
    end(&scene);
}

/* A burst comes no faster than the peak rate, and short packets count as the shortest. */
/* What is promised nothing is best effort as far as it conforms, too. */
static void best_effort_is_regulated_and_left_alone(void **state)
{
    struct contract contract = plain;
    struct scene scene;
    bool left;

    (void)state;
    set(&scene);
    contract.best_effort = true;
    contract.treatment = CONTRACT_DROP;
    give(&scene, 0, contract);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(put(&scene, 0, 1000, scene.now_ns, &left), PACKET_NONE);
        assert_int_equal(left, i < 3);
    }
    assert_int_equal(edf_packets(scene.edf), 0);
    struct edf_counts counts = edf_counts(scene.edf, 0);
    assert_true(counts.conforming == 3 && counts.dropped == 7);
    end(&scene);
}

static void the_peak_rate_and_the_shortest_packet_count(void **state)
{
    struct contract contract = plain;
    struct scene scene;
    bool left;
    unsigned taken = 0;

    (void)state;
    set(&scene);
    contract.treatment = CONTRACT_DROP;
    contract.burst = 20000;
    contract.peak_rate = 12500000; /* a byte in 80 ns */
    contract.peak_burst = 1538;
    contract.packet_min = 200;
    give(&scene, 0, contract);
    for (unsigned i = 0; i < 30; i++)
        taken += put(&scene, 0, 64, scene.now_ns, &left) != PACKET_NONE;
    assert_int_equal(taken, 1538 / 200);
    scene.now_ns += INT64_C(320000);
    taken = 0;
    for (unsigned i = 0; i < 30; i++)
        taken += put(&scene, 0, 1000, scene.now_ns, &left) != PACKET_NONE;
    assert_int_equal(taken, 1); /* the bucket holds 1,538 whatever has passed */
    end(&scene);
}

/* What was seen late still has the deadline of its arrival. */
static void the_deadline_runs_from_the_arrival(void **state)
{
    struct contract contract = plain;
    struct scene scene;
    bool left;

    (void)state;
    set(&scene);
    give(&scene, 0, contract);
    contract.delay_ns = 9 * MS;
    give(&scene, 1, contract);
    scene.now_ns += 8 * MS;
    uint32_t second = put(&scene, 0, 1000, scene.now_ns, &left), first = put(&scene, 0, 1000, scene.now_ns, &left);
    (void)first;
    uint32_t early = put(&scene, 1, 1000, BEGIN + 2 * MS, &left);
    assert_int_equal(get(&scene), early);
    assert_int_equal(get(&scene), second);
    end(&scene);
}

/* A new contract for a number that has packets: they keep their times, and it begins with a full bucket. */
static void a_number_may_get_another_contract(void **state)
{
    struct contract contract = plain;
    struct scene scene;
    bool left;

    (void)state;
    set(&scene);
    contract.treatment = CONTRACT_DROP;
    give(&scene, 0, contract);
    for (unsigned i = 0; i < 3; i++)
        assert_int_not_equal(put(&scene, 0, 1000, scene.now_ns, &left), PACKET_NONE);
    give(&scene, 0, contract);
    assert_int_equal(edf_counts(scene.edf, 0).conforming, 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_not_equal(put(&scene, 0, 1000, scene.now_ns, &left), PACKET_NONE);
    for (unsigned i = 0; i < 6; i++)
        assert_int_not_equal(get(&scene), PACKET_NONE);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earliest_deadline_of_those_ready_leaves),
        cmocka_unit_test(shaped_it_comes_at_the_rate),
        cmocka_unit_test(demoted_or_dropped_it_takes_no_share),
        cmocka_unit_test(best_effort_is_regulated_and_left_alone),
        cmocka_unit_test(the_peak_rate_and_the_shortest_packet_count),
        cmocka_unit_test(the_deadline_runs_from_the_arrival),
        cmocka_unit_test(a_number_may_get_another_contract),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
