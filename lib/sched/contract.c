#include "sched/contract.h"

#include <stddef.h>

const char *contract_treatment_name(unsigned treatment)
{
    static const char *const names[] = {
#define X(enumerator, name, help) [CONTRACT_##enumerator] = (name),
        CONTRACT_TREATMENTS(X)
#undef X
    };

    return treatment < CONTRACT_TREATMENT_COUNT ? names[treatment] : "unknown";
}

enum contract_fault contract_check(const struct contract *contract, int64_t bucket_ns)
{
    bool peak = contract->peak_rate != 0;

    if (contract->rate < GCRA_RATE_MIN || contract->rate > GCRA_RATE_MAX)
        return CONTRACT_FAULT_RATE;
    if (!contract->packet_min || contract->packet_min > contract->packet_max || contract->packet_max > GCRA_LEN_MAX)
        return CONTRACT_FAULT_PACKET;
    if (contract->burst < contract->packet_max)
        return CONTRACT_FAULT_BURST;
    if (peak && (contract->peak_rate < contract->rate || contract->peak_rate > GCRA_RATE_MAX))
        return CONTRACT_FAULT_PEAK_RATE;
    if (peak && (contract->peak_burst < contract->packet_max || contract->peak_burst > contract->burst))
        return CONTRACT_FAULT_PEAK_BURST;
    if (contract->best_effort)
        return contract->treatment == CONTRACT_SHAPE ? CONTRACT_FAULT_EXCESS : CONTRACT_SOUND;
    if (contract->delay_ns <= bucket_ns || contract->delay_ns > CONTRACT_DELAY_MAX)
        return CONTRACT_FAULT_DELAY;
    if (contract->jitter_ns && contract->jitter_ns <= bucket_ns)
        return CONTRACT_FAULT_JITTER;
    if (contract_wait_ns(contract) < 0 || contract_wait_ns(contract) > CONTRACT_DELAY_MAX)
        return CONTRACT_FAULT_WAIT;
    return CONTRACT_SOUND;
}

static const struct {
    const char *field, *expected;
} faults[] = {
#define X(enumerator, field, help) [CONTRACT_FAULT_##enumerator] = {(field), (help)},
    CONTRACT_FAULTS(X)
#undef X
};

const char *contract_fault_field(enum contract_fault fault)
{
    return faults[fault].field;
}

const char *contract_fault_expected(enum contract_fault fault)
{
    return faults[fault].expected;
}

int64_t contract_within_ns(const struct contract *contract)
{
    return contract->jitter_ns && contract->jitter_ns < contract->delay_ns ? contract->jitter_ns : contract->delay_ns;
}

uint64_t contract_packets(const struct contract *contract)
{
    struct gcra_law law = gcra_law(contract->rate, contract->burst);
    int64_t waits_ns = contract_within_ns(contract) + contract_wait_ns(contract);

    if (contract->best_effort)
        return 0;
    uint64_t bytes = gcra_burst(law) + ratio_down(gcra_rate(law), (uint64_t)waits_ns, 1000000000) + 1;

    return bytes / contract->packet_min + 1;
}
