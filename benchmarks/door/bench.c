/*
 * Nanoseconds a packet of the front door and of others, by BPF_PROG_TEST_RUN:
 * door OBJECT DIR24_OBJECT IN OUT NEXT_HOPS SEED ROUNDS PACKETS PREFIXES < TABLE
 *
 * IN is an interface where XDP programs can be attached, OUT one that leads to 240.16.0.0/16 (which no destination is
 * in) and has all of the kernel's routes; both are made for this. So many prefixes of the table, drawn, are put into
 * the kernel and into the tables of the programs. Before a program is timed, its packets are held against the reference
 * trie, one by one. Prints "fact NAME VALUE" and, for each round of each row, "ns ROUND KEYS ROW NANOSECONDS".
 */
#include "benchmarks/fib/bench.h"
#include "benchmarks/door/programs.h"

#include "bpf/door.h"
#include "fib/trie.h"
#include "net/checksum.h"
#include "net/ipv4.h"

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

#define FRAME   64
#define CHECKED 2000 /* packets of each row and set of keys */

enum row_number { ROW_EMPTY, ROW_DOOR, ROW_DOOR_DIR24, ROW_FIB, ROW_DIR24, ROW_KERNEL, ROWS };

static const struct {
    const char *name, *program;
    unsigned object;
} rows_of[ROWS] = {
    [ROW_EMPTY] = {"empty", "bench_empty", 0},          [ROW_DOOR] = {"door", "bench_door", 0},
    [ROW_DOOR_DIR24] = {"door_dir24", "bench_door", 1}, [ROW_FIB] = {"fib", "bench_fib", 0},
    [ROW_DIR24] = {"dir24", "bench_dir24", 0},          [ROW_KERNEL] = {"kernel", "bench_kernel", 0},
};

static const char *const key_set_names[] = {"table", "random"};

static const uint8_t in_mac[ETH_ADDR_SIZE] = {2, 0, 0, 0, 1, 1}, out_mac[ETH_ADDR_SIZE] = {2, 0, 0, 0, 1, 2};

/* The door's programs with our table, or with a DIR-24-8; what is mapped of their memory. */
#define OBJECTS 2

struct loaded {
    struct bpf_object *object;
    struct door_memory *memory;
    struct door_bench *control;
};

struct door_run {
    struct bench bench;
    struct fib_trie *trie;
    const char *files[OBJECTS];
    struct loaded loaded[OBJECTS];
    int programs[ROWS];
    struct door_bench_dir24 *tables;
    uint32_t *keys;
    uint8_t frame[FRAME]; /* what programs are run with; they give it a destination */
    unsigned in, out, cpus;
};

/* --- the networks' side ------------------------------------------------------------------------------------------ */

/* The neighbour that a next hop is. */
static uint32_t gateway(uint32_t next_hop)
{
    return IPV4(240, 16, 0, 2) + next_hop;
}

static void neighbour_mac(uint32_t next_hop, uint8_t mac[ETH_ADDR_SIZE])
{
    const uint8_t made[ETH_ADDR_SIZE] = {2, 0, 0, 1, (uint8_t)(next_hop >> 8), (uint8_t)next_hop};

    memcpy(mac, made, sizeof(made));
}

static void fill_kernel(const struct bench *bench, const char *in, const char *out)
{
    FILE *ip = popen("ip -batch -", "w");
    char prefix[IPV4_PREFIX_TEXT_SIZE], via[IPV4_TEXT_SIZE];

    if (!ip)
        bench_fail("no ip");
    fprintf(ip, "link set %s address 02:00:00:00:01:01 up\nlink set %s address 02:00:00:00:01:02 up\n", in, out);
    fprintf(ip, "addr add 240.17.0.1/24 dev %s\naddr add 240.16.0.1/16 dev %s\n", in, out);
    for (unsigned next_hop = 1; next_hop <= bench->next_hops; next_hop++) {
        ipv4_addr_format(gateway(next_hop), via);
        fprintf(ip, "neigh add %s lladdr 02:00:00:01:%02x:%02x dev %s nud permanent\n", via, next_hop >> 8,
                next_hop & 255, out);
    }
    for (size_t i = 0; i < bench->count; i++) {
        ipv4_prefix_format(bench->routes[i].prefix, prefix);
        ipv4_addr_format(gateway(bench->routes[i].next_hop), via);
        fprintf(ip, "route replace %s via %s\n", prefix, via);
    }
    if (pclose(ip))
        bench_fail("ip refuses a route");
}

/* --- the programs' side ------------------------------------------------------------------------------------------ */

static int ignore(enum libbpf_print_level level, const char *format, va_list args)
{
    return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static void *map(struct bpf_object *object, const char *name, size_t bytes)
{
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_object__find_map_fd_by_name(object, name), 0);

    if (memory == MAP_FAILED)
        bench_fail("%s: %s", name, strerror(errno));
    return memory;
}

static void fill_dir24(struct door_bench_dir24 *to, const struct dir24 *from)
{
    for (uint32_t slash24 = 0; slash24 < 1u << 24; slash24++) {
        uint16_t entry = from->root[slash24];
        if (entry == DIR24_LONG) {
            uint32_t group = from->group[slash24];
            if (group >= DOOR_BENCH_GROUPS)
                bench_fail("more than %u /24s hold longer prefixes", DOOR_BENCH_GROUPS);
            memcpy(&to->groups[(size_t)group * 256], &from->groups[(size_t)group * 256], 256 * sizeof(*to->groups));
            entry = (uint16_t)(DOOR_BENCH_LONG | group);
        }
        to->root[slash24] = entry;
    }
}

/* As the engine fills it: two ports, of which one is to be a card's, an adjacency for each next hop, the table. */
static void fill_door(const struct door_run *run, struct door_memory *memory)
{
    memory->deadline_ns = UINT64_MAX;
    memory->port_of[run->in & (DOOR_IFINDEXES - 1)] = 1;
    memory->port_of[run->out & (DOOR_IFINDEXES - 1)] = 2;
    memory->ports[1] = (struct door_port){.ifindex = run->in, .traits = DOOR_CARD};
    memory->ports[2] = (struct door_port){.ifindex = run->out};
    memcpy(memory->ports[1].mac, in_mac, ETH_ADDR_SIZE);
    memcpy(memory->ports[2].mac, out_mac, ETH_ADDR_SIZE);
    for (uint32_t next_hop = 1; next_hop <= run->bench.next_hops; next_hop++) {
        struct door_adjacency *adjacency = &memory->adjacencies[next_hop];
        *adjacency = (struct door_adjacency){.ifindex = run->out, .mtu = 1500, .port = 2};
        neighbour_mac(next_hop, adjacency->dst);
        memcpy(adjacency->src, out_mac, ETH_ADDR_SIZE);
        memory->next_hops[next_hop] = door_word(DOOR_FORWARD, 0, next_hop);
    }
    memcpy(&memory->fib, run->bench.memory, sizeof(memory->fib));
}

/* A UDP datagram, as small as they come, to no destination yet. */
static void make_frame(uint8_t frame[FRAME])
{
    struct eth_hdr *eth = (struct eth_hdr *)frame;
    struct ipv4_hdr *ip = (struct ipv4_hdr *)(eth + 1);

    memset(frame, 0, FRAME);
    eth->type_be = cpu_to_be16(ETH_TYPE_IPV4);
    memcpy(eth->dst, in_mac, ETH_ADDR_SIZE);
    memcpy(eth->src, (uint8_t[]){2, 0, 0, 2, 0, 1}, ETH_ADDR_SIZE);
    *ip = (struct ipv4_hdr){.version_ihl = 0x45,
                            .total_length_be = cpu_to_be16(FRAME - ETH_HDR_SIZE),
                            .ttl = 64,
                            .protocol = IPV4_PROTOCOL_UDP,
                            .src_be = cpu_to_be32(IPV4(192, 0, 2, 2))};
}

static void load(const struct door_run *run, struct loaded *loaded, const char *file)
{
    loaded->object = bpf_object__open_file(file, NULL);
    if (!loaded->object)
        bench_fail("%s: %s", file, strerror(errno));
    struct bpf_program *program;
    bpf_object__for_each_program(program, loaded->object)
        bpf_program__set_autoload(program, !strncmp(bpf_program__name(program), "bench_", 6));
    bpf_map__set_max_entries(bpf_object__find_map_by_name(loaded->object, "counters"), run->cpus * DOOR_PORTS);
    if (bpf_object__load(loaded->object))
        bench_fail("%s: the programs cannot be loaded", file);
    loaded->memory = map(loaded->object, ".bss", sizeof(*loaded->memory));
    loaded->control = map(loaded->object, ".bss.bench", sizeof(*loaded->control));
    struct door_bench_dir24 *dir24 = map(loaded->object, ".bss.dir24", sizeof(*dir24));
    memcpy(dir24, run->tables, sizeof(*dir24));
    munmap(dir24, sizeof(*dir24));
    fill_door(run, loaded->memory);
    loaded->control->checksum_part = checksum_fold(checksum_ipv4_words(run->frame + ETH_HDR_SIZE));
    memcpy(&loaded->control->head, run->frame, ETH_HDR_SIZE);
    memcpy(&loaded->control->head.ip_first, run->frame + ETH_HDR_SIZE, 16);
    memcpy(loaded->control->keys, run->keys, sizeof(loaded->control->keys));
}

/* Programs and memory made anew: every round has other pages, which decide how well the tables fit into caches. */
static void load_all(struct door_run *run)
{
    for (unsigned i = 0; i < OBJECTS; i++) {
        struct loaded *loaded = &run->loaded[i];
        if (loaded->object) {
            munmap(loaded->memory, sizeof(*loaded->memory));
            munmap(loaded->control, sizeof(*loaded->control));
            bpf_object__close(loaded->object);
        }
        load(run, loaded, run->files[i]);
    }
    for (unsigned row = 0; row < ROWS; row++) {
        struct bpf_object *object = run->loaded[rows_of[row].object].object;
        run->programs[row] = bpf_program__fd(bpf_object__find_program_by_name(object, rows_of[row].program));
    }
}

/* --- running ----------------------------------------------------------------------------------------------------- */

/* Nanoseconds a packet, as the kernel says. */
static uint32_t run_program(const struct door_run *run, unsigned row, uint8_t *out, int packets, uint32_t *action)
{
    struct xdp_md md = {.data_end = FRAME, .ingress_ifindex = run->in};
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->frame, .data_size_in = FRAME, .data_out = out,
                .data_size_out = out ? FRAME : 0, .ctx_in = &md, .ctx_size_in = sizeof(md), .repeat = packets);

    if (bpf_prog_test_run_opts(run->programs[row], &opts))
        bench_fail("%s cannot be run: %s", rows_of[row].name, strerror(errno));
    if (action)
        *action = opts.retval;
    return opts.duration;
}

/* Whether each packet leaves as the trie has it, to that neighbour, with its TTL and checksum right. */
static void check_row(const struct door_run *run, unsigned row)
{
    for (unsigned i = 0; i < CHECKED; i++) {
        uint8_t out[FRAME], mac[ETH_ADDR_SIZE];
        uint32_t action;
        run_program(run, row, out, 1, &action);
        const struct eth_hdr *eth = (const struct eth_hdr *)out;
        const struct ipv4_hdr *ip = (const struct ipv4_hdr *)(eth + 1);
        uint32_t dst = be32_to_cpu(ip->dst_be), next_hop = fib_trie_lookup(run->trie, dst);
        if (ipv4_addr_is_loopback(dst))
            continue;
        bool is_right = action == XDP_PASS;
        if (next_hop && row != ROW_EMPTY) {
            neighbour_mac(next_hop, mac);
            is_right = action == XDP_REDIRECT && !memcmp(eth->dst, mac, ETH_ADDR_SIZE) &&
                       !memcmp(eth->src, out_mac, ETH_ADDR_SIZE) && ip->ttl == 63;
        }
        if (!is_right || !checksum_is_right(checksum_ipv4_words(ip)))
            bench_fail("%s: 0x%08x: action %u, expected next hop %u", rows_of[row].name, dst, action, next_hop);
    }
}

static void measure(struct door_run *run, unsigned round, int packets)
{
    load_all(run);
    for (unsigned drawn = 0; drawn < 2; drawn++) {
        uint64_t forwarded[ROWS];
        for (unsigned row = 0; row < ROWS; row++) {
            struct door_bench *control = run->loaded[rows_of[row].object].control;
            control->drawn = drawn;
            control->random = 1 + round;
            control->at = 0;
            if (round == 0)
                check_row(run, row);
            run_program(run, row, NULL, packets / 4, NULL); /* warm up */
            control->at = 0;
            control->random = 2 + round;
            control->forwarded = 0;
            printf("ns %u %s %s %u\n", round, key_set_names[drawn], rows_of[row].name,
                   run_program(run, row, NULL, packets, NULL));
            forwarded[row] = control->forwarded;
        }
        /* All of them had the same packets. */
        for (unsigned row = ROW_DOOR_DIR24; row < ROWS; row++)
            if (forwarded[row] != forwarded[ROW_DOOR])
                bench_fail("%s forwards %llu packets, the door %llu", rows_of[row].name,
                           (unsigned long long)forwarded[row], (unsigned long long)forwarded[ROW_DOOR]);
    }
}

static void make_tables(struct door_run *run)
{
    struct bench *bench = &run->bench;

    bench->memory = bench_memory(sizeof(*bench->memory));
    struct fib_table_config config = {.memory = bench->memory, .pool_bytes = FIB_POOL_BYTES};
    run->trie = bench_trie(bench);
    if (fib_table_new(&config, &bench->table) || fib_table_update(bench->table, bench->routes, bench->count))
        bench_fail("no memory for the tables");
    bench->dir24 = dir24_make(bench);
    run->tables = bench_memory(sizeof(*run->tables));
    fill_dir24(run->tables, bench->dir24);
    run->keys = bench_memory(DOOR_BENCH_KEYS * sizeof(*run->keys));
    size_t refused = 0;
    for (size_t i = 0; i < DOOR_BENCH_KEYS;) {
        struct ipv4_prefix prefix = bench->routes[bench_draw(bench, (uint32_t)bench->count)].prefix;
        uint32_t addr = prefix.addr | (bench_draw(bench, UINT32_MAX) & ~ipv4_mask(prefix.len));
        if (ipv4_addr_is_host(addr)) /* what is none, the door drops unseen */
            run->keys[i++] = addr;
        else if (++refused > (size_t)16 * DOOR_BENCH_KEYS)
            bench_fail("hardly an address in the table is a host's");
    }
}

int main(int argc, char **argv)
{
    if (argc != 10)
        bench_fail("usage: door OBJECT DIR24_OBJECT IN OUT NEXT_HOPS SEED ROUNDS PACKETS PREFIXES < TABLE");
    struct door_run run = {.bench = {.next_hops = (unsigned)bench_argument(argv[5], DOOR_BENCH_LONG - 1),
                                     .random = bench_argument(argv[6], UINT32_MAX)},
                           .files = {argv[1], argv[2]},
                           .in = if_nametoindex(argv[3]),
                           .out = if_nametoindex(argv[4]),
                           .cpus = (unsigned)libbpf_num_possible_cpus()};
    unsigned rounds = (unsigned)bench_argument(argv[7], 1000);
    int packets = (int)bench_argument(argv[8], 1 << 26);
    size_t prefixes = bench_argument(argv[9], SIZE_MAX);

    libbpf_set_print(ignore);
    bench_read_table(&run.bench);
    if (prefixes < run.bench.count)
        run.bench.count = prefixes;
    make_frame(run.frame);
    make_tables(&run);
    double began = bench_now();
    fill_kernel(&run.bench, argv[3], argv[4]);
    printf("fact prefixes %zu\nfact kernel_load_s %.1f\n", run.bench.count, bench_now() - began);
    load_all(&run);
    LIBBPF_OPTS(bpf_xdp_attach_opts, opts);
    if (bpf_xdp_attach((int)run.in, run.programs[ROW_EMPTY], XDP_FLAGS_DRV_MODE,
                       &opts)) /* now it has a queue for XDP */
        bench_fail("%s: no XDP program can be attached", argv[3]);
    for (unsigned round = 0; round < rounds; round++)
        measure(&run, round, packets);
    return 0;
}
