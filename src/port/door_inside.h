/*
 * The front door's programs and maps as those know them who attach them. Internal to src/port.
 */
#pragma once

#include "port/door.h"

#include <bpf/libbpf.h>

/* Names among the pins. */
#define DOOR_MEMORY_PIN "memory"
#define DOOR_ALARM_PIN  "alarm"
#define DOOR_ALARM_MAP  ".bss.alarm"

#define DOOR_WATCHERS 5

struct door_watcher {
    struct bpf_link *link; /* NULL: the kernel does not have the function, or not yet */
    bool tried, module_there;
};

struct door {
    struct bpf_object *object;
    int xdp_fd, tc_fd, tc_bare_fd, lifts_fd, far_fd, probe_fd; /* programs */
    int bindings_fd, sockets_fd;                               /* maps */
    struct bpf_link *listeners[2];                             /* hear of frames that a driver did not take */
    struct door_memory *memory;
    struct door_alarm *alarm;
    struct door_watcher watchers[DOOR_WATCHERS]; /* who raises it */
    struct door_memory *left;                    /* of the doors of an engine before this one; NULL */
    bool established;
    bool kept;   /* counters and bindings are those of before */
    bool pieces; /* XDP programs may get frames in several */
    struct door_counters *counters;
    struct door_samples *samples; /* by port number */
    struct door_trace *traces;
    size_t counters_bytes;
    unsigned cpus;
    const char *pins; /* borrowed */
};

/* The memory behind a map whose values are so many bytes, to be unmapped with as many; NULL with errno. */
void *door_map_memory(int fd, size_t bytes);

/* The alarm's programs: attach those that are not; let the next engine find them; end. */
void door_watchers_attach(struct door *door);
void door_watchers_pin(struct door *door);
void door_watchers_detach(struct door *door);

/* What libbpf has to say: nothing, or warnings into the log. */
int door_print_nothing(enum libbpf_print_level level, const char *format, va_list args);
int door_print_warning(enum libbpf_print_level level, const char *format, va_list args);
