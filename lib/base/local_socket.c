#include "base/local_socket.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512

/* Room for descriptors beside a message. */
union control {
    char bytes[CMSG_SPACE(LOCAL_FDS_MAX * sizeof(int))];
    struct cmsghdr align;
};

static int open_at(const char *path, int type, struct sockaddr_un *address)
{
    static_assert(sizeof(address->sun_path) == LOCAL_PATH_SIZE, "Linux's size");

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path))
        return -ENAMETOOLONG;
    memcpy(address->sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

int local_listen(const char *path, int type, mode_t mode, uid_t uid, gid_t gid)
{
    struct sockaddr_un address;
    int error = 0, fd = open_at(path, type, &address);

    if (fd < 0)
        return fd;
    unlink(path);
    mode_t mask = umask(0777); /* nobody connects before it is as it should be */
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chown(path, uid, gid) < 0 ||
        chmod(path, mode) < 0 || listen(fd, BACKLOG) < 0)
        error = -errno;
    umask(mask);
    if (error)
        close(fd);
    return error ? error : fd;
}

int local_connect(const char *path, int type)
{
    struct sockaddr_un address;
    int fd = open_at(path, type, &address);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

int local_send(int socket, const void *message, size_t bytes, const int *fds, unsigned count)
{
    union control control = {0};
    struct iovec part = {.iov_base = (void *)message, .iov_len = bytes};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

    assert(count <= LOCAL_FDS_MAX);
    if (count) {
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *passed = CMSG_FIRSTHDR(&header);
        passed->cmsg_level = SOL_SOCKET;
        passed->cmsg_type = SCM_RIGHTS;
        passed->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(passed), fds, count * sizeof(int));
    }
    return sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

ssize_t local_receive(int socket, void *message, size_t room, int fds[static LOCAL_FDS_MAX], unsigned *count)
{
    union control control;
    struct iovec part = {.iov_base = message, .iov_len = room};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};

    *count = 0;
    ssize_t bytes = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (bytes < 0)
        return errno == EINTR ? -EAGAIN : errno == ECONNRESET ? 0 : -errno;
    /* There is room for no more than that many, and for one header: what does not fit the kernel has closed. */
    const struct cmsghdr *passed = CMSG_FIRSTHDR(&header);
    if (passed && passed->cmsg_level == SOL_SOCKET && passed->cmsg_type == SCM_RIGHTS) {
        *count = (unsigned)((passed->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds, CMSG_DATA(passed), *count * sizeof(int));
    }
    return bytes;
}
