/* Contracts as a whole: what is missing, which mean the same packets, and which a port cannot keep. */
#include "conf/contract.h"

#include "base/compiler.h"
#include "conf/model.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What an interface usually carries, for checking: what really is becomes known when it is there. */
#define MTU 1500

/* --- what a port has --------------------------------------------------------------------------------------------- */

bool conf_has_contracts(const struct conf *conf, const char *out)
{
    for (size_t i = 0; i < conf->contract_count; i++)
        if (strcmp(conf->contracts[i].out, out) == 0)
            return true;
    return false;
}

struct capacity conf_shape_capacity(const struct conf_shape *shape, uint32_t mtu, bool contracts)
{
    const struct link_overhead link = link_kind_overhead(shape->link);

    return capacity_of(shaper_rate(shape->rate, SCHED_BURST_NS), link_packet_bytes(&link, mtu),
                       capacity_packets(shape->rate, contracts));
}

/* --- one contract ------------------------------------------------------------------------------------------------ */

/* The value that a fault is about, as it is on the link. */
static void fault_value(const struct contract *terms, enum contract_fault fault, char text[static 48])
{
    struct queue_length length = {.unit = QUEUE_BYTES, .value = 0};
    char rate[LINK_RATE_TEXT_SIZE], size[QUEUE_LENGTH_TEXT_SIZE];

    text[0] = '\0';
    switch (fault) {
    case CONTRACT_FAULT_RATE:
    case CONTRACT_FAULT_PEAK_RATE:
        link_rate_format(fault == CONTRACT_FAULT_RATE ? terms->rate : terms->peak_rate, rate);
        snprintf(text, 48, "%s", rate);
        return;
    case CONTRACT_FAULT_PACKET:
        length.value = terms->packet_min;
        break;
    case CONTRACT_FAULT_BURST:
        length.value = terms->burst;
        break;
    case CONTRACT_FAULT_PEAK_BURST:
        length.value = terms->peak_burst;
        break;
    case CONTRACT_FAULT_EXCESS:
        snprintf(text, 48, "%s", contract_treatment_name(terms->treatment));
        return;
    default:
        length = (struct queue_length){.unit = QUEUE_NS,
                                       .value = (uint64_t)(fault == CONTRACT_FAULT_DELAY    ? terms->delay_ns
                                                           : fault == CONTRACT_FAULT_JITTER ? terms->jitter_ns
                                                                                            : terms->wait_ns)};
    }
    queue_length_format(&length, size);
    snprintf(text, 48, "%s", size);
}

bool conf_contract_sound(const struct conf_contract *contract, const struct contract *terms,
                         const struct capacity *capacity, char text[static CONF_ERROR_TEXT_SIZE])
{
    enum contract_fault fault = contract_check(terms, capacity->admission.bucket_ns);
    char value[48], packet[48] = "";

    if (fault == CONTRACT_SOUND)
        return true;
    fault_value(terms, fault, value);
    if (fault == CONTRACT_FAULT_BURST || fault == CONTRACT_FAULT_PEAK_BURST)
        snprintf(packet, sizeof(packet), " (%u bytes on the link)", terms->packet_max);
    snprintf(text, CONF_ERROR_TEXT_SIZE, "contract %s: %s: %s: expected %s%s", contract->name,
             contract_fault_field(fault), value, contract_fault_expected(fault), packet);
    return false;
}

static void check_terms(const struct conf_contract *contract, const struct conf_shape *shape,
                        struct conf_errors *errors)
{
    const struct contract terms = conf_contract_on_link(contract, shape->link);
    const struct capacity capacity = conf_shape_capacity(shape, MTU, true);
    char text[CONF_ERROR_TEXT_SIZE];

    if (!conf_contract_sound(contract, &terms, &capacity, text))
        conf_wrong(errors, contract->line, "%s", text);
}

static void check_matches(const struct conf *conf, const struct conf_contract *contract, struct conf_errors *errors)
{
    if (!contract->match_said && !contract->of_classes)
        conf_wrong(errors, contract->line, "contract %s: expected whose packets, as match = \"dscp ef\"",
                   contract->name);
    if ((contract->of_classes ? contract->said_count : contract->match_count) > CONF_MATCHES_MAX)
        conf_wrong(errors, contract->line, "contract %s: too many matches: at most %d expected", contract->name,
                   CONF_MATCHES_MAX);
    for (size_t i = 0; i < contract->match_count; i++) {
        const char *in = contract->matches[i].in;
        if (in[0] && !conf_find_interface(conf, in))
            conf_wrong(errors, contract->line, "contract %s: in %s: there is no such interface here", contract->name,
                       in);
    }
}

void conf_check_contract(const struct conf *conf, const struct conf_contract *contract, struct conf_errors *errors)
{
    size_t before = errors->count;
    const struct conf_interface *out = conf_find_interface(conf, contract->out);

    if (!contract->out[0])
        conf_wrong(errors, contract->line, "contract %s: expected where it leaves, as out = \"wan0\"", contract->name);
    else if (!out)
        conf_wrong(errors, contract->line, "contract %s: out %s: there is no such interface here", contract->name,
                   contract->out);
    else if (!out->shape.rate)
        conf_wrong(errors, contract->line,
                   "contract %s: out %s: the interface needs a rate: without one nothing waits here, but in the card",
                   contract->name, contract->out);
    bool whole = conf_check_words(contract, errors);
    check_matches(conf, contract, errors);
    if (out && whole && errors->count == before)
        check_terms(contract, &out->shape, errors);
}

/* --- overlaps ---------------------------------------------------------------------------------------------------- */

/* A match, and whose it is. */
struct meant {
    const struct conf_contract *contract;
    const struct match *match;
    struct ipv4_prefix prefix; /* of source or destination: where they differ more */
};

static void tell_overlap(const struct meant *one, const struct meant *other, struct conf_errors *errors)
{
    char text[MATCH_TEXT_SIZE], other_text[MATCH_TEXT_SIZE];

    if (one->contract->line < other->contract->line) {
        const struct meant *swap = one;
        one = other;
        other = swap;
    }
    match_format(one->match, text);
    match_format(other->match, other_text);
    if (other->contract->line)
        conf_wrong(errors, one->contract->line, "contract %s: '%s' overlaps '%s' of contract %s in line %u",
                   one->contract->name, text, other_text, other->contract->name, other->contract->line);
    else
        conf_wrong(errors, one->contract->line, "contract %s: '%s' overlaps '%s' of contract %s", one->contract->name,
                   text, other_text, other->contract->name);
}

bool conf_contracts_overlap(const struct conf_contract *contract, const struct conf_contract *other,
                            struct conf_errors *errors)
{
    if (strcmp(contract->out, other->out) != 0)
        return false;
    for (size_t i = 0; i < contract->match_count; i++)
        for (size_t j = 0; j < other->match_count; j++) {
            if (!match_overlaps(&contract->matches[i], &other->matches[j]))
                continue;
            const struct meant one = {contract, &contract->matches[i], {0, 0}},
                               two = {other, &other->matches[j], {0, 0}};
            tell_overlap(&one, &two, errors);
            return true;
        }
    return false;
}

/* By interface, and prefix: what covers a prefix stands before it. */
static int compare_meant(const void *one, const void *other)
{
    const struct meant *a = one, *b = other;
    int order = strcmp(a->contract->out, b->contract->out);

    if (!order)
        order = ipv4_prefix_compare(a->prefix, b->prefix);
    return order ? order : (a->match > b->match) - (a->match < b->match);
}

static size_t count_matches(const struct conf *conf)
{
    size_t count = 0;

    for (size_t i = 0; i < conf->contract_count; i++)
        count += conf->contracts[i].match_count;
    return count;
}

static void list_matches(const struct conf *conf, struct meant *all)
{
    size_t from_any = 0, to_any = 0, count = 0;

    for (size_t i = 0; i < conf->contract_count; i++)
        for (size_t j = 0; j < conf->contracts[i].match_count; j++) {
            const struct match *match = &conf->contracts[i].matches[j];
            from_any += match->from.len == 0;
            to_any += match->to.len == 0;
            all[count++] = (struct meant){&conf->contracts[i], match, {0, 0}};
        }
    for (size_t i = 0; i < count; i++)
        all[i].prefix = from_any < to_any ? all[i].match->from : all[i].match->to;
}

/* Matches of one prefix can overlap only with those whose prefixes cover it: these are kept on a stack. */
static int check_overlaps(const struct conf *conf, struct conf_errors *errors)
{
    size_t count = count_matches(conf), depth = 0;
    struct meant *all = calloc(count + 1, sizeof(*all));
    size_t *stack = calloc(count + 1, sizeof(*stack));

    if (!all || !stack) {
        free(all);
        free(stack);
        return -ENOMEM;
    }
    list_matches(conf, all);
    qsort(all, count, sizeof(*all), compare_meant);
    for (size_t i = 0; i < count; i++) {
        while (depth && (strcmp(all[stack[depth - 1]].contract->out, all[i].contract->out) != 0 ||
                         !ipv4_prefix_covers(all[stack[depth - 1]].prefix, all[i].prefix)))
            depth--;
        for (size_t j = 0; j < depth; j++) {
            const struct meant *other = &all[stack[j]];
            if (other->contract == all[i].contract || !match_overlaps(other->match, all[i].match))
                continue;
            tell_overlap(&all[i], other, errors);
            break;
        }
        stack[depth++] = i;
    }
    free(all);
    free(stack);
    return 0;
}

/* --- what a port can keep ---------------------------------------------------------------------------------------- */

static void format_ns(int64_t ns, char text[static QUEUE_LENGTH_TEXT_SIZE])
{
    const struct queue_length length = {.unit = QUEUE_NS, .value = (uint64_t)(ns + 999) / 1000 * 1000};

    queue_length_format(&length, text);
}

/* What would be admitted instead, behind what stands in the text. */
static void append_offer(const struct admission_offer *offer, char *text, size_t size)
{
    char delay[QUEUE_LENGTH_TEXT_SIZE];
    size_t len = strlen(text);

    if (!offer->delay_ns && !offer->rate && !offer->burst)
        return;
    len += (size_t)snprintf(text + len, size - len, "; would be admitted: ");
    if (offer->delay_ns && len < size) {
        format_ns(offer->delay_ns, delay);
        len += (size_t)snprintf(text + len, size - len, "delay %s", delay);
    }
    if (offer->jitter_ns && len < size) {
        format_ns(offer->jitter_ns, delay);
        len += (size_t)snprintf(text + len, size - len, " with jitter %s", delay);
    }
    if (offer->rate >= GCRA_RATE_MIN && len < size)
        len += (size_t)snprintf(text + len, size - len, "%srate %" PRIu64 "kbit", offer->delay_ns ? ", or " : "",
                                offer->rate * 8 / 1000);
    if (offer->burst && len < size)
        snprintf(text + len, size - len, "%sburst %uB", offer->delay_ns || offer->rate ? ", or " : "", offer->burst);
}

void conf_contract_refused(const struct conf_contract *contract, const struct admission_refusal *refusal,
                           const char *other, const struct admission_offer *offer,
                           char text[static CONF_ERROR_TEXT_SIZE])
{
    uint64_t needed = (refusal->needed * 8 + 500) / 1000,
             room = (refusal->room * 8 + 500) / 1000; /* of rates: kbit/s */
    char within[QUEUE_LENGTH_TEXT_SIZE];

    format_ns(refusal->within_ns, within);
    switch (refusal->cause) {
    case ADMISSION_RANGE:
        snprintf(text, CONF_ERROR_TEXT_SIZE,
                 "contract %s: delay and wait together are longer than the scheduler of %s reckons with",
                 contract->name, contract->out);
        break;
    case ADMISSION_RATE:
        snprintf(text, CONF_ERROR_TEXT_SIZE,
                 "contract %s: rate: all contracts at %s together have %" PRIu64 " kbit/s, and it sends %" PRIu64,
                 contract->name, contract->out, needed > room ? needed : room + 1, room);
        break;
    case ADMISSION_DELAY:
        snprintf(text, CONF_ERROR_TEXT_SIZE,
                 "contract %s: delay: within %s %s may have to send %" PRIu64 " bytes first, and sends %" PRIu64,
                 contract->name, within, contract->out, refusal->needed, refusal->room);
        break;
    case ADMISSION_OTHER:
        snprintf(text, CONF_ERROR_TEXT_SIZE,
                 "contract %s: the delay of contract %s could not be kept: within %s %s might have to send %" PRIu64
                 " bytes, and sends %" PRIu64,
                 contract->name, other, within, contract->out, refusal->needed, refusal->room);
        break;
    case ADMISSION_MEMORY:
        snprintf(text, CONF_ERROR_TEXT_SIZE,
                 "contract %s: it may need memory for %" PRIu64 " packets, and %s has %" PRIu64
                 " left: expected a smaller burst or wait, or a larger packet-min",
                 contract->name, refusal->needed, contract->out, refusal->room);
        break;
    default:
        snprintf(text, CONF_ERROR_TEXT_SIZE, "contract %s: too many at %s", contract->name, contract->out);
    }
    struct admission_offer words = *offer;
    if (!conf_contract_has_delay(contract)) /* then none can be said */
        words.delay_ns = words.jitter_ns = 0;
    append_offer(&words, text, CONF_ERROR_TEXT_SIZE);
}

/* All contracts of an interface, in the order in which they stand there. */
static int admit(const struct conf *conf, const struct conf_interface *out, struct conf_errors *errors)
{
    const struct capacity capacity = conf_shape_capacity(&out->shape, MTU, true);
    struct admission *admission = admission_new(&capacity.admission);
    const struct conf_contract **admitted = calloc(CAPACITY_CONTRACTS, sizeof(struct conf_contract *));
    struct admission_refusal refusal;
    char text[CONF_ERROR_TEXT_SIZE];
    uint32_t number = 0;

    for (size_t i = 0; admission && admitted && i < conf->contract_count; i++) {
        const struct conf_contract *contract = &conf->contracts[i];
        if (contract->damaged || strcmp(contract->out, out->name) != 0)
            continue;
        const struct contract terms = conf_contract_on_link(contract, out->shape.link);
        if (admission_add(admission, number, &terms, &refusal)) {
            admitted[number++] = contract;
            continue;
        }
        struct admission_offer offer = admission_offer(admission, &terms);
        conf_contract_refused(contract, &refusal, refusal.cause == ADMISSION_OTHER ? admitted[refusal.other]->name : "",
                              &offer, text);
        conf_wrong(errors, contract->line, "%s", text);
    }
    int error = admission && admitted ? 0 : -ENOMEM;
    admission_free(admission);
    free(admitted);
    return error;
}

/* --- together ---------------------------------------------------------------------------------------------------- */

static int compare_names(const void *one, const void *other)
{
    const struct conf_contract *a = *(const struct conf_contract *const *)one,
                               *b = *(const struct conf_contract *const *)other;
    int order = strcmp(a->name, b->name);

    return order ? order : (a > b) - (a < b);
}

static int check_names(const struct conf *conf, struct conf_errors *errors)
{
    const struct conf_contract **sorted = calloc(conf->contract_count + 1, sizeof(struct conf_contract *));

    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < conf->contract_count; i++)
        sorted[i] = &conf->contracts[i];
    qsort(sorted, conf->contract_count, sizeof(struct conf_contract *), compare_names);
    for (size_t i = 1; i < conf->contract_count; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            conf_wrong(errors, sorted[i]->line, "contract %s%s is there already, in line %u", sorted[i]->name,
                       sorted[i]->line ? "" : ", which was added by hand,", sorted[i - 1]->line);
    free(sorted);
    return 0;
}

int conf_check_contracts(const struct conf *conf, struct conf_errors *errors)
{
    static_assert(CONF_CONTRACTS_MAX == CAPACITY_CONTRACTS, "a port can have all");
    size_t before = errors->count;

    if (conf->contract_count > CONF_CONTRACTS_MAX) {
        conf_wrong(errors, conf->contracts[CONF_CONTRACTS_MAX].line, "too many contracts: at most %d expected",
                   CONF_CONTRACTS_MAX);
        return 0;
    }
    for (size_t i = 0; i < conf->contract_count; i++)
        conf_check_contract(conf, &conf->contracts[i], errors);
    bool sound = errors->count == before;
    int error = conf->contract_count ? check_names(conf, errors) : 0;
    if (!error && conf->contract_count)
        error = check_overlaps(conf, errors);
    for (size_t i = 0; sound && !error && i < conf->interface_count; i++)
        if (conf->interfaces[i].shape.rate && conf_has_contracts(conf, conf->interfaces[i].name))
            error = admit(conf, &conf->interfaces[i], errors);
    return error;
}
