#include "dot_rv32.h"

// Sums of four channels (0 to 3) of four pixels (a to d).
typedef struct {
    int32_t a0, b0, c0, d0, a1, b1, c1, d1, a2, b2, c2, d2, a3, b3, c3, d3;
} rv32_sums;

#if defined(__riscv) && __riscv_xlen == 32

// One input of each pixel times one channel.
#define PRODUCTS(offset, channel)                                                                                      \
    "lb t4, " offset "(%[weights])\n\t"                                                                                \
    "mul t5, t0, t4\n\t"                                                                                               \
    "add %[a" channel "], %[a" channel "], t5\n\t"                                                                     \
    "mul t5, t1, t4\n\t"                                                                                               \
    "add %[b" channel "], %[b" channel "], t5\n\t"                                                                     \
    "mul t5, t2, t4\n\t"                                                                                               \
    "add %[c" channel "], %[c" channel "], t5\n\t"                                                                     \
    "mul t5, t3, t4\n\t"                                                                                               \
    "add %[d" channel "], %[d" channel "], t5\n\t"

// The same for four channels; the offsets are those of four neighbouring bytes.
#define STEP(o0, o1, o2, o3)                                                                                           \
    "lb t0, " o0 "(%[columns])\n\t"                                                                                    \
    "lb t1, " o1 "(%[columns])\n\t"                                                                                    \
    "lb t2, " o2 "(%[columns])\n\t"                                                                                    \
    "lb t3, " o3 "(%[columns])\n\t" PRODUCTS(o0, "0") PRODUCTS(o1, "1") PRODUCTS(o2, "2") PRODUCTS(o3, "3")

#define BIAS(offset, channel)                                                                                          \
    "lw %[a" channel "], " offset "(%[q])\n\t"                                                                         \
    "mv %[b" channel "], %[a" channel "]\n\t"                                                                          \
    "mv %[c" channel "], %[a" channel "]\n\t"                                                                          \
    "mv %[d" channel "], %[a" channel "]\n\t"

// gcc 12 would keep some of the 16 sums in memory.
static inline rv32_sums dot(const int8_t *columns, const int8_t *weights, const int8_t *end, const rv32_channel *q) {
    _Static_assert(sizeof *q == 16 && offsetof(rv32_channel, bias) == 0, "as the offsets of BIAS say");
    rv32_sums s;
    __asm__(BIAS("0", "0") BIAS("16", "1") BIAS("32", "2") BIAS("48", "3") "1:\n\t" STEP("0", "1", "2", "3")
                STEP("4", "5", "6", "7") STEP("8", "9", "10", "11")
                    STEP("12", "13", "14", "15") "addi %[columns], %[columns], 16\n\t"
                                                 "addi %[weights], %[weights], 16\n\t"
                                                 "bne %[weights], %[end], 1b\n\t"
            : [a0] "=&r"(s.a0), [b0] "=&r"(s.b0), [c0] "=&r"(s.c0), [d0] "=&r"(s.d0), [a1] "=&r"(s.a1),
              [b1] "=&r"(s.b1), [c1] "=&r"(s.c1), [d1] "=&r"(s.d1), [a2] "=&r"(s.a2), [b2] "=&r"(s.b2),
              [c2] "=&r"(s.c2), [d2] "=&r"(s.d2), [a3] "=&r"(s.a3), [b3] "=&r"(s.b3), [c3] "=&r"(s.c3),
              [d3] "=&r"(s.d3), [columns] "+r"(columns), [weights] "+r"(weights)
            : [end] "r"(end), [q] "r"(q)
            : "t0", "t1", "t2", "t3", "t4", "t5", "memory");
    return s;
}

#else

static inline rv32_sums dot(const int8_t *columns, const int8_t *weights, const int8_t *end, const rv32_channel *q) {
    rv32_sums s = {
        q[0].bias, q[0].bias, q[0].bias, q[0].bias, q[1].bias, q[1].bias, q[1].bias, q[1].bias,
        q[2].bias, q[2].bias, q[2].bias, q[2].bias, q[3].bias, q[3].bias, q[3].bias, q[3].bias,
    };
    for (; weights != end; columns += RV32_PIXELS, weights += RV32_CHANNELS) {
        const int32_t a = columns[0], b = columns[1], c = columns[2], d = columns[3];
        const int32_t w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3];
        s = (rv32_sums){
            s.a0 + a * w0, s.b0 + b * w0, s.c0 + c * w0, s.d0 + d * w0, s.a1 + a * w1, s.b1 + b * w1,
            s.c1 + c * w1, s.d1 + d * w1, s.a2 + a * w2, s.b2 + b * w2, s.c2 + c * w2, s.d2 + d * w2,
            s.a3 + a * w3, s.b3 + b * w3, s.c3 + c * w3, s.d3 + d * w3,
        };
    }
    return s;
}

#endif

// What a block's outputs need, in registers: stores of bytes could change anything in memory, for all the compiler
// knows.
typedef struct {
    int8_t *a, *b, *c, *d; // where the outputs of the four pixels go
    int32_t low, high;
} rv32_block;

// One output; how it is scaled is known when this is compiled.
static inline int8_t output_of(const rv32_block *block, int32_t sum, const scaling *s, bool any) {
    return clamp(any ? scale_any(sum, s) : scale_rv32(sum, s), block->low, block->high);
}

// One channel of four pixels.
static inline void store(const rv32_block *to, uint32_t at, const rv32_channel *q, int32_t a, int32_t b, int32_t c,
                         int32_t d, bool any) {
    const scaling s = q->scaling;
    to->a[at] = output_of(to, a, &s, any);
    to->b[at] = output_of(to, b, &s, any);
    to->c[at] = output_of(to, c, &s, any);
    to->d[at] = output_of(to, d, &s, any);
}

// The first `count` of four channels.
static inline void store_channels(const rv32_block *to, uint32_t count, const rv32_channel *q, const rv32_sums *s,
                                  bool any) {
    store(to, 0, q, s->a0, s->b0, s->c0, s->d0, any);
    if (count > 1) {
        store(to, 1, q + 1, s->a1, s->b1, s->c1, s->d1, any);
    }
    if (count > 2) {
        store(to, 2, q + 2, s->a2, s->b2, s->c2, s->d2, any);
    }
    if (count > 3) {
        store(to, 3, q + 3, s->a3, s->b3, s->c3, s->d3, any);
    }
}

// Seldom wanted: out of the way of the registers.
static __attribute__((noinline)) void store_any(const rv32_block *to, uint32_t count, const rv32_channel *q,
                                                const rv32_sums *s) {
    store_channels(to, count, q, s, true);
}

TINYDF_HOT void dot_rv32(const dot_rv32_parameters *p, const int8_t *columns, int8_t *const *outputs) {
    const rv32_channel *q = p->channels;
    const int8_t *weights = p->weights;
    for (uint32_t at = 0; at < p->output_channels; at += RV32_CHANNELS, q += RV32_CHANNELS) {
        const int8_t *end = weights + RV32_CHANNELS * p->inputs;
        const rv32_sums s = dot(columns, weights, end, q);
        const rv32_block to = {outputs[0] + at, outputs[1] + at, outputs[2] + at, outputs[3] + at, p->low, p->high};
        if (p->any) {
            const rv32_sums copy = s;
            const rv32_block block = to;
            store_any(&block, p->output_channels - at, q, &copy);
        } else {
            store_channels(&to, p->output_channels - at, q, &s, false);
        }
        weights = end;
    }
}
