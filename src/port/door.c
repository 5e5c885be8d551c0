#include "base/compiler.h"
#include "base/siphash.h"
#include "log/log.h"
#include "port/door_inside.h"
#include "port/door_object.h"
#include "port/pins.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* These names are those of what is pinned, too. */
static const char *const listener_names[] = {"door_unsent", "door_unsent_at_once"};
static const struct kept_map {
    const char *pin, *name;
} kept_maps[] = {{"counters", "counters"},
                 {"bindings", "bindings"}},       /* by the next engine, if it is the same version */
    alarm_map = {DOOR_ALARM_PIN, DOOR_ALARM_MAP}; /* by any */

int door_print_warning(enum libbpf_print_level level, const char *format, va_list args)
{
    char line[512];

    if (level != LIBBPF_WARN)
        return 0;
    vsnprintf(line, sizeof(line), format, args);
    line[strcspn(line, "\n")] = '\0';
    log_warning("%s", line);
    return 0;
}

int door_print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
    (void)level, (void)format, (void)args;
    return 0;
}

void *door_map_memory(int fd, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *memory = mmap(NULL, (bytes + page - 1) / page * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void *map_of(struct bpf_object *object, const char *name, size_t bytes)
{
    int fd = bpf_object__find_map_fd_by_name(object, name);
    return fd < 0 ? NULL : door_map_memory(fd, bytes);
}

static int program_fd(const struct door *door, const char *name)
{
    return bpf_program__fd(bpf_object__find_program_by_name(door->object, name));
}

/* Whether a map of before can take the place of ours. */
static bool is_same_map(int fd, const struct bpf_map *ours)
{
    struct bpf_map_info info = {0};
    uint32_t bytes = sizeof(info);

    return bpf_obj_get_info_by_fd(fd, &info, &bytes) == 0 && info.value_size == bpf_map__value_size(ours) &&
           info.key_size == bpf_map__key_size(ours) && info.max_entries == bpf_map__max_entries(ours);
}

/* Use the map that was pinned, in place of a new one. */
static int reuse(const struct door *door, const struct kept_map *kept)
{
    struct bpf_map *map = bpf_object__find_map_by_name(door->object, kept->name);
    int fd = pins_get(door->pins, kept->pin);

    if (fd < 0)
        return fd;
    int error = is_same_map(fd, map) ? bpf_map__reuse_fd(map, fd) : -ESTALE;
    close(fd);
    return error;
}

/* The kernel's zeros for the door's memory: libbpf would write its own over them, 21 MiB in one call, which keeps the
 * CPU to itself for 40 ms and longer. */
static int new_memory(struct bpf_map *map)
{
    LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
    int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "fairlead.bss", sizeof(uint32_t), bpf_map__value_size(map), 1, &opts);

    if (fd < 0)
        return fd;
    int error = bpf_map__reuse_fd(map, fd);
    close(fd);
    return error;
}

/* Whether XDP programs may get frames in several pieces here (Linux 5.18). */
static bool takes_pieces(void)
{
    return libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_get_buff_len, NULL) == 1;
}

/* Load with or without the listeners: a kernel without BTF knows no tp_btf. `kept`: with the counters and bindings of
 * before. */
static int load(struct door *door, bool listen, bool kept)
{
    LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "fairlead");
    bpf_object__close(door->object);
    door->object = bpf_object__open_mem(door_object, door_object_size, &opts);
    if (!door->object)
        return -errno;
    int error =
        bpf_map__set_max_entries(bpf_object__find_map_by_name(door->object, "counters"), door->cpus * DOOR_PORTS);
    if (!error)
        error = new_memory(bpf_object__find_map_by_name(door->object, ".bss"));
    const char *other = door->pieces ? "door_xdp" : "door_xdp_frags";
    if (!error)
        error = bpf_program__set_autoload(bpf_object__find_program_by_name(door->object, other), false);
    for (size_t i = 0; !error && kept && i < ARRAY_SIZE(kept_maps); i++)
        error = reuse(door, &kept_maps[i]);
    if (!error)
        reuse(door, &alarm_map); /* where there is none, or one of another shape, it gets a new one */
    for (size_t i = 0; !error && !listen && i < ARRAY_SIZE(listener_names); i++)
        error = bpf_program__set_autoload(bpf_object__find_program_by_name(door->object, listener_names[i]), false);
    return error ? error : bpf_object__load(door->object);
}

/* --- what was there before ---------------------------------------------------------------------------------------- */

static uint64_t digest_of_object(void)
{
    static const uint8_t key[SIPHASH_KEY_SIZE] = {0}; /* none: it is no secret */

    return siphash(key, door_object, door_object_size);
}

/* The memory of doors that are still there, if they are the same programs as ours. */
static void find_left(struct door *door)
{
    struct bpf_map_info info = {0};
    uint32_t bytes = sizeof(info);
    int fd = pins_get(door->pins, DOOR_MEMORY_PIN);

    if (fd < 0)
        return;
    if (bpf_obj_get_info_by_fd(fd, &info, &bytes) == 0 && info.value_size == sizeof(struct door_memory))
        door->left = door_map_memory(fd, sizeof(struct door_memory));
    close(fd);
    if (door->left && door->left->object != digest_of_object()) {
        munmap(door->left, sizeof(*door->left));
        door->left = NULL;
    }
}

/* Nobody is at their lifts' far ends any more. */
static void end_left_lifts(struct door *door)
{
    for (unsigned i = 0; i < DOOR_PORTS; i++)
        WRITE_RELEASE(door->left->ports[i].lift_deadline_ns, 0);
    door_wait_for_packets(NULL);
}

static void forget_left(struct door *door)
{
    if (door->left)
        munmap(door->left, sizeof(*door->left));
    door->left = NULL;
}

const struct door_memory *door_left(const struct door *door)
{
    return door->kept ? door->left : NULL;
}

static void pin(const struct door *door, const char *name, int fd)
{
    int error = door->pins[0] ? pins_put(door->pins, name, fd) : 0;

    if (error)
        log_warning("%s/%s: %s: the next engine will not find it", door->pins, name, strerror(-error));
}

void door_establish(struct door *door)
{
    for (size_t i = 0; !door->kept && i < ARRAY_SIZE(kept_maps); i++)
        pin(door, kept_maps[i].pin, bpf_object__find_map_fd_by_name(door->object, kept_maps[i].name));
    for (size_t i = 0; i < ARRAY_SIZE(door->listeners); i++) {
        if (door->listeners[i])
            pin(door, listener_names[i], bpf_link__fd(door->listeners[i]));
        else
            pins_remove(door->pins, listener_names[i]);
    }
    door_watchers_pin(door);
    pin(door, DOOR_MEMORY_PIN, bpf_object__find_map_fd_by_name(door->object, ".bss"));
    door->established = true;
    forget_left(door);
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

/* As much as can be had: what was counted before, and who hears of frames that were not taken. */
static int load_some(struct door *door, bool *listens)
{
    int error = 0;

    for (unsigned without = 0; without < 4; without++) {
        *listens = !(without & 1);
        door->kept = !(without & 2);
        if (door->kept && !door->left)
            continue;
        libbpf_set_print(without < 3 ? door_print_nothing : door_print_warning);
        error = load(door, *listens, door->kept);
        if (!error)
            break;
    }
    libbpf_set_print(door_print_warning);
    return error;
}

int door_new(const char *pins, struct door **result)
{
    struct door *door = calloc(1, sizeof(*door));
    struct stat netns;
    bool listens;

    if (!door)
        return -ENOMEM;
    int cpus = libbpf_num_possible_cpus();
    door->cpus = cpus > 0 ? (unsigned)cpus : 1;
    door->pins = pins;
    door->pieces = takes_pieces();
    find_left(door);
    int error = load_some(door, &listens);
    if (error) {
        log_error("the front door's BPF programs could not be loaded: %s%s", strerror(-error),
                  error == -EPERM ? " (this needs root, or CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN)" : "");
        door_free(door);
        return error;
    }
    door->counters_bytes = (size_t)door->cpus * DOOR_PORTS * sizeof(struct door_counters);
    door->memory = map_of(door->object, ".bss", sizeof(*door->memory));
    door->counters = map_of(door->object, "counters", door->counters_bytes);
    door->samples = map_of(door->object, "samples", DOOR_PORTS * sizeof(*door->samples));
    door->traces = map_of(door->object, "traces", DOOR_TRACES * sizeof(*door->traces));
    door->alarm = map_of(door->object, DOOR_ALARM_MAP, sizeof(*door->alarm));
    if (!door->memory || !door->counters || !door->samples || !door->traces || !door->alarm) {
        error = errno ? -errno : -EINVAL;
        log_error("the front door's memory could not be mapped: %s", strerror(-error));
        door_free(door);
        return error;
    }
    door->memory->object = digest_of_object();
    door->alarm->netns = stat("/proc/self/ns/net", &netns) == 0 ? netns.st_ino : 0;
    pin(door, DOOR_ALARM_PIN, bpf_object__find_map_fd_by_name(door->object, DOOR_ALARM_MAP));
    door_watchers_attach(door);
    if (door->left) /* flows stay where they are */
        door->memory->hash_seed = door->left->hash_seed;
    else if (getrandom(&door->memory->hash_seed, sizeof(door->memory->hash_seed), 0) < 0)
        log_warning("getrandom: %s: other systems' hashes are the same", strerror(errno));
    door->bindings_fd = bpf_object__find_map_fd_by_name(door->object, "bindings");
    door->sockets_fd = bpf_object__find_map_fd_by_name(door->object, "lift_sockets");
    door->xdp_fd = program_fd(door, door->pieces ? "door_xdp_frags" : "door_xdp");
    door->tc_fd = program_fd(door, "door_tc");
    door->tc_bare_fd = program_fd(door, "door_tc_bare");
    door->lifts_fd = program_fd(door, "door_lifts");
    door->far_fd = program_fd(door, "lift_far");
    door->probe_fd = program_fd(door, "door_probe");
    for (size_t i = 0; listens && i < ARRAY_SIZE(listener_names); i++)
        door->listeners[i] = bpf_program__attach(bpf_object__find_program_by_name(door->object, listener_names[i]));
    if (door->left)
        end_left_lifts(door);
    *result = door;
    return 0;
}

struct door *door_free(struct door *door)
{
    if (!door)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(door->listeners); i++)
        bpf_link__destroy(door->listeners[i]);
    door_watchers_detach(door);
    forget_left(door);
    if (door->alarm)
        munmap(door->alarm, sizeof(*door->alarm));
    if (door->memory)
        munmap(door->memory, sizeof(*door->memory));
    if (door->counters)
        munmap(door->counters, door->counters_bytes);
    if (door->samples)
        munmap(door->samples, DOOR_PORTS * sizeof(*door->samples));
    if (door->traces)
        munmap(door->traces, DOOR_TRACES * sizeof(*door->traces));
    bpf_object__close(door->object);
    free(door);
    return NULL;
}

const char *door_pins(const struct door *door)
{
    return door->pins;
}

struct door_memory *door_memory(struct door *door)
{
    return door->memory;
}

const struct door_samples *door_samples(const struct door *door, unsigned port)
{
    return &door->samples[port];
}

struct door_trace *door_trace(const struct door *door, unsigned number)
{
    return &door->traces[number];
}

static struct door_counters *counters_at(const struct door *door, unsigned cpu, unsigned port)
{
    return &door->counters[door_counters_index(cpu, port)];
}

unsigned door_cpus(const struct door *door)
{
    return door->cpus;
}

int door_counters_fd(const struct door *door)
{
    LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = BPF_F_RDONLY);
    struct bpf_map_info info = {0};
    uint32_t bytes = sizeof(info);
    int map = bpf_object__find_map_fd_by_name(door->object, "counters");
    int error = bpf_obj_get_info_by_fd(map, &info, &bytes);

    if (error)
        return error;
    int fd = bpf_map_get_fd_by_id_opts(info.id, &opts);
    if (fd != -EPERM)
        return fd;
    fd = fcntl(map, F_DUPFD_CLOEXEC, 0); /* without CAP_SYS_ADMIN there is only this one, which can be written too */
    return fd < 0 ? -errno : fd;
}

void door_counters_clear(struct door *door, unsigned port)
{
    for (unsigned cpu = 0; cpu < door->cpus; cpu++)
        memset(counters_at(door, cpu, port), 0, sizeof(struct door_counters));
}

int door_bind(struct door *door, const struct door_binding *binding)
{
    const uint8_t nothing = 0;

    return bpf_map_update_elem(door->bindings_fd, binding, &nothing, BPF_ANY) ? -errno : 0;
}

void door_unbind(struct door *door, const struct door_binding *binding)
{
    bpf_map_delete_elem(door->bindings_fd, binding);
}

int door_unbind_others(struct door *door, bool (*stays)(const void *arg, const struct door_binding *binding),
                       const void *arg)
{
    struct door_binding at, *others = calloc(DOOR_BINDINGS, sizeof(*others));
    size_t count = 0;

    if (!others)
        return -ENOMEM;
    for (int error = bpf_map_get_next_key(door->bindings_fd, NULL, &at); !error && count < DOOR_BINDINGS;
         error = bpf_map_get_next_key(door->bindings_fd, &at, &at))
        if (!stays(arg, &at))
            others[count++] = at;
    for (size_t i = 0; i < count; i++)
        door_unbind(door, &others[i]);
    free(others);
    return 0;
}

int door_probe(struct door *door, unsigned ifindex, const uint8_t mac[ETH_ADDR_SIZE])
{
    uint8_t data[ETH_HDR_SIZE + 46] = {0};
    struct eth_hdr *eth = (struct eth_hdr *)data;
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = sizeof(data), .repeat = 1,
                .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

    if (!door->listeners[0] || !door->listeners[1])
        return -EOPNOTSUPP;
    memcpy(eth->dst, mac, ETH_ADDR_SIZE);
    memcpy(eth->src, mac, ETH_ADDR_SIZE);
    eth->type_be = cpu_to_be16(ETH_TYPE_EXPERIMENT);
    door->memory->probe_ifindex = ifindex;
    door->memory->probe_failed = 0;
    int error = bpf_prog_test_run_opts(door->probe_fd, &opts);
    door->memory->probe_ifindex = 0;
    return error || READ_ONCE(door->memory->probe_failed) ? -EOPNOTSUPP : 0;
}

void door_wait_for_packets(void *nothing)
{
    (void)nothing;
    /* A grace period of RCU, which every run of a BPF program is within. */
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0)
        usleep(100000); /* a kernel without it (nohz_full): no packet stays a tenth of a second */
}
