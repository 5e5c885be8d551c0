#include "sched/capacity.h"

#define PACKETS_MIN      1024u
#define PACKETS_MAX      32768u
#define PACKETS_TIME_NS  200000000u
#define PACKETS_SMALLEST 84u /* bytes, on Ethernet */
#define BUCKET_LOG_MIN   12u /* 4 us: delays up to 0.27 s */
#define BUCKET_LOG_MAX   14u /* 16 us: up to 1.06 s */

struct capacity capacity_of(struct shaper_rate rate, uint32_t largest, uint32_t packets)
{
    uint64_t bytes_second = (UINT64_C(1000000000) << 16) / rate.byte_16;
    uint64_t ahead = ((uint64_t)rate.burst_ns << 16) / rate.byte_16 + 1; /* what shaper_budget() gives at most */
    unsigned log = BUCKET_LOG_MAX;

    /* A bucket is no longer than the largest packet takes anyway: finer would bring nothing. */
    while (log > BUCKET_LOG_MIN && (largest * rate.byte_16) >> 16 < UINT64_C(1) << log)
        log--;
    return (struct capacity){.admission = {.rate = bytes_second,
                                           .blocking = ahead + largest,
                                           .bucket_ns = INT64_C(1) << log,
                                           .delay_max_ns = EDF_DELAY_MAX_NS(log),
                                           .packets = packets,
                                           .contracts = CAPACITY_CONTRACTS},
                             .bucket_log = log};
}

uint32_t capacity_packets(uint64_t rate, bool contracts)
{
    uint64_t packets = rate / (UINT64_C(1000000000) / PACKETS_TIME_NS) / PACKETS_SMALLEST;

    return !contracts || packets < PACKETS_MIN ? PACKETS_MIN : packets > PACKETS_MAX ? PACKETS_MAX : (uint32_t)packets;
}
