#include "benchmarks/contract/source.h"

#include "benchmarks/contract/sets.h"

#define SECOND INT64_C(1000000000)

struct source source_new(const struct contract *contract, int64_t now_ns)
{
    return (struct source){.contract = contract,
                           .bucket = {contract->rate, contract->burst, (__int128)contract->burst * SECOND, now_ns},
                           .peak = {contract->peak_rate, contract->peak_burst, (__int128)contract->peak_burst * SECOND,
                                    now_ns},
                           .within_ns = contract_within_ns(contract),
                           .next_ns = SOURCE_NEVER,
                           .shortest_ps = INT64_MAX};
}

static __int128 credit_at(const struct bucket *bucket, int64_t at_ns)
{
    __int128 credit = bucket->credit + (__int128)bucket->rate * (at_ns - bucket->at_ns),
             size = (__int128)bucket->size * SECOND;

    return credit < size ? credit : size;
}

/* From when on it has so many bytes. */
static int64_t has_ns(const struct bucket *bucket, uint32_t bytes)
{
    __int128 missing = (__int128)bytes * SECOND - bucket->credit;

    return missing <= 0 || !bucket->rate ? bucket->at_ns
                                         : bucket->at_ns + (int64_t)((missing + bucket->rate - 1) / bucket->rate);
}

static void spend(struct bucket *bucket, uint32_t bytes, int64_t at_ns)
{
    if (!bucket->rate)
        return;
    bucket->credit = credit_at(bucket, at_ns) - (__int128)bytes * SECOND;
    bucket->at_ns = at_ns;
}

/* All that it may have sent by its stop, from at_ns on. */
static uint64_t left_bytes(const struct source *source)
{
    __int128 left = credit_at(&source->bucket, source->stop_ns);

    if (source->peak.rate && credit_at(&source->peak, source->stop_ns) < left)
        left = credit_at(&source->peak, source->stop_ns);
    return left > 0 ? (uint64_t)(left / SECOND) : 0;
}

static uint32_t size_of(const struct source *source, uint64_t *random)
{
    const struct contract *contract = source->contract;

    switch (source->sizes) {
    case SIZES_LARGEST:
        return contract->packet_max;
    case SIZES_SMALLEST:
        return contract->packet_min;
    default:
        return contract->packet_min + (uint32_t)set_draw(random, contract->packet_max - contract->packet_min + 1);
    }
}

void source_plan(struct source *source, int64_t at_ns, uint64_t *random)
{
    const struct contract *contract = source->contract;
    uint32_t len = size_of(source, random);

    source->next_ns = SOURCE_NEVER;
    if (source->pause_ns)
        at_ns += (int64_t)set_draw(random, 2 * (uint64_t)source->pause_ns);
    if (at_ns > source->stop_ns)
        return;
    if (source->rogue) {
        bool at_once = source->at_once >= len;
        source->next_len = len;
        source->next_ns = at_once ? at_ns : at_ns + (int64_t)(len * (uint64_t)SECOND / (contract->rate * 10)) + 1;
        source->at_once -= at_once ? len : 0;
        return;
    }
    uint64_t left = left_bytes(source);
    if (left < (uint64_t)len + contract->packet_min) /* what is left then must be a packet, or nothing */
        len = (uint32_t)(left <= contract->packet_max ? left : left - contract->packet_min);
    if (len < contract->packet_min)
        return;
    source->next_len = len;
    source->next_ns = source_later(at_ns, source_later(has_ns(&source->bucket, len), has_ns(&source->peak, len)));
    if (source->next_ns > source->stop_ns)
        source->next_ns = SOURCE_NEVER;
}

void source_sent(struct source *source)
{
    source->sent++;
    if (source->rogue)
        return;
    spend(&source->bucket, source->next_len, source->next_ns);
    spend(&source->peak, source->next_len, source->next_ns);
}

int64_t source_full_ns(const struct source *source, int64_t now_ns)
{
    const struct contract *contract = source->contract;
    int64_t burst_ns = (int64_t)(contract->burst * (uint64_t)SECOND / contract->rate);

    return source->rogue ? now_ns + contract->wait_ns + burst_ns + SECOND : has_ns(&source->bucket, contract->burst);
}
