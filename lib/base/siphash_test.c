#include "base/siphash.h"
#include "tests/unit.h"

/* The vectors of the reference implementation: key 00 01 ... 0f, messages of the bytes 00 01 02 ... */
static void reference_vectors(void **state)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {{0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},  {2, 0x0d6c8009d9a94f5a}, {7, 0xab0200f58b01d137},
                   {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5}, {63, 0x958a324ceb064572}};
    uint8_t key[SIPHASH_KEY_SIZE], data[64];

    (void)state;
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)i;
    for (unsigned i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
        assert_true(siphash(key, data, vectors[i].len) == vectors[i].hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reference_vectors)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
