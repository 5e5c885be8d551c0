/*
 * Whether the guarantees hold, in virtual time: random ports, sets of contracts that the admission test admits, and
 * traffic that conforms and does its worst, on the scheduler that forwards. The bench has its own clock, link and
 * buckets, and checks each packet.
 *
 * In turn: attacks (all send their bursts at once, and then as fast as they may, so that as much as possible has to
 * leave by one moment, just after best effort has filled the ring), storms (each sends in its own way), rogues (the
 * same, while one sends ten times its rate), and sets that go beyond what is admitted, where an attack must do harm.
 */
#include "benchmarks/contract/sets.h"
#include "benchmarks/contract/source.h"

#include "base/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define POOL    400000u
#define NONE    UINT32_MAX
#define IN_TURN 20 /* in one set of so many each contract is a rogue in its turn */
#define SECOND  INT64_C(1000000000)

struct proof {
    struct set *set;
    struct packets packets;
    struct sched_config config;
    struct sched *sched;
    uint64_t random;
    int64_t now_ns;
    int64_t free_ps; /* when the link has sent what it has; and what is lost in that by rounding */
    uint64_t free_rest;
    bool best_effort; /* there always is some */
    bool checks;      /* a late packet ends it all; otherwise they are counted */
    struct source sources[SETS_CONTRACTS_MAX];
    uint32_t heap[SETS_CONTRACTS_MAX];
    uint32_t heap_count;
    int64_t tightest_ns; /* as tightest_of() has it */
    /* what came of it */
    uint64_t guaranteed, others, rogue_packets, late, episodes;
    double worst, worst_jitter; /* delay and jitter, of what is promised */
};

static uint64_t draw(struct proof *proof, uint64_t below)
{
    return set_draw(&proof->random, below);
}

static _Noreturn void fail(const struct proof *proof, const char *what, uint32_t number)
{
    const struct source *source = &proof->sources[number];
    const struct contract *contract = &proof->set->contracts[number];

    fprintf(stderr,
            "seed %" PRIu64 ", episode %" PRIu64 ", contract %" PRIu32 " at %" PRId64 " ns: %s (delay %" PRId64
            " jitter %" PRId64 " ns promised, %" PRId64 " to %" PRId64 " ps seen)\n",
            proof->set->seed, proof->episodes, number, proof->now_ns, what, contract->delay_ns, contract->jitter_ns,
            source->shortest_ps, source->longest_ps);
    exit(1);
}

/* --- the heap of those that are to send --------------------------------------------------------------------------- */

static bool before(const struct proof *proof, uint32_t a, uint32_t b)
{
    return proof->sources[a].next_ns < proof->sources[b].next_ns;
}

static void sift_down(struct proof *proof, uint32_t at)
{
    uint32_t number = proof->heap[at];

    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= proof->heap_count)
            break;
        if (child + 1 < proof->heap_count && before(proof, proof->heap[child + 1], proof->heap[child]))
            child++;
        if (!before(proof, proof->heap[child], number))
            break;
        proof->heap[at] = proof->heap[child];
        at = child;
    }
    proof->heap[at] = number;
}

static void heap_make(struct proof *proof)
{
    proof->heap_count = 0;
    for (uint32_t i = 0; i < proof->set->count; i++)
        if (proof->sources[i].next_ns != SOURCE_NEVER)
            proof->heap[proof->heap_count++] = i;
    for (uint32_t i = proof->heap_count / 2; i-- > 0;)
        sift_down(proof, i);
}

/* The first has sent; it has a new time, or none. */
static void heap_renew(struct proof *proof)
{
    if (proof->sources[proof->heap[0]].next_ns == SOURCE_NEVER)
        proof->heap[0] = proof->heap[--proof->heap_count];
    if (proof->heap_count)
        sift_down(proof, 0);
}

/* --- the port ----------------------------------------------------------------------------------------------------- */

static uint32_t packet_new(struct proof *proof, struct packet what)
{
    uint32_t number = packets_take(&proof->packets);

    if (number == PACKET_NONE)
        fail(proof, "the pool is empty", 0);
    proof->packets.all[number] = what;
    return number;
}

static void put_all(struct proof *proof, const uint32_t *numbers, unsigned count)
{
    if (count)
        sched_put(proof->sched, numbers, count, proof->now_ns);
}

/* What has come since the last look. */
static void arrive(struct proof *proof)
{
    uint32_t numbers[SCHED_BATCH];
    unsigned count = 0;

    while (proof->heap_count && proof->sources[proof->heap[0]].next_ns <= proof->now_ns) {
        uint32_t from = proof->heap[0];
        struct source *source = &proof->sources[from];
        numbers[count++] = packet_new(proof, (struct packet){.len = source->next_len,
                                                             .class = SCHED_CONTRACT,
                                                             .contract = from,
                                                             .hash = 2 * from + source->rogue, /* for check() */
                                                             .arrived_ns = source->next_ns});
        source_sent(source);
        source_plan(source, source->next_ns, &proof->random);
        heap_renew(proof);
        if (count == SCHED_BATCH) {
            put_all(proof, numbers, count);
            count = 0;
        }
    }
    put_all(proof, numbers, count);
}

/* A packet goes onto the link; when it has left. */
static int64_t send(struct proof *proof, uint32_t len)
{
    if (proof->free_ps < proof->now_ns * 1000) {
        proof->free_ps = proof->now_ns * 1000;
        proof->free_rest = 0;
    }
    uint64_t work = len * (uint64_t)SECOND * 1000 + proof->free_rest;
    proof->free_ps += (int64_t)(work / proof->set->port.rate);
    proof->free_rest = work % proof->set->port.rate;
    return proof->free_ps + (proof->free_rest > 0);
}

static void note(double *worst, double ratio)
{
    if (ratio > *worst)
        *worst = ratio;
}

/* A packet is late, or its jitter is too much. */
static void blame(struct proof *proof, uint32_t number, const char *what)
{
    proof->late++;
    if (proof->checks)
        fail(proof, what, number);
}

/* A contract's packet has left: was it in time? */
static void check(struct proof *proof, const struct packet *packet, int64_t left_ps)
{
    uint32_t from = packet->hash / 2;
    struct source *source = &proof->sources[from];
    const struct contract *contract = &proof->set->contracts[from];
    int64_t delay_ps = left_ps - packet->arrived_ns * 1000;

    if (delay_ps < source->shortest_ps)
        source->shortest_ps = delay_ps;
    if (delay_ps > source->longest_ps)
        source->longest_ps = delay_ps;
    proof->guaranteed++;
    if (delay_ps > source->within_ns * 1000)
        blame(proof, from, "late");
    int64_t jitter_ps = source->longest_ps - source->shortest_ps;
    if (contract->jitter_ns && jitter_ps > contract->jitter_ns * 1000)
        blame(proof, from, "too much jitter");
    note(&proof->worst, (double)delay_ps / 1e3 / (double)source->within_ns);
    if (contract->jitter_ns)
        note(&proof->worst_jitter, (double)jitter_ps / 1e3 / (double)contract->jitter_ns);
}

/* Best effort that is there whenever it may go, of such lengths that as much as possible is under way. */
static void offer_best_effort(struct proof *proof)
{
    const struct port *port = &proof->set->port;
    uint32_t len = port->packet_max, smallest = SETS_PACKET_SMALLEST;
    int64_t ahead_ps = source_later(proof->free_ps - proof->now_ns * 1000, 0),
            left = (int64_t)port->ring_bytes - 1 - (int64_t)((__int128)ahead_ps * port->rate / SECOND / 1000);

    if (left > 1 && left - 1 < len + smallest)
        len = left - 1 >= len ? len - smallest : left - 1 > smallest ? (uint32_t)left - 1 : smallest;
    put_all(proof, (const uint32_t[]){packet_new(proof, (struct packet){.len = len})}, 1);
}

static void leave(struct proof *proof)
{
    uint32_t number;

    for (;;) {
        if (proof->best_effort && !sched_class_packets(proof->sched, 0))
            offer_best_effort(proof);
        if (!sched_get(proof->sched, &number, 1, proof->now_ns))
            return;
        const struct packet *packet = &proof->packets.all[number];
        int64_t left_ps = send(proof, packet->len);
        if (!(packet->class & SCHED_CONTRACT))
            proof->others++;
        else if (packet->hash & 1)
            proof->rogue_packets++;
        else
            check(proof, packet, left_ps);
        packets_give_back(&proof->packets, number);
    }
}

enum pace { PACE_SLOWEST, PACE_ANY, PACE_KINDS };

static int64_t pass_of(struct proof *proof, enum pace pace)
{
    int64_t most_ns = proof->set->port.poll_ns;

    return pace == PACE_SLOWEST ? most_ns : 1 + (int64_t)draw(proof, (uint64_t)most_ns);
}

/* Until nobody sends any more and all has left. */
static void run(struct proof *proof, enum pace pace)
{
    heap_make(proof);
    while (proof->heap_count || edf_packets(sched_edf(proof->sched))) {
        int64_t pass_ns = pass_of(proof, pace);
        arrive(proof);
        leave(proof);
        proof->now_ns += pass_ns;
    }
    leave(proof);
}

/* --- episodes ----------------------------------------------------------------------------------------------------- */

/* When every bucket is full again: what a rogue has sent has to be made up for. */
static int64_t all_full_ns(const struct proof *proof)
{
    int64_t full_ns = proof->now_ns + SECOND / 1000;

    for (uint32_t i = 0; i < proof->set->count; i++)
        full_ns = source_later(full_ns, source_full_ns(&proof->sources[i], proof->now_ns));
    return full_ns + SECOND / 1000;
}

static void quiet(struct proof *proof)
{
    for (uint32_t i = 0; i < proof->set->count; i++) {
        struct source *source = &proof->sources[i];
        source->next_ns = SOURCE_NEVER;
        source->pause_ns = 0;
        source->rogue = false;
    }
}

/* How long after a critical moment a contract's curve begins. A packet that conforms then leaves a bucket later at the
 * latest. */
static int64_t begins_ns(const struct proof *proof, uint32_t number)
{
    return proof->sources[number].within_ns - proof->set->config.bucket_ns;
}

/* What a contract demands so long after its curve begins. */
static double demands(const struct contract *contract, double since_ns)
{
    double bytes = contract->burst + (double)contract->rate * since_ns / 1e9,
           peak = contract->peak_burst + (double)contract->peak_rate * since_ns / 1e9;

    return contract->peak_rate && peak < bytes ? peak : bytes;
}

/* Where a curve begins at which the link has least to spare, in proportion. */
static int64_t tightest_of(const struct proof *proof)
{
    const struct set *set = proof->set;
    int64_t best_ns = 0;
    double least = 2;

    for (uint32_t i = 0; i < set->count; i++) {
        int64_t at_ns = begins_ns(proof, i);
        double needed = (double)set->config.blocking, room = (double)set->port.rate * (double)at_ns / 1e9;
        for (uint32_t j = 0; j < set->count; j++)
            if (begins_ns(proof, j) <= at_ns)
                needed += demands(&set->contracts[j], (double)(at_ns - begins_ns(proof, j)));
        if ((room - needed) / room < least) {
            least = (room - needed) / room;
            best_ns = at_ns;
        }
    }
    return best_ns;
}

/* That one, or any. */
static int64_t target_of(struct proof *proof, bool tightest)
{
    return tightest ? proof->tightest_ns : begins_ns(proof, (uint32_t)draw(proof, proof->set->count));
}

/* Best effort keeps the link busy for a while; then until as much is under way as there ever was. The moment after that
 * look. */
static int64_t worst_moment(struct proof *proof)
{
    const struct port *port = &proof->set->port;
    int64_t span_ns = 4 * (int64_t)(proof->set->config.blocking * (uint64_t)SECOND / port->rate) + 20 * port->poll_ns,
            begin_ns = proof->now_ns, most_ps = 0;

    proof->best_effort = true;
    for (;;) {
        leave(proof);
        int64_t ahead_ps = proof->free_ps - proof->now_ns * 1000, since_ns = proof->now_ns - begin_ns;
        if (since_ns < span_ns / 2)
            most_ps = source_later(most_ps, ahead_ps);
        else if (ahead_ps >= most_ps - most_ps / 100 || since_ns > span_ns)
            return proof->now_ns + 1;
        proof->now_ns += pass_of(proof, PACE_ANY);
    }
}

/* As much as possible has to leave within target_ns after a moment: those that can add to that send all that they may
 * from then on. `others` send too, whose packets have more time. */
static void attack(struct proof *proof, int64_t target_ns, enum pace pace, bool others, uint32_t rogue)
{
    struct set *set = proof->set;

    proof->now_ns = all_full_ns(proof);
    quiet(proof);
    int64_t moment_ns = worst_moment(proof);
    if (rogue != NONE)
        proof->sources[rogue].rogue = proof->sources[rogue].sinned = true;
    for (uint32_t i = 0; i < set->count; i++) {
        struct source *source = &proof->sources[i];
        int64_t spare_ns = target_ns + set->config.bucket_ns - source->within_ns;
        source->sizes = (enum source_sizes)draw(proof, SIZES_KINDS);
        source->stop_ns = moment_ns + (spare_ns >= 0 ? spare_ns : others ? target_ns : -1);
        if (spare_ns < 0 && !others && i != rogue)
            continue;
        if (i == rogue) {
            source->stop_ns += 2 * target_ns;
            source->at_once = 2 * (uint64_t)source->contract->burst;
        }
        source_plan(source, moment_ns, &proof->random);
    }
    proof->now_ns += set->port.poll_ns;
    run(proof, pace);
    if (rogue != NONE)
        proof->now_ns = all_full_ns(proof);
    proof->episodes++;
}

/* Each in its own way, from now on, for so long. */
static void storm(struct proof *proof, int64_t long_ns, enum pace pace)
{
    struct set *set = proof->set;

    quiet(proof);
    for (uint32_t i = 0; i < set->count; i++) {
        struct source *source = &proof->sources[i];
        source->sizes = (enum source_sizes)draw(proof, SIZES_KINDS);
        source->stop_ns = proof->now_ns + long_ns;
        if (draw(proof, 2))
            source->pause_ns = 1 + (int64_t)draw(proof, (uint64_t)long_ns / 4);
        source_plan(source, proof->now_ns + (int64_t)draw(proof, (uint64_t)long_ns / 2), &proof->random);
    }
    proof->best_effort = draw(proof, 4) != 0;
    run(proof, pace);
    proof->episodes++;
}

/* --- a set -------------------------------------------------------------------------------------------------------- */

static uint32_t draw_of(void *state)
{
    return (uint32_t)(random_u64(state) >> 32);
}

static void begin(struct proof *proof, struct set *set, bool checks)
{
    const struct port *port = &set->port;

    proof->set = set;
    proof->checks = checks;
    proof->random = set->seed + 12345;
    proof->now_ns = SECOND;
    proof->free_ps = 0;
    proof->episodes = proof->late = 0;
    proof->config = (struct sched_config){
        .rate = shaper_rate(port->rate, (uint32_t)port->poll_ns),
        .edf = {.contracts = SETS_CONTRACTS_MAX, .packets = POOL, .bucket_log = port->bucket_log},
        .class_count = 1,
        .classes = {{.quantum = SCHED_QUANTUM,
                     .queue = {.kind = QUEUE_DROP_TAIL, .limit_packets = 1000, .limit_bytes = UINT64_MAX}}}};
    proof->sched =
        sched_new(&proof->config, &proof->packets, (struct queue_random){draw_of, &proof->random}, proof->now_ns);
    if (!proof->sched) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
    for (uint32_t i = 0; i < set->count; i++) {
        proof->sources[i] = source_new(&set->contracts[i], proof->now_ns);
        edf_set(sched_edf(proof->sched), i, &set->contracts[i]);
    }
}

/* What conforms is taken as that, and nothing of it is lost. */
static void end(struct proof *proof)
{
    for (uint32_t i = 0; i < proof->set->count; i++) {
        struct edf_counts counts = edf_counts(sched_edf(proof->sched), i);
        if (!proof->sources[i].sinned && (counts.conforming != proof->sources[i].sent || counts.shaped ||
                                          counts.demoted || counts.dropped || counts.too_long))
            fail(proof, "conforming packets were not taken as such", i);
    }
    proof->sched = sched_free(proof->sched);
    if (proof->packets.free_count != POOL)
        fail(proof, "packets were lost", 0);
}

/* One contract more than the region holds, by more than the quantisation: its burst is raised. The time that cannot be
 * kept; 0: it cannot be done with this set. */
static int64_t raise(struct set *set, uint64_t *state)
{
    const struct port *port = &set->port;
    uint32_t number = (uint32_t)set_draw(state, set->count);
    struct contract *contract = &set->contracts[number];
    struct admission_refusal refusal;
    /* The bucket, a packet beside the ring; and what is rounded: two nanoseconds and a byte a contract, and what GCRA
     * enforces beyond what was asked for. */
    uint64_t quantum = port->packet_max + port->rate * (uint64_t)set->config.bucket_ns / 1000000000 +
                       port->rate * 2 / 1000000000 + 4 * (uint64_t)set->count + 400;

    admission_remove(set->admission, number);
    contract->peak_rate = 0;
    for (unsigned i = 0; i < 200; i++) {
        uint64_t more = quantum / 2;
        if (!admission_test(set->admission, contract, &refusal)) {
            if (refusal.cause != ADMISSION_DELAY && refusal.cause != ADMISSION_OTHER)
                return 0;
            if (refusal.needed > refusal.room + quantum)
                return refusal.within_ns;
            more = refusal.room + quantum - refusal.needed + 1;
        }
        contract->burst += (uint32_t)more + contract->burst / 8;
    }
    return 0;
}

/* Whatever comes, all is kept. */
static void hold(struct proof *proof, uint64_t packets)
{
    struct set *set = proof->set;
    uint64_t until = proof->guaranteed + packets;
    uint32_t rogue = 0;

    for (unsigned i = 0; i < 3; i++)
        attack(proof, target_of(proof, true), PACE_SLOWEST, false, NONE);
    while (proof->guaranteed < until) {
        bool tightest = draw(proof, 3) == 0, others = draw(proof, 2);
        enum pace pace = (enum pace)draw(proof, PACE_KINDS);
        switch (draw(proof, 4)) {
        case 0:
            storm(proof, 1 + (int64_t)draw(proof, 4 * (uint64_t)target_of(proof, false)), pace);
            break;
        case 1:
            attack(proof, target_of(proof, tightest), pace, others, rogue++ % set->count);
            break;
        default:
            attack(proof, target_of(proof, tightest), pace, others, NONE);
        }
    }
}

/* Each contract in its turn sends ten times its rate. */
static void misbehave(struct proof *proof)
{
    for (uint32_t i = 0; i < proof->set->count; i++)
        attack(proof, target_of(proof, i % 2), PACE_SLOWEST, true, i);
}

/* Of all sets. */
struct sums {
    uint64_t sets, contracts, contracts_most, asked, refused, offers, episodes, in_turn, beyond, shown;
    double least_worst, worst_jitter;
};

static void prove(struct proof *proof, struct set *set, uint64_t seed, uint64_t packets, struct sums *sums)
{
    set_make(set, seed);
    if (!set->count) {
        fprintf(stderr, "seed %" PRIu64 ": no contract was admitted\n", set->seed);
        exit(1);
    }
    proof->worst = proof->worst_jitter = 0;
    begin(proof, set, true);
    proof->tightest_ns = tightest_of(proof);
    hold(proof, packets);
    if (sums->sets % IN_TURN == 0) {
        misbehave(proof);
        sums->in_turn += set->count;
    }
    end(proof);
    sums->sets++;
    sums->contracts += set->count;
    sums->contracts_most = set->count > sums->contracts_most ? set->count : sums->contracts_most;
    sums->asked += set->asked;
    sums->refused += set->refused;
    sums->offers += set->offers;
    sums->episodes += proof->episodes;
    if (proof->worst < sums->least_worst)
        sums->least_worst = proof->worst;
    note(&sums->worst_jitter, proof->worst_jitter);
    uint64_t state = set->seed;
    int64_t target_ns = raise(set, &state);
    if (target_ns) {
        sums->beyond++;
        begin(proof, set, false);
        attack(proof, target_ns, PACE_SLOWEST, false, NONE);
        sums->shown += proof->late > 0;
        if (!proof->late)
            fprintf(stderr, "seed %" PRIu64 ": beyond the region, and nothing is late\n", set->seed);
        end(proof);
    }
    set_free(set);
}

int main(int argc, char **argv)
{
    static struct proof proof;
    static struct set set;
    struct sums sums = {.least_worst = 1};

    if (argc != 4) {
        fprintf(stderr, "usage: %s SEED SETS PACKETS\n", argv[0]);
        return 2;
    }
    uint64_t seed = strtoull(argv[1], NULL, 10), sets = strtoull(argv[2], NULL, 10),
             packets = strtoull(argv[3], NULL, 10);
    if (packets_open(&proof.packets, POOL) < 0)
        return 1;
    for (uint64_t i = 0; i < sets; i++) {
        prove(&proof, &set, seed + i, packets / sets + 1, &sums);
        if ((i + 1) % 100 == 0)
            fprintf(stderr, "%" PRIu64 " sets, %" PRIu64 " packets of contracts, none late\n", i + 1, proof.guaranteed);
    }
    packets_close(&proof.packets);
    const struct {
        const char *name;
        uint64_t value;
    } facts[] = {
        {"sets", sums.sets},
        {"contracts", sums.contracts},
        {"contracts_most", sums.contracts_most},
        {"asked", sums.asked},
        {"refused", sums.refused},
        {"offers_taken", sums.offers},
        {"episodes", sums.episodes},
        {"guaranteed_packets", proof.guaranteed},
        {"rogue_packets", proof.rogue_packets},
        {"best_effort_packets", proof.others},
        {"rogues_in_turn", sums.in_turn},
        {"beyond", sums.beyond},
        {"beyond_shown", sums.shown},
    };
    for (unsigned i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        printf("fact %s %" PRIu64 "\n", facts[i].name, facts[i].value);
    printf("fact least_worst_delay %.4f\nfact worst_jitter %.4f\n", sums.least_worst, sums.worst_jitter);
    return sums.shown == sums.beyond ? 0 : 1;
}
