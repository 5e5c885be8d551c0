#include "control/control.h"

#include "base/local_socket.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

int control_send(int socket, enum control_kind kind, const char *text, int fd)
{
    struct control_message message = {.kind = kind};
    size_t len = text ? strlen(text) : 0;

    if (len >= sizeof(message.text))
        len = sizeof(message.text) - 1;
    if (len)
        memcpy(message.text, text, len);
    return local_send(socket, &message, offsetof(struct control_message, text) + len + 1, &fd, fd >= 0);
}

int control_receive(int socket, struct control_message *message, int *fd)
{
    int fds[LOCAL_FDS_MAX];
    unsigned count;
    ssize_t bytes = local_receive(socket, message, sizeof(*message), fds, &count);

    *fd = count ? fds[0] : -1;
    for (unsigned i = 1; i < count; i++)
        close(fds[i]);
    if (bytes <= 0)
        return (int)bytes;
    if ((size_t)bytes <= offsetof(struct control_message, text))
        return -EPROTO;
    ((char *)message)[bytes - 1] = '\0';
    return 1;
}
