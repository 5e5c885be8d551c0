#include "query/contracts.h"

#include "base/compiler.h"

static const struct {
    const char *name, *help;
} states[] = {
#define X(enumerator, state_name, state_help) {(state_name), (state_help)},
    QUERY_CONTRACT_STATES(X)
#undef X
};

const char *query_contract_state_name(unsigned state)
{
    return state < ARRAY_SIZE(states) ? states[state].name : "unknown";
}

const char *query_contract_state_help(unsigned state)
{
    return state < ARRAY_SIZE(states) ? states[state].help : "unknown";
}
