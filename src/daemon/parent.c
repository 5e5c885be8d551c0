/*
 * Supervision. Roles are processes that are forked from here; how long a role that has ended is waited for grows with
 * every time that it ends early.
 */
#include "daemon/parent.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "control/control.h"
#include "daemon/notify.h"
#include "daemon/privileges.h"
#include "daemon/run_files.h"
#include "engine/engine.h"
#include "log/log.h"
#include "management/management.h"
#include "query/query.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESTART_FIRST_MS 100   /* after a role has ended, doubled each time */
#define RESTART_LAST_MS  10000 /* up to this */
#define LIVED_MS         30000 /* a role that lived so long begins with the first again */
#define STOP_MS          20000 /* what roles may take to stop, before they are killed */

enum role_number { ROLE_ENGINE, ROLE_MANAGEMENT, ROLE_COUNT };

struct role {
    const char *name;
    pid_t pid;                /* 0: not running */
    int64_t began_ms, due_ms; /* due: when to start it again */
    int wait_ms;
};

struct parent {
    const struct parent_config *config;
    struct conf *conf; /* in force */
    struct role roles[ROLE_COUNT];
    struct run_files files;
    uint8_t token[QUERY_TOKEN_BYTES];
    int control; /* to the engine; -1 while there is none */
    int signals;
    char hostname[CONF_HOSTNAME_SIZE];
    bool ready, stopping, engine_failed;
    int64_t kill_ms; /* while stopping: when to kill */
    int status;
};

/* --- roles ------------------------------------------------------------------------------------------------------- */

/* In a child: what every role leaves behind of its parent. */
static void begin_role(struct parent *parent, pid_t parent_pid, enum role_number number)
{
    close(parent->signals);
    close(parent->files.pid_fd);
    if (parent->control >= 0)
        close(parent->control);
    if (number == ROLE_ENGINE) {
        close(parent->files.management_fd);
    } else {
        close(parent->files.lock_fd);
        close(parent->files.engine_fd);
    }
    /* The terminal's are for the parent. Those that it sends stay blocked until the role reads them: none is lost. */
    signal(SIGINT, SIG_IGN);
    if (number == ROLE_ENGINE)
        signal(SIGHUP, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent_pid)
        _exit(EXIT_FAILURE);
}

static void drop_of_management(void)
{
    pid_t parent = getppid();

    privileges_of_nobody();
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of user has cleared it */
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
}

static int run_engine(struct parent *parent, int control)
{
    struct engine_config config = {.conf = parent->conf,
                                   .directory = parent->config->directory,
                                   .token = parent->token,
                                   .control = control,
                                   .listener = parent->files.engine_fd,
                                   .drop_privileges = privileges_of_engine,
                                   .started = parent->config->open_log};

    return engine_run(&config);
}

static int run_management(struct parent *parent)
{
    const struct group *group = parent->conf->management.group[0] ? getgrnam(parent->conf->management.group) : NULL;
    struct management_config config = {.listener = parent->files.management_fd,
                                       .engine_path = parent->files.engine_path,
                                       .token = parent->token,
                                       .version = FAIRLEAD_VERSION,
                                       .hostname = parent->hostname,
                                       .sessions = parent->conf->management.sessions,
                                       .group = group ? group->gr_gid : (gid_t)-1,
                                       .owner = getuid(),
                                       .parent = getppid(),
                                       .drop_privileges = drop_of_management};

    if (parent->conf->management.group[0] && !group)
        log_warning("there is no group '%s': only root may change things", parent->conf->management.group);
    return management_run(&config);
}

static void start(struct parent *parent, enum role_number number)
{
    struct role *role = &parent->roles[number];
    pid_t self = getpid();
    int pair[2] = {-1, -1};

    role->due_ms = 0;
    role->began_ms = clock_now_ms();
    if (number == ROLE_ENGINE && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        log_error("the engine could not be started: %s", strerror(errno));
        role->due_ms = clock_now_ms() + RESTART_LAST_MS;
        return;
    }
    role->pid = fork();
    if (role->pid == 0) {
        if (pair[0] >= 0)
            close(pair[0]);
        begin_role(parent, self, number);
        int error = number == ROLE_ENGINE ? run_engine(parent, pair[1]) : run_management(parent);
        exit(error ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    if (pair[1] >= 0)
        close(pair[1]);
    if (role->pid < 0) {
        log_error("the %s could not be started: %s", role->name, strerror(errno));
        role->pid = 0;
        role->due_ms = clock_now_ms() + RESTART_LAST_MS;
        if (pair[0] >= 0)
            close(pair[0]);
        return;
    }
    if (number == ROLE_ENGINE)
        parent->control = pair[0];
}

static void stop(struct parent *parent)
{
    if (parent->stopping)
        return;
    parent->stopping = true;
    parent->kill_ms = clock_now_ms() + STOP_MS;
    notify("STOPPING=1");
    for (unsigned i = 0; i < ROLE_COUNT; i++)
        if (parent->roles[i].pid)
            kill(parent->roles[i].pid, SIGTERM);
}

static void on_end(struct parent *parent, struct role *role, int status)
{
    int64_t lived_ms = clock_now_ms() - role->began_ms;
    bool is_engine = role == &parent->roles[ROLE_ENGINE];
    char how[64];

    role->pid = 0;
    if (is_engine) {
        close(parent->control);
        parent->control = -1;
        parent->engine_failed = status != 0;
    }
    if (parent->stopping)
        return;
    if (WIFSIGNALED(status))
        snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
    else
        snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
    if (!parent->ready) {
        log_error("the %s %s before it was ready", role->name, how);
        parent->status = EXIT_FAILURE;
        stop(parent);
        return;
    }
    if (lived_ms > LIVED_MS)
        role->wait_ms = 0;
    log_warning("the %s %s; starting it again in %d ms", role->name, how, role->wait_ms);
    role->due_ms = clock_now_ms() + role->wait_ms;
    role->wait_ms = role->wait_ms ? role->wait_ms * 2 : RESTART_FIRST_MS;
    if (role->wait_ms > RESTART_LAST_MS)
        role->wait_ms = RESTART_LAST_MS;
}

static void reap(struct parent *parent)
{
    pid_t pid;
    int status;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (unsigned i = 0; i < ROLE_COUNT; i++)
            if (parent->roles[i].pid == pid)
                on_end(parent, &parent->roles[i], status);
}

/* --- configuration ----------------------------------------------------------------------------------------------- */

static int hand_over(const struct parent *parent, const char *text, size_t len)
{
    int fd = memfd_create("fairlead-configuration", MFD_CLOEXEC);
    size_t done = 0;

    if (fd < 0)
        return -errno;
    int error = 0;
    while (!error && done < len) {
        ssize_t took = write(fd, text + done, len - done);
        if (took < 0)
            error = -errno;
        else
            done += (size_t)took;
    }
    if (!error)
        error = control_send(parent->control, CONTROL_CONFIG, NULL, fd);
    close(fd);
    return error;
}

static bool same_management(const struct conf *a, const struct conf *b)
{
    return a->management.sessions == b->management.sessions && strcmp(a->management.group, b->management.group) == 0 &&
           strcmp(a->hostname, b->hostname) == 0;
}

static void name_host(struct parent *parent)
{
    if (parent->conf->hostname[0])
        memcpy(parent->hostname, parent->conf->hostname, sizeof(parent->hostname));
    else if (gethostname(parent->hostname, sizeof(parent->hostname)) < 0)
        parent->hostname[0] = '\0';
    parent->hostname[sizeof(parent->hostname) - 1] = '\0';
}

/* Read and check. NULL: what is wrong is in the report, a line for each error. */
static struct conf *read_conf(const char *path, char **text, size_t *len, FILE *report)
{
    struct conf_errors *errors = calloc(1, sizeof(*errors));
    struct conf *conf = NULL;
    int error = errors ? conf_read(path, text, len) : -ENOMEM;

    if (!error && errors) {
        error = conf_parse(*text, *len, &conf, errors);
        conf_errors_print(errors, path, report);
    }
    if (error && (!errors || !errors->count))
        fprintf(report, "%s: %s\n", path, strerror(-error));
    free(errors);
    return conf;
}

static void refuse(struct parent *parent, char *report)
{
    if (parent->control >= 0)
        control_send(parent->control, CONTROL_REFUSED, report, -1);
    log_error("the configuration is wrong; the one in force stays:");
    for (char *line = strtok(report, "\n"); line; line = strtok(NULL, "\n"))
        log_error("%s", line);
}

static void put_in_force(struct parent *parent, struct conf *conf)
{
    bool other = !same_management(conf, parent->conf);

    conf_free(parent->conf);
    parent->conf = conf;
    name_host(parent);
    if (other && parent->roles[ROLE_MANAGEMENT].pid) {
        /* Its sessions, the one that asked for this among them, are served to their end beside the new one's. */
        kill(parent->roles[ROLE_MANAGEMENT].pid, SIGHUP);
        start(parent, ROLE_MANAGEMENT);
    }
}

static void reload(struct parent *parent)
{
    char *text = NULL, *said = NULL;
    size_t len = 0, said_len = 0;
    FILE *report = open_memstream(&said, &said_len);

    notify_reloading();
    if (!report) {
        log_error("the configuration is not read: %s", strerror(errno));
        notify("READY=1");
        return;
    }
    struct conf *conf = read_conf(parent->config->path, &text, &len, report);
    int error = conf && parent->control >= 0 ? hand_over(parent, text, len) : 0;
    if (error) {
        fprintf(report, "it could not be handed over: %s\n", strerror(-error));
        conf = conf_free(conf);
    }
    if (fclose(report) == 0 && conf)
        put_in_force(parent, conf);
    else
        refuse(parent, said);
    if (!conf || parent->control < 0)
        notify("READY=1");
    free(said);
    free(text);
}

static void on_control(struct parent *parent)
{
    static struct control_message message;
    int fd, rc = control_receive(parent->control, &message, &fd);

    if (fd >= 0)
        close(fd);
    if (rc != 1)
        return; /* the engine is ending, which is heard of by its signal */
    if (message.kind == CONTROL_READY && !parent->ready) {
        parent->ready = true;
        parent->config->started();
        start(parent, ROLE_MANAGEMENT);
        notify("READY=1");
    }
    if (message.kind == CONTROL_RELOAD)
        reload(parent);
    if (message.kind == CONTROL_APPLIED)
        notify("READY=1");
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

static void on_signals(struct parent *parent)
{
    struct signalfd_siginfo info;

    while (read(parent->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            stop(parent);
        else if (info.ssi_signo == SIGHUP && parent->ready && !parent->stopping)
            reload(parent);
    }
    reap(parent);
}

static bool any_role(const struct parent *parent)
{
    for (unsigned i = 0; i < ROLE_COUNT; i++)
        if (parent->roles[i].pid)
            return true;
    return false;
}

/* Start what is due. Milliseconds until something is due; -1 for nothing. */
static int look_at_clock(struct parent *parent)
{
    int64_t now = clock_now_ms(), next = -1;

    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        struct role *role = &parent->roles[i];
        if (parent->stopping || !role->due_ms || role->pid)
            continue;
        if (role->due_ms <= now)
            start(parent, (enum role_number)i);
        else if (next < 0 || role->due_ms - now < next)
            next = role->due_ms - now;
    }
    if (parent->stopping && any_role(parent)) {
        if (parent->kill_ms <= now) {
            for (unsigned i = 0; i < ROLE_COUNT; i++)
                if (parent->roles[i].pid)
                    kill(parent->roles[i].pid, SIGKILL);
            parent->kill_ms = now + STOP_MS;
        }
        next = parent->kill_ms - now;
    }
    return (int)next;
}

static void loop(struct parent *parent)
{
    start(parent, ROLE_ENGINE);
    while (!parent->stopping || any_role(parent)) {
        int timeout_ms = look_at_clock(parent);
        struct pollfd pollers[] = {{.fd = parent->signals, .events = POLLIN},
                                   {.fd = parent->control, .events = POLLIN}};
        if (poll(pollers, ARRAY_SIZE(pollers), timeout_ms) < 0 && errno != EINTR)
            return;
        if (pollers[1].fd >= 0 && pollers[1].revents & POLLIN)
            on_control(parent);
        if (pollers[0].revents)
            on_signals(parent);
    }
}

/* An engine that did not end in order has left things behind: in a process of its own, for it needs much memory. */
static void clean(struct parent *parent)
{
    pid_t self = getpid(), pid = fork();
    int status;

    if (pid == 0) {
        begin_role(parent, self, ROLE_ENGINE);
        engine_clean(parent->config->directory);
        exit(EXIT_SUCCESS);
    }
    if (pid > 0)
        waitpid(pid, &status, 0);
}

static int open_parent(struct parent *parent)
{
    sigset_t set;
    uid_t nobody;
    gid_t nobody_group;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_DFL);
    parent->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (parent->signals < 0) {
        log_error("signals: %s", strerror(errno));
        return -errno;
    }
    int error = query_make_token(parent->token);
    if (error) {
        log_error("no random numbers: %s", strerror(-error));
        return error;
    }
    name_host(parent);
    privileges_find_nobody(&nobody, &nobody_group);
    return run_files_open(&parent->files, parent->config->directory, nobody, nobody_group);
}

int parent_run(const struct parent_config *config)
{
    struct parent parent = {.config = config,
                            .conf = config->conf,
                            .roles = {[ROLE_ENGINE] = {.name = "engine"}, [ROLE_MANAGEMENT] = {.name = "management"}},
                            .control = -1};
    int error = open_parent(&parent);

    if (error) {
        conf_free(parent.conf);
        return EXIT_FAILURE;
    }
    loop(&parent);
    if (parent.engine_failed)
        clean(&parent);
    run_files_remove(&parent.files, config->directory);
    conf_free(parent.conf);
    log_info("ended");
    return parent.status;
}
