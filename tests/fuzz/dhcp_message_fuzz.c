/*
 * Any bytes as a DHCP message: it is refused for a reason, or every option of it can be asked for, by every accessor,
 * and stays within what arrived.
 */
#include "dhcp/message.h"
#include "tests/fuzz/dhcp_mutate.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dhcp_message *message = calloc(1, sizeof(*message));
    size_t sum = 0, total = 0;

    FUZZ_CHECK(message);
    if (dhcp_parse(data, size, message) == DHCP_FAULT_NONE) {
        for (unsigned code = 0; code < 256; code++) {
            size_t len = 0, sub_len = 0;
            uint32_t u32;
            uint16_t u16;
            uint8_t u8;
            const uint8_t *value = dhcp_get(message, (uint8_t)code, &len);
            for (size_t i = 0; value && i < len; i++)
                sum += value[i];
            total += len;
            FUZZ_CHECK(dhcp_get_u8(message, (uint8_t)code, &u8) || len == 1);
            FUZZ_CHECK(dhcp_get_u16(message, (uint8_t)code, &u16) || len == 2);
            FUZZ_CHECK(dhcp_get_u32(message, (uint8_t)code, &u32) || len == 4);
            for (unsigned sub = 0; value && sub < 256; sub++) {
                const uint8_t *found = dhcp_relay_get(value, len, (uint8_t)sub, &sub_len);
                FUZZ_CHECK(!found || (found >= value && found + sub_len <= value + len));
            }
        }
        FUZZ_CHECK(total <= size);
        FUZZ_CHECK(message->type <= DHCP_INFORM);
    }
    free(message);
    return sum == SIZE_MAX; /* so that what was read is used; never */
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    return dhcp_mutate_below(&seed, 8) ? dhcp_mutate_message(data, size, size_max, &seed)
                                       : LLVMFuzzerMutate(data, size, size_max);
}
