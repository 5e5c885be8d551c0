/*
 * Supervision. Roles are processes that are forked from here; how long a role that has ended is waited for grows with
 * every time that it ends early.
 */
#include "daemon/parent.h"

#include "address/address.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "control/control.h"
#include "daemon/notify.h"
#include "daemon/privileges.h"
#include "daemon/run_files.h"
#include "engine/engine.h"
#include "engine/rule_events.h"
#include "log/log.h"
#include "management/management.h"
#include "measure/measure.h"
#include "planner/planner.h"
#include "port/door.h"
#include "query/query.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESTART_FIRST_MS 100   /* after a role has ended, doubled each time */
#define RESTART_LAST_MS  10000 /* up to this */
#define LIVED_MS         30000 /* a role that lived so long begins with the first again */
#define STOP_MS          20000 /* what roles may take to stop, before they are killed */
#define RULES_MS         1000  /* rules that changed so shortly before the engine ended it may not have looked at */

enum role_number { ROLE_ENGINE, ROLE_DHCP, ROLE_MEASURE, ROLE_PLANNER, ROLE_MANAGEMENT, ROLE_COUNT };

/* The order in which roles get a configuration: the engine last, so that who hears from it of what is new finds it so
 * everywhere. */
static const enum role_number told[] = {ROLE_DHCP, ROLE_MEASURE, ROLE_ENGINE};

struct parent;

struct child {
    const char *name;
    const char *process;                            /* how the process is called, in 15 characters */
    int (*run)(struct parent *parent, int control); /* 0; -errno */
    bool controlled;                                /* it and the parent talk over a socket */
    int control;                                    /* that; -1 while there is none */
    pid_t pid;                                      /* 0: not running */
    int64_t began_ms, due_ms;                       /* due: when to start it again */
    int wait_ms;
    bool unwanted; /* the configuration has nothing for it to do */
};

struct parent {
    const struct parent_config *config;
    struct conf *conf; /* in force */
    struct child roles[ROLE_COUNT];
    struct run_files files;
    uint8_t token[QUERY_TOKEN_BYTES];
    int signals;
    int handing_over; /* a configuration that one role after the other gets; -1: none */
    unsigned telling; /* who has it now, in `told` */
    char store_path[PATH_MAX], book_path[PATH_MAX];
    char hostname[CONF_HOSTNAME_SIZE];
    bool ready;    /* it forwards, and DHCP is served, if it is to be */
    bool forwards; /* the engine was ready, once at least */
    bool engine_ready;
    struct rule_events rules;
    int64_t rules_ms; /* when rules for forwarded packets last changed */
    bool stopping, engine_failed;
    int64_t kill_ms; /* while stopping: when to kill */
    int status;
};

/* --- roles ------------------------------------------------------------------------------------------------------- */

/* In a child: what every role leaves behind of its parent. */
static void begin_role(struct parent *parent, pid_t parent_pid, enum role_number number)
{
    close(parent->signals);
    close(parent->files.pid_fd);
    for (unsigned i = 0; i < ROLE_COUNT; i++)
        if (parent->roles[i].control >= 0)
            close(parent->roles[i].control);
    if (parent->handing_over >= 0)
        close(parent->handing_over);
    rule_events_close(&parent->rules);
    if (number != ROLE_ENGINE) {
        close(parent->files.lock_fd);
        close(parent->files.engine_fd);
    }
    if (number != ROLE_DHCP)
        close(parent->files.dhcp_fd);
    if (number != ROLE_MEASURE)
        close(parent->files.measure_fd);
    if (number != ROLE_PLANNER)
        close(parent->files.planner_fd);
    if (number != ROLE_MANAGEMENT)
        close(parent->files.management_fd);
    /* The terminal's are for the parent. Those that it sends stay blocked until the role reads them: none is lost. */
    signal(SIGINT, SIG_IGN);
    if (number != ROLE_MANAGEMENT)
        signal(SIGHUP, SIG_IGN);
    prctl(PR_SET_NAME, parent->roles[number].process);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent_pid)
        _exit(EXIT_FAILURE);
}

static void become_nobody(void)
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
                                   .pins = parent->files.pins_path,
                                   .state_directory = parent->config->state_directory,
                                   .token = parent->token,
                                   .dhcp_path = parent->files.dhcp_path,
                                   .control = control,
                                   .listener = parent->files.engine_fd,
                                   .drop_privileges = privileges_of_engine,
                                   .started = parent->config->open_log};

    return engine_run(&config);
}

/* Where what is to survive is kept. 0; -errno, logged. */
static int make_state_directory(const struct parent *parent)
{
    if (mkdir(parent->config->state_directory, 0755) == 0 || errno == EEXIST)
        return 0;
    log_error("%s: %s", parent->config->state_directory, strerror(errno));
    return -errno;
}

static int run_dhcp(struct parent *parent, int control)
{
    struct address_config config = {.conf = parent->conf,
                                    .store_path = parent->store_path,
                                    .engine_path = parent->files.engine_path,
                                    .token = parent->token,
                                    .control = control,
                                    .listener = parent->files.dhcp_fd,
                                    .drop_privileges = become_nobody,
                                    .started = parent->config->open_log};

    int error = make_state_directory(parent);
    return error ? error : address_run(&config);
}

static int run_measure(struct parent *parent, int control)
{
    struct measure_config config = {.conf = parent->conf,
                                    .engine_path = parent->files.engine_path,
                                    .token = parent->token,
                                    .control = control,
                                    .listener = parent->files.measure_fd,
                                    .drop_privileges = become_nobody};

    return measure_run(&config);
}

static int run_planner(struct parent *parent, int control)
{
    struct planner_config config = {.book_path = parent->book_path,
                                    .token = parent->token,
                                    .control = control,
                                    .listener = parent->files.planner_fd,
                                    .drop_privileges = become_nobody};

    int error = make_state_directory(parent);
    return error ? error : planner_run(&config);
}

static int run_management(struct parent *parent, int control)
{
    const struct group *group = parent->conf->management.group[0] ? getgrnam(parent->conf->management.group) : NULL;
    struct management_config config = {.listener = parent->files.management_fd,
                                       .engine_path = parent->files.engine_path,
                                       .dhcp_path = conf_has_clients(parent->conf) ? parent->files.dhcp_path : NULL,
                                       .measure_path =
                                           conf_has_measurements(parent->conf) ? parent->files.measure_path : NULL,
                                       .planner_path = parent->files.planner_path,
                                       .token = parent->token,
                                       .version = FAIRLEAD_VERSION,
                                       .hostname = parent->hostname,
                                       .sessions = parent->conf->management.sessions,
                                       .group = group ? group->gr_gid : (gid_t)-1,
                                       .owner = getuid(),
                                       .parent = getppid(),
                                       .drop_privileges = become_nobody};

    (void)control;
    if (parent->conf->management.group[0] && !group)
        log_warning("there is no group '%s': only root may change things", parent->conf->management.group);
    return management_run(&config);
}

static void start(struct parent *parent, enum role_number number)
{
    struct child *role = &parent->roles[number];
    pid_t self = getpid();
    int pair[2] = {-1, -1};

    role->due_ms = 0;
    role->began_ms = clock_now_ms();
    if (role->controlled && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        log_error("the %s could not be started: %s", role->name, strerror(errno));
        role->due_ms = clock_now_ms() + RESTART_LAST_MS;
        return;
    }
    role->pid = fork();
    if (role->pid == 0) {
        if (pair[0] >= 0)
            close(pair[0]);
        begin_role(parent, self, number);
        exit(role->run(parent, pair[1]) ? EXIT_FAILURE : EXIT_SUCCESS);
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
    role->control = pair[0];
}

/* Everything that is to be there is there. */
static void become_ready(struct parent *parent)
{
    parent->ready = true;
    log_info("ready");
    parent->config->started();
    if (conf_has_measurements(parent->conf))
        start(parent, ROLE_MEASURE);
    start(parent, ROLE_PLANNER);
    start(parent, ROLE_MANAGEMENT);
    notify("READY=1");
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

/* While the engine is not there to hear of rules that change, its doors go on, and know nothing of that: then we
 * listen, and before others, where that is allowed. */
static void watch_rules(struct parent *parent, bool watch)
{
    const struct sched_param param = {.sched_priority = watch};

    parent->engine_ready = !watch;
    sched_setscheduler(0, (watch ? SCHED_FIFO : SCHED_OTHER) | SCHED_RESET_ON_FORK, &param);
}

static void on_rules(struct parent *parent)
{
    rule_events_take(&parent->rules);
    if (!parent->engine_ready)
        door_raise_alarm_left(parent->files.pins_path);
    parent->rules_ms = clock_now_ms();
}

static void tell_next(struct parent *parent);

static void on_end(struct parent *parent, struct child *role, int status)
{
    int64_t lived_ms = clock_now_ms() - role->began_ms;
    bool is_engine = role == &parent->roles[ROLE_ENGINE], is_dhcp = role == &parent->roles[ROLE_DHCP];
    char how[64];

    role->pid = 0;
    if (role->control >= 0)
        close(role->control);
    role->control = -1;
    if (is_engine) {
        parent->engine_failed = status != 0;
        watch_rules(parent, true);
        if (clock_now_ms() - parent->rules_ms < RULES_MS)
            door_raise_alarm_left(parent->files.pins_path);
    }
    if (parent->handing_over >= 0 && role == &parent->roles[told[parent->telling]])
        tell_next(parent);
    if (parent->stopping || role->unwanted)
        return;
    if (WIFSIGNALED(status))
        snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
    else
        snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
    if (!parent->ready && !is_dhcp) {
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
    if (is_dhcp && !parent->ready) /* a router without DHCP is better than none */
        become_ready(parent);
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

/* The text in a file that can be passed along. A descriptor; -errno. */
static int make_file(const char *text, size_t len)
{
    int fd = memfd_create("fairlead-configuration", MFD_CLOEXEC);
    size_t done = 0;

    while (fd >= 0 && done < len) {
        ssize_t took = write(fd, text + done, len - done);
        if (took < 0) {
            int error = -errno;
            close(fd);
            return error;
        }
        done += (size_t)took;
    }
    return fd < 0 ? -errno : fd;
}

static bool tell(struct parent *parent, struct child *role)
{
    int error = role->control < 0 ? -ENOTCONN : control_send(role->control, CONTROL_CONFIG, NULL, parent->handing_over);

    if (error && error != -ENOTCONN)
        log_error("the %s could not be told of the configuration: %s", role->name, strerror(-error));
    return !error;
}

/* The role whose turn it was has taken the configuration, or has ended: on to the next that is there. The last one is
 * the engine, which says itself when it is in force. */
static void tell_from(struct parent *parent, unsigned telling)
{
    const unsigned last = ARRAY_SIZE(told) - 1;

    parent->telling = telling;
    while (!tell(parent, &parent->roles[told[parent->telling]]) && parent->telling < last)
        parent->telling++;
    if (parent->telling < last)
        return;
    close(parent->handing_over);
    parent->handing_over = -1;
}

static void tell_next(struct parent *parent)
{
    tell_from(parent, parent->telling + 1);
}

static int hand_over(struct parent *parent, const char *text, size_t len)
{
    int fd = make_file(text, len);

    if (fd < 0)
        return fd;
    while (parent->handing_over >= 0) /* an earlier one, in its order */
        tell_next(parent);
    parent->handing_over = fd;
    tell_from(parent, 0);
    return 0;
}

static bool same_management(const struct conf *a, const struct conf *b)
{
    return conf_has_clients(a) == conf_has_clients(b) && conf_has_measurements(a) == conf_has_measurements(b) &&
           a->management.sessions == b->management.sessions && strcmp(a->management.group, b->management.group) == 0 &&
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

static void refuse(struct parent *parent, char *report)
{
    if (parent->roles[ROLE_ENGINE].control >= 0)
        control_send(parent->roles[ROLE_ENGINE].control, CONTROL_REFUSED, report, -1);
    log_error("the configuration is wrong; the one in force stays:");
    for (char *line = strtok(report, "\n"); line; line = strtok(NULL, "\n"))
        log_error("%s", line);
}

/* A role is there exactly while it is wanted. */
static void follow(struct parent *parent, enum role_number number, bool wanted)
{
    struct child *role = &parent->roles[number];

    role->unwanted = !wanted;
    if (!wanted) {
        role->due_ms = 0;
        if (role->pid)
            kill(role->pid, SIGTERM);
    } else if (!role->pid) {
        start(parent, number);
    }
}

/* For the next start, when the plan may say something else. */
static void keep(const struct parent *parent, const struct configuration *configuration)
{
    int error = configuration_keep(parent->config->state_directory, configuration);

    if (error)
        log_warning("what the address plan says is not kept for the next start: %s: %s",
                    parent->config->state_directory, strerror(-error));
}

static void put_in_force(struct parent *parent, struct conf *conf)
{
    bool other = !same_management(conf, parent->conf);

    conf_free(parent->conf);
    parent->conf = conf;
    name_host(parent);
    follow(parent, ROLE_DHCP, conf_has_clients(conf));
    follow(parent, ROLE_MEASURE, conf_has_measurements(conf));
    if (other && parent->roles[ROLE_MANAGEMENT].pid) {
        /* Its sessions, the one that asked for this among them, are served to their end beside the new one's. */
        kill(parent->roles[ROLE_MANAGEMENT].pid, SIGHUP);
        start(parent, ROLE_MANAGEMENT);
    }
}

static void reload(struct parent *parent)
{
    const struct configuration_source source = {
        .path = parent->config->path, .state_directory = parent->config->state_directory, .by_hand = true};
    struct configuration configuration;
    char *said = NULL;
    size_t said_len = 0;
    FILE *report = open_memstream(&said, &said_len);

    notify_reloading();
    if (!report) {
        log_error("the configuration is not read: %s", strerror(errno));
        notify("READY=1");
        return;
    }
    bool engine = parent->roles[ROLE_ENGINE].control >= 0;
    int error = configuration_read(&source, &configuration, report);
    if (!error && engine && (error = hand_over(parent, configuration.text, configuration.len))) {
        fprintf(report, "it could not be handed over: %s\n", strerror(-error));
        conf_free(configuration.conf);
    }
    if (fclose(report) && !error) {
        error = -ENOMEM;
        conf_free(configuration.conf);
    }
    if (error) {
        refuse(parent, said);
    } else {
        keep(parent, &configuration);
        put_in_force(parent, configuration.conf);
    }
    if (error || !engine)
        notify("READY=1");
    configuration_forget_text(&configuration);
    free(said);
}

static void on_engine_ready(struct parent *parent)
{
    watch_rules(parent, false);
    if (parent->forwards)
        return;
    parent->forwards = true;
    if (conf_has_clients(parent->conf))
        start(parent, ROLE_DHCP);
    else
        become_ready(parent);
}

static void on_control(struct parent *parent, enum role_number number)
{
    static struct control_message message;
    int fd, rc = control_receive(parent->roles[number].control, &message, &fd);

    if (fd >= 0)
        close(fd);
    if (rc != 1)
        return; /* it is ending, which is heard of by its signal */
    switch (message.kind) {
    case CONTROL_READY:
        if (number == ROLE_ENGINE)
            on_engine_ready(parent);
        else if (!parent->ready)
            become_ready(parent);
        break;
    case CONTROL_RELOAD:
        reload(parent);
        break;
    case CONTROL_APPLIED:
        if (number == ROLE_ENGINE)
            notify("READY=1");
        else if (parent->handing_over >= 0 && number == told[parent->telling])
            tell_next(parent);
        break;
    }
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
        struct child *role = &parent->roles[i];
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
    int rule_fds[RULE_EVENTS_FDS];

    rule_events_fds(&parent->rules, rule_fds);
    start(parent, ROLE_ENGINE);
    while (!parent->stopping || any_role(parent)) {
        int timeout_ms = look_at_clock(parent);
        struct pollfd pollers[1 + ROLE_COUNT + RULE_EVENTS_FDS] = {{.fd = parent->signals, .events = POLLIN}};
        struct pollfd *rules = &pollers[1 + ROLE_COUNT];
        for (unsigned i = 0; i < ROLE_COUNT; i++)
            pollers[1 + i] = (struct pollfd){.fd = parent->roles[i].control, .events = POLLIN};
        for (unsigned i = 0; i < parent->rules.count; i++)
            rules[i] = (struct pollfd){.fd = rule_fds[i], .events = POLLIN};
        if (poll(pollers, 1 + ROLE_COUNT + parent->rules.count, timeout_ms) < 0 && errno != EINTR)
            return;
        for (unsigned i = 0; i < parent->rules.count; i++)
            if (rules[i].revents)
                on_rules(parent);
        for (unsigned i = 0; i < ROLE_COUNT; i++)
            if (pollers[1 + i].fd >= 0 && pollers[1 + i].revents & POLLIN)
                on_control(parent, (enum role_number)i);
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
        engine_clean(parent->config->directory, parent->files.pins_path);
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
    const char *state = parent->config->state_directory;
    if (snprintf(parent->store_path, sizeof(parent->store_path), "%s/fairlead.db", state) >=
            (int)sizeof(parent->store_path) ||
        snprintf(parent->book_path, sizeof(parent->book_path), "%s/" PLANNER_BOOK_NAME, state) >=
            (int)sizeof(parent->book_path)) {
        log_error("%s: the path is too long", state);
        return -ENAMETOOLONG;
    }
    privileges_find_nobody(&nobody, &nobody_group);
    error = run_files_open(&parent->files, parent->config->directory, nobody, nobody_group);
    return error ? error : rule_events_open(&parent->rules);
}

int parent_run(struct parent_config *config)
{
    struct parent parent = {.config = config,
                            .conf = config->configuration.conf,
                            .roles = {[ROLE_ENGINE] = {.name = "engine",
                                                       .process = "fairlead-engine",
                                                       .run = run_engine,
                                                       .controlled = true,
                                                       .control = -1},
                                      [ROLE_DHCP] = {.name = "DHCP server",
                                                     .process = "fairlead-dhcp",
                                                     .run = run_dhcp,
                                                     .controlled = true,
                                                     .control = -1},
                                      [ROLE_MEASURE] = {.name = "delay measurement",
                                                        .process = "fairlead-delay",
                                                        .run = run_measure,
                                                        .controlled = true,
                                                        .control = -1},
                                      [ROLE_PLANNER] = {.name = "planner",
                                                        .process = "fairlead-plan",
                                                        .run = run_planner,
                                                        .controlled = true,
                                                        .control = -1},
                                      [ROLE_MANAGEMENT] = {.name = "management",
                                                           .process = "fairlead-manage",
                                                           .run = run_management,
                                                           .control = -1}},
                            .handing_over = -1};
    int error = open_parent(&parent);

    if (error) {
        conf_free(parent.conf);
        return EXIT_FAILURE;
    }
    keep(&parent, &config->configuration);
    configuration_forget_text(&config->configuration);
    loop(&parent);
    if (parent.engine_failed)
        clean(&parent);
    run_files_remove(&parent.files, config->directory);
    rule_events_close(&parent.rules);
    conf_free(parent.conf);
    log_info("ended");
    return parent.status;
}
