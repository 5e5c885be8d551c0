/* The packets of corpus/validate are dropped for the reason that their names begin with, and no reason lacks a packet.
 */
#include "net/validate.h"

#include "tests/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static int reason_by_name(const char *name, size_t len)
{
    for (unsigned reason = 0; reason < DROP_REASON_COUNT; reason++)
        if (strlen(drop_reason_name(reason)) == len && memcmp(drop_reason_name(reason), name, len) == 0)
            return (int)reason;
    return -1;
}

static void every_packet_and_every_reason(void **state)
{
    (void)state;
    unsigned seen[DROP_REASON_COUNT] = {0};
    DIR *dir = opendir(CORPUS_DIR);

    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        uint8_t data[4096];
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        int reason = reason_by_name(entry->d_name, strcspn(entry->d_name, "."));
        if (reason < 0)
            fail_msg("%s: the name does not begin with a drop reason", entry->d_name);
        snprintf(path, sizeof(path), "%s/%s", CORPUS_DIR, entry->d_name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t size = fread(data, 1, sizeof(data), file);
        fclose(file);
        enum drop_reason got = ipv4_validate(data, data + size, (uint32_t)size);
        if ((int)got != reason)
            fail_msg("%s: %s", entry->d_name, drop_reason_name(got));
        seen[reason]++;
    }
    closedir(dir);
    for (unsigned reason = 0; reason < DROP_REASON_COUNT; reason++)
        if (seen[reason] == 0 && (reason == DROP_NONE || strncmp(drop_reason_name(reason), "ip-", 3) == 0))
            fail_msg("no packet for %s", drop_reason_name(reason));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packet_and_every_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
