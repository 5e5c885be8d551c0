#include "port/offload.h"

#include "port/ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FEATURES_MAX 256
#define BLOCKS_MAX   (FEATURES_MAX / 32)

/* What there is at an interface, a bit for each feature, as the kernel gives and takes them. */
struct features {
    uint32_t count;
    struct ethtool_gstrings *names;
    struct ethtool_gfeatures *is;
    struct ethtool_sfeatures *wanted;
};

static void free_features(struct features *features)
{
    free(features->names);
    free(features->is);
    free(features->wanted);
}

static int allocate(struct features *features)
{
    features->names = calloc(1, sizeof(*features->names) + (size_t)FEATURES_MAX * ETH_GSTRING_LEN);
    features->is = calloc(1, sizeof(*features->is) + BLOCKS_MAX * sizeof(features->is->features[0]));
    features->wanted = calloc(1, sizeof(*features->wanted) + BLOCKS_MAX * sizeof(features->wanted->features[0]));
    return features->names && features->is && features->wanted ? 0 : -ENOMEM;
}

static int read_features(const char *interface, struct features *features)
{
    struct {
        struct ethtool_sset_info info;
        uint32_t count;
    } set = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = UINT64_C(1) << ETH_SS_FEATURES}};

    *features = (struct features){0};
    int error = allocate(features);
    if (!error)
        error = ethtool(interface, &set);
    if (!error && set.count > FEATURES_MAX)
        error = -E2BIG;
    if (error)
        return error;
    features->count = set.count;
    *features->names =
        (struct ethtool_gstrings){.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = set.count};
    *features->is = (struct ethtool_gfeatures){.cmd = ETHTOOL_GFEATURES, .size = BLOCKS_MAX};
    *features->wanted = (struct ethtool_sfeatures){.cmd = ETHTOOL_SFEATURES, .size = (set.count + 31) / 32};
    error = ethtool(interface, features->names);
    return error ? error : ethtool(interface, features->is);
}

static const char *name_of(const struct features *features, uint32_t number)
{
    return (const char *)features->names->data + (size_t)number * ETH_GSTRING_LEN;
}

static bool is_on(const struct features *features, uint32_t number)
{
    return features->is->features[number / 32].active & 1u << number % 32;
}

static bool can_be_changed(const struct features *features, uint32_t number)
{
    const struct ethtool_get_features_block *is = &features->is->features[number / 32];

    return is->available & ~is->never_changed & 1u << number % 32;
}

/* The number of a feature; -EOPNOTSUPP. */
static int find(const struct features *features, const char *name)
{
    for (uint32_t i = 0; i < features->count; i++)
        if (strncmp(name_of(features, i), name, ETH_GSTRING_LEN) == 0)
            return (int)i;
    return -EOPNOTSUPP;
}

static void want(struct features *features, uint32_t number, bool on)
{
    struct ethtool_set_features_block *wanted = &features->wanted->features[number / 32];
    uint32_t bit = 1u << number % 32;

    wanted->valid |= bit;
    wanted->requested |= on ? bit : 0;
}

int offload_get(const char *interface, const char *feature)
{
    struct features features;
    int result = read_features(interface, &features);

    if (!result)
        result = find(&features, feature);
    if (result >= 0)
        result = is_on(&features, (uint32_t)result);
    free_features(&features);
    return result;
}

int offload_set(const char *interface, const char *feature, bool on)
{
    struct features features;
    int error = read_features(interface, &features);
    int number = error ? error : find(&features, feature);

    if (!error && number < 0)
        error = number;
    if (!error && is_on(&features, (uint32_t)number) != on) {
        want(&features, (uint32_t)number, on);
        error = can_be_changed(&features, (uint32_t)number) ? ethtool(interface, features.wanted) : -EPERM;
    }
    if (error > 0) /* ETHTOOL_F_...: something else has come of it */
        error = -EPERM;
    free_features(&features);
    return error;
}

int offload_end_sending(const char *interface)
{
    struct features features;
    int error = read_features(interface, &features);

    for (uint32_t i = 0; !error && i < features.count; i++)
        if (strncmp(name_of(&features, i), "tx-", 3) == 0 && can_be_changed(&features, i))
            want(&features, i, false);
    if (!error)
        error = ethtool(interface, features.wanted);
    free_features(&features);
    return error < 0 ? error : 0;
}
