/* fairlead lease: what people change of leases, and leases from file to file. */
#include "base/compiler.h"
#include "base/csv.h"
#include "client/command.h"
#include "client/file.h"
#include "client/server.h"
#include "dhcp/import.h"
#include "net/ipv4_addr.h"
#include "wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUEST_BYTES 48000 /* of leases in one request, which is at most WIRE_REQUEST_MAX long */
#define REQUEST_MAX   500   /* leases */

/* --- one address ------------------------------------------------------------------------------------------------- */

static int change(const struct command *self, const char *command, int count, char **words,
                  const struct options *options)
{
    json_t *arguments = json_pack("{s:s}", "address", words[0]);

    if (arguments && count > 1)
        json_object_set_new(arguments, "mac", json_string(words[1]));
    if (!arguments)
        return command_failed(self, "the argument is not UTF-8");
    return server_ask(self, options, command, arguments, server_done, (void *)options);
}

static int release(const struct command *self, int count, char **words, const struct options *options)
{
    return change(self, "lease-release", count, words, options);
}

static int reserve(const struct command *self, int count, char **words, const struct options *options)
{
    return change(self, "lease-reserve", count, words, options);
}

static int unreserve(const struct command *self, int count, char **words, const struct options *options)
{
    return change(self, "lease-unreserve", count, words, options);
}

/* --- into a file ------------------------------------------------------------------------------------------------- */

static const char *const columns[] = {"address",   "state", "mac",  "client_id", "host_name",
                                      "interface", "began", "last", "ends"};

static void print_field(const json_t *value)
{
    if (json_is_integer(value))
        printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_string(value))
        csv_write(stdout, json_string_value(value));
}

static int print_rows(void *arg, const json_t *result, bool last)
{
    const json_t *leases = json_object_get(result, "leases");

    (void)arg;
    (void)last;
    for (size_t i = 0; i < json_array_size(leases); i++)
        for (size_t j = 0; j < ARRAY_SIZE(columns); j++) {
            print_field(json_object_get(json_array_get(leases, i), columns[j]));
            fputs(j + 1 < ARRAY_SIZE(columns) ? "," : "\r\n", stdout);
        }
    return ferror(stdout);
}

static int export_all(const struct command *self, int count, char **words, const struct options *options)
{
    (void)count;
    (void)words;
    if (options->json)
        return command_failed(self, "'fairlead show leases -j' tells all of them as JSON");
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        printf("%s%s", columns[i], i + 1 < ARRAY_SIZE(columns) ? "," : "\r\n");
    int status = server_ask(self, options, "leases", NULL, print_rows, NULL);
    if (fflush(stdout) == EOF)
        return command_failed(self, "standard output: write error");
    return status;
}

/* --- out of a file ----------------------------------------------------------------------------------------------- */

/* A lease as the daemon reads it. A name that is no text is left out. */
static json_t *json_lease(const struct dhcp_lease *lease)
{
    char addr[IPV4_TEXT_SIZE];

    ipv4_addr_format(lease->addr, addr);
    json_t *one =
        json_pack("{s:s, s:o, s:o, s:I, s:I, s:o}", "address", addr, "mac", wire_hex(lease->chaddr, lease->hlen),
                  "client_id", wire_hex(lease->client_id.bytes, lease->client_id.len), "began",
                  (json_int_t)lease->began_s, "last", (json_int_t)lease->last_s, "ends",
                  lease->ends_s == DHCP_NEVER ? json_null() : json_integer((json_int_t)lease->ends_s));
    if (lease->host_name.len)
        json_object_set_new(one, "host_name", json_stringn((const char *)lease->host_name.bytes, lease->host_name.len));
    return one;
}

/* A file that is being taken over. */
struct import {
    const struct command *self;
    const struct options *options;
    const char *path;
    struct dhcp_import file;
    const struct dhcp_imported *first; /* of those in the request that is out */
    json_int_t taken, refused;
};

static int answered(void *arg, const json_t *result, bool last)
{
    struct import *import = arg;
    const json_t *refused = json_object_get(result, "refused");
    char addr[IPV4_TEXT_SIZE];

    (void)last;
    import->taken += json_integer_value(json_object_get(result, "taken"));
    import->refused += (json_int_t)json_array_size(refused);
    for (size_t i = 0; i < json_array_size(refused); i++) {
        const json_t *one = json_array_get(refused, i);
        const char *why = json_string_value(json_object_get(one, "why"));
        const struct dhcp_imported *which = import->first + json_integer_value(json_object_get(one, "number"));
        ipv4_addr_format(which->lease.addr, addr);
        fprintf(stderr, "%s:%u: %s: %s\n", import->path, which->line, addr, why ? why : "?");
    }
    return 0;
}

/* Send what the file says, so much at a time. */
static int send_all(struct import *import)
{
    int status = EXIT_OK;

    for (size_t i = 0; status == EXIT_OK && i < import->file.count;) {
        json_t *leases = json_array();
        import->first = &import->file.all[i];
        for (size_t bytes = 0; i < import->file.count && bytes < REQUEST_BYTES && json_array_size(leases) < REQUEST_MAX;
             i++) {
            const struct dhcp_lease *lease = &import->file.all[i].lease;
            json_array_append_new(leases, json_lease(lease));
            bytes += 200 + 2 * (size_t)lease->client_id.len + 6 * (size_t)lease->host_name.len;
        }
        status = server_ask(import->self, import->options, "lease-import", json_pack("{s:o}", "leases", leases),
                            answered, import);
    }
    return status;
}

/* Those that are over are no loss. Returns how many there are; the others move up. */
static size_t leave_out_old(struct dhcp_import *file)
{
    uint64_t now_s = (uint64_t)time(NULL);
    size_t kept = 0, count = file->count;

    for (size_t i = 0; i < count; i++)
        if (file->all[i].lease.ends_s > now_s)
            file->all[kept++] = file->all[i];
    file->count = kept;
    return count - kept;
}

static int import_file(const struct command *self, int count, char **words, const struct options *options)
{
    struct import import = {.self = self, .options = options, .path = words[0]};
    size_t len, old = 0;
    char *text = file_read(self, words[0], &len);
    int status = EXIT_FAILED;

    (void)count;
    if (!text)
        return EXIT_FAILED;
    int error = dhcp_import_read(&import.file, text, len);
    if (error == -EINVAL) {
        command_failed(self, "%s:%u: %s", words[0], import.file.wrong_line, import.file.wrong);
    } else if (error) {
        command_failed(self, "%s: %s", words[0], strerror(-error));
    } else {
        old = leave_out_old(&import.file);
        status = send_all(&import);
    }
    if (status == EXIT_OK && options->json)
        printf("{\"taken\": %" JSON_INTEGER_FORMAT ", \"refused\": %" JSON_INTEGER_FORMAT
               ", \"over\": %zu, \"others\": %zu}\n",
               import.taken, import.refused, old, import.file.others);
    else if (status == EXIT_OK)
        printf("%s: %" JSON_INTEGER_FORMAT " leases taken over, %" JSON_INTEGER_FORMAT
               " refused, %zu over; %zu addresses that nobody has\n",
               import.file.kind, import.taken, import.refused, old, import.file.others);
    dhcp_import_clear(&import.file);
    free(text);
    return status == EXIT_OK && import.refused ? EXIT_FAILED : status;
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static const struct subcommand subcommands[] = {
    {"release", 1, 1, release},   {"reserve", 1, 2, reserve},    {"unreserve", 1, 1, unreserve},
    {"export", 0, 0, export_all}, {"import", 1, 1, import_file}, {NULL, 0, 0, NULL},
};

static int lease(const struct command *self, int argc, char **argv, const struct options *options)
{
    return command_run(self, subcommands, argc, argv, options);
}

const struct command command_lease = {
    .name = "lease",
    .arguments = "release ADDRESS|reserve ADDRESS [MAC]|unreserve ADDRESS|export|import FILE",
    .summary = "end leases, reserve addresses, take leases over",
    .help = "  release    the lease of ADDRESS ends now (or that it is kept from everybody)\n"
            "  reserve    ADDRESS is for the host with this hardware address from now on; without one, for the host\n"
            "             that has it. Whoever has it keeps it until his lease ends\n"
            "  unreserve  undoes that; reservations of the configuration are changed there\n"
            "  export     all leases as CSV\n"
            "  import     the leases of FILE are kept as if they had been given here: of an exported file, of ISC's\n"
            "             dhcpd.leases, or of Kea's CSV. What does not fit is refused, with its line\n"
            "\n"
            "Only root, and members of the group that the configuration names, may change something.\n",
    .run = lease,
};
