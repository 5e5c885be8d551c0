#include "sched/islip.h"

#include <stdbool.h>
#include <string.h>

void islip_begin(struct islip *islip, unsigned ports, unsigned iterations)
{
    *islip = (struct islip){.ports = ports, .iterations = iterations};
}

/* The first of a set, beginning with one of them and going round. The set is not empty. */
static unsigned first_from(uint64_t set, unsigned from)
{
    uint64_t behind = set & UINT64_MAX << from;

    return (unsigned)__builtin_ctzll(behind ? behind : set);
}

static uint8_t after(const struct islip *islip, unsigned port)
{
    return (uint8_t)(port + 1 == islip->ports ? 0 : port + 1);
}

/* The same requests, by output. */
static void turn(const struct islip *islip, const uint64_t requests[], uint64_t inputs[])
{
    memset(inputs, 0, islip->ports * sizeof(*inputs));
    for (unsigned i = 0; i < islip->ports; i++)
        for (uint64_t left = requests[i]; left; left &= left - 1)
            inputs[__builtin_ctzll(left)] |= UINT64_C(1) << i;
}

/* One iteration: of inputs and outputs that are free still. How many are not any more. */
static unsigned iterate(struct islip *islip, const uint64_t inputs[], bool first, uint64_t *free_inputs,
                        uint64_t *free_outputs, uint8_t to[])
{
    uint64_t granted[ISLIP_PORTS_MAX], any = 0; /* by input: outputs that would have it; inputs that some would have */
    unsigned count = 0;

    for (uint64_t left = *free_outputs; left; left &= left - 1) {
        unsigned output = (unsigned)__builtin_ctzll(left);
        uint64_t wanted = inputs[output] & *free_inputs;
        if (!wanted)
            continue;
        unsigned input = first_from(wanted, islip->grant[output]);
        if (!(any >> input & 1))
            granted[input] = 0;
        granted[input] |= UINT64_C(1) << output;
        any |= UINT64_C(1) << input;
    }
    for (; any; any &= any - 1, count++) {
        unsigned input = (unsigned)__builtin_ctzll(any), output = first_from(granted[input], islip->accept[input]);
        to[input] = (uint8_t)output;
        *free_inputs &= ~(UINT64_C(1) << input);
        *free_outputs &= ~(UINT64_C(1) << output);
        if (first) { /* and only then, or an input could wait for ever (section II.D) */
            islip->grant[output] = after(islip, input);
            islip->accept[input] = after(islip, output);
        }
    }
    return count;
}

unsigned islip_match(struct islip *islip, const uint64_t requests[], uint8_t to[])
{
    uint64_t inputs[ISLIP_PORTS_MAX];
    uint64_t free_inputs = UINT64_MAX >> (64 - islip->ports), free_outputs = free_inputs;
    unsigned count = 0;

    turn(islip, requests, inputs);
    memset(to, ISLIP_NONE, islip->ports);
    for (unsigned i = 0; i < islip->iterations; i++) {
        unsigned more = iterate(islip, inputs, i == 0, &free_inputs, &free_outputs, to);
        if (!more)
            break;
        count += more;
    }
    return count;
}
