#include "client/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(FILE *file, size_t *len)
{
    size_t room = 65536, got;
    char *text = malloc(room);

    *len = 0;
    while (text && (got = fread(text + *len, 1, room - *len, file)) > 0) {
        *len += got;
        if (*len < room)
            continue;
        char *larger = room < FILE_READ_MAX ? realloc(text, room *= 2) : NULL;
        if (!larger) {
            free(text);
            errno = EFBIG;
            return NULL;
        }
        text = larger;
    }
    if (text && ferror(file)) {
        free(text);
        text = NULL;
    }
    return text;
}

char *file_read(const struct command *self, const char *path, size_t *len)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    char *text = file ? read_all(file, len) : NULL;

    if (!text)
        command_failed(self, "%s: %s", path, strerror(errno));
    if (file && !standard)
        fclose(file);
    return text;
}
