/*
 * The alarm's programs (bpf/alarm.bpf.c), each attached for itself: a kernel may have none of these functions, or have
 * them only when a module is loaded.
 */
#include "base/compiler.h"
#include "port/door_inside.h"
#include "port/door_object.h"
#include "port/pins.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The names are those of what is pinned, too. */
static const struct {
    const char *program, *module; /* that has the function, if the kernel itself does not */
} watchers[] = {
    {"alarm_hook", NULL},           {"alarm_hooks", NULL}, {"alarm_nftables", "nf_tables"},
    {"alarm_iptables", "x_tables"}, {"alarm_ipsec", NULL},
};

static_assert(ARRAY_SIZE(watchers) == DOOR_WATCHERS, "each has its place");

/* Whether the kernel has told more of its functions since it was last asked for this one. */
static bool may_be_there_now(struct door_watcher *watcher, const char *module)
{
    char path[64];

    if (!watcher->tried) {
        watcher->tried = true;
        return true;
    }
    if (!module || watcher->module_there)
        return false;
    snprintf(path, sizeof(path), "/sys/kernel/btf/%s", module);
    watcher->module_there = access(path, F_OK) == 0;
    return watcher->module_there;
}

static struct bpf_object *load(const struct door *door, const char *name)
{
    LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "fairlead_alarm");
    struct bpf_object *object = bpf_object__open_mem(alarm_object, alarm_object_size, &opts);
    struct bpf_program *program;
    int error = -ENOMEM;

    if (!object)
        return NULL;
    bpf_object__for_each_program(program, object)
        bpf_program__set_autoload(program, strcmp(bpf_program__name(program), name) == 0);
    struct bpf_map *alarm = bpf_object__find_map_by_name(object, DOOR_ALARM_MAP);
    if (alarm)
        error = bpf_map__reuse_fd(alarm, bpf_object__find_map_fd_by_name(door->object, DOOR_ALARM_MAP));
    if (!error)
        error = bpf_object__load(object);
    if (error) {
        bpf_object__close(object);
        return NULL;
    }
    return object;
}

static struct bpf_link *attach(const struct door *door, const char *name)
{
    libbpf_set_print(door_print_nothing);
    struct bpf_object *object = load(door, name);
    struct bpf_link *link = object ? bpf_program__attach(bpf_object__find_program_by_name(object, name)) : NULL;
    bpf_object__close(object); /* the link holds the program, which holds the alarm */
    libbpf_set_print(door_print_warning);
    return link;
}

static void pin_watcher(const struct door *door, unsigned number)
{
    const struct door_watcher *watcher = &door->watchers[number];

    if (watcher->link && door->pins[0])
        pins_put(door->pins, watchers[number].program, bpf_link__fd(watcher->link));
    else
        pins_remove(door->pins, watchers[number].program);
}

void door_watchers_attach(struct door *door)
{
    for (unsigned i = 0; i < DOOR_WATCHERS; i++) {
        struct door_watcher *watcher = &door->watchers[i];
        if (watcher->link || !may_be_there_now(watcher, watchers[i].module))
            continue;
        watcher->link = attach(door, watchers[i].program);
        if (watcher->link && door->established)
            pin_watcher(door, i);
    }
}

void door_watchers_pin(struct door *door)
{
    for (unsigned i = 0; i < DOOR_WATCHERS; i++)
        pin_watcher(door, i);
}

void door_watchers_detach(struct door *door)
{
    for (unsigned i = 0; i < DOOR_WATCHERS; i++)
        bpf_link__destroy(door->watchers[i].link);
}

/* --- raising, and acknowledging ------------------------------------------------------------------------------------
 */

static void raise_in(struct door_alarm *alarm)
{
    __atomic_fetch_add(&alarm->raised, 1, __ATOMIC_SEQ_CST);
}

void door_raise_alarm(struct door *door)
{
    raise_in(door->alarm);
}

void door_raise_alarm_left(const char *pins)
{
    int fd = pins_get(pins, DOOR_ALARM_PIN);

    if (fd < 0)
        return;
    struct door_alarm *alarm = door_map_memory(fd, sizeof(*alarm));
    close(fd);
    if (!alarm)
        return;
    raise_in(alarm);
    munmap(alarm, sizeof(*alarm));
}

uint32_t door_alarms(struct door *door)
{
    door_watchers_attach(door);
    return __atomic_load_n(&door->alarm->raised, __ATOMIC_SEQ_CST);
}

bool door_is_in_alarm(const struct door *door)
{
    return door_is_alarmed(door->alarm);
}

void door_acknowledge(struct door *door, uint32_t alarms)
{
    __atomic_store_n(&door->alarm->acknowledged, alarms, __ATOMIC_SEQ_CST);
}
