/*
 * Two pipes between daemon and launcher: one is the daemon's standard error, the other, whose descriptor the daemon
 * keeps at STATUS_FD, brings one byte, the status. A daemon that dies before it has said so closes it without one.
 */
#include "daemon/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define STATUS_FD 3

static void into_system_log(char *text)
{
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        syslog(LOG_DAEMON | LOG_INFO, "%s", line);
}

static void pass_on(int from, int log)
{
    char text[4096];
    ssize_t got;

    while ((got = read(from, text, sizeof(text) - 1)) > 0) {
        (void)!write(STDERR_FILENO, text, (size_t)got);
        text[got] = '\0';
        if (log >= 0)
            (void)!write(log, text, (size_t)got);
        else
            into_system_log(text);
    }
}

__attribute__((noreturn)) static void wait_as_launcher(int said, int status_fd, const char *log_path)
{
    int log = log_path ? open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640) : -1;
    unsigned char status = EXIT_FAILURE;

    fcntl(said, F_SETFL, O_NONBLOCK);
    for (;;) {
        struct pollfd pollers[] = {{.fd = status_fd, .events = POLLIN}, {.fd = said, .events = POLLIN}};
        if (poll(pollers, 2, -1) < 0 && errno != EINTR)
            break;
        pass_on(said, log);
        if (pollers[0].revents) {
            if (read(status_fd, &status, 1) != 1)
                status = EXIT_FAILURE;
            pass_on(said, log);
            break;
        }
        if (pollers[1].revents & POLLHUP) /* the status follows */
            said = -1;
    }
    _exit(status);
}

static void become_daemon(void)
{
    static const int stops[] = {SIGTTOU, SIGTTIN, SIGTSTP};

    for (unsigned i = 0; i < sizeof(stops) / sizeof(*stops); i++)
        signal(stops[i], SIG_IGN);
    signal(SIGHUP, SIG_IGN); /* of the session that is left; the parent role takes it up again */
    setsid();
    umask(0);
    if (chdir("/") < 0)
        _exit(EXIT_FAILURE);
}

int launch(const char *log_path)
{
    int said[2], status[2];

    if (pipe2(said, O_CLOEXEC) < 0 || pipe2(status, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid > 0) {
        close(said[1]);
        close(status[1]);
        wait_as_launcher(said[0], status[0], log_path);
    }
    become_daemon();
    /* The status pipe may stand where standard error's place is, and so on: out of the way first. */
    int high_status = fcntl(status[1], F_DUPFD_CLOEXEC, 64), high_said = fcntl(said[1], F_DUPFD_CLOEXEC, 64);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (high_status < 0 || high_said < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
        dup2(high_said, STDOUT_FILENO) < 0 || dup2(high_said, STDERR_FILENO) < 0 ||
        dup3(high_status, STATUS_FD, O_CLOEXEC) < 0)
        _exit(EXIT_FAILURE);
    if (close_range(STATUS_FD + 1, ~0U, 0) < 0)
        for (int fd = STATUS_FD + 1; fd < 1024; fd++)
            close(fd);
    return 0;
}

void launch_started(int status)
{
    unsigned char byte = (unsigned char)status;

    if (write(STATUS_FD, &byte, 1) != 1)
        return; /* the launcher was interrupted; the daemon goes on */
    close(STATUS_FD);
}
