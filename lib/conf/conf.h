/*
 * The configuration: what a text means, checked as a whole.
 *
 *     hostname = "edge-1"
 *     interface "lan0" { address = "10.0.1.1/24"  door = "auto" }
 *     route "0.0.0.0/0" { via = "203.0.113.1" }
 *
 * docs/configuration.md describes all of it. A struct conf does not change; pointers in it are valid until conf_free().
 */
#pragma once

#include "conf/errors.h"
#include "dhcp/option.h"
#include "dhcp/subnet.h"
#include "net/eth.h"
#include "net/ipv4_prefix.h"
#include "net/match.h"
#include "queue/settings.h"
#include "sched/atm.h"
#include "sched/capacity.h"
#include "sched/intserv.h"
#include "sched/link.h"

#include <stdbool.h>
#include <stdio.h>

#define CONF_DEFAULT_PATH          "/etc/fairlead/fairlead.conf"
#define CONF_NAME_SIZE             16  /* an interface's name and its zero byte */
#define CONF_HOSTNAME_SIZE         254 /* RFC 1035 2.3.4: 253 octets */
#define CONF_GROUP_SIZE            33  /* a group's name of the system */
#define CONF_INTERFACES_MAX        255
#define CONF_ADDRESSES_MAX         256 /* of one interface */
#define CONF_ROUTES_MAX            1000000
#define CONF_SESSIONS_MAX          4096
#define CONF_SUBNETS_MAX           65536 /* behind relays */
#define CONF_SERVERS_MAX           16    /* of a relay */
#define CONF_HOSTS_MAX             65536
#define CONF_RELAY_IDS_MAX         235 /* bytes of circuit-id and remote-id */
#define CONF_TRAFFIC_NAME_SIZE     16  /* a class's name and its zero byte */
#define CONF_TRAFFIC_CLASSES       8   /* of an interface, with the default one */
#define CONF_PRIORITY              4   /* of a class that says none */
#define CONF_PRIORITY_MAX          7
#define CONF_WEIGHT_MAX            100
#define CONF_CONTRACTS_MAX         16384
#define CONF_CONTRACT_NAME_SIZE    32         /* a contract's name and its zero byte */
#define CONF_MATCHES_MAX           64         /* of a contract */
#define CONF_BURST_MAX             4000000000 /* bytes */
#define CONF_LEASE_MIN             4          /* seconds: shorter ones leave no time to renew them */
#define CONF_REFLECTOR_FROM_MAX    256
#define CONF_REFLECTOR_RATE        1000 /* answers a second, if nothing is said */
#define CONF_REFLECTOR_RATE_MAX    10000
#define CONF_PROBES_MAX            256
#define CONF_PROBE_NAME_SIZE       32 /* a probe's name and its zero byte */
#define CONF_PROBE_INTERVAL_MIN_NS 10000000
#define CONF_PROBE_INTERVAL_MAX_NS 3600000000000
#define CONF_PROBE_SIZE_MAX        8972 /* bytes: what fits into a packet of 9,000 */
#define CONF_PREFERENCE_MIN        2    /* 0: the system's own addresses, 1: its attached subnets */
#define CONF_PREFERENCE_MAX        254

enum conf_door { CONF_DOOR_AUTO, CONF_DOOR_XDP, CONF_DOOR_TC, CONF_DOOR_COUNT };

struct conf_address {
    struct ipv4_prefix prefix; /* with host bits: the interface's address and its subnet */
    unsigned line;
};

struct conf_range {
    uint32_t first, last; /* host order; first <= last */
    bool is_prefix;       /* it was written as one: its first and last address are no hosts' */
    const char **classes; /* names of those whose clients alone get it */
    size_t class_count;   /* 0: everybody does */
    uint64_t class_bits;  /* the same: bit i for classes[i] of the configuration */
    unsigned line;
};

/* An option for DHCP clients. */
struct conf_option {
    const char *key; /* as it is called: "routers", "option-224:text", "option-43.6:uint8" */
    uint8_t code;
    uint8_t sub; /* of an option that consists of options: which of them; 0: the option itself */
    enum dhcp_type type;
    const uint8_t *bytes; /* as on the wire */
    size_t len;
    const char **texts; /* as it was written; none: it is not to be sent, whatever blocks around this one say */
    size_t text_count;
    bool inherited; /* of a block around this one */
    unsigned line;
};

/* An option that is sent even if it is not asked for. */
struct conf_always {
    const char *key;
    uint8_t code;
};

/* What clients are told, and for how long they get their addresses. What stands in a block around this one is in it
 * too. */
struct conf_scope {
    uint32_t lease_s, lease_min_s, lease_max_s; /* UINT32_MAX: for ever; all 0: not said (a class, a reservation) */
    uint32_t next_server;                       /* 0: not said */
    struct conf_option *options;
    size_t option_count;
    struct conf_always *always;
    size_t always_count;
    unsigned line;
};

/* A contract that a class names. */
struct conf_named_contract {
    const char *name;
    unsigned line;
};

/* Clients of a kind; dhcp/subnet.h says what the lists are. */
struct conf_class {
    struct conf_scope scope;
    const char *name;
    struct conf_named_contract *contracts; /* their packets are those of the addresses of its pools */
    size_t contract_count;
    struct dhcp_pattern *vendors, *users, *macs;
    size_t vendor_count, user_count, mac_count;
    uint16_t *systems;
    size_t system_count;
};

struct conf_reservation {
    struct conf_scope scope;
    const char *name;
    uint32_t addr; /* 0: none */
    struct dhcp_pattern keys[DHCP_HOST_KEY_COUNT];
};

/* What is served at an interface, in a subnet, or in general: then it holds for all of these. */
struct conf_dhcp {
    struct conf_scope scope;
    bool authoritative, bootp, by_mac, probe, rapid, trusted;
    bool others;                   /* other servers on the link are meant to be there */
    uint32_t per_circuit, per_mac; /* addresses at most; 0: any number */
    struct conf_range *ranges;
    size_t range_count;
    struct conf_reservation *reservations;
    size_t reservation_count;
    struct conf_dhcp *subnets; /* at an interface: those of its subnets that differ; in general: those behind relays */
    size_t subnet_count;
    struct ipv4_prefix prefix;    /* of a subnet */
    char network[CONF_NAME_SIZE]; /* of one behind relays: those of the same name share a link; empty: with none */
};

/* What holds for DHCP as a whole. */
struct conf_dhcp_general {
    struct conf_dhcp all;
    struct conf_class *classes;
    size_t class_count;
    struct ipv4_prefix *relays; /* who may be one; none: everybody who has no lease of a pool's address */
    size_t relay_count;
    uint32_t offer_s;      /* how long an offer is held */
    uint32_t quarantine_s; /* how long an address is kept from others that a client found in use */
    uint32_t history_s;    /* how long the history goes back; UINT32_MAX: for ever */
};

/* What DHCP clients at an interface ask is passed on to servers elsewhere. */
struct conf_relay {
    uint32_t *servers;
    size_t server_count;
    uint32_t giaddr; /* 0: the interface's first address */
    bool option_82;  /* it is added */
    bool trusted;    /* others may have added it */
    bool server_override;
    uint8_t hops;                              /* relays that a request may have passed */
    struct dhcp_pattern circuit_id, remote_id; /* bytes NULL: the interface's name; none */
    unsigned line;
};

/* Test packets of delay measurement that come in at an interface are answered (twamp/reflector.h). */
struct conf_reflector {
    struct ipv4_prefix *from; /* those of whom */
    size_t from_count;
    uint32_t rate; /* answers a second at most */
    uint16_t port; /* UDP, to which they come */
    unsigned line;
};

/* Test packets are sent to a reflector (twamp/session.h). */
struct conf_probe {
    char name[CONF_PROBE_NAME_SIZE];
    uint32_t to;
    int64_t interval_ns; /* from one packet to the next */
    uint16_t port;       /* UDP, of the reflector */
    uint16_t size;       /* bytes of UDP's data */
    uint8_t dscp;
    unsigned line;
};

/* A host at an interface that is known without having asked. */
struct conf_host {
    uint32_t addr;
    uint8_t mac[ETH_ADDR_SIZE];
    unsigned line;
};

/* Of a shaped interface: what waits by itself, and how that shares the interface's rate with the others. */
struct conf_traffic_class {
    const char *name;
    uint64_t dscps;    /* bit i: packets of DSCP i are in it; of the default class none: it has what no other has */
    uint32_t priority; /* 0 goes first; below it only what those above leave */
    uint32_t weight;   /* its share, by bytes, among those of the same priority */
    uint64_t rate;     /* bytes a second that it gets at most; 0: all there are */
    struct queue_settings queue;
    unsigned line, queue_line; /* 0: not said */
    bool adaptive_said;
};

/* How fast what leaves an interface may, and where it waits for that. */
struct conf_shape {
    uint64_t rate; /* bytes a second, on the link; 0: as fast as it can, and nothing waits here */
    unsigned link; /* number of a kind (sched/link.h) */
    struct conf_traffic_class classes[CONF_TRAFFIC_CLASSES]; /* the first: default, with the queue of the interface */
    unsigned class_count;
    unsigned line; /* of rate; 0: not said */
};

struct conf_interface {
    char name[CONF_NAME_SIZE];
    struct conf_shape shape;
    enum conf_door door;
    struct conf_dhcp *dhcp;           /* NULL: none is served there */
    struct conf_relay *relay;         /* NULL: none is relayed there */
    struct conf_reflector *reflector; /* NULL: none is there */
    struct conf_address *addresses;   /* none: those that the system gave it */
    size_t address_count;
    bool source_guard;       /* only hosts that are known may speak there */
    bool bypass_firewall;    /* the kernel's rules are of no matter to what is forwarded from there; */
    bool bypass_named;       /* as was said of this interface itself */
    struct conf_host *hosts; /* that have their addresses without DHCP */
    size_t host_count;
    unsigned line;
};

enum conf_route_type {
    CONF_ROUTE_UNICAST,
    CONF_ROUTE_BLACKHOLE,
    CONF_ROUTE_UNREACHABLE,
    CONF_ROUTE_PROHIBIT,
    CONF_ROUTE_TYPE_COUNT
};

struct conf_route {
    struct ipv4_prefix prefix;
    enum conf_route_type type;
    uint32_t via;                   /* host order; 0 for none */
    char interface[CONF_NAME_SIZE]; /* empty for none */
    uint32_t metric;                /* among static routes of the same preference the lowest is best */
    uint8_t preference;             /* among sources the lowest is best */
    unsigned line;
};

/* In whose words a contract is written. */
enum conf_words { CONF_WORDS_OWN, CONF_WORDS_ATM, CONF_WORDS_INTSERV };

/* What leaves an interface with a guarantee. */
struct conf_contract {
    char name[CONF_CONTRACT_NAME_SIZE];
    char out[CONF_NAME_SIZE]; /* the interface */
    struct match *matches;    /* its packets are those of any of these */
    size_t match_count;
    bool match_said, of_classes;
    struct match *said; /* of_classes: what is written; what it means follows from the pools of the classes */
    size_t said_count;
    struct contract terms; /* as they are written; conf_contract_on_link() makes them whole. Packets are IP packets
                              here, and what is not said is 0; wait_ns -1 */
    bool excess_said, atm_said;
    bool damaged; /* words that could not be read: no such contract is in a configuration */
    enum conf_words words;
    struct atm atm; /* of CONF_WORDS_ATM */
    struct tspec tspec;
    struct rspec rspec; /* of CONF_WORDS_INTSERV; R 0: not said */
    unsigned line;      /* 0: it was added by hand */
};

/* What is taken from the address plan by itself. */
struct conf_plan {
    bool discard; /* routes that discard, for what is announced (conf/planned.h) */
};

#define CONF_DEAD_MAN_MIN 2 /* s; the engine says every second that it is there */
#define CONF_DEAD_MAN_MAX 86400

struct conf_management {
    unsigned sessions;           /* at once */
    char group[CONF_GROUP_SIZE]; /* whose members may change things too; empty for none */
};

struct conf {
    char hostname[CONF_HOSTNAME_SIZE]; /* empty: the system's */
    uint32_t dead_man_s;               /* how long doors go on when the engine is not heard of */
    bool bypass_firewall;              /* at interfaces that do not say themselves */
    uint8_t static_preference, kernel_preference;
    struct conf_management management;
    struct conf_plan plan;
    struct conf_dhcp_general dhcp;
    struct conf_interface *interfaces;
    size_t interface_count;
    struct conf_route *routes;
    size_t route_count;
    struct conf_probe *probes;
    size_t probe_count;
    struct conf_contract *contracts;
    size_t contract_count;
    struct conf_memory *memory; /* behind all pointers above */
};

/* 0; -EINVAL with everything that is wrong in errors; -ENOMEM. The caller owns *conf. */
int conf_parse(const char *text, size_t len, struct conf **conf, struct conf_errors *errors);
/* The same together with contracts that were added by hand, only to see whether all of it is right. */
int conf_check_with(const char *text, size_t len, const char *by_hand, size_t by_hand_len, struct conf_errors *errors);
/* Only contracts, each looked at by itself; they are as added by hand. 0; -EINVAL with errors, by their lines; -ENOMEM.
 */
int conf_parse_contracts(const char *text, size_t len, struct conf **conf, struct conf_errors *errors);
/* The whole of a file that was found right before. 0; -errno. */
int conf_parse_file(int fd, struct conf **conf);
struct conf *conf_free(struct conf *conf); /* takes NULL, returns NULL */

/* The whole file, which the caller frees. 0; -errno, -EFBIG if it is longer than a configuration may be. */
int conf_read(const char *path, char **text, size_t *len);

/* Read and parse a file; what is wrong goes to the stream, a line each, behind "PROGRAM: PATH:" or "PATH:LINE:". NULL.
 */
struct conf *conf_load(const char *program, const char *path, FILE *stream);

/* Whether it can be the name of a setting; a string that reads as this text: for whoever writes a configuration. */
bool conf_is_key(const char *text);
void conf_print_text(const char *text, FILE *stream);

/* With all defaults written out; what is printed parses again, to the same. */
void conf_print(const struct conf *conf, FILE *stream);

/* The interface of that name; NULL if there is none. */
const struct conf_interface *conf_find_interface(const struct conf *conf, const char *name);

/* The same for a program that looks at its queues: one without a rate has none. What is wrong goes to the stream, as of
 * conf_load(). */
const struct conf_interface *conf_find_shaped(const struct conf *conf, const char *name, const char *program,
                                              const char *path, FILE *stream);

/* The interface that has an address, as far as is said here; NULL if there is none. */
const struct conf_interface *conf_find_owner(const struct conf *conf, uint32_t addr);

/* Whether an address is in a subnet of the interface. True if none are said here: then it has those that the system
 * gave it. */
bool conf_interface_may_reach(const struct conf_interface *interface, uint32_t addr);

/* How many bytes a second a class gets at most. */
uint64_t conf_traffic_class_rate(const struct conf_shape *shape, const struct conf_traffic_class *class);

/* Whether what leaves is treated alike. False: perhaps not (there is no memory to compare them). */
bool conf_shape_equal(const struct conf_shape *a, const struct conf_shape *b);

/* Whether it has a queue that sizes itself by what is measured. */
bool conf_shape_measures(const struct conf_shape *shape);

/* The terms of a contract in bytes on a link of a kind, with all that is not said. */
struct contract conf_contract_on_link(const struct conf_contract *contract, unsigned link);

/* Whether it promises a delay: of some categories of ATM, and of a TSpec alone, only the rate is. */
bool conf_contract_has_delay(const struct conf_contract *contract);

/* The same in ATM's and in IntServ's words, on a link of a kind; "": there are none for it. */
struct conf_contract_words {
    char atm[ATM_TEXT_SIZE], tspec[TSPEC_TEXT_SIZE], rspec[RSPEC_TEXT_SIZE];
};
void conf_contract_words(const struct conf_contract *contract, unsigned link, struct conf_contract_words *words);

/* What is wrong with one contract, by itself and with a configuration's interfaces; whether two at one interface mean
 * the same packets, which is listed. */
void conf_check_contract(const struct conf *conf, const struct conf_contract *contract, struct conf_errors *errors);
bool conf_contracts_overlap(const struct conf_contract *contract, const struct conf_contract *other,
                            struct conf_errors *errors);

/* What a shaped interface has for contracts, with packets of at most mtu bytes; if it begins with some. */
struct capacity conf_shape_capacity(const struct conf_shape *shape, uint32_t mtu, bool contracts);

/* Whether there are contracts at an interface. */
bool conf_has_contracts(const struct conf *conf, const char *out);

/* Whether they say the same. False: perhaps not (there is no memory to compare them). */
bool conf_contract_equal(const struct conf_contract *a, const struct conf_contract *b);

/* Whether its terms make sense on a port; if not, what is wrong with them. */
bool conf_contract_sound(const struct conf_contract *contract, const struct contract *terms,
                         const struct capacity *capacity, char text[static CONF_ERROR_TEXT_SIZE]);

/* Why one is refused, and what would be admitted; `other`: the contract that it would break. */
void conf_contract_refused(const struct conf_contract *contract, const struct admission_refusal *refusal,
                           const char *other, const struct admission_offer *offer,
                           char text[static CONF_ERROR_TEXT_SIZE]);

/* As it is read. */
void conf_print_contract(const struct conf_contract *contract, FILE *stream);

/* Whether DHCP clients are served, or relayed, at an interface; anywhere. Whether they are relayed anywhere. */
bool conf_interface_has_clients(const struct conf_interface *interface);
bool conf_has_clients(const struct conf *conf);
bool conf_has_relays(const struct conf *conf);

/* Whether delays are measured: there is a probe, or a reflector. */
bool conf_has_measurements(const struct conf *conf);

/* "auto", "xdp", "tc"; "unicast", "blackhole", "unreachable", "prohibit". Static storage. */
const char *conf_door_name(enum conf_door door);
const char *conf_route_type_name(enum conf_route_type type);
