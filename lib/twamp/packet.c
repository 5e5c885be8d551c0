#include "twamp/packet.h"

#include "base/bytes.h"

#include <string.h>

#define EPOCH  UINT64_C(2208988800) /* seconds from 1900, where NTP begins, to 1970 */
#define SECOND INT64_C(1000000000)
#define SYNCED 0x80
#define SCALE  63

static void write_u32(uint8_t *bytes, uint32_t value)
{
    store_u32(bytes, cpu_to_be32(value));
}

static uint32_t read_u32(const uint8_t *bytes)
{
    return be32_to_cpu(load_u32(bytes));
}

/* RFC 4656 4.1.2: seconds since 1900, modulo 2^32, and a fraction of 2^32. Rounded up, so that what is read is what was
 * written. */
static void store_time(uint8_t *bytes, int64_t ns)
{
    write_u32(bytes, (uint32_t)((uint64_t)(ns / SECOND) + EPOCH));
    write_u32(bytes + 4, (uint32_t)((((uint64_t)(ns % SECOND) << 32) + SECOND - 1) / SECOND));
}

/* Years 1970 to 2106. */
static int64_t read_time(const uint8_t *bytes)
{
    uint32_t seconds = read_u32(bytes) - (uint32_t)EPOCH;

    return (int64_t)seconds * SECOND + (int64_t)((uint64_t)read_u32(bytes + 4) * SECOND >> 32);
}

static void store_error(uint8_t *bytes, const struct twamp_error *error)
{
    bytes[0] = (uint8_t)((error->synchronised ? SYNCED : 0) | (error->scale & SCALE));
    bytes[1] = error->multiplier ? error->multiplier : 1;
}

static struct twamp_error read_error(const uint8_t *bytes)
{
    return (struct twamp_error){.synchronised = bytes[0] & SYNCED, .scale = bytes[0] & SCALE, .multiplier = bytes[1]};
}

void twamp_write_sent(const struct twamp_sent *sent, uint8_t *bytes)
{
    write_u32(bytes, sent->number);
    store_time(bytes + 4, sent->sent_ns);
    store_error(bytes + 12, &sent->error);
}

bool twamp_read_sent(const uint8_t *bytes, size_t len, struct twamp_sent *sent)
{
    if (len < TWAMP_SENT_SIZE)
        return false;
    *sent = (struct twamp_sent){
        .number = read_u32(bytes), .sent_ns = read_time(bytes + 4), .error = read_error(bytes + 12)};
    return true;
}

void twamp_stamp(uint8_t *bytes, int64_t now_ns)
{
    store_time(bytes + 4, now_ns);
}

void twamp_write_reflected(const struct twamp_reflected *reflected, uint8_t *bytes)
{
    memset(bytes, 0, TWAMP_REFLECTED);
    write_u32(bytes, reflected->number);
    store_time(bytes + 4, reflected->reflected_ns);
    store_error(bytes + 12, &reflected->error);
    store_time(bytes + 16, reflected->received_ns);
    twamp_write_sent(&reflected->sent, bytes + TWAMP_SENT_AT);
    bytes[40] = reflected->ttl;
}

bool twamp_read_reflected(const uint8_t *bytes, size_t len, struct twamp_reflected *reflected)
{
    if (len < TWAMP_REFLECTED)
        return false;
    *reflected = (struct twamp_reflected){.number = read_u32(bytes),
                                          .reflected_ns = read_time(bytes + 4),
                                          .error = read_error(bytes + 12),
                                          .received_ns = read_time(bytes + 16),
                                          .ttl = bytes[40]};
    return twamp_read_sent(bytes + TWAMP_SENT_AT, TWAMP_SENT_SIZE, &reflected->sent);
}
