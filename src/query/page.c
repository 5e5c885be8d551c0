#include "query/page.h"

#include "base/compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES 1000 /* a page is written in microseconds, some times a second */

static const struct {
    const char *name, *help;
} asides[] = {
#define X(enumerator, aside_name, aside_help) {aside_name, aside_help},
    PORT_ASIDES(X)
#undef X
};

const char *port_aside_name(unsigned aside)
{
    return aside < ARRAY_SIZE(asides) ? asides[aside].name : "unknown";
}

const char *port_aside_help(unsigned aside)
{
    return aside < ARRAY_SIZE(asides) ? asides[aside].help : "unknown";
}

int page_new(struct page_memory **result, int *readable)
{
    char path[64];
    int fd = memfd_create("fairlead-page", MFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    struct page_memory *memory = MAP_FAILED;
    if (ftruncate(fd, sizeof(*memory)) == 0)
        memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int reading = memory == MAP_FAILED ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    int error = reading < 0 ? -errno : 0;
    if (error && memory != MAP_FAILED)
        munmap(memory, sizeof(*memory));
    close(fd);
    if (error)
        return error;
    *result = memory;
    *readable = reading;
    return 0;
}

struct page_memory *page_free(struct page_memory *memory)
{
    if (memory)
        munmap(memory, sizeof(*memory));
    return NULL;
}

/* --- under a sequence number: the first member of what is shared -------------------------------------------------- */

static void write_under(void *shared, const void *from, size_t bytes)
{
    static const size_t behind = sizeof(uint32_t);
    uint32_t *sequence = shared;

    __atomic_store_n(sequence, *sequence + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    memcpy((char *)shared + behind, (const char *)from + behind, bytes - behind);
    __atomic_store_n(sequence, *sequence + 1, __ATOMIC_RELEASE);
}

static bool read_under(const void *shared, void *copy, size_t bytes)
{
    const uint32_t *sequence = shared;

    for (unsigned tries = 0; tries < TRIES; tries++) {
        uint32_t before = __atomic_load_n(sequence, __ATOMIC_ACQUIRE);
        if (before & 1) {
            usleep(10);
            continue;
        }
        memcpy(copy, shared, bytes);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (__atomic_load_n(sequence, __ATOMIC_RELAXED) == before)
            return true;
    }
    return false;
}

static_assert(offsetof(struct page, sequence) == 0 && offsetof(struct queues, sequence) == 0, "it is the first member");

void page_write(struct page *page, const struct page *from)
{
    write_under(page, from, sizeof(*page));
}

void page_write_queues(struct queues *queues, const struct queues *from)
{
    write_under(queues, from, sizeof(*queues));
}

bool page_read(const struct page_reader *reader, struct page *copy)
{
    return reader->memory && read_under(&reader->memory->page, copy, sizeof(*copy));
}

bool page_read_queues(const struct page_reader *reader, unsigned port, struct queues *copy)
{
    return reader->memory && port < DOOR_PORTS && read_under(&reader->memory->queues[port], copy, sizeof(*copy));
}

/* --- the others' side --------------------------------------------------------------------------------------------- */

int page_reader_take(struct page_reader *reader, int page_fd, int counters_fd)
{
    const struct page_memory *memory = mmap(NULL, sizeof(*memory), PROT_READ, MAP_SHARED, page_fd, 0);

    if (memory == MAP_FAILED)
        return -errno;
    if (reader->memory) {
        munmap((void *)reader->memory, sizeof(*reader->memory));
        close(reader->counters_fd);
    }
    *reader = (struct page_reader){.memory = memory, .counters_fd = counters_fd};
    return 0;
}

/* A map that can only be read cannot be mapped into memory: the kernel copies each element. */
static int look_up(int map, uint32_t index, void *value)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)map;
    attr.key = (uint64_t)(uintptr_t)&index;
    attr.value = (uint64_t)(uintptr_t)value;
    return syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

int page_sum_counters(const struct page_reader *reader, uint32_t cpus, unsigned port, struct door_counters *sum)
{
    static_assert(sizeof(*sum) % sizeof(uint64_t) == 0, "all of it is uint64_t");
    union {
        struct door_counters counters;
        uint64_t words[sizeof(struct door_counters) / sizeof(uint64_t)];
    } total = {0}, one;

    for (uint32_t cpu = 0; cpu < cpus; cpu++) {
        int error = look_up(reader->counters_fd, door_counters_index(cpu, port), &one);
        if (error)
            return error;
        for (size_t i = 0; i < ARRAY_SIZE(total.words); i++)
            total.words[i] += one.words[i];
    }
    *sum = total.counters;
    sum->in.packets += sum->cut.packets; /* which the door counts once */
    sum->in.bytes += sum->cut.bytes + sum->cut.packets * ETH_HDR_SIZE;
    return 0;
}
