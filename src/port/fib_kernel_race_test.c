/*
 * One writer, and a reader in the kernel at full speed, as the engine and its door are: fib_kernel_race_test OBJECT
 *
 * The pool is so small that memory is used again all the time, always after the engine's grace period.
 */
#include "port/door.h"
#include "tests/fib_race.h"
#include "tests/unit.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHANGES 20000
#define REPEAT  20 /* runs of the program in a call */

static const char *object_file;

struct race {
    struct race_kernel *kernel;
    int program_fd;
    uint64_t waits;
    int error; /* of the kernel's runs */
    bool stop;
};

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
    (void)level, (void)format, (void)args;
    return 0;
}

static void *run_all_the_time(void *arg)
{
    struct race *race = arg;
    uint8_t frame[64] = {0};
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame), .repeat = REPEAT);

    while (!race->error && !__atomic_load_n(&race->stop, __ATOMIC_ACQUIRE)) {
        race->error = bpf_prog_test_run_opts(race->program_fd, &opts);
        sched_yield(); /* ends a grace period at once, as the end of a real packet's softirq does */
    }
    return NULL;
}

static void wait_for_readers(void *arg)
{
    ((struct race *)arg)->waits++;
    door_wait_for_packets(NULL);
}

static void a_reader_in_the_kernel_sees_before_or_after(void **state)
{
    (void)state;
    struct race race = {0};
    struct fib_table *table;
    uint64_t random = 11;
    pthread_t thread;

    libbpf_set_print(print_nothing);
    struct bpf_object *object = bpf_object__open_file(object_file, NULL);
    assert_non_null(object);
    int error = bpf_object__load(object);
    if (error == -EPERM) {
        print_message("# skipped: BPF may not be loaded here; run it as root, or with CAP_BPF and CAP_NET_ADMIN\n");
        skip();
    }
    assert_int_equal(error, 0);
    race.program_fd = bpf_program__fd(bpf_object__find_program_by_name(object, "fib_reader"));
    race.kernel = mmap(NULL, sizeof(*race.kernel), PROT_READ | PROT_WRITE, MAP_SHARED,
                       bpf_object__find_map_fd_by_name(object, ".bss"), 0);
    assert_ptr_not_equal(race.kernel, MAP_FAILED);
    race.kernel->random = 12;
    struct fib_table_config config = {
        .memory = &race.kernel->fib, .pool_bytes = 160 * 1024, .wait_for_readers = wait_for_readers, .arg = &race};
    assert_int_equal(fib_table_new(&config, &table), 0);
    assert_int_equal(race_fill(table, &random), 0);
    assert_int_equal(pthread_create(&thread, NULL, run_all_the_time, &race), 0);
    uint64_t refused = race_change(table, &random, CHANGES);
    while (!READ_ONCE(race.kernel->lookups) && !__atomic_load_n(&race.error, __ATOMIC_ACQUIRE))
        sched_yield();
    __atomic_store_n(&race.stop, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    print_message("# %u changes, %llu refused for want of room, %llu waits, %llu lookups meanwhile\n", CHANGES,
                  (unsigned long long)refused, (unsigned long long)race.waits,
                  (unsigned long long)race.kernel->lookups);
    assert_int_equal(race.error, 0);
    assert_int_equal(race.kernel->wrong, 0);
    assert_in_range(race.waits, 10, CHANGES);
    fib_table_free(table);
    munmap(race.kernel, sizeof(*race.kernel));
    bpf_object__close(object);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_reader_in_the_kernel_sees_before_or_after)};

    if (argc != 2)
        return 2;
    object_file = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
