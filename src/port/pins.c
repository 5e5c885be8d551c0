#include "port/pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NEW "new-" /* in front of the name of what is about to take another's place */

static bool is_mounted(const char *directory)
{
    struct statfs found;

    return statfs(directory, &found) == 0 && (unsigned long)found.f_type == BPF_FS_MAGIC;
}

int pins_mount(const char *directory)
{
    if (mkdir(directory, 0700) < 0 && errno != EEXIST)
        return -errno;
    if (is_mounted(directory))
        return 0;
    if (mount("bpf", directory, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME, "mode=0700") == 0)
        return 0;
    int error = -errno;
    rmdir(directory);
    return error;
}

static void remove_one(void *arg, const char *name)
{
    pins_remove(arg, name);
}

void pins_unmount(const char *directory)
{
    if (!directory[0])
        return;
    if (is_mounted(directory)) {
        pins_each(directory, remove_one, (void *)directory); /* somebody else's copy of the mount would keep them */
        umount2(directory, MNT_DETACH);
    }
    rmdir(directory);
}

/* False: it is too long, or there is no directory. */
static bool path_of(const char *directory, const char *front, const char *name, char path[static PATH_MAX])
{
    int bytes = snprintf(path, PATH_MAX, "%s/%s%s", directory, front, name);

    return directory[0] && bytes < PATH_MAX;
}

int pins_put(const char *directory, const char *name, int fd)
{
    char path[PATH_MAX], new_path[PATH_MAX];

    if (!path_of(directory, "", name, path) || !path_of(directory, NEW, name, new_path))
        return -ENOENT;
    unlink(new_path); /* of one that was killed at it */
    if (bpf_obj_pin(fd, new_path))
        return -errno;
    if (rename(new_path, path) == 0)
        return 0;
    int error = -errno;
    unlink(new_path);
    return error;
}

int pins_get(const char *directory, const char *name)
{
    char path[PATH_MAX];

    if (!path_of(directory, "", name, path))
        return -ENOENT;
    int fd = bpf_obj_get(path);
    return fd < 0 ? -errno : fd;
}

void pins_remove(const char *directory, const char *name)
{
    char path[PATH_MAX];

    if (path_of(directory, "", name, path))
        unlink(path);
}

void pins_each(const char *directory, void (*function)(void *arg, const char *name), void *arg)
{
    DIR *opened = directory[0] ? opendir(directory) : NULL;
    const struct dirent *entry;

    while (opened && (entry = readdir(opened)))
        if (entry->d_name[0] != '.')
            function(arg, entry->d_name);
    if (opened)
        closedir(opened);
}
