/*
 * Searching sorted arrays by a number that each element has.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The number by which an array is sorted, of one of its elements. */
typedef uint64_t sorted_number(const void *element);

/* The first of the elements, of `bytes` each, whose number is not below `number`; `count` if there is none. Each step
 * is a selection, for there is nothing to predict a branch by. */
static inline size_t sorted_find(const void *array, size_t count, size_t bytes, sorted_number *number_of,
                                 uint64_t number)
{
    size_t first = 0;

    while (count) {
        size_t half = (count + 1) / 2;
        first = number_of((const char *)array + (first + half - 1) * bytes) < number ? first + half : first;
        count -= half;
    }
    return first;
}
