#include "port/door.h"

#include "base/compiler.h"
#include "log/log.h"
#include "port/clsact.h"
#include "port/door_object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Our filter: behind those of others, whose numbers begin below 0xc000 (the kernel's first choice) and fall. */
#define TC_PRIORITY 0xfa17
#define TC_HANDLE   1

struct door {
    struct bpf_object *object;
    int xdp_fd, tc_fd, lifts_fd, far_fd, probe_fd; /* programs */
    int bindings_fd, sockets_fd;                   /* maps */
    struct bpf_link *listeners[2];                 /* hear of frames that a driver did not take */
    struct door_memory *memory;
    struct door_counters *counters;
    struct door_samples *samples; /* by port number */
    size_t counters_bytes;
    unsigned cpus;
};

static const char *const listener_names[] = {"door_unsent", "door_unsent_at_once"};

const char *door_hook_name(enum door_hook hook)
{
    static const char *const names[] = {"none", "xdp", "tc"};

    return hook < ARRAY_SIZE(names) ? names[hook] : "unknown";
}

static int print_warning(enum libbpf_print_level level, const char *format, va_list args)
{
    char line[512];

    if (level != LIBBPF_WARN)
        return 0;
    vsnprintf(line, sizeof(line), format, args);
    line[strcspn(line, "\n")] = '\0';
    log_warning("%s", line);
    return 0;
}

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
    (void)level, (void)format, (void)args;
    return 0;
}

static void *map_memory(struct bpf_object *object, const char *name, size_t bytes)
{
    int fd = bpf_object__find_map_fd_by_name(object, name);
    if (fd < 0)
        return NULL;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *memory = mmap(NULL, (bytes + page - 1) / page * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static int program_fd(const struct door *door, const char *name)
{
    return bpf_program__fd(bpf_object__find_program_by_name(door->object, name));
}

/* Load with or without the listeners: a kernel without BTF knows no tp_btf. */
static int load(struct door *door, bool listen)
{
    LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "fairlead");
    door->object = bpf_object__open_mem(door_object, door_object_size, &opts);
    if (!door->object)
        return -errno;
    int error =
        bpf_map__set_max_entries(bpf_object__find_map_by_name(door->object, "counters"), door->cpus * DOOR_PORTS);
    for (size_t i = 0; !error && !listen && i < ARRAY_SIZE(listener_names); i++)
        error = bpf_program__set_autoload(bpf_object__find_program_by_name(door->object, listener_names[i]), false);
    return error ? error : bpf_object__load(door->object);
}

int door_new(struct door **result)
{
    struct door *door = calloc(1, sizeof(*door));
    if (!door)
        return -ENOMEM;
    int cpus = libbpf_num_possible_cpus();
    door->cpus = cpus > 0 ? (unsigned)cpus : 1;
    libbpf_set_print(print_nothing);
    bool listen = load(door, true) == 0;
    libbpf_set_print(print_warning);
    int error = 0;
    if (!listen) {
        bpf_object__close(door->object);
        error = load(door, false);
    }
    if (error) {
        log_error("the front door's BPF programs could not be loaded: %s%s", strerror(-error),
                  error == -EPERM ? " (this needs root, or CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN)" : "");
        door_free(door);
        return error;
    }
    door->counters_bytes = (size_t)door->cpus * DOOR_PORTS * sizeof(struct door_counters);
    door->memory = map_memory(door->object, ".bss", sizeof(*door->memory));
    door->counters = map_memory(door->object, "counters", door->counters_bytes);
    door->samples = map_memory(door->object, "samples", DOOR_PORTS * sizeof(*door->samples));
    if (!door->memory || !door->counters || !door->samples) {
        error = errno ? -errno : -EINVAL;
        log_error("the front door's memory could not be mapped: %s", strerror(-error));
        door_free(door);
        return error;
    }
    door->bindings_fd = bpf_object__find_map_fd_by_name(door->object, "bindings");
    door->sockets_fd = bpf_object__find_map_fd_by_name(door->object, "lift_sockets");
    door->xdp_fd = program_fd(door, "door_xdp");
    door->tc_fd = program_fd(door, "door_tc");
    door->lifts_fd = program_fd(door, "door_lifts");
    door->far_fd = program_fd(door, "lift_far");
    door->probe_fd = program_fd(door, "door_probe");
    for (size_t i = 0; listen && i < ARRAY_SIZE(listener_names); i++)
        door->listeners[i] = bpf_program__attach(bpf_object__find_program_by_name(door->object, listener_names[i]));
    *result = door;
    return 0;
}

struct door *door_free(struct door *door)
{
    if (!door)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(door->listeners); i++)
        bpf_link__destroy(door->listeners[i]);
    if (door->memory)
        munmap(door->memory, sizeof(*door->memory));
    if (door->counters)
        munmap(door->counters, door->counters_bytes);
    if (door->samples)
        munmap(door->samples, DOOR_PORTS * sizeof(*door->samples));
    bpf_object__close(door->object);
    free(door);
    return NULL;
}

struct door_memory *door_memory(struct door *door)
{
    return door->memory;
}

const struct door_samples *door_samples(const struct door *door, unsigned port)
{
    return &door->samples[port];
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
    int error = bpf_obj_get_info_by_fd(bpf_object__find_map_fd_by_name(door->object, "counters"), &info, &bytes);

    return error ? error : bpf_map_get_fd_by_id_opts(info.id, &opts);
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

static int attach_xdp(int program, unsigned ifindex, int *link_fd)
{
    LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
    int fd = bpf_link_create(program, (int)ifindex, BPF_XDP, &opts);
    if (fd < 0)
        return fd == -EEXIST ? -EBUSY : fd;
    *link_fd = fd;
    return 0;
}

/* --- filters of tc ------------------------------------------------------------------------------------------------ */

static const enum bpf_tc_attach_point points[] = {BPF_TC_INGRESS, BPF_TC_EGRESS};

/* Whether our filter is there: one of before was left behind by an engine that was killed. */
static bool is_filter(unsigned ifindex, enum bpf_tc_attach_point point)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);
    LIBBPF_OPTS(bpf_tc_opts, left, .priority = TC_PRIORITY, .handle = TC_HANDLE);

    libbpf_set_print(print_nothing); /* it warns of a filter that is not there */
    bool is = bpf_tc_query(&hook, &left) == 0;
    libbpf_set_print(print_warning);
    return is;
}

static void remove_filter(unsigned ifindex, enum bpf_tc_attach_point point)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);
    LIBBPF_OPTS(bpf_tc_opts, opts, .priority = TC_PRIORITY, .handle = TC_HANDLE);

    libbpf_set_print(print_nothing);
    bpf_tc_detach(&hook, &opts);
    libbpf_set_print(print_warning);
}

/* Whose filter is left behind, his clsact is too. */
static int attach_tc(int program, enum bpf_tc_attach_point point, struct door_attachment *attachment)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)attachment->ifindex, .attach_point = point);
    LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program, .priority = TC_PRIORITY, .handle = TC_HANDLE,
                .flags = BPF_TC_F_REPLACE);

    libbpf_set_print(print_nothing); /* it warns of a clsact that is there already */
    int error = bpf_tc_hook_create(&hook);
    libbpf_set_print(print_warning);
    if (error && error != -EEXIST)
        return error;
    attachment->made_clsact |= !error;
    return bpf_tc_attach(&hook, &opts);
}

static void leave_clsact(struct door_attachment *attachment)
{
    if (attachment->made_clsact && attachment->hook != DOOR_HOOK_TC && !attachment->lifts) {
        clsact_remove_if_empty(attachment->ifindex);
        attachment->made_clsact = false;
    }
}

void door_detach_left(unsigned ifindex)
{
    struct door_attachment left = {.ifindex = ifindex, .link_fd = -1};

    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        if (is_filter(ifindex, points[i])) {
            remove_filter(ifindex, points[i]);
            left.made_clsact = true;
        }
    }
    leave_clsact(&left);
}

/* --- ports -------------------------------------------------------------------------------------------------------- */

int door_attach(struct door *door, enum door_hook hook, unsigned ifindex, struct door_attachment *attachment)
{
    struct door_attachment new = {.ifindex = ifindex, .link_fd = -1};

    /* Nothing is forwarded by the door that is replaced while this one is not there: then it is the kernel's. */
    door_detach_left(ifindex);
    int error = hook == DOOR_HOOK_XDP ? attach_xdp(door->xdp_fd, ifindex, &new.link_fd)
                                      : attach_tc(door->tc_fd, BPF_TC_INGRESS, &new);
    if (error) {
        leave_clsact(&new);
        return error;
    }
    new.hook = hook;
    *attachment = new;
    return 0;
}

void door_detach(struct door_attachment *attachment)
{
    door_detach_lifts(attachment);
    if (attachment->hook == DOOR_HOOK_XDP)
        close(attachment->link_fd);
    else if (attachment->hook == DOOR_HOOK_TC)
        remove_filter(attachment->ifindex, BPF_TC_INGRESS);
    attachment->hook = DOOR_HOOK_NONE;
    leave_clsact(attachment);
    *attachment = (struct door_attachment){.link_fd = -1};
}

int door_attach_lifts(struct door *door, struct door_attachment *attachment)
{
    int error = attach_tc(door->lifts_fd, BPF_TC_EGRESS, attachment);

    attachment->lifts = !error;
    leave_clsact(attachment);
    return error;
}

void door_detach_lifts(struct door_attachment *attachment)
{
    if (attachment->lifts)
        remove_filter(attachment->ifindex, BPF_TC_EGRESS);
    attachment->lifts = false;
    leave_clsact(attachment);
}

int door_attach_far(struct door *door, unsigned ifindex, int socket, int *link_fd)
{
    uint32_t key = ifindex & (DOOR_IFINDEXES - 1);

    if (bpf_map_update_elem(door->sockets_fd, &key, &socket, BPF_ANY))
        return -errno;
    return attach_xdp(door->far_fd, ifindex, link_fd);
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
