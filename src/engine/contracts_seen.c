/* What is told of contracts. */
#include "engine/contracts_held.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

size_t contracts_count(const struct contracts *contracts)
{
    return contracts->count;
}

static void describe_words(const struct held *held, struct query_contract *one)
{
    static_assert(QUERY_WORDS_SIZE == ATM_TEXT_SIZE, "the longest fits"); /* a struct conf_contract_words has no more */
    struct conf_contract_words words;

    one->has_delay = conf_contract_has_delay(&held->conf);
    if (!held->terms.packet_max) /* for what link it is, is not known yet */
        return;
    conf_contract_words(&held->conf, held->link, &words);
    memcpy(one->atm, words.atm, sizeof(words.atm));
    memcpy(one->tspec, words.tspec, sizeof(words.tspec));
    memcpy(one->rspec, words.rspec, sizeof(words.rspec));
}

void contracts_describe_held(const struct held *held, struct query_contract *one)
{
    size_t len = 0;

    *one = (struct query_contract){.state = (uint8_t)held->state,
                                   .by_hand = held->conf.line == 0,
                                   .terms = held->terms,
                                   .match_count = (uint32_t)held->conf.match_count,
                                   .offer = held->offer};
    memcpy(one->name, held->conf.name, sizeof(one->name));
    memcpy(one->out, held->conf.out, sizeof(one->out));
    memcpy(one->why, held->why, sizeof(one->why));
    describe_words(held, one);
    for (size_t i = 0; i < held->conf.match_count; i++) {
        char text[MATCH_TEXT_SIZE];
        match_format(&held->conf.matches[i], text);
        if (len + strlen(text) + 2 > sizeof(one->matches))
            break;
        len += (size_t)snprintf(one->matches + len, sizeof(one->matches) - len, "%s%s", i ? "\n" : "", text);
    }
}

/* Those of a port among some that were described, whose figures are wanted. */
struct figures {
    struct held *const *held;
    struct query_contract *described;
    size_t count;
    unsigned port;
    int64_t now_ns;
};

static void add_figures(struct shaped *shaped, void *arg)
{
    const struct figures *figures = arg;

    for (size_t i = 0; i < figures->count; i++) {
        const struct held *held = figures->held[i];
        if (held->state == QUERY_CONTRACT_KEPT && held->port == figures->port)
            figures->described[i].figures = shaped_contract(shaped, held->number, figures->now_ns);
    }
}

size_t contracts_describe(const struct contracts *contracts, size_t first, struct query_contract *described,
                          size_t room)
{
    size_t left = first < contracts->count ? contracts->count - first : 0;
    struct figures figures = {.held = contracts->all + first,
                              .described = described,
                              .count = left < room ? left : room,
                              .now_ns = clock_now_ns()};
    bool asked[DOOR_PORTS] = {false};

    for (size_t i = 0; i < figures.count; i++)
        contracts_describe_held(figures.held[i], &described[i]);
    for (size_t i = 0; i < figures.count; i++) {
        const struct held *held = figures.held[i];
        if (held->state != QUERY_CONTRACT_KEPT || asked[held->port])
            continue;
        figures.port = held->port;
        asked[held->port] = true;
        shaping_call(contracts->ports->shaping, held->port, add_figures, &figures);
    }
    return figures.count;
}

/* The delays of one that is kept. */
struct delays {
    uint32_t number;
    struct histogram *delays;
};

static void copy_delays(struct shaped *shaped, void *arg)
{
    const struct delays *wanted = arg;
    const struct histogram *delays = shaped_contract_delays(shaped, wanted->number);

    if (delays)
        *wanted->delays = *delays;
}

int contracts_see(const struct contracts *contracts, const char *name, struct query_contract_seen *seen)
{
    size_t at = 0;

    while (at < contracts->count && strcmp(contracts->all[at]->conf.name, name) != 0)
        at++;
    if (at == contracts->count)
        return -ENOENT;
    const struct held *held = contracts->all[at];
    struct delays wanted = {.number = held->number, .delays = &seen->delays};
    contracts_describe(contracts, at, &seen->contract, 1);
    seen->delays = (struct histogram){.max_ns = 0};
    if (held->state == QUERY_CONTRACT_KEPT)
        shaping_call(contracts->ports->shaping, held->port, copy_delays, &wanted);
    return 0;
}
