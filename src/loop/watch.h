/*
 * What the engine's loop waits for: a descriptor and whom to call. A struct watch is what epoll's data.ptr points to.
 */
#pragma once

#include <errno.h>
#include <sys/epoll.h>

struct watch {
    int fd;
    void (*ready)(void *arg, struct watch *watch);
    void *arg;
};

/* 0; -errno. */
static inline int watch_begin(int epoll, struct watch *watch)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};

    return watch->fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, watch->fd, &event) < 0 ? -errno : 0;
}
