/* The names of what the door counts. */
#include "bpf/door.h"

#include "base/compiler.h"

static const struct {
    const char *name, *help;
} punts[DOOR_PUNT_COUNT] = {
#define X(enumerator, name, help) [DOOR_PUNT_##enumerator] = {name, help},
    DOOR_PUNTS(X)
#undef X
};

const char *door_punt_name(unsigned reason)
{
    return reason < DOOR_PUNT_COUNT ? punts[reason].name : "unknown";
}

const char *door_punt_help(unsigned reason)
{
    return reason < DOOR_PUNT_COUNT ? punts[reason].help : "unknown";
}
