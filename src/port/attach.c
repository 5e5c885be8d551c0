/*
 * Whatever takes another's place does so in the kernel at once: an XDP link gets another program, a tc filter too.
 */
#include "port/attach.h"

#include "base/compiler.h"
#include "log/log.h"
#include "port/clsact.h"
#include "port/door_inside.h"
#include "port/pins.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Our filter: behind those of others, whose numbers begin below 0xc000 (the kernel's first choice) and fall. */
#define TC_PRIORITY 0xfa17
#define TC_HANDLE   1

const char *door_hook_name(enum door_hook hook)
{
    static const char *const names[] = {"none", "xdp", "tc"};

    return hook < ARRAY_SIZE(names) ? names[hook] : "unknown";
}

/* --- XDP links --------------------------------------------------------------------------------------------------- */

static void name_pin(unsigned ifindex, char name[static PIN_NAME_SIZE])
{
    snprintf(name, PIN_NAME_SIZE, "xdp-%u", ifindex);
}

static int create_link(int program, unsigned ifindex, int *link_fd)
{
    LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
    int fd = bpf_link_create(program, (int)ifindex, BPF_XDP, &opts);
    if (fd < 0)
        return fd == -EEXIST ? -EBUSY : fd;
    *link_fd = fd;
    return 0;
}

/* The link is taken apart now, and not when the last of those who have it has let go. */
static void end_link(const char *pins, unsigned ifindex, int fd)
{
    char name[PIN_NAME_SIZE];

    name_pin(ifindex, name);
    bpf_link_detach(fd); /* fails where the interface is gone */
    pins_remove(pins, name);
    close(fd);
}

static void end_left_link(const char *pins, unsigned ifindex)
{
    char name[PIN_NAME_SIZE];

    name_pin(ifindex, name);
    int fd = pins_get(pins, name);
    if (fd >= 0)
        end_link(pins, ifindex, fd);
    else
        pins_remove(pins, name);
}

/* Whether it is at this interface: an index is used again when its interface is gone. */
static bool is_link_of(int fd, unsigned ifindex)
{
    struct bpf_link_info info = {0};
    uint32_t bytes = sizeof(info);

    return bpf_obj_get_info_by_fd(fd, &info, &bytes) == 0 && info.type == BPF_LINK_TYPE_XDP &&
           info.xdp.ifindex == ifindex;
}

/* A link that was left gets our program; otherwise a new one is made and pinned. */
static int attach_xdp(const struct door *door, unsigned ifindex, int *link_fd)
{
    char name[PIN_NAME_SIZE];

    name_pin(ifindex, name);
    int fd = pins_get(door->pins, name);
    if (fd >= 0 && is_link_of(fd, ifindex) && bpf_link_update(fd, door->xdp_fd, NULL) == 0) {
        *link_fd = fd;
        return 0;
    }
    if (fd >= 0)
        end_link(door->pins, ifindex, fd);
    int error = create_link(door->xdp_fd, ifindex, link_fd);
    if (!error && door->pins[0] && (error = pins_put(door->pins, name, *link_fd)) != 0) {
        log_warning("%s/%s: %s: the XDP door ends with the engine", door->pins, name, strerror(-error));
        error = 0;
    }
    return error;
}

/* --- filters of tc ------------------------------------------------------------------------------------------------ */

static const enum bpf_tc_attach_point points[] = {BPF_TC_INGRESS, BPF_TC_EGRESS};

/* Whether our filter is there: left behind by an engine that was killed. */
static bool is_filter(unsigned ifindex, enum bpf_tc_attach_point point)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);
    LIBBPF_OPTS(bpf_tc_opts, left, .priority = TC_PRIORITY, .handle = TC_HANDLE);

    libbpf_set_print(door_print_nothing); /* it warns of a filter that is not there */
    bool is = bpf_tc_query(&hook, &left) == 0;
    libbpf_set_print(door_print_warning);
    return is;
}

static void remove_filter(unsigned ifindex, enum bpf_tc_attach_point point)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);
    LIBBPF_OPTS(bpf_tc_opts, opts, .priority = TC_PRIORITY, .handle = TC_HANDLE);

    libbpf_set_print(door_print_nothing);
    bpf_tc_detach(&hook, &opts);
    libbpf_set_print(door_print_warning);
}

static int attach_tc(int program, enum bpf_tc_attach_point point, struct door_attachment *attachment)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)attachment->ifindex, .attach_point = point);
    LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program, .priority = TC_PRIORITY, .handle = TC_HANDLE,
                .flags = BPF_TC_F_REPLACE);

    libbpf_set_print(door_print_nothing); /* it warns of a clsact that is there already */
    int error = bpf_tc_hook_create(&hook);
    libbpf_set_print(door_print_warning);
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

void door_detach_left(const char *pins, unsigned ifindex)
{
    struct door_attachment left = {.ifindex = ifindex, .link_fd = -1};

    end_left_link(pins, ifindex);
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        if (is_filter(ifindex, points[i])) {
            remove_filter(ifindex, points[i]);
            left.made_clsact = true;
        }
    }
    leave_clsact(&left);
}

struct gone {
    const char *pins;
    bool (*is_port)(const void *arg, unsigned ifindex);
    const void *arg;
};

static void end_if_gone(void *arg, const char *name)
{
    const struct gone *gone = arg;
    unsigned ifindex;

    if (sscanf(name, "xdp-%u", &ifindex) == 1 && !gone->is_port(gone->arg, ifindex))
        end_left_link(gone->pins, ifindex);
}

void door_detach_gone(const char *pins, bool (*is_port)(const void *arg, unsigned ifindex), const void *arg)
{
    pins_each(pins, end_if_gone, &(struct gone){pins, is_port, arg});
}

/* --- ports -------------------------------------------------------------------------------------------------------- */

/* Of what an engine before this one left, what has no part in the new attachment. */
static void end_left(const struct door *door, struct door_attachment *new, const bool left[static 2])
{
    if (new->hook == DOOR_HOOK_TC)
        end_left_link(door->pins, new->ifindex);
    else if (left[0])
        remove_filter(new->ifindex, points[0]);
    if (left[1])
        remove_filter(new->ifindex, points[1]); /* what it lifted passes by */
    new->made_clsact |= left[0] || left[1];     /* whose filter is left behind, his clsact is too */
    leave_clsact(new);
}

static int tc_program(const struct door *door, unsigned ifindex)
{
    uint64_t number = door_port_number(door->memory, ifindex);

    return door->memory->ports[number].traits & DOOR_BARE ? door->tc_bare_fd : door->tc_fd;
}

int door_attach(const struct door *door, enum door_hook hook, unsigned ifindex, struct door_attachment *attachment)
{
    struct door_attachment new = {.hook = hook, .ifindex = ifindex, .link_fd = -1};
    const bool left[] = {is_filter(ifindex, points[0]), is_filter(ifindex, points[1])};
    int error = hook == DOOR_HOOK_XDP ? attach_xdp(door, ifindex, &new.link_fd)
                                      : attach_tc(tc_program(door, ifindex), BPF_TC_INGRESS, &new);

    if (error) {
        new.hook = DOOR_HOOK_NONE;
        leave_clsact(&new);
        return error;
    }
    end_left(door, &new, left);
    *attachment = new;
    return 0;
}

void door_detach(const struct door *door, struct door_attachment *attachment)
{
    door_detach_lifts(attachment);
    if (attachment->hook == DOOR_HOOK_XDP)
        end_link(door->pins, attachment->ifindex, attachment->link_fd);
    else if (attachment->hook == DOOR_HOOK_TC)
        remove_filter(attachment->ifindex, BPF_TC_INGRESS);
    attachment->hook = DOOR_HOOK_NONE;
    leave_clsact(attachment);
    *attachment = (struct door_attachment){.link_fd = -1};
}

int door_attach_lifts(const struct door *door, struct door_attachment *attachment)
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

int door_attach_far(const struct door *door, unsigned ifindex, int socket, int *link_fd)
{
    uint32_t key = ifindex & (DOOR_IFINDEXES - 1);

    if (bpf_map_update_elem(door->sockets_fd, &key, &socket, BPF_ANY))
        return -errno;
    return create_link(door->far_fd, ifindex, link_fd);
}
