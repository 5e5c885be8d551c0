#include "sched/edf.h"

#include "base/compiler.h"
#include "base/lines.h"
#include "sched/calendar.h"

#include <assert.h>
#include <stdlib.h>

#define LEN_BITS 16
#define LEN_MASK 0xffffu

static_assert(GCRA_LEN_MAX <= LEN_MASK && CALENDAR_BUCKETS <= 1 << 16, "a note has room for a length and a deadline");

/* A line for what every packet needs of its contract, and one for what few do. */
struct regulator {
    struct gcra_law law;
    struct gcra gcra;
    uint32_t within_ns, wait_ns;
    uint16_t packet_min, packet_max;
    uint8_t treatment;
    bool peak, best_effort;
    uint64_t conforming;
} __attribute__((aligned(LINE)));

struct more {
    struct gcra_law peak_law;
    struct gcra peak;
    struct edf_counts counts; /* but for those that conform */
} __attribute__((aligned(LINE)));

struct pair {
    struct regulator regulator;
    struct more more;
};

static_assert(sizeof(struct regulator) == LINE, "a regulator is a line");

struct edf {
    struct packets *packets;
    unsigned bucket_log;
    struct pair *contracts;
    /* An entry's note is its packet's length, so that whoever takes it need not look at the packet; and in front of
     * that, of those that wait, the bucket of the deadline, modulo 2^16. */
    struct calendar waits;     /* for conforming */
    struct calendar deadlines; /* of packets that may leave */
    struct calendar_memory memory;
};

struct edf *edf_new(const struct edf_config *config, struct packets *packets)
{
    struct edf *edf = calloc(1, sizeof(*edf));

    if (!edf)
        return NULL;
    edf->packets = packets;
    edf->bucket_log = config->bucket_log;
    edf->contracts = lines_new(config->contracts * sizeof(*edf->contracts));
    if (!edf->contracts || calendar_memory_open(&edf->memory, config->packets, 2) < 0 ||
        calendar_open(&edf->waits, &edf->memory) < 0 || calendar_open(&edf->deadlines, &edf->memory) < 0)
        return edf_free(edf);
    return edf;
}

static void give_back(struct calendar *calendar, struct packets *packets)
{
    while (calendar->count)
        packets_give_back(packets, calendar_take(calendar).packet);
}

struct edf *edf_free(struct edf *edf)
{
    if (!edf)
        return NULL;
    edf->packets->held -= edf_packets(edf);
    give_back(&edf->waits, edf->packets);
    give_back(&edf->deadlines, edf->packets);
    calendar_close(&edf->waits);
    calendar_close(&edf->deadlines);
    calendar_memory_close(&edf->memory);
    free(edf->contracts);
    free(edf);
    return NULL;
}

void edf_set(struct edf *edf, uint32_t number, const struct contract *contract)
{
    struct pair *pair = &edf->contracts[number];

    *pair = (struct pair){.regulator = {.law = gcra_law(contract->rate, contract->burst),
                                        .within_ns = (uint32_t)contract_within_ns(contract),
                                        .wait_ns = (uint32_t)contract_wait_ns(contract),
                                        .packet_min = (uint16_t)contract->packet_min,
                                        .packet_max = (uint16_t)contract->packet_max,
                                        .treatment = (uint8_t)contract->treatment,
                                        .peak = contract->peak_rate != 0,
                                        .best_effort = contract->best_effort}};
    if (contract->peak_rate)
        pair->more.peak_law = gcra_law(contract->peak_rate, contract->peak_burst);
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

enum verdict { TAKE, LEAVE, DROP };

/* What becomes of a packet that does not conform before conforms_ns. */
static enum verdict treat(struct pair *pair, int64_t waits_ns)
{
    struct edf_counts *counts = &pair->more.counts;

    if (pair->regulator.treatment == CONTRACT_DEMOTE) {
        counts->demoted++;
        return LEAVE;
    }
    if (pair->regulator.treatment == CONTRACT_SHAPE && waits_ns <= pair->regulator.wait_ns) {
        counts->shaped++;
        return TAKE;
    }
    counts->dropped++;
    return DROP;
}

/* Regulate a packet: the time from which on it conforms. */
static enum verdict regulate(struct pair *pair, const struct packet *packet, int64_t *conforms_ns)
{
    struct regulator *regulator = &pair->regulator;
    uint32_t len = packet->len > regulator->packet_min ? packet->len : regulator->packet_min;
    int64_t at_ns = packet->arrived_ns;

    if (len > regulator->packet_max) {
        pair->more.counts.too_long++;
        return treat(pair, INT64_MAX);
    }
    *conforms_ns = gcra_conforms_ns(&regulator->gcra, regulator->law, len, at_ns);
    if (regulator->peak) {
        int64_t peak_ns = gcra_conforms_ns(&pair->more.peak, pair->more.peak_law, len, at_ns);
        if (*conforms_ns < peak_ns)
            *conforms_ns = peak_ns;
    }
    if (*conforms_ns == at_ns) {
        regulator->conforming++;
    } else {
        enum verdict verdict = treat(pair, *conforms_ns - at_ns);
        if (verdict != TAKE)
            return verdict;
    }
    gcra_pass(&regulator->gcra, regulator->law, len, *conforms_ns);
    if (regulator->peak)
        gcra_pass(&pair->more.peak, pair->more.peak_law, len, *conforms_ns);
    return regulator->best_effort ? LEAVE : TAKE;
}

/* Those that conform by now get their deadlines. */
static void end_waits(struct edf *edf, int64_t now)
{
    while (edf->waits.count && edf->waits.first <= now) {
        int64_t conforms = edf->waits.first;
        struct calendar_entry entry = calendar_take(&edf->waits);
        int64_t deadline = conforms + (uint16_t)((entry.note >> LEN_BITS) - (uint32_t)conforms);
        entry.note &= LEN_MASK;
        calendar_put(&edf->deadlines, deadline, entry);
    }
}

/* A packet that is taken, and what it is noted for. */
struct taken {
    uint32_t number;
    int64_t conforms, deadline; /* buckets */
};

unsigned edf_put(struct edf *edf, uint32_t *numbers, unsigned count, int64_t now_ns)
{
    struct taken taken[EDF_BATCH];
    const struct packet *all = edf->packets->all;
    unsigned taken_count = 0, left = 0;
    int64_t now = now_ns >> edf->bucket_log;

    assert(count <= EDF_BATCH);
    for (unsigned i = 0; i < count; i++)
        __builtin_prefetch(&edf->contracts[all[numbers[i]].contract].regulator, 1);
    end_waits(edf, now);
    for (unsigned i = 0; i < count; i++) {
        const struct packet *packet = &all[numbers[i]];
        struct pair *pair = &edf->contracts[packet->contract];
        int64_t conforms_ns = 0;
        switch (regulate(pair, packet, &conforms_ns)) {
        case LEAVE:
            numbers[left++] = numbers[i];
            continue;
        case DROP:
            packets_give_back(edf->packets, numbers[i]);
            continue;
        case TAKE:
            break;
        }
        struct taken *in = &taken[taken_count++];
        *in = (struct taken){.number = numbers[i],
                             .conforms = conforms_ns >> edf->bucket_log,
                             .deadline = (conforms_ns + pair->regulator.within_ns) >> edf->bucket_log};
        __builtin_prefetch(in->conforms > now ? calendar_bucket(&edf->waits, in->conforms)
                                              : calendar_bucket(&edf->deadlines, in->deadline),
                           1);
    }
    for (unsigned i = 0; i < taken_count; i++) {
        struct calendar_entry entry = {.packet = taken[i].number, .note = all[taken[i].number].len};
        if (taken[i].conforms > now) {
            entry.note |= (uint32_t)taken[i].deadline << LEN_BITS;
            calendar_put(&edf->waits, taken[i].conforms, entry);
        } else {
            calendar_put(&edf->deadlines, taken[i].deadline, entry);
        }
    }
    edf->packets->held += taken_count;
    return left;
}

/* --- out --------------------------------------------------------------------------------------------------------- */

unsigned edf_get(struct edf *edf, uint32_t *numbers, unsigned room, int64_t *budget, int64_t now_ns)
{
    uint32_t deadlines[EDF_BATCH];
    unsigned count = 0;

    if (room > EDF_BATCH)
        room = EDF_BATCH;
    end_waits(edf, now_ns >> edf->bucket_log);
    while (*budget > 0 && count < room && edf->deadlines.count) {
        deadlines[count] = (uint32_t)edf->deadlines.first;
        struct calendar_entry entry = calendar_take(&edf->deadlines);
        __builtin_prefetch(&edf->packets->all[entry.packet], 1);
        *budget -= entry.note;
        numbers[count++] = entry.packet;
    }
    for (unsigned i = 0; i < count; i++)
        edf->packets->all[numbers[i]].deadline = deadlines[i];
    edf->packets->held -= count;
    return count;
}

int64_t edf_next_ns(const struct edf *edf)
{
    if (edf->deadlines.count)
        return INT64_MIN;
    return edf->waits.count ? edf->waits.first << edf->bucket_log : INT64_MAX;
}

uint32_t edf_packets(const struct edf *edf)
{
    return edf->waits.count + edf->deadlines.count;
}

struct edf_counts edf_counts(const struct edf *edf, uint32_t number)
{
    struct edf_counts counts = edf->contracts[number].more.counts;

    counts.conforming = edf->contracts[number].regulator.conforming;
    return counts;
}
