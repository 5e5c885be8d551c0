#include "control/control.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

int control_send(int socket, enum control_kind kind, const char *text, int fd)
{
    struct control_message message = {.kind = kind};
    size_t len = text ? strlen(text) : 0;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};

    if (len >= sizeof(message.text))
        len = sizeof(message.text) - 1;
    if (len)
        memcpy(message.text, text, len);
    struct iovec part = {.iov_base = &message, .iov_len = offsetof(struct control_message, text) + len + 1};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *passed = CMSG_FIRSTHDR(&header);
        passed->cmsg_level = SOL_SOCKET;
        passed->cmsg_type = SCM_RIGHTS;
        passed->cmsg_len = CMSG_LEN(sizeof(fd));
        memcpy(CMSG_DATA(passed), &fd, sizeof(fd));
    }
    return sendmsg(socket, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int control_receive(int socket, struct control_message *message, int *fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {.iov_base = message, .iov_len = sizeof(*message)};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};

    *fd = -1;
    ssize_t bytes = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (bytes < 0)
        return errno == EINTR ? -EAGAIN : errno == ECONNRESET ? 0 : -errno;
    if (bytes == 0)
        return 0;
    struct cmsghdr *passed = CMSG_FIRSTHDR(&header);
    if (passed && passed->cmsg_level == SOL_SOCKET && passed->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(passed), sizeof(*fd));
    if ((size_t)bytes <= offsetof(struct control_message, text))
        return -EPROTO;
    ((char *)message)[bytes - 1] = '\0';
    return 1;
}
