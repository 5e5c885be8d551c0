/* What is told of contracts. */
#include "engine/contracts_held.h"

#include <stdio.h>
#include <string.h>

size_t contracts_count(const struct contracts *contracts)
{
    return contracts->count;
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
};

static void add_figures(struct shaped *shaped, void *arg)
{
    const struct figures *figures = arg;

    for (size_t i = 0; i < figures->count; i++) {
        const struct held *held = figures->held[i];
        if (held->state == QUERY_CONTRACT_KEPT && held->port == figures->port)
            figures->described[i].figures = shaped_contract(shaped, held->number);
    }
}

size_t contracts_describe(const struct contracts *contracts, size_t first, struct query_contract *described,
                          size_t room)
{
    size_t left = first < contracts->count ? contracts->count - first : 0;
    struct figures figures = {
        .held = contracts->all + first, .described = described, .count = left < room ? left : room};
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
