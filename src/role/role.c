#include "role/role.h"

#include "base/compiler.h"
#include "control/control.h"
#include "log/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void on_signal(void *arg, struct watch *watch)
{
    struct role *role = arg;
    struct signalfd_siginfo info;

    while (read(watch->fd, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo == SIGTERM)
            role->stop = true;
}

static void on_connection(void *arg, struct watch *watch)
{
    struct role *role = arg;

    query_service_accept(role->service, watch->fd);
}

static void reconfigure(struct role *role, int fd)
{
    struct conf *conf = NULL;
    int error = conf_parse_file(fd, &conf);

    if (!error)
        error = role->config.configure(role->config.arg, conf);
    if (error) {
        log_error("%s: the new configuration is not in force: %s", role->config.name, strerror(-error));
        conf_free(conf);
    } else {
        conf_free(role->own_conf);
        role->conf = role->own_conf = conf;
    }
    /* Either way: others wait for their turn. */
    control_send(role->config.control, CONTROL_APPLIED, NULL, -1);
}

static void on_control(void *arg, struct watch *watch)
{
    struct role *role = arg;
    struct control_message *message = calloc(1, sizeof(*message));
    int fd = -1, rc = message ? control_receive(watch->fd, message, &fd) : -ENOMEM;

    if (rc == 0)
        role->stop = true;
    if (rc == 1 && message->kind == CONTROL_CONFIG && fd >= 0 && role->config.configure)
        reconfigure(role, fd);
    if (fd >= 0)
        close(fd);
    free(message);
}

int role_open(struct role *role, const struct role_config *config)
{
    struct watch *const watches[] = {&role->control_watch, &role->signal_watch, &role->listener_watch};
    int error = 0;
    sigset_t set;

    *role = (struct role){.config = *config, .conf = config->conf};
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    role->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    role->epoll = epoll_create1(EPOLL_CLOEXEC);
    role->control_watch = (struct watch){config->control, on_control, role};
    role->signal_watch = (struct watch){role->signals, on_signal, role};
    role->listener_watch = (struct watch){config->listener, on_connection, role};
    for (size_t i = 0; !error && i < ARRAY_SIZE(watches); i++)
        error = watch_begin(role->epoll, watches[i]);
    role->service = query_service_new(&(struct query_service_config){
        .token = config->token, .epoll = role->epoll, .answer = config->answer, .arg = config->answer_arg});
    if (!error && !role->service)
        error = -ENOMEM;
    if (error)
        log_error("%s: the event loop could not be set up: %s", config->name, strerror(-error));
    return error;
}

void role_close(struct role *role)
{
    const int fds[] = {role->epoll, role->signals};

    if (!role->config.name)
        return;
    role->service = query_service_free(role->service);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    role->own_conf = conf_free(role->own_conf);
}

int role_turn(struct role *role, int timeout_ms)
{
    struct epoll_event events[64];
    int count = epoll_wait(role->epoll, events, ARRAY_SIZE(events), timeout_ms);

    if (count < 0 && errno != EINTR)
        return -errno;
    for (int i = 0; i < count; i++) {
        struct watch *watch = events[i].data.ptr;
        watch->ready(watch->arg, watch);
    }
    if (role->config.turned)
        role->config.turned(role->config.arg);
    query_service_sweep(role->service);
    return 0;
}

void role_is_ready(const struct role *role)
{
    control_send(role->config.control, CONTROL_READY, NULL, -1);
}
