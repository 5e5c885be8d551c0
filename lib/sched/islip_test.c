/* iSLIP: against a transcription of the paper's three steps, by what must hold of any matching, and by its fairness. */
#include "sched/islip.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <stdbool.h>
#include <string.h>

#define SLOTS 20000

enum density { FEW, HALF, MOST };

static uint64_t draw_requests(uint64_t *seed, enum density density, unsigned ports)
{
    uint64_t a = (uint64_t)draw_u32(seed) << 32, b = (uint64_t)draw_u32(seed) << 32;

    a |= draw_u32(seed);
    b |= draw_u32(seed);
    return (density == FEW ? a & b : density == HALF ? a : a | b) & UINT64_MAX >> (64 - ports);
}

/* Section II.C: request, grant, accept; pointers move as in II.D. */
struct plain {
    unsigned ports, iterations, grant[ISLIP_PORTS_MAX], accept[ISLIP_PORTS_MAX];
};

static unsigned plain_match(struct plain *plain, const uint64_t requests[], uint8_t to[])
{
    bool input_taken[ISLIP_PORTS_MAX] = {false}, output_taken[ISLIP_PORTS_MAX] = {false};
    unsigned count = 0, n = plain->ports;

    memset(to, ISLIP_NONE, n);
    for (unsigned iteration = 0; iteration < plain->iterations; iteration++) {
        unsigned grants[ISLIP_PORTS_MAX]; /* by output; n: none */
        for (unsigned output = 0; output < n; output++) {
            grants[output] = n;
            for (unsigned i = 0; i < n && !output_taken[output] && grants[output] == n; i++) {
                unsigned input = (plain->grant[output] + i) % n;
                if (!input_taken[input] && requests[input] >> output & 1)
                    grants[output] = input;
            }
        }
        for (unsigned input = 0; input < n; input++) {
            for (unsigned i = 0; i < n; i++) {
                unsigned output = (plain->accept[input] + i) % n;
                if (grants[output] != input)
                    continue;
                to[input] = (uint8_t)output;
                input_taken[input] = output_taken[output] = true;
                count++;
                if (iteration == 0) {
                    plain->grant[output] = (input + 1) % n;
                    plain->accept[input] = (output + 1) % n;
                }
                break;
            }
        }
    }
    return count;
}

static void it_is_the_papers(void **state)
{
    (void)state;
    static const unsigned ports[] = {1, 2, 3, 16, 63, 64};

    for (size_t p = 0; p < ARRAY_SIZE(ports); p++) {
        for (unsigned iterations = 1; iterations <= 4; iterations++) {
            uint64_t seed = 1 + p * 10 + iterations, requests[ISLIP_PORTS_MAX];
            uint8_t to[ISLIP_PORTS_MAX], wanted[ISLIP_PORTS_MAX];
            struct plain plain = {.ports = ports[p], .iterations = iterations};
            struct islip islip;
            islip_begin(&islip, ports[p], iterations);
            for (unsigned slot = 0; slot < SLOTS / ports[p]; slot++) {
                enum density density = draw_u32(&seed) % 3;
                for (unsigned i = 0; i < ports[p]; i++)
                    requests[i] = draw_requests(&seed, density, ports[p]);
                unsigned count = islip_match(&islip, requests, to);
                assert_int_equal(count, plain_match(&plain, requests, wanted));
                assert_memory_equal(to, wanted, ports[p]);
            }
        }
    }
}

/* With as many iterations as ports no free input and free output are left that go together. */
static void matchings_are_right_and_maximal(void **state)
{
    (void)state;
    uint64_t seed = 3, requests[16];
    uint8_t to[16];
    struct islip islip;

    islip_begin(&islip, 16, 16);
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        uint64_t outputs = 0;
        unsigned count = 0;
        for (unsigned i = 0; i < 16; i++)
            requests[i] = draw_requests(&seed, FEW, 16);
        unsigned said = islip_match(&islip, requests, to);
        for (unsigned i = 0; i < 16; i++) {
            if (to[i] == ISLIP_NONE)
                continue;
            assert_true(requests[i] >> to[i] & 1);
            assert_false(outputs >> to[i] & 1);
            outputs |= UINT64_C(1) << to[i];
            count++;
        }
        assert_int_equal(said, count);
        for (unsigned i = 0; i < 16; i++)
            if (to[i] == ISLIP_NONE)
                assert_int_equal(requests[i] & ~outputs, 0);
    }
}

/* When every input wants every output, all send in every slot from some slot on, and every pair has its turn once in n
 * slots (section III). */
static void under_full_load_all_take_turns(void **state)
{
    (void)state;
    const unsigned ports = 16;
    unsigned counts[16][16] = {{0}};
    uint64_t requests[16];
    uint8_t to[16];
    struct islip islip;

    islip_begin(&islip, ports, 1);
    for (unsigned i = 0; i < ports; i++)
        requests[i] = 0xffff;
    for (unsigned slot = 0; slot < ports * ports; slot++)
        islip_match(&islip, requests, to);
    for (unsigned slot = 0; slot < ports * 10; slot++) {
        assert_int_equal(islip_match(&islip, requests, to), ports);
        for (unsigned i = 0; i < ports; i++)
            counts[i][to[i]]++;
    }
    for (unsigned i = 0; i < ports; i++)
        for (unsigned j = 0; j < ports; j++)
            assert_int_equal(counts[i][j], 10);
}

/* Whoever asks is served within n^2 slots, whatever others do (section III: no starvation). */
static void nobody_waits_for_ever(void **state)
{
    (void)state;
    const unsigned ports = 8;
    uint64_t seed = 5, requests[8];
    uint8_t to[8];
    struct islip islip;

    islip_begin(&islip, ports, 4);
    for (unsigned pair = 0; pair < ports * ports; pair++) {
        unsigned input = pair / ports, output = pair % ports, slots = 0;
        do {
            for (unsigned i = 0; i < ports; i++)
                requests[i] = draw_requests(&seed, MOST, ports);
            requests[input] |= UINT64_C(1) << output;
            islip_match(&islip, requests, to);
            assert_true(++slots <= ports * ports);
        } while (to[input] != output);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_papers),
        cmocka_unit_test(matchings_are_right_and_maximal),
        cmocka_unit_test(under_full_load_all_take_turns),
        cmocka_unit_test(nobody_waits_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
