/*
 * Who sends, who forwards by the kernel's table, and who receives, each in a network of its own:
 *
 *     forward OBJECT source INTERFACE CPU RATE SECONDS FRAME-BYTES ROUTER-MAC SOURCE-ADDRESS < DESTINATIONS
 *     forward OBJECT router INTERFACE INTERFACE
 *     forward OBJECT sink INTERFACE
 *
 * The source sends UDP datagrams at a rate of packets a second, to the destinations in turn, and prints how many have
 * been sent and within how many seconds. They enter the interface on the router's CPU. The others print "ready", and
 * end when their standard input does; for each line of it the sink prints how many packets and bytes have come so far.
 */
#include "benchmarks/forward/programs.h"

#include "base/clock.h"
#include "benchmarks/common/udp_frame.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FRAME_BYTES_MAX 1514
#define RATE_MAX        20000000

static _Noreturn void fail(const char *what, int error)
{
    fprintf(stderr, "forward: %s: %s\n", what, strerror(error));
    exit(1);
}

/* The object with one of its programs, or two, loaded. */
static struct bpf_object *load(const char *file, const char *program, const char *second)
{
    struct bpf_object *object = bpf_object__open_file(file, NULL);
    struct bpf_program *one;

    if (!object)
        fail(file, errno);
    bpf_object__for_each_program(one, object) bpf_program__set_autoload(
        one, strcmp(bpf_program__name(one), program) == 0 || (second && strcmp(bpf_program__name(one), second) == 0));
    int error = bpf_object__load(object);
    if (error)
        fail(file, -error);
    return object;
}

static int program_of(const struct bpf_object *object, const char *name)
{
    return bpf_program__fd(bpf_object__find_program_by_name(object, name));
}

static void *map_of(const struct bpf_object *object, const char *name, size_t bytes)
{
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_object__find_map_fd_by_name(object, name), 0);

    if (memory == MAP_FAILED)
        fail(name, errno);
    return memory;
}

static unsigned interface_of(const char *name)
{
    unsigned ifindex = if_nametoindex(name);

    if (!ifindex)
        fail(name, errno);
    return ifindex;
}

static void attach(int program, const char *interface)
{
    LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);

    if (bpf_link_create(program, (int)interface_of(interface), BPF_XDP, &opts) < 0) /* it ends with the process */
        fail(interface, errno);
}

/* --- the source -------------------------------------------------------------------------------------------------- */

static void read_keys(struct forward_source *source)
{
    char text[64];
    struct in_addr addr;
    unsigned count = 0;

    while (count < FORWARD_KEYS && scanf("%63s", text) == 1) {
        if (inet_pton(AF_INET, text, &addr) != 1)
            fail(text, EINVAL);
        source->keys[count++] = ntohl(addr.s_addr);
    }
    if (!count)
        fail("no destinations", EINVAL);
    for (unsigned i = count; i < FORWARD_KEYS; i++)
        source->keys[i] = source->keys[i - count];
}

/* As a frame of so many bytes begins, to nobody yet. */
static void make_header(struct forward_source *source, size_t bytes, const char *mac, const char *address)
{
    const struct ipv4_hdr *ip = (const void *)(source->header + ETH_HDR_SIZE);

    if (!udp_frame_make(source->header, bytes, mac, address, "0.0.0.0"))
        fail("a hardware address and an address", EINVAL);
    source->checksum_part = (uint16_t)~ip->checksum_be;
}

/* A thread of the kernel on that CPU, with a queue before it. */
static void let_arrive(const struct bpf_object *object, uint32_t cpu)
{
    struct bpf_cpumap_val value = {.qsize = FORWARD_QUEUE, .bpf_prog.fd = program_of(object, "forward_arrival")};

    if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "cpus"), &cpu, &value, 0) < 0)
        fail("the router's CPU", errno);
}

static int be_source(const char *file, char **words)
{
    struct bpf_object *object = load(file, "forward_source", "forward_arrival");
    struct forward_source *source = map_of(object, ".bss.source", sizeof(*source));
    static uint8_t frame[FRAME_BYTES_MAX];
    double rate = strtod(words[2], NULL), seconds = strtod(words[3], NULL);
    size_t bytes = strtoul(words[4], NULL, 10);

    source->cpu = (uint32_t)strtoul(words[1], NULL, 10);
    if (source->cpu >= FORWARD_CPUS || bytes < FORWARD_HEADER || bytes > sizeof(frame) || !(rate >= 1) ||
        rate > RATE_MAX || !(seconds > 0))
        fail("a CPU, a rate, seconds and bytes", EINVAL);
    source->ifindex = interface_of(words[0]);
    make_header(source, bytes, words[5], words[6]);
    read_keys(source);
    let_arrive(object, source->cpu);
    source->batch_ns = (uint64_t)(FORWARD_BATCH * 1e9 / rate);
    uint64_t count = (uint64_t)(rate * seconds) / FORWARD_BATCH * FORWARD_BATCH;
    struct xdp_md context = {.data_end = (uint32_t)bytes};
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = (uint32_t)bytes, .ctx_in = &context,
                .ctx_size_in = sizeof(context), .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = FORWARD_BATCH,
                .repeat = (int)count);
    int64_t began = clock_now_ns();
    if (bpf_prog_test_run_opts(program_of(object, "forward_source"), &run))
        fail("packets could not be sent", errno);
    printf("%llu %.6f\n", (unsigned long long)source->sent, (double)(clock_now_ns() - began) / 1e9);
    bpf_object__close(object);
    return 0;
}

/* --- the others -------------------------------------------------------------------------------------------------- */

static void until_told(void (*answer)(void *arg), void *arg)
{
    char line[16];

    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin))
        if (answer)
            answer(arg);
}

static int be_router(const char *file, char **words)
{
    struct bpf_object *object = load(file, "forward_router", NULL);

    for (unsigned i = 0; i < 2; i++)
        attach(program_of(object, "forward_router"), words[i]);
    until_told(NULL, NULL);
    bpf_object__close(object);
    return 0;
}

static void tell_count(void *arg)
{
    const struct forward_sink *sink = arg;

    printf("%llu %llu\n", (unsigned long long)READ_ONCE(sink->packets), (unsigned long long)READ_ONCE(sink->bytes));
    fflush(stdout);
}

static int be_sink(const char *file, char **words)
{
    struct bpf_object *object = load(file, "forward_sink", NULL);

    attach(program_of(object, "forward_sink"), words[0]);
    until_told(tell_count, map_of(object, ".bss.sink", sizeof(struct forward_sink)));
    bpf_object__close(object);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 10 && strcmp(argv[2], "source") == 0)
        return be_source(argv[1], &argv[3]);
    if (argc == 5 && strcmp(argv[2], "router") == 0)
        return be_router(argv[1], &argv[3]);
    if (argc == 4 && strcmp(argv[2], "sink") == 0)
        return be_sink(argv[1], &argv[3]);
    fputs("usage: see benchmarks/forward/forward.c\n", stderr);
    return 2;
}
