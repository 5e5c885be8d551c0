#include "engine/contracts.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "engine/contract_file.h"
#include "engine/contracts_held.h"
#include "log/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAVING_MARGIN_NS 10000000 /* what a thread may come too late, and more */

/* --- those that are there ---------------------------------------------------------------------------------------- */

struct held *contracts_free_held(struct held *held)
{
    if (held)
        free(held->conf.matches);
    free(held);
    return NULL;
}

struct held *contracts_copy(const struct conf_contract *conf)
{
    struct held *held = calloc(1, sizeof(*held));
    struct match *matches = calloc(conf->match_count + 1, sizeof(*matches));

    if (!held || !matches) {
        free(held);
        free(matches);
        return NULL;
    }
    for (size_t i = 0; i < conf->match_count; i++)
        matches[i] = conf->matches[i];
    held->conf = *conf;
    held->conf.matches = matches;
    held->conf.said = NULL; /* what it means is enough here */
    held->conf.said_count = 0;
    held->state = QUERY_CONTRACT_WAITING;
    return held;
}

struct contracts *contracts_new(struct ports *ports, const char *directory)
{
    struct contracts *contracts = calloc(1, sizeof(*contracts));

    if (!contracts)
        return NULL;
    contracts->ports = ports;
    contracts->directory = directory;
    return contracts_read_by_hand(contracts) == -ENOMEM ? contracts_free(contracts) : contracts;
}

struct contracts *contracts_free(struct contracts *contracts)
{
    if (!contracts)
        return NULL;
    for (size_t i = 0; i < contracts->count; i++)
        contracts_free_held(contracts->all[i]);
    for (unsigned i = 0; i < DOOR_PORTS; i++) {
        admission_free(contracts->at[i].admission);
        free(contracts->at[i].slots);
    }
    free(contracts->all);
    free(contracts);
    return NULL;
}

/* --- ports ------------------------------------------------------------------------------------------------------- */

/* All that was admitted at a port is to be admitted anew. */
static void forget(struct contracts *contracts, unsigned port)
{
    struct port_contracts *at = &contracts->at[port];

    for (size_t i = 0; i < contracts->count; i++) {
        struct held *held = contracts->all[i];
        if (held->state == QUERY_CONTRACT_KEPT && held->port == port)
            held->state = QUERY_CONTRACT_WAITING;
        held->tried = false;
    }
    admission_free(at->admission);
    free(at->slots);
    *at = (struct port_contracts){.begun = 0};
}

/* False: no memory, which is logged. */
static bool begin_port(struct port_contracts *at, const struct capacity *capacity)
{
    if (at->admission)
        return true;
    at->admission = admission_new(&capacity->admission);
    at->slots = at->admission ? calloc(capacity->admission.contracts, sizeof(*at->slots)) : NULL;
    if (at->slots)
        return true;
    log_error("no memory for contracts");
    at->admission = admission_free(at->admission);
    return false;
}

/* One that was removed keeps its number and its share until its last packet has left. */
void contracts_let_leave(struct contracts *contracts, struct held *held)
{
    struct port_contracts *at = &contracts->at[held->port];

    if (held->state != QUERY_CONTRACT_KEPT)
        return;
    struct slot *slot = &at->slots[held->number];
    slot->held = NULL;
    slot->lasts_ns = contract_within_ns(&held->terms) + contract_wait_ns(&held->terms) + LEAVING_MARGIN_NS;
    slot->leaves_ns = INT64_MAX; /* until the port's thread has been told */
    at->leaving++;
    at->changed = true;
    held->state = QUERY_CONTRACT_WAITING;
}

static void try_again(struct contracts *contracts, const char *out)
{
    for (size_t i = 0; i < contracts->count; i++)
        if (strcmp(contracts->all[i]->conf.out, out) == 0)
            contracts->all[i]->tried = false;
}

/* Those whose packets have left by now. */
static void end_leaving(struct contracts *contracts, unsigned port)
{
    struct port_contracts *at = &contracts->at[port];
    int64_t now_ns = clock_now_ns();
    bool any = false;

    for (uint32_t i = 0; at->leaving && i < at->slot_count; i++) {
        struct slot *slot = &at->slots[i];
        if (!slot->taken || slot->held || slot->leaves_ns > now_ns)
            continue;
        admission_remove(at->admission, i);
        *slot = (struct slot){.taken = false};
        at->leaving--;
        if (i < at->lowest)
            at->lowest = i;
        any = true;
    }
    if (any)
        try_again(contracts, contracts->ports->all[port].name);
}

/* --- admission --------------------------------------------------------------------------------------------------- */

static void tell(struct held *held, enum query_contract_state state)
{
    char rate[LINK_RATE_TEXT_SIZE];

    if (state == held->state)
        return;
    held->state = state;
    link_rate_format(held->terms.rate, rate);
    if (state == QUERY_CONTRACT_KEPT)
        log_info("contract %s: %s at %s leaves within %.3g ms", held->conf.name, rate, held->conf.out,
                 (double)held->terms.delay_ns / 1e6);
    else
        log_error("%s", held->why);
}

/* Whether the port can keep it together with what it keeps already, and if not, why. */
static bool test(const struct port_contracts *at, const struct capacity *capacity, struct held *held)
{
    struct admission_refusal refusal = {.cause = ADMISSION_NONE};

    held->offer = (struct admission_offer){0};
    if (!conf_contract_sound(&held->conf, &held->terms, capacity, held->why))
        return false;
    if (admission_test(at->admission, &held->terms, &refusal))
        return true;
    held->offer = admission_offer(at->admission, &held->terms);
    conf_contract_refused(&held->conf, &refusal, refusal.cause == ADMISSION_OTHER ? at->slots[refusal.other].name : "",
                          &held->offer, held->why);
    return false;
}

/* Take it in, or say why not. */
static void admit(struct port_contracts *at, unsigned port, const struct capacity *capacity, struct held *held)
{
    uint32_t number = at->lowest;

    while (number < capacity->admission.contracts && at->slots[number].taken)
        number++;
    if (!test(at, capacity, held) || number == capacity->admission.contracts ||
        !admission_add(at->admission, number, &held->terms, NULL)) {
        held->tried = true;
        tell(held, at->leaving ? QUERY_CONTRACT_NEXT : QUERY_CONTRACT_REFUSED);
        return;
    }
    struct slot *slot = &at->slots[number];
    *slot = (struct slot){.held = held, .taken = true};
    memcpy(slot->name, held->conf.name, sizeof(slot->name));
    at->lowest = number + 1;
    if (at->slot_count <= number)
        at->slot_count = number + 1;
    at->changed = held->fresh = true;
    held->port = port;
    held->number = number;
    held->why[0] = '\0';
    tell(held, QUERY_CONTRACT_KEPT);
}

/* The port that a contract leaves by, ready for it; 0: it has no queues, or there is no memory. */
static unsigned find_port(struct contracts *contracts, struct held *held, const struct capacity **capacity)
{
    unsigned port = ports_find(contracts->ports, held->conf.out);

    *capacity = port ? shaping_capacity(contracts->ports->shaping, port) : NULL;
    if (!*capacity || !begin_port(&contracts->at[port], *capacity))
        return 0;
    held->link = contracts->ports->all[port].conf->shape.link;
    held->terms = conf_contract_on_link(&held->conf, held->link);
    return port;
}

void contracts_try(struct contracts *contracts, struct held *held)
{
    const struct capacity *capacity;

    if (held->state == QUERY_CONTRACT_KEPT || held->tried || held->barred)
        return;
    unsigned port = find_port(contracts, held, &capacity);
    if (port)
        admit(&contracts->at[port], port, capacity, held);
    else
        held->state = QUERY_CONTRACT_WAITING;
}

bool contracts_could_keep(struct contracts *contracts, struct held *held)
{
    const struct capacity *capacity;
    unsigned port = find_port(contracts, held, &capacity);

    if (!port) {
        snprintf(held->why, sizeof(held->why), "contract %s: out %s: the interface is not there, or has no queues now",
                 held->conf.name, held->conf.out);
        held->state = QUERY_CONTRACT_WAITING;
        return false;
    }
    bool could = test(&contracts->at[port], capacity, held);
    held->state = could                         ? QUERY_CONTRACT_KEPT
                  : contracts->at[port].leaving ? QUERY_CONTRACT_NEXT
                                                : QUERY_CONTRACT_REFUSED;
    return could;
}

/* --- the ports' threads ------------------------------------------------------------------------------------------ */

/* What a port's thread is to change. */
struct change {
    struct classifier *classifier; /* the new one; afterwards the one before */
    struct held **fresh;
    struct histogram **delays; /* of these, the same */
    size_t fresh_count;
};

static void apply(struct shaped *shaped, void *arg)
{
    struct change *change = arg;

    for (size_t i = 0; i < change->fresh_count; i++)
        change->delays[i] =
            shaped_set_contract(shaped, change->fresh[i]->number, &change->fresh[i]->terms, change->delays[i]);
    change->classifier = shaped_classify(shaped, change->classifier);
}

static size_t count_matches(const struct contracts *contracts)
{
    size_t count = 0;

    for (size_t i = 0; i < contracts->count; i++)
        count += contracts->all[i]->conf.match_count;
    return count;
}

/* What its packets are, for the port's classifier. */
static size_t add_rules(const struct contracts *contracts, const struct held *held, struct classifier_rule *rules)
{
    size_t count = 0;

    for (size_t i = 0; i < held->conf.match_count; i++) {
        const struct match *match = &held->conf.matches[i];
        unsigned in = match->in[0] ? ports_find(contracts->ports, match->in) : 0;
        if (!match->in[0] || in)
            rules[count++] = (struct classifier_rule){.match = match, .in = (uint8_t)in, .number = held->number};
    }
    return count;
}

/* The thread gives no packet more to those that were removed: from now on it is known when their last one has left. */
static void begin_leaving(struct port_contracts *at)
{
    int64_t now_ns = clock_now_ns();

    for (uint32_t i = 0; at->leaving && i < at->slot_count; i++)
        if (at->slots[i].taken && !at->slots[i].held && at->slots[i].leaves_ns == INT64_MAX)
            at->slots[i].leaves_ns = now_ns + at->slots[i].lasts_ns;
}

/* Fills in what a port's thread is to change. False: no memory. */
static bool prepare(const struct contracts *contracts, unsigned port, struct change *change)
{
    struct classifier_rule *rules = calloc(count_matches(contracts) + 1, sizeof(*rules));
    size_t count = 0;
    bool whole = true;

    change->fresh = calloc(contracts->count + 1, sizeof(struct held *));
    change->delays = calloc(contracts->count + 1, sizeof(struct histogram *));
    for (size_t i = 0; rules && change->fresh && change->delays && i < contracts->count; i++) {
        struct held *held = contracts->all[i];
        if (held->state != QUERY_CONTRACT_KEPT || held->port != port)
            continue;
        count += add_rules(contracts, held, rules + count);
        if (!held->fresh)
            continue;
        change->delays[change->fresh_count] = calloc(1, sizeof(struct histogram));
        whole &= change->delays[change->fresh_count] != NULL;
        change->fresh[change->fresh_count++] = held;
    }
    if (rules && change->fresh && change->delays && whole)
        change->classifier = classifier_new(rules, count);
    free(rules);
    return change->classifier;
}

/* The port's thread learns which packets are whose. If there is no memory, it goes on as it did. */
static void tell_thread(struct contracts *contracts, unsigned port)
{
    struct change change = {.fresh_count = 0};

    if (prepare(contracts, port, &change)) {
        shaping_call(contracts->ports->shaping, port, apply, &change);
        classifier_free(change.classifier);
        for (size_t i = 0; i < change.fresh_count; i++)
            change.fresh[i]->fresh = false;
        begin_leaving(&contracts->at[port]);
        contracts->at[port].changed = false;
    } else {
        log_error("no memory for contracts");
    }
    for (size_t i = 0; i < change.fresh_count; i++)
        free(change.delays[i]);
    free(change.delays);
    free(change.fresh);
}

void contracts_update(struct contracts *contracts)
{
    for (unsigned i = 1; i < DOOR_PORTS; i++) {
        struct port_contracts *at = &contracts->at[i];
        uint64_t begun = shaping_begun(contracts->ports->shaping, i);
        if (at->begun != begun) {
            forget(contracts, i);
            at->begun = begun;
        }
        if (at->leaving)
            end_leaving(contracts, i);
    }
    for (size_t i = 0; i < contracts->count; i++)
        contracts_try(contracts, contracts->all[i]);
    for (unsigned i = 1; i < DOOR_PORTS; i++)
        if (contracts->at[i].changed)
            tell_thread(contracts, i);
}

/* --- the configuration ------------------------------------------------------------------------------------------- */

static int compare_names(const void *one, const void *other)
{
    return strcmp((*(const struct held *const *)one)->conf.name, (*(const struct held *const *)other)->conf.name);
}

/* Those of the configuration in force, by name; NULL: there is no memory. */
static struct held **sort(const struct contracts *contracts, size_t *count)
{
    struct held **sorted = calloc(contracts->count + 1, sizeof(struct held *));

    *count = 0;
    for (size_t i = 0; sorted && i < contracts->count; i++)
        if (contracts->all[i]->conf.line)
            sorted[(*count)++] = contracts->all[i];
    if (sorted)
        qsort(sorted, *count, sizeof(struct held *), compare_names);
    return sorted;
}

/* The one that says just that, if it is there. */
static struct held *find_same(struct held **sorted, size_t count, const struct conf_contract *conf)
{
    struct held key = {.conf = {.line = 0}}, *wanted = &key;

    memcpy(key.conf.name, conf->name, sizeof(key.conf.name));
    struct held **found = bsearch(&wanted, sorted, count, sizeof(struct held *), compare_names);
    return found && conf_contract_equal(&(*found)->conf, conf) ? *found : NULL;
}

/* The contracts of a configuration, those among them that are there already marked, with room for those that were added
 * by hand. NULL: no memory. */
static struct held **collect(const struct contracts *contracts, const struct conf *conf)
{
    size_t count = 0, sorted_count;
    struct held **all = calloc(conf->contract_count + contracts->count + 1, sizeof(struct held *));
    struct held **sorted = sort(contracts, &sorted_count);

    for (; all && sorted && count < conf->contract_count; count++) {
        struct held *same = find_same(sorted, sorted_count, &conf->contracts[count]);
        all[count] = same ? same : contracts_copy(&conf->contracts[count]);
        if (!all[count])
            break;
        all[count]->stays = same != NULL;
    }
    bool whole = all && sorted && count == conf->contract_count;
    for (size_t i = 0; all && !whole && i < count; i++) {
        if (!all[i]->stays)
            contracts_free_held(all[i]);
        else
            all[i]->stays = false;
    }
    free(sorted);
    if (whole)
        return all;
    free(all);
    return NULL;
}

/* One that was added by hand, and a configuration that was written since: the configuration is right. */
static void check_by_hand(const struct contracts *contracts, const struct conf *conf, struct held *held)
{
    struct conf_errors *errors = calloc(1, sizeof(*errors));

    held->barred = !errors;
    if (!errors)
        return;
    conf_check_contract(conf, &held->conf, errors);
    for (size_t i = 0; i < contracts->count && !errors->count; i++) {
        const struct conf_contract *other = &contracts->all[i]->conf;
        if (!other->line)
            continue;
        if (strcmp(other->name, held->conf.name) == 0)
            conf_wrong(errors, 0, "contract %s: the configuration has another of that name", other->name);
        conf_contracts_overlap(&held->conf, other, errors);
    }
    held->barred = errors->count > 0;
    if (held->barred)
        memcpy(held->why, errors->all[0].text, sizeof(held->why));
    free(errors);
}

static void bar(struct contracts *contracts, struct held *held)
{
    contracts_let_leave(contracts, held);
    held->offer = (struct admission_offer){0};
    tell(held, QUERY_CONTRACT_REFUSED);
}

int contracts_configure(struct contracts *contracts, const struct conf *conf)
{
    struct held **all = collect(contracts, conf);
    size_t count = conf->contract_count;

    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < contracts->count; i++) {
        struct held *held = contracts->all[i];
        if (!held->conf.line) {
            all[count++] = held;
        } else if (!held->stays) {
            contracts_let_leave(contracts, held);
            contracts_free_held(held);
        }
    }
    free(contracts->all);
    contracts->all = all;
    contracts->count = count;
    contracts->conf = conf;
    for (size_t i = 0; i < count; i++) {
        all[i]->stays = all[i]->tried = false;
        if (all[i]->conf.line)
            continue;
        check_by_hand(contracts, conf, all[i]);
        if (all[i]->barred)
            bar(contracts, all[i]);
    }
    for (unsigned i = 0; i < DOOR_PORTS; i++) /* interfaces in matches may be ports now */
        contracts->at[i].changed |= contracts->at[i].admission != NULL;
    return 0;
}

void contracts_mark_ports(struct contracts *contracts)
{
    struct ports *ports = contracts->ports;

    for (unsigned i = 1; i <= ports->count; i++)
        ports->all[i].contracts = ports->all[i].configured_contracts = false;
    for (size_t i = 0; i < contracts->count; i++) {
        const struct conf_contract *conf = &contracts->all[i]->conf;
        unsigned port = ports_find(ports, conf->out);
        if (!port)
            continue;
        ports->all[port].contracts = true;
        ports->all[port].configured_contracts |=
            conf->line != 0; /* what is added by hand makes do with what there is */
    }
}
