/*
 * What the disciplines do, beside what straight transcriptions of the papers and RFCs did
 * (tests/oracle/disciplines.py): packet by packet the same drops, marks, order.
 */
#include "queue/queue.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL 4096

struct run {
    FILE *file;
    unsigned line;
    struct queue_config config;
    struct packets packets;
    struct queue *queue;
    uint32_t sequence[POOL]; /* of the packet that has this number */
    uint32_t came;
    uint64_t seed, got, lost;
};

/* --- settings ---------------------------------------------------------------------------------------------------- */

static void read_red(struct queue_config *config, const char *text)
{
    struct queue_red *red = &config->red;
    int in_bytes, ecn, gentle, adaptive, at = 0;
    unsigned profiles;

    config->kind = QUEUE_RED;
    assert_int_equal(sscanf(text, "%" SCNu64 " %d %d %lf %d %lf %lf %d %u%n", &config->limit_bytes, &in_bytes, &ecn,
                            &red->law.weight, &gentle, &red->law.mean_len, &red->law.packet_ns, &adaptive, &profiles,
                            &at),
                     9);
    red->in_bytes = in_bytes;
    red->ecn = ecn;
    red->law.gentle = gentle;
    red->law.adaptive = adaptive;
    for (unsigned i = 0; i < profiles; i++) {
        struct red_profile *profile = &red->law.profiles[i];
        int len = 0;
        assert_int_equal(sscanf(text + at, "%lf %lf %lf%n", &profile->min, &profile->max, &profile->max_p, &len), 3);
        at += len;
        red->profile_of[i] = (uint8_t)i;
    }
}

static void read_codel(struct codel_config *codel, const char *text)
{
    int ecn;

    assert_int_equal(
        sscanf(text, "%" SCNd64 " %" SCNd64 " %u %d", &codel->target_ns, &codel->interval_ns, &codel->mtu, &ecn), 4);
    codel->ecn = ecn;
}

static void read_config(struct queue_config *config, const char *line)
{
    char name[16];
    int at = 0, more = 0;

    memset(config, 0, sizeof(*config));
    config->limit_packets = POOL;
    config->limit_bytes = UINT64_MAX;
    assert_int_equal(sscanf(line, "%15s %n", name, &at), 1);
    const char *text = line + at;
    if (strcmp(name, "red") == 0) {
        read_red(config, text);
    } else if (strcmp(name, "codel") == 0) {
        config->kind = QUEUE_CODEL;
        assert_int_equal(sscanf(text, "%" SCNu64 " %n", &config->limit_bytes, &more), 1);
        read_codel(&config->codel, text + more);
    } else if (strcmp(name, "fq-codel") == 0) {
        struct fq_codel_config *fq = &config->fq_codel;
        config->kind = QUEUE_FQ_CODEL;
        assert_int_equal(sscanf(text, "%u %u %u %n", &fq->limit_packets, &fq->flows, &fq->quantum, &more), 3);
        read_codel(&fq->codel, text + more);
    } else {
        struct dualpi2_config *dual = &config->dualpi2;
        assert_string_equal(name, "dualpi2");
        config->kind = QUEUE_DUALPI2;
        assert_int_equal(sscanf(text, "%" SCNu64 " %" SCNd64 " %" SCNd64 " %lf %lf %lf %" SCNd64 " %" SCNd64 " %u",
                                &dual->limit_bytes, &dual->target_ns, &dual->update_ns, &dual->alpha, &dual->beta,
                                &dual->coupling, &dual->low_min_ns, &dual->low_range_ns, &dual->low_latency_percent),
                         9);
    }
}

/* --- what happens ------------------------------------------------------------------------------------------------ */

/* Those that were dropped have come back since there were `before` free ones, in this order. */
static void check_dropped(struct run *run, uint32_t before, const char *expected)
{
    for (uint32_t i = before; i < run->packets.free_count; i++) {
        char *end;
        unsigned long sequence = strtoul(expected, &end, 10);
        if (end == expected || sequence != run->sequence[run->packets.free[i]])
            fail_msg("line %u: %u was dropped, expected:%s", run->line, run->sequence[run->packets.free[i]], expected);
        expected = end;
        run->lost++;
    }
    if (strspn(expected, " \n") != strlen(expected))
        fail_msg("line %u: not dropped:%s", run->line, expected);
}

static void put(struct run *run, const char *text)
{
    int64_t now_ns;
    uint32_t len, hash;
    unsigned dscp, ecn;
    int at = 0;

    assert_int_equal(sscanf(text, "%" SCNd64 " %u %u %u %u |%n", &now_ns, &len, &hash, &dscp, &ecn, &at), 5);
    uint32_t before = run->packets.free_count - 1, number = packets_take(&run->packets);
    assert_int_not_equal(number, PACKET_NONE);
    run->packets.all[number] = (struct packet){.len = len, .hash = hash, .dscp = (uint8_t)dscp, .ecn = (uint8_t)ecn};
    run->sequence[number] = run->came++;
    queue_put(run->queue, number, now_ns);
    check_dropped(run, before, text + at);
}

static void get(struct run *run, const char *text)
{
    int64_t now_ns;
    char expected[16];
    int at = 0, more = 0;
    unsigned ecn = 0;

    assert_int_equal(sscanf(text, "%" SCNd64 " | %15s %n", &now_ns, expected, &at), 2);
    if (strcmp(expected, "-") != 0)
        assert_int_equal(sscanf(text + at, "%u %n", &ecn, &more), 1);
    uint32_t before = run->packets.free_count, number = queue_get(run->queue, now_ns);
    check_dropped(run, before, strrchr(text, '|') + 1);
    if (number == PACKET_NONE) {
        assert_string_equal(expected, "-");
        return;
    }
    const struct packet *packet = &run->packets.all[number];
    if (run->sequence[number] != strtoul(expected, NULL, 10) || packet->ecn != ecn)
        fail_msg("line %u: %u with ECN %u left, expected: %s %u", run->line, run->sequence[number], packet->ecn,
                 expected, ecn);
    packets_give_back(&run->packets, number);
    run->got++;
}

static void check_counts(const struct run *run)
{
    const struct queue_stats *stats = queue_stats(run->queue);
    uint64_t drops = 0;

    for (unsigned i = 0; i < QUEUE_DROP_COUNT; i++)
        drops += stats->drops[i];
    assert_int_equal(stats->arrived_packets, run->came);
    assert_int_equal(stats->left_packets, run->got);
    assert_int_equal(histogram_count(&stats->delay), run->got);
    assert_int_equal(drops, run->lost);
    assert_int_equal(queue_packets(run->queue), run->came - run->got - run->lost);
    assert_int_equal(stats->arrived_bytes, stats->left_bytes + stats->dropped_bytes + queue_bytes(run->queue));
}

static void same_as_the_oracle(void **state)
{
    struct run run = {.seed = 1};
    char path[512], line[512];

    snprintf(path, sizeof(path), "%s/%s.txt", VECTORS_DIR, (const char *)*state);
    run.file = fopen(path, "r");
    assert_non_null(run.file);
    assert_int_equal(packets_open(&run.packets, POOL), 0);
    assert_non_null(fgets(line, sizeof(line), run.file));
    read_config(&run.config, line);
    run.queue = queue_new(&run.config, &run.packets, (struct queue_random){draw_of, &run.seed}, 0);
    assert_non_null(run.queue);
    for (run.line = 2; fgets(line, sizeof(line), run.file); run.line++) {
        if (line[0] == 'p')
            put(&run, line + 1);
        else
            get(&run, line + 1);
    }
    assert_true(run.line > 1000);
    check_counts(&run);
    run.queue = queue_free(run.queue);
    assert_int_equal(run.packets.free_count, POOL);
    packets_close(&run.packets);
    fclose(run.file);
}

int main(void)
{
#define CASE(name)                                           \
    {                                                        \
        name, same_as_the_oracle, NULL, NULL, (void *)(name) \
    }
    const struct CMUnitTest tests[] = {
        CASE("red-paper"),    CASE("red-gentle-ecn"), CASE("red-bytes"),    CASE("red-adaptive"),
        CASE("red-weighted"), CASE("codel"),          CASE("codel-ecn"),    CASE("fq-codel"),
        CASE("fq-codel-ecn"), CASE("dualpi2"),        CASE("dualpi2-step"),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
