#include "daemon/run_files.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "log/log.h"
#include "port/pins.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define OLD_ENGINE_MS 10000 /* what the engine of a daemon that was killed may take to go */

/* Whether the file is still there under its path: who locks it may have opened it before another took it away. */
static bool is_there(const char *path, int fd)
{
    struct stat by_path, by_fd;

    return stat(path, &by_path) == 0 && fstat(fd, &by_fd) == 0 && by_path.st_ino == by_fd.st_ino &&
           by_path.st_dev == by_fd.st_dev;
}

/* Open and lock. 0; -EWOULDBLOCK: another has locked it, and *fd is open nevertheless; -errno, logged. */
static int open_locked(const char *path, int *fd)
{
    for (;;) {
        *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (*fd < 0) {
            log_error("%s: %s", path, strerror(errno));
            return -errno;
        }
        if (flock(*fd, LOCK_EX | LOCK_NB) < 0)
            return -EWOULDBLOCK;
        if (is_there(path, *fd))
            return 0;
        close(*fd);
    }
}

static int lock_pid_file(struct run_files *files)
{
    char text[32] = "";
    int error = open_locked(files->pid_path, &files->pid_fd);

    if (error == -EWOULDBLOCK) {
        if (pread(files->pid_fd, text, sizeof(text) - 1, 0) < 0)
            text[0] = '\0';
        text[strcspn(text, "\n")] = '\0';
        log_error("it is running already, as process %s (%s is locked)", text, files->pid_path);
        return -EEXIST;
    }
    int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (!error && (ftruncate(files->pid_fd, 0) < 0 || pwrite(files->pid_fd, text, (size_t)len, 0) != len)) {
        error = -errno;
        log_error("%s: %s", files->pid_path, strerror(-error));
    }
    return error;
}

static int lock_engine_file(struct run_files *files)
{
    int64_t until = clock_now_ms() + OLD_ENGINE_MS;
    int error;

    while ((error = open_locked(files->lock_path, &files->lock_fd)) == -EWOULDBLOCK) {
        close(files->lock_fd);
        if (clock_now_ms() > until) {
            log_error("%s: the engine of a daemon that was killed is still there", files->lock_path);
            return -EBUSY;
        }
        usleep(10000); /* it is being killed; flock() itself would wait without an end */
    }
    return error;
}

static int listen_at(const char *path, int type, mode_t mode, uid_t uid, gid_t gid)
{
    int fd = local_listen(path, type | SOCK_NONBLOCK, mode, uid, gid);

    if (fd < 0)
        log_error("%s: %s", path, strerror(-fd));
    return fd;
}

int run_files_open(struct run_files *files, const char *directory, uid_t uid, gid_t gid)
{
    *files = (struct run_files){.pid_fd = -1,
                                .lock_fd = -1,
                                .engine_fd = -1,
                                .dhcp_fd = -1,
                                .measure_fd = -1,
                                .planner_fd = -1,
                                .management_fd = -1};
    const struct {
        char *path;
        const char *name;
    } paths[] = {{files->pid_path, "fairleadd.pid"},          {files->lock_path, "engine.lock"},
                 {files->engine_path, "engine.sock"},         {files->dhcp_path, "dhcp.sock"},
                 {files->measure_path, "measure.sock"},       {files->planner_path, "plan.sock"},
                 {files->management_path, "management.sock"}, {files->pins_path, "bpf"}};

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        if (snprintf(paths[i].path, LOCAL_PATH_SIZE, "%s/%s", directory, paths[i].name) >= LOCAL_PATH_SIZE) {
            log_error("%s: the path is too long: at most %zu characters expected", directory,
                      LOCAL_PATH_SIZE - sizeof("/management.sock"));
            return -ENAMETOOLONG;
        }
    }
    if (mkdir(directory, 0755) < 0 && errno != EEXIST) {
        log_error("%s: %s", directory, strerror(errno));
        return -errno;
    }
    int error = lock_pid_file(files);
    if (!error)
        error = lock_engine_file(files);
    if (error)
        return error;
    error = pins_mount(files->pins_path);
    if (error) {
        log_warning("%s: %s: XDP doors end with the engine, and what is counted", files->pins_path, strerror(-error));
        files->pins_path[0] = '\0';
    }
    /* Everybody may look; who may change things is decided by who they are. */
    files->engine_fd = listen_at(files->engine_path, SOCK_SEQPACKET, 0600, uid, gid);
    if (files->engine_fd < 0)
        return files->engine_fd;
    /* The engine asks too, which has the user's group and none of his rights beyond that. */
    files->dhcp_fd = listen_at(files->dhcp_path, SOCK_SEQPACKET, 0660, uid, getgid());
    if (files->dhcp_fd < 0)
        return files->dhcp_fd;
    files->measure_fd = listen_at(files->measure_path, SOCK_SEQPACKET, 0600, uid, gid);
    if (files->measure_fd < 0)
        return files->measure_fd;
    files->planner_fd = listen_at(files->planner_path, SOCK_SEQPACKET, 0600, uid, gid);
    if (files->planner_fd < 0)
        return files->planner_fd;
    files->management_fd = listen_at(files->management_path, SOCK_STREAM, 0666, (uid_t)-1, (gid_t)-1);
    return files->management_fd < 0 ? files->management_fd : 0;
}

void run_files_remove(const struct run_files *files, const char *directory)
{
    pins_unmount(files->pins_path);
    unlink(files->management_path);
    unlink(files->engine_path);
    unlink(files->dhcp_path);
    unlink(files->measure_path);
    unlink(files->planner_path);
    unlink(files->lock_path);
    unlink(files->pid_path);
    rmdir(directory);
}
