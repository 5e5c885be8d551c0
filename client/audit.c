/* fairlead audit: whether all tables say the same. */
#include "client/command.h"
#include "client/server.h"

#include <stdio.h>
#include <unistd.h>

#define LOOK_US    100000 /* between two looks at whether it is over */
#define IDLE_LOOKS 20     /* after which it is not about to begin any more */

static int keep_number(void *arg, const json_t *result, bool last)
{
    json_int_t *number = arg;

    (void)last;
    *number = json_integer_value(json_object_get(result, "audits"));
    return 0;
}

static int keep_result(void *arg, const json_t *result, bool last)
{
    json_t **kept = arg;

    (void)last;
    json_decref(*kept);
    *kept = json_incref((json_t *)result);
    return 0;
}

static json_int_t number_of(const json_t *result, const char *key)
{
    return json_integer_value(json_object_get(result, key));
}

static void tell(const json_t *result)
{
    json_int_t drift = number_of(result, "drift"), changed = number_of(result, "changed");

    printf("%" JSON_INTEGER_FORMAT " prefixes: ", number_of(result, "prefixes"));
    if (drift)
        printf("%" JSON_INTEGER_FORMAT " differences, which have been put right; the log says where", drift);
    else
        fputs("the kernel, the RIB, the FIB and the door agree", stdout);
    if (changed)
        printf(" (%" JSON_INTEGER_FORMAT " changed meanwhile, and were left out)", changed);
    putchar('\n');
}

static int audit(const struct command *self, int argc, char **argv, const struct options *options)
{
    json_t *result = NULL;
    json_int_t wanted = 0;
    unsigned idle = 0;

    (void)argv;
    if (argc != 1)
        return command_usage(self);
    int status = server_ask(self, options, "audit-begin", NULL, keep_number, &wanted);
    while (status == EXIT_OK && (!result || number_of(result, "audits") < wanted)) {
        usleep(LOOK_US);
        status = server_ask_again(self, options, "audit", NULL, keep_result, &result);
        idle = json_is_true(json_object_get(result, "runs")) ? 0 : idle + 1;
        if (number_of(result, "audits") < wanted && idle > IDLE_LOOKS) {
            command_failed(self, "the engine was started anew meanwhile; ask again");
            status = EXIT_FAILED;
        }
    }
    if (status == EXIT_OK) {
        server_done((void *)options, result, true);
        if (!options->json)
            tell(result);
    }
    if (status == EXIT_OK && number_of(result, "drift"))
        status = EXIT_FAILED;
    json_decref(result);
    return status;
}

const struct command command_audit = {
    .name = "audit",
    .arguments = "",
    .summary = "whether the tables of the kernel and the router agree",
    .help =
        "Compares the kernel's routes with the RIB, the RIB with the FIB, and the FIB with what the doors find, and\n"
        "waits for the result; the exit status is 1 if something differs without having changed meanwhile. The\n"
        "daemon does so by itself every five minutes; how many differences there ever were is audit_drift of\n"
        "'fairlead show version'. Only root, and members of the group that the configuration names, may begin\n"
        "one.\n",
    .run = audit,
};
