#include "queue/settings.h"

#include "base/compiler.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MS INT64_C(1000000)

#define LENGTH_NUMBER_MAX 4000000000u
#define NS_MAX            (UINT64_C(60) * 1000 * 1000 * 1000) /* what may wait at most; what is longer is no queue */
#define BYTES_MAX         (UINT64_C(1) << 40)
#define PACKETS_MAX       16777216u
#define FLOWS_MAX         65536u
#define AUTO_FACTOR_MAX   10
#define AUTO_MAX_NS       (500 * MS)

static const struct {
    const char *suffix;
    enum queue_unit unit;
    uint64_t times, max;
} units[] = {
    {"s", QUEUE_NS, UINT64_C(1000000000), NS_MAX},
    {"ms", QUEUE_NS, UINT64_C(1000000), NS_MAX},
    {"us", QUEUE_NS, UINT64_C(1000), NS_MAX},
    {"GB", QUEUE_BYTES, UINT64_C(1000000000), BYTES_MAX},
    {"MB", QUEUE_BYTES, 1000000, BYTES_MAX},
    {"kB", QUEUE_BYTES, 1000, BYTES_MAX},
    {"B", QUEUE_BYTES, 1, BYTES_MAX},
    {"p", QUEUE_PACKETS, 1, PACKETS_MAX},
};

/* --- lengths ----------------------------------------------------------------------------------------------------- */

int queue_length_parse(const char *text, size_t len, struct queue_length *length, struct text_error *err)
{
    static const char expected[] = "a number and us, ms, s, B, kB, MB, GB or p (packets)";
    size_t at = 0;
    uint32_t number;
    int error = text_decimal(text, len, &at, LENGTH_NUMBER_MAX, expected, &number, err);

    if (error)
        return error;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (!text_is(text + at, len - at, units[i].suffix))
            continue;
        if (!number || number > units[i].max / units[i].times)
            return text_wrong(err, 0, "more than nothing, and at most 60s, 1,000 GB or 16,777,216p");
        *length = (struct queue_length){units[i].unit, number * units[i].times};
        return 0;
    }
    return text_wrong(err, at, expected);
}

void queue_length_format(const struct queue_length *length, char out[static QUEUE_LENGTH_TEXT_SIZE])
{
    snprintf(out, QUEUE_LENGTH_TEXT_SIZE, "%s", length->unit == QUEUE_AUTO ? "auto" : "");
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (units[i].unit == length->unit && length->value % units[i].times == 0) {
            snprintf(out, QUEUE_LENGTH_TEXT_SIZE, "%" PRIu64 "%s", length->value / units[i].times, units[i].suffix);
            return;
        }
    }
}

/* --- faults ------------------------------------------------------------------------------------------------------ */

static int wrong(struct queue_fault *fault, const char *setting, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int wrong(struct queue_fault *fault, const char *setting, const char *format, ...)
{
    va_list args;

    fault->setting = setting;
    va_start(args, format);
    vsnprintf(fault->why, sizeof(fault->why), format, args);
    va_end(args);
    return -EINVAL;
}

/* --- what they become -------------------------------------------------------------------------------------------- */

struct link {
    double rate; /* bytes a second */
    uint32_t mtu;
};

static double bytes_in(const struct link *link, int64_t ns)
{
    return link->rate * (double)ns / 1e9;
}

/* The time of so many full packets. */
static int64_t packets_ns(const struct link *link, unsigned packets)
{
    return (int64_t)(packets * link->mtu / link->rate * 1e9);
}

/* The limit: what is said, otherwise so long, and never less than two packets. */
static void set_limit(const struct queue_settings *settings, const struct link *link, int64_t usual_ns,
                      struct queue_config *config)
{
    const struct queue_length *limit = &settings->limit;
    double bytes = limit->unit == QUEUE_BYTES
                       ? (double)limit->value
                       : bytes_in(link, limit->unit == QUEUE_NS ? (int64_t)limit->value : usual_ns);

    config->limit_packets = limit->unit == QUEUE_PACKETS ? (uint32_t)limit->value : PACKETS_MAX;
    config->limit_bytes = limit->unit == QUEUE_PACKETS ? BYTES_MAX : (uint64_t)fmax(bytes, 2.0 * link->mtu);
}

/* In bytes or packets, whichever it is in. */
static double threshold(const struct link *link, const struct queue_length *length, double otherwise)
{
    return length->unit == QUEUE_UNSET ? otherwise
           : length->unit == QUEUE_NS  ? bytes_in(link, (int64_t)length->value)
                                       : (double)length->value;
}

/* A bound of an automatic limit, in bytes. */
static uint64_t bound(const struct queue_length *length, const struct link *link, double otherwise)
{
    double value = threshold(link, length, otherwise);

    return (uint64_t)fmax(length->unit == QUEUE_PACKETS ? value * link->mtu : value, 2.0 * link->mtu);
}

static int make_auto(const struct queue_settings *settings, const struct link *link, struct queue_config *config,
                     struct queue_fault *fault)
{
    struct queue_auto *automatic = &config->automatic;
    char min[QUEUE_LENGTH_TEXT_SIZE], max[QUEUE_LENGTH_TEXT_SIZE];

    if (settings->limit.unit != QUEUE_AUTO) {
        if (settings->limit_min.unit == QUEUE_UNSET && settings->limit_max.unit == QUEUE_UNSET && settings->factor == 0)
            return 0;
        return wrong(fault,
                     settings->factor > 0                      ? "factor"
                     : settings->limit_min.unit != QUEUE_UNSET ? "limit-min"
                                                               : "limit-max",
                     "it goes with limit = auto");
    }
    if (settings->factor != 0 && (settings->factor < 1 || settings->factor > AUTO_FACTOR_MAX))
        return wrong(fault, "factor", "%g is not between 1 and %d", settings->factor, AUTO_FACTOR_MAX);
    *automatic = (struct queue_auto){.factor = settings->factor > 0 ? settings->factor : 1,
                                     .min_bytes = bound(&settings->limit_min, link, 0),
                                     .max_bytes = bound(&settings->limit_max, link, bytes_in(link, AUTO_MAX_NS))};
    queue_length_format(&settings->limit_min, min);
    queue_length_format(&settings->limit_max, max);
    if (automatic->min_bytes > automatic->max_bytes)
        return wrong(fault, "limit-max", "%s is below limit-min, %s", max[0] ? max : "500ms", min);
    config->limit_bytes = automatic->max_bytes;
    return 0;
}

static int check_limit(const struct queue_settings *settings, const struct link *link, struct queue_fault *fault)
{
    const struct queue_length *limit = &settings->limit;

    if (limit->unit == QUEUE_AUTO && settings->kind != QUEUE_DROP_TAIL)
        return wrong(fault, "limit", "auto is for drop-tail queues; a %s queue holds the delay down by itself",
                     queue_kind_name(settings->kind));
    if (limit->unit == QUEUE_BYTES && limit->value < 2 * (uint64_t)link->mtu)
        return wrong(fault, "limit", "%" PRIu64 " bytes hold less than two packets of %u", limit->value, link->mtu);
    if (limit->unit == QUEUE_PACKETS && limit->value < 2)
        return wrong(fault, "limit", "a queue needs room for two packets at least");
    return 0;
}

static bool counts_packets(const struct queue_length *length)
{
    return length->unit == QUEUE_PACKETS || length->unit == QUEUE_UNSET;
}

static int make_profile(const struct queue_red_settings *from, const struct link *link, bool in_bytes,
                        struct red_profile *to, struct queue_fault *fault)
{
    const double unit = in_bytes ? link->mtu : 1;
    char min[QUEUE_LENGTH_TEXT_SIZE], max[QUEUE_LENGTH_TEXT_SIZE];

    if (from->min.unit != QUEUE_UNSET && from->max.unit != QUEUE_UNSET &&
        counts_packets(&from->min) != counts_packets(&from->max))
        return wrong(fault, "max", "min and max are both in packets, or neither is");
    to->min =
        threshold(link, &from->min, from->max.unit == QUEUE_UNSET ? 5 * unit : threshold(link, &from->max, 0) / 3);
    to->max = threshold(link, &from->max, 3 * to->min);
    to->max_p = from->probability > 0 ? from->probability : 0.1;
    queue_length_format(&from->min, min);
    queue_length_format(&from->max, max);
    if (!(to->min < to->max))
        return wrong(fault, "max", "%s is not above min, %s", max, min);
    if (from->probability < 0 || from->probability > 1)
        return wrong(fault, "probability", "%g is not between 0 and 1", from->probability);
    if (in_bytes && to->max < link->mtu)
        return wrong(fault, "max", "%s is less than one packet of %u bytes", max, link->mtu);
    return 0;
}

/* Adaptive RED, section 5: thresholds from the rate and the delay that is wanted. The upper one. */
static double adapt_to_target(const struct queue_settings *settings, const struct link *link,
                              struct red_profile *profile)
{
    double target = bytes_in(link, settings->target_ns ? settings->target_ns : 5 * MS);

    profile->min = fmax(5.0 * link->mtu, target / 2);
    profile->max = 3 * profile->min;
    return profile->max;
}

static int make_red(const struct queue_settings *settings, const struct link *link, struct queue_config *config,
                    struct queue_fault *fault)
{
    struct queue_red *red = &config->red;
    struct red_config *law = &red->law;
    unsigned count = settings->red_count ? settings->red_count : 1;
    bool by_target =
        settings->adaptive && settings->red[0].min.unit == QUEUE_UNSET && settings->red[0].max.unit == QUEUE_UNSET;
    double last = 0;

    if (count > RED_PROFILES)
        return wrong(fault, "profile", "there are at most %d", RED_PROFILES);
    if (settings->adaptive && count > 1)
        return wrong(fault, "adaptive", "it goes with one profile");
    if (settings->weight < 0 || settings->weight > 1)
        return wrong(fault, "weight", "%g is not between 0 and 1", settings->weight);
    red->in_bytes = by_target;
    for (unsigned i = 0; i < count; i++)
        red->in_bytes =
            red->in_bytes || !counts_packets(&settings->red[i].min) || !counts_packets(&settings->red[i].max);
    *law = (struct red_config){.gentle = !settings->not_gentle,
                               .mean_len = settings->byte_mode ? link->mtu / 2.0 : 0,
                               .packet_ns = link->mtu / 2.0 / link->rate * 1e9,
                               .adaptive = settings->adaptive};
    law->weight = settings->weight > 0 ? settings->weight : 1 - exp(-(double)link->mtu / link->rate);
    for (unsigned i = 0; i < count; i++) {
        int error = make_profile(&settings->red[i], link, red->in_bytes, &law->profiles[i], fault);
        if (error)
            return error;
        last = fmax(last, law->profiles[i].max);
    }
    if (by_target)
        last = adapt_to_target(settings, link, &law->profiles[0]);
    for (unsigned i = 0; i < PACKET_DSCPS; i++) {
        if (settings->profile_of[i] >= count)
            return wrong(fault, "profile", "DSCP %u has profile %u, and there are %u", i, settings->profile_of[i],
                         count);
        red->profile_of[i] = settings->profile_of[i];
    }
    red->ecn = !settings->no_ecn;
    set_limit(settings, link, (int64_t)(4 * last * (red->in_bytes ? 1 : link->mtu) / link->rate * 1e9), config);
    return 0;
}

static int make_codel(const struct queue_settings *settings, const struct link *link, struct codel_config *codel,
                      struct queue_fault *fault)
{
    *codel = (struct codel_config){.target_ns = settings->target_ns ? settings->target_ns : 5 * MS,
                                   .interval_ns = settings->interval_ns ? settings->interval_ns : 100 * MS,
                                   .mtu = link->mtu,
                                   .ecn = !settings->no_ecn};
    /* RFC 8289 4.4: on slow links the target is at least the time of a packet. */
    if (!settings->target_ns && codel->target_ns < packets_ns(link, 1) * 3 / 2) {
        codel->target_ns = packets_ns(link, 1) * 3 / 2;
        codel->interval_ns = settings->interval_ns ? settings->interval_ns : codel->interval_ns + codel->target_ns;
    }
    if (codel->target_ns >= codel->interval_ns)
        return wrong(fault, "target", "%" PRId64 " us is not below the interval, %" PRId64 " us",
                     codel->target_ns / 1000, codel->interval_ns / 1000);
    return 0;
}

static int make_fq_codel(const struct queue_settings *settings, const struct link *link, struct queue_config *config,
                         struct queue_fault *fault)
{
    struct fq_codel_config *fq = &config->fq_codel;
    struct codel_config codel;
    int error = make_codel(settings, link, &codel, fault);

    if (error)
        return error;
    if (settings->flows > FLOWS_MAX)
        return wrong(fault, "flows", "%u is more than %u", settings->flows, FLOWS_MAX);
    *fq = (struct fq_codel_config){.codel = codel,
                                   .flows = settings->flows ? settings->flows : 1024,
                                   .quantum = settings->quantum ? settings->quantum : link->mtu + 14,
                                   .limit_packets = 10240};
    if (settings->limit.unit == QUEUE_PACKETS)
        fq->limit_packets = (uint32_t)settings->limit.value;
    else if (settings->limit.unit != QUEUE_UNSET)
        return wrong(fault, "limit", "FQ-CoDel's is in packets (p)");
    return 0;
}

static int make_dualpi2(const struct queue_settings *settings, const struct link *link, struct queue_config *config,
                        struct queue_fault *fault)
{
    struct dualpi2_config *dual = &config->dualpi2;
    int64_t two_packets_ns = packets_ns(link, 2);

    *dual = (struct dualpi2_config){.target_ns = settings->target_ns ? settings->target_ns : 15 * MS,
                                    .coupling = settings->coupling > 0 ? settings->coupling : 2,
                                    .low_min_ns = settings->step_ns         ? settings->step_ns
                                                  : two_packets_ns > 1 * MS ? two_packets_ns
                                                                            : 1 * MS,
                                    .low_latency_percent =
                                        settings->low_latency_percent ? settings->low_latency_percent : 90};
    int64_t rtt_max_ns = settings->interval_ns ? settings->interval_ns : 100 * MS;
    if (dual->target_ns >= rtt_max_ns)
        return wrong(fault, "target", "%" PRId64 " us is not below the longest round-trip time, %" PRId64 " us",
                     dual->target_ns / 1000, rtt_max_ns / 1000);
    if (settings->coupling < 0 || (settings->coupling > 0 && settings->coupling < 1) || settings->coupling > 100)
        return wrong(fault, "coupling", "%g is not between 1 and 100", settings->coupling);
    if (dual->low_latency_percent > 99)
        return wrong(fault, "low-latency-share", "%u %% leave classic traffic nothing; at most 99",
                     dual->low_latency_percent);
    dualpi2_gains(dual, rtt_max_ns);
    set_limit(settings, link, 250 * MS, config);
    if (settings->limit.unit == QUEUE_PACKETS)
        return wrong(fault, "limit", "DualPI2's is a time or in bytes");
    dual->limit_bytes = config->limit_bytes;
    return 0;
}

int queue_configure(const struct queue_settings *settings, uint64_t rate, uint32_t mtu, struct queue_config *result,
                    struct queue_fault *fault)
{
    const struct link link = {.rate = (double)rate, .mtu = mtu};
    struct queue_config config = {.kind = settings->kind};

    if (!rate || !mtu)
        return wrong(fault, "rate", "a queue needs a rate");
    int error = check_limit(settings, &link, fault);
    if (error)
        return error;
    switch (settings->kind) {
    case QUEUE_RED:
        error = make_red(settings, &link, &config, fault);
        break;
    case QUEUE_CODEL:
        error = make_codel(settings, &link, &config.codel, fault);
        set_limit(settings, &link, 1000 * MS, &config);
        break;
    case QUEUE_FQ_CODEL:
        error = make_fq_codel(settings, &link, &config, fault);
        break;
    case QUEUE_DUALPI2:
        error = make_dualpi2(settings, &link, &config, fault);
        break;
    default:
        set_limit(settings, &link, 100 * MS, &config);
        error = make_auto(settings, &link, &config, fault);
        break;
    }
    if (!error)
        *result = config;
    return error;
}

void queue_limit(const struct queue_config *config, uint32_t *packets, uint64_t *bytes)
{
    bool in_packets = config->kind == QUEUE_FQ_CODEL || config->limit_bytes == BYTES_MAX;

    *packets = config->kind == QUEUE_FQ_CODEL ? config->fq_codel.limit_packets : in_packets ? config->limit_packets : 0;
    *bytes = in_packets ? 0 : config->limit_bytes;
}
