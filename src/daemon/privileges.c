#include "daemon/privileges.h"

#include "log/log.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define NOBODY     65534
#define NICE_LIMIT 30 /* to -10 */

__attribute__((noreturn)) static void fail(const char *what)
{
    log_error("privileges could not be given up: %s: %s", what, strerror(errno));
    _exit(EXIT_FAILURE);
}

/* What no program that is run from here on can get back. Needs CAP_SETPCAP, so it comes first. */
static void drop_bounding_set(void)
{
    for (cap_value_t capability = 0; capability <= CAP_LAST_CAP; capability++)
        if (cap_get_bound(capability) > 0 && cap_drop_bound(capability) < 0 && errno != EPERM)
            fail("capabilities");
}

/* Keep these, of those that are there. */
static void keep(const cap_value_t *wanted, int count)
{
    cap_t now = cap_get_proc(), kept = cap_init();
    cap_flag_value_t has;

    if (!now || !kept)
        fail("capabilities");
    for (int i = 0; i < count; i++)
        if (cap_get_flag(now, wanted[i], CAP_PERMITTED, &has) == 0 && has == CAP_SET &&
            (cap_set_flag(kept, CAP_PERMITTED, 1, &wanted[i], CAP_SET) < 0 ||
             cap_set_flag(kept, CAP_EFFECTIVE, 1, &wanted[i], CAP_SET) < 0))
            fail("capabilities");
    if (cap_set_proc(kept) < 0)
        fail("capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail("no_new_privs");
    cap_free(now);
    cap_free(kept);
}

void privileges_of_engine(void)
{
    /* The last one: frames of queues are memory that the kernel works on, and have to stay where they are. */
    static const cap_value_t wanted[] = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE,
                                         CAP_BPF,       CAP_PERFMON, CAP_IPC_LOCK};
    const struct rlimit nice = {NICE_LIMIT, NICE_LIMIT};

    setrlimit(RLIMIT_NICE, &nice); /* where that is not allowed, threads that send are as patient as everybody */
    drop_bounding_set();
    keep(wanted, sizeof(wanted) / sizeof(*wanted));
}

void privileges_find_nobody(uid_t *uid, gid_t *gid)
{
    const struct passwd *fairlead = getpwnam("fairlead");

    *uid = fairlead ? fairlead->pw_uid : NOBODY;
    *gid = fairlead ? fairlead->pw_gid : NOBODY;
}

void privileges_of_nobody(void)
{
    uid_t uid;
    gid_t gid;

    privileges_find_nobody(&uid, &gid);
    drop_bounding_set();
    if (getuid() == 0) {
        if (setgroups(0, NULL) < 0)
            fail("supplementary groups");
        if (setresgid(gid, gid, gid) < 0)
            fail("group");
        if (setresuid(uid, uid, uid) < 0)
            fail("user");
    }
    keep(NULL, 0);
}
