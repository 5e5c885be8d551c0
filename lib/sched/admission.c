#include "sched/admission.h"

#include "sched/demand.h"
#include "sched/ratio.h"

#include <stdlib.h>

/* A burst that takes so long to come, which is days, is taken to come at once. */
#define FAR_NS (UINT64_C(1) << 50)

struct admission {
    struct admission_config config;
    struct demand *demand;
    uint32_t count;
    uint64_t packets;
    struct contract *contracts; /* by number; rate 0: it is not taken */
};

const char *admission_cause_name(unsigned cause)
{
    static const char *const names[] = {
#define X(enumerator, name, help) [ADMISSION_##enumerator] = (name),
        ADMISSION_CAUSES(X)
#undef X
    };

    return cause < ADMISSION_CAUSE_COUNT ? names[cause] : "unknown";
}

struct admission *admission_new(const struct admission_config *config)
{
    struct admission *admission = malloc(sizeof(*admission));

    if (!admission)
        return NULL;
    *admission = (struct admission){.config = *config,
                                    .demand = demand_new(config->rate, config->blocking, config->contracts),
                                    .contracts = calloc(config->contracts, sizeof(*admission->contracts))};
    return admission->demand && admission->contracts ? admission : admission_free(admission);
}

struct admission *admission_free(struct admission *admission)
{
    if (!admission)
        return NULL;
    demand_free(admission->demand);
    free(admission->contracts);
    free(admission);
    return NULL;
}

/*
 * What a contract demands of the link. A bucket of deadlines is served in the order of arrival, so a packet may have to
 * wait for those whose deadlines are up to a bucket later: everything has to have left a bucket earlier.
 *
 * A contract with a peak rate demands its peak burst at once, grows by the peak rate until the burst has come, and by
 * the rate from then on. One that promises nothing demands nothing.
 */
static struct demand_curve curve_of(const struct admission *admission, const struct contract *contract)
{
    int64_t bucket_ns = admission->config.bucket_ns, at_ns = contract_within_ns(contract) - bucket_ns;
    struct gcra_law law = gcra_law(contract->rate, contract->burst);
    uint64_t rate = gcra_rate(law), burst = gcra_burst(law);

    if (contract->best_effort)
        return (struct demand_curve){.count = 0};
    if (contract->peak_rate) {
        struct gcra_law peak = gcra_law(contract->peak_rate, contract->peak_burst);
        uint64_t peak_rate = gcra_rate(peak), peak_burst = gcra_burst(peak);
        uint64_t missing = peak_burst < burst ? burst - peak_burst : 0,
                 faster = peak_rate > rate ? peak_rate - rate : 0;
        uint64_t comes_ns = FAR_NS;
        if (faster)
            comes_ns = ratio_up(missing, 1000000000, faster);
        if (!faster)
            burst = burst - missing;
        else if (missing && comes_ns < FAR_NS)
            return (struct demand_curve){.count = 2,
                                         .bends = {{.at_ns = at_ns, .jump = peak_burst, .slope = (int64_t)peak_rate},
                                                   {.at_ns = at_ns + (int64_t)comes_ns, .slope = -(int64_t)faster}}};
    }
    return (struct demand_curve){.count = 1, .bends = {{.at_ns = at_ns, .jump = burst, .slope = (int64_t)rate}}};
}

/* How fast it grows in the end. */
static uint64_t slope_of(const struct demand_curve *curve)
{
    int64_t slope = 0;

    for (unsigned i = 0; i < curve->count; i++)
        slope += curve->bends[i].slope;
    return (uint64_t)slope;
}

static bool refuse(struct admission_refusal *refusal, struct admission_refusal why)
{
    if (refusal)
        *refusal = why;
    return false;
}

static bool admit(struct admission_refusal *refusal)
{
    if (refusal)
        *refusal = (struct admission_refusal){.cause = ADMISSION_NONE};
    return true;
}

static bool refuse_excess(struct admission_refusal *refusal, const struct demand_excess *excess)
{
    return refuse(refusal,
                  (struct admission_refusal){.cause = excess->owner == DEMAND_NEW ? ADMISSION_DELAY : ADMISSION_OTHER,
                                             .other = excess->owner == DEMAND_NEW ? 0 : excess->owner,
                                             .within_ns = excess->at_ns,
                                             .needed = excess->bytes,
                                             .room = excess->room_bytes});
}

/* As admission_test, of a contract with that curve. */
static bool test(const struct admission *admission, const struct contract *contract, const struct demand_curve *curve,
                 struct admission_refusal *refusal)
{
    const struct admission_config *config = &admission->config;
    int64_t longest_ns = contract->delay_ns + contract_wait_ns(contract);
    uint64_t rates = demand_slope(admission->demand) + slope_of(curve),
             packets = admission->packets + contract_packets(contract);
    struct demand_excess excess;

    if (longest_ns > config->delay_max_ns)
        return refuse(refusal, (struct admission_refusal){.cause = ADMISSION_RANGE,
                                                          .needed = (uint64_t)longest_ns,
                                                          .room = (uint64_t)config->delay_max_ns});
    if (rates > config->rate)
        return refuse(refusal,
                      (struct admission_refusal){.cause = ADMISSION_RATE, .needed = rates, .room = config->rate});
    if (packets > config->packets)
        return refuse(
            refusal, (struct admission_refusal){.cause = ADMISSION_MEMORY, .needed = packets, .room = config->packets});
    if (!demand_fits(admission->demand, curve, &excess))
        return refuse_excess(refusal, &excess);
    return admit(refusal);
}

bool admission_test(const struct admission *admission, const struct contract *contract,
                    struct admission_refusal *refusal)
{
    struct demand_curve curve = curve_of(admission, contract);

    return test(admission, contract, &curve, refusal);
}

bool admission_add(struct admission *admission, uint32_t number, const struct contract *contract,
                   struct admission_refusal *refusal)
{
    struct demand_curve curve = curve_of(admission, contract);

    if (!test(admission, contract, &curve, refusal))
        return false;
    demand_add(admission->demand, number, &curve);
    admission->contracts[number] = *contract;
    admission->packets += contract_packets(contract);
    admission->count++;
    return true;
}

void admission_remove(struct admission *admission, uint32_t number)
{
    struct contract *contract = &admission->contracts[number];
    struct demand_curve curve = curve_of(admission, contract);

    demand_remove(admission->demand, number, &curve);
    admission->packets -= contract_packets(contract);
    admission->count--;
    contract->rate = 0;
}

/* --- the offer: what is asked for fits the better the more delay and the less rate and burst it has, so the last that
 * fits is found by halving ----------------------------------------------------------------------------------------- */

/* The contract with another value in the place of one of its own. */
typedef struct contract with_value(const struct contract *contract, int64_t value);

/* What packets have to leave within; what the delay and the jitter are then. */
static struct contract with_within(const struct contract *contract, int64_t within_ns)
{
    struct contract other = *contract;

    if (other.delay_ns < within_ns)
        other.delay_ns = within_ns;
    if (other.jitter_ns && other.jitter_ns < within_ns)
        other.jitter_ns = within_ns;
    return other;
}

static struct contract with_rate(const struct contract *contract, int64_t rate)
{
    struct contract other = *contract;

    other.rate = (uint64_t)rate;
    return other;
}

static struct contract with_burst(const struct contract *contract, int64_t burst)
{
    struct contract other = *contract;

    other.burst = (uint32_t)burst;
    if (other.peak_rate && other.peak_burst > other.burst)
        other.peak_burst = other.burst;
    return other;
}

/* The value next to `no` that fits, between that one, which does not, and `yes`; 0 if that does not fit either. */
static int64_t last_that_fits(const struct admission *admission, const struct contract *contract, with_value *with,
                              int64_t no, int64_t yes)
{
    struct contract other = with(contract, yes);

    if (!admission_test(admission, &other, NULL))
        return 0;
    while (no - yes > 1 || yes - no > 1) {
        int64_t middle = no + (yes - no) / 2;
        other = with(contract, middle);
        if (admission_test(admission, &other, NULL))
            yes = middle;
        else
            no = middle;
    }
    return yes;
}

struct admission_offer admission_offer(const struct admission *admission, const struct contract *contract)
{
    int64_t within_ns = contract_within_ns(contract),
            most_ns = admission->config.delay_max_ns - contract_wait_ns(contract);
    struct admission_offer offer = {
        .rate = (uint64_t)last_that_fits(admission, contract, with_rate, (int64_t)contract->rate, GCRA_RATE_MIN),
        .burst = (uint32_t)last_that_fits(admission, contract, with_burst, contract->burst, contract->packet_max)};

    if (most_ns > within_ns)
        within_ns = last_that_fits(admission, contract, with_within, within_ns, most_ns);
    else
        within_ns = 0;
    if (within_ns) {
        struct contract other = with_within(contract, within_ns);
        offer.delay_ns = other.delay_ns;
        offer.jitter_ns = other.jitter_ns;
    }
    return offer;
}

/* --- seen --------------------------------------------------------------------------------------------------------- */

bool admission_fits_port(const struct admission *admission, uint64_t rate, uint64_t blocking,
                         struct admission_refusal *refusal)
{
    uint64_t rates = demand_slope(admission->demand);
    struct demand_excess excess;

    if (rates > rate)
        return refuse(refusal, (struct admission_refusal){.cause = ADMISSION_RATE, .needed = rates, .room = rate});
    if (!demand_fits_link(admission->demand, rate, blocking, &excess))
        return refuse_excess(refusal, &excess);
    return admit(refusal);
}

const struct contract *admission_contract(const struct admission *admission, uint32_t number)
{
    return number < admission->config.contracts && admission->contracts[number].rate ? &admission->contracts[number]
                                                                                     : NULL;
}

uint32_t admission_count(const struct admission *admission)
{
    return admission->count;
}

uint64_t admission_rate(const struct admission *admission)
{
    return demand_slope(admission->demand);
}

uint64_t admission_packets(const struct admission *admission)
{
    return admission->packets;
}
