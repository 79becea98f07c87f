/* SPDX-License-Identifier: Apache-2.0 */
#include "dot_rv32.h"

// Of four channels (0 to 3) and two pairs of pixels (a with b, c with d): totals and upper halves.
typedef struct {
    uint32_t total_ab0, upper_ab0, total_cd0, upper_cd0;
    uint32_t total_ab1, upper_ab1, total_cd1, upper_cd1;
    uint32_t total_ab2, upper_ab2, total_cd2, upper_cd2;
    uint32_t total_ab3, upper_ab3, total_cd3, upper_cd3;
} rv32_sums;

#define HALF 0x8000

#if TDF_HAS_RV32

// Two inputs of one pair of pixels, in `first` and `second`, times the weights in t4 and t5.
#define PAIR(first, second, pixels)                                                                                    \
    "mul t6, " first ", t4\n\t"                                                                                        \
    "mul a7, " second ", t5\n\t"                                                                                       \
    "add t6, t6, a7\n\t"                                                                                               \
    "add %[t" pixels "], %[t" pixels "], t6\n\t"                                                                       \
    "add t6, t6, %[half]\n\t"                                                                                          \
    "srai t6, t6, 16\n\t"                                                                                              \
    "add %[u" pixels "], %[u" pixels "], t6\n\t"

// The same for one channel; its weights lie at the offsets.
#define CHANNEL(first, second, channel)                                                                                \
    "lb t4, " first "(%[weights])\n\t"                                                                                 \
    "lb t5, " second "(%[weights])\n\t" PAIR("t0", "t2", "ab" channel) PAIR("t1", "t3", "cd" channel)

// Two inputs of four pixels times four channels.
#define STEP(w0, w1, w2, w3, w4, w5, w6, w7, c0, c1, c2, c3)                                                           \
    "lw t0, " c0 "(%[columns])\n\t"                                                                                    \
    "lw t1, " c1 "(%[columns])\n\t"                                                                                    \
    "lw t2, " c2 "(%[columns])\n\t"                                                                                    \
    "lw t3, " c3 "(%[columns])\n\t" CHANNEL(w0, w4, "0") CHANNEL(w1, w5, "1") CHANNEL(w2, w6, "2")                     \
        CHANNEL(w3, w7, "3")

// gcc 12 would keep some of the 16 sums in memory.
static inline void add_products(rv32_sums *s, const int32_t *columns, const int8_t *weights, const int8_t *end) {
    __asm__("li %[tab0], 0\n\tli %[uab0], 0\n\tli %[tcd0], 0\n\tli %[ucd0], 0\n\t"
            "li %[tab1], 0\n\tli %[uab1], 0\n\tli %[tcd1], 0\n\tli %[ucd1], 0\n\t"
            "li %[tab2], 0\n\tli %[uab2], 0\n\tli %[tcd2], 0\n\tli %[ucd2], 0\n\t"
            "li %[tab3], 0\n\tli %[uab3], 0\n\tli %[tcd3], 0\n\tli %[ucd3], 0\n"
            "1:\n\t" STEP("0", "1", "2", "3", "4", "5", "6", "7", "0", "4", "8", "12")
                STEP("8", "9", "10", "11", "12", "13", "14", "15", "16", "20", "24",
                     "28") "lw t0, %[end]\n\t"
                           "addi %[columns], %[columns], 32\n\t"
                           "addi %[weights], %[weights], 16\n\t"
                           "bne %[weights], t0, 1b\n\t"
            : [tab0] "=&r"(s->total_ab0), [uab0] "=&r"(s->upper_ab0), [tcd0] "=&r"(s->total_cd0),
              [ucd0] "=&r"(s->upper_cd0), [tab1] "=&r"(s->total_ab1), [uab1] "=&r"(s->upper_ab1),
              [tcd1] "=&r"(s->total_cd1), [ucd1] "=&r"(s->upper_cd1), [tab2] "=&r"(s->total_ab2),
              [uab2] "=&r"(s->upper_ab2), [tcd2] "=&r"(s->total_cd2), [ucd2] "=&r"(s->upper_cd2),
              [tab3] "=&r"(s->total_ab3), [uab3] "=&r"(s->upper_ab3), [tcd3] "=&r"(s->total_cd3),
              [ucd3] "=&r"(s->upper_cd3), [columns] "+r"(columns), [weights] "+r"(weights)
            : [half] "r"(HALF), [end] "m"(end)
            : "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a7", "memory");
}

#else

// Two inputs of one pair of pixels times one channel.
static inline void add_pair(uint32_t *total, uint32_t *upper, int32_t first, int32_t second, int32_t w0, int32_t w1) {
    const int32_t sum = first * w0 + second * w1;
    *total += (uint32_t)sum;
    *upper += (uint32_t)((sum + HALF) >> 16);
}

static inline void add_products(rv32_sums *s, const int32_t *columns, const int8_t *weights, const int8_t *end) {
    *s = (rv32_sums){0};
    for (const int32_t *x = columns; weights != end; x += 4, weights += 2 * TDF_RV32_CHANNELS) {
        add_pair(&s->total_ab0, &s->upper_ab0, x[0], x[2], weights[0], weights[4]);
        add_pair(&s->total_cd0, &s->upper_cd0, x[1], x[3], weights[0], weights[4]);
        add_pair(&s->total_ab1, &s->upper_ab1, x[0], x[2], weights[1], weights[5]);
        add_pair(&s->total_cd1, &s->upper_cd1, x[1], x[3], weights[1], weights[5]);
        add_pair(&s->total_ab2, &s->upper_ab2, x[0], x[2], weights[2], weights[6]);
        add_pair(&s->total_cd2, &s->upper_cd2, x[1], x[3], weights[2], weights[6]);
        add_pair(&s->total_ab3, &s->upper_ab3, x[0], x[2], weights[3], weights[7]);
        add_pair(&s->total_cd3, &s->upper_cd3, x[1], x[3], weights[3], weights[7]);
    }
}

#endif

// What a block's outputs need, in registers: stores of bytes could change anything in memory, for all the compiler
// knows.
typedef struct {
    int8_t *a, *b, *c, *d; // where the outputs of the four pixels go
    int32_t low, high;
} rv32_block;

// One output; how it is scaled is known when this is compiled.
static inline int8_t output_of(const rv32_block *block, int32_t sum, const tdf_scaling *s, uint32_t rounding) {
    return tdf_clamp(tdf_scale_by_rv32(sum, s, rounding), block->low, block->high);
}

// One channel of four pixels.
static inline void store(const rv32_block *to, uint32_t at, const tdf_rv32_channel *q, uint32_t total_ab, uint32_t b,
                         uint32_t total_cd, uint32_t d, uint32_t rounding) {
    const tdf_scaling s = q->scaling;
    const uint32_t bias = (uint32_t)q->bias;
    to->a[at] = output_of(to, (int32_t)(total_ab - (b << 16) + bias), &s, rounding);
    to->b[at] = output_of(to, (int32_t)(b + bias), &s, rounding);
    to->c[at] = output_of(to, (int32_t)(total_cd - (d << 16) + bias), &s, rounding);
    to->d[at] = output_of(to, (int32_t)(d + bias), &s, rounding);
}

// The first `count` of four channels.
static inline void store_channels(const rv32_block *to, uint32_t count, const tdf_rv32_channel *q, const rv32_sums *s,
                                  uint32_t rounding) {
    store(to, 0, q, s->total_ab0, s->upper_ab0, s->total_cd0, s->upper_cd0, rounding);
    if (count > 1) {
        store(to, 1, q + 1, s->total_ab1, s->upper_ab1, s->total_cd1, s->upper_cd1, rounding);
    }
    if (count > 2) {
        store(to, 2, q + 2, s->total_ab2, s->upper_ab2, s->total_cd2, s->upper_cd2, rounding);
    }
    if (count > 3) {
        store(to, 3, q + 3, s->total_ab3, s->upper_ab3, s->total_cd3, s->upper_cd3, rounding);
    }
}

// Seldom wanted: out of the way of the registers.
static TDF_HOT __attribute__((noinline)) void store_any(const rv32_block *to, uint32_t count, const tdf_rv32_channel *q,
                                                        const rv32_sums *s) {
    store_channels(to, count, q, s, TDF_SCALING_ANY);
}

TDF_HOT void tdf_dot_rv32(const tdf_dot_rv32_parameters *p, const int32_t *columns, int8_t *const *outputs) {
    const tdf_rv32_channel *q = p->channels;
    const int8_t *weights = p->weights;
    for (uint32_t at = 0; at < p->output_channels; at += TDF_RV32_CHANNELS, q += TDF_RV32_CHANNELS) {
        const int8_t *end = weights + TDF_RV32_CHANNELS * p->inputs;
        rv32_sums s;
        add_products(&s, columns, weights, end);
        const rv32_block to = {outputs[0] + at, outputs[1] + at, outputs[2] + at, outputs[3] + at, p->low, p->high};
        const uint32_t left = p->output_channels - at;
        if (p->rounding == TDF_SCALING_RECTIFIED) {
            store_channels(&to, left, q, &s, TDF_SCALING_RECTIFIED);
        } else if (p->rounding == TDF_SCALING_SIGNED) {
            store_channels(&to, left, q, &s, TDF_SCALING_SIGNED);
        } else {
            const rv32_sums copy = s;
            const rv32_block block = to;
            store_any(&block, left, q, &copy);
        }
        weights = end;
    }
}
