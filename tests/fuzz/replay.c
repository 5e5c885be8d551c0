/*
 * Run a fuzz target over its named corpus, and over seeded mutations of every file of it: replay CORPUS_DIRECTORY.
 * TAP on standard output, a case a file. Without libFuzzer, so it works with every compiler and in every test run.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

enum { INPUT_MAX = 8192, MUTATIONS = 5000, CHANGES_MAX = 4 };

static const unsigned seed_at_start = 20261125;

static void run(const uint8_t *data, size_t size)
{
    uint8_t *block = malloc(size ? size : 1);

    FUZZ_CHECK(block);
    memcpy(block, data, size);
    LLVMFuzzerTestOneInput(block, size);
    free(block);
}

/* libFuzzer's part, as far as it is needed. */
size_t LLVMFuzzerMutate(uint8_t *changed, size_t size, size_t size_max)
{
    unsigned seed = (unsigned)size;

    if (size_max)
        changed[(size_t)rand_r(&seed) % size_max] ^= 1;
    return size;
}

static void mutate(const uint8_t *data, size_t size, unsigned *seed)
{
    uint8_t changed[INPUT_MAX];

    memcpy(changed, data, size);
    if (LLVMFuzzerCustomMutator && rand_r(seed) % 2)
        size = LLVMFuzzerCustomMutator(changed, size, sizeof(changed), (unsigned)rand_r(seed));
    for (int i = rand_r(seed) % CHANGES_MAX; i >= 0 && size > 0; i--) {
        size_t at = (size_t)rand_r(seed) % size;
        switch (rand_r(seed) % 4) {
        case 0:
            changed[at] ^= (uint8_t)(1 << rand_r(seed) % 8);
            break;
        case 1:
            changed[at] = (uint8_t)(rand_r(seed) >> 5);
            break;
        case 2:
            changed[at] = changed[(size_t)rand_r(seed) % size];
            break;
        default:
            size = at;
        }
    }
    run(changed, size);
}

static int by_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    int count = argc == 2 ? scandir(argv[1], &entries, by_name, alphasort) : -1;

    if (count <= 0) {
        fprintf(stderr, "replay: %s\n",
                argc != 2 ? "expected one corpus directory"
                : count   ? strerror(errno)
                          : "empty");
        return EXIT_FAILURE;
    }
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        uint8_t data[INPUT_MAX];
        char path[4096];
        unsigned seed = seed_at_start;
        snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
        FILE *file = fopen(path, "rb");
        size_t size = file ? fread(data, 1, sizeof(data), file) : 0;
        if (!file || ferror(file) || !feof(file)) {
            printf("not ok %d - %s # unreadable, or larger than %d bytes\n", i + 1, entries[i]->d_name, INPUT_MAX);
            return EXIT_FAILURE;
        }
        fclose(file);
        printf("# %s: itself, then %d mutations from seed %u\n", entries[i]->d_name, MUTATIONS, seed);
        fflush(stdout); /* a fault aborts: say first in which file */
        run(data, size);
        for (int j = 0; j < MUTATIONS; j++)
            mutate(data, size, &seed);
        printf("ok %d - %s\n", i + 1, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return EXIT_SUCCESS;
}
