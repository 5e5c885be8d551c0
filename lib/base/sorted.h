/*
 * Searching sorted arrays by a number that each element has.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The number by which an array is sorted, of one of its elements. */
typedef uint64_t sorted_number(const void *element);

/* The first of the elements, of `bytes` each, whose number is not below `number`; `count` if there is none. */
static inline size_t sorted_find(const void *array, size_t count, size_t bytes, sorted_number *number_of,
                                 uint64_t number)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (number_of((const char *)array + middle * bytes) < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
