/* SPDX-License-Identifier: Apache-2.0 */
#include "cascade.h"
#include "mve.h"

// The row, which may be above the image, where the window of output row `y` starts.
static inline int32_t window_top(const tdf_cascade_read *r, int32_t y) {
    return y * r->stride - r->padding_top;
}

// How many rows of each tensor shall be there at the end of a step, so that those of the output can be; and which is
// the first that is still read.
static inline void want_rows(const tdf_cascade *c, tdf_cascade_tensor *tensors) {
    for (const tdf_cascade_read *r = c->reads + c->read_count; r-- != c->reads;) {
        const tdf_cascade_tensor *output = &tensors[r->stage];
        tdf_cascade_tensor *t = &tensors[r->tensor];
        t->needed = tdf_min(t->needed, tdf_max(window_top(r, output->done), 0));
        if (output->wanted > output->done) {
            const int32_t end = tdf_min(window_top(r, output->wanted - 1) + r->reach, t->height);
            t->wanted = tdf_max(t->wanted, end);
        }
    }
}

TDF_COLD __attribute__((noinline)) static int8_t *row_of(const tdf_cascade_tensor *t, uint8_t *arena, int32_t y) {
    return (int8_t *)arena + t->offset + (y - t->first) * t->row_bytes;
}

// Where words can be loaded from any address, or from one that is known to be a multiple of 4.
#if TDF_HAS_DSP
#define WORDS(bytes) (bytes)
#else
#define WORDS(bytes) __builtin_assume_aligned(bytes, 4)
#endif

// Moves bytes towards the front; up to seven beyond `end` move with them.
static inline void move_bytes(int8_t *to, const int8_t *from, const int8_t *end) {
#if TDF_HAS_MVE
    tdf_copy_bytes(to, from, (uint32_t)(end - from));
#else
    if (TDF_HAS_DSP || ((uintptr_t)from & 3) == 0) {
        for (; from < end; from += 8, to += 8) {
            int32_t words[2];
            memcpy(&words[0], WORDS(from), sizeof words[0]);
            memcpy(&words[1], WORDS(from + 4), sizeof words[1]);
            memcpy(WORDS(to), words, sizeof words);
        }
    }
    while (from < end) {
        *to++ = *from++;
    }
#endif
}

// Moves the rows of a tensor that are still read to its buffer's start.
static inline void make_room(tdf_cascade_tensor *t, uint8_t *arena) {
    if (t->needed != t->first) {
        move_bytes(row_of(t, arena, t->first), row_of(t, arena, t->needed), row_of(t, arena, t->done));
        t->first = t->needed;
    }
}

TDF_COLD void tdf_run_cascade(const tdf_cascade *c, uint8_t *arena) {
    tdf_cascade_tensor tensors[TDF_CASCADE_TENSORS];
    memcpy(tensors, c->tensors, c->tensor_count * sizeof tensors[0]);
    tdf_cascade_tensor *last = &tensors[c->stage_count - 1];
    while (last->done < last->height) {
        last->wanted = tdf_min(last->done + c->stripe_rows, last->height);
        want_rows(c, tensors);
        const tdf_cascade_read *r = c->reads;
        for (uint32_t k = 0; k < c->stage_count; k++) {
            tdf_cascade_tensor *output = &tensors[k];
            if (output->wanted - output->first > output->rows) {
                make_room(output, arena);
            }
            tdf_stripe s;
            s.output_rows = (uint16_t)(output->wanted - output->done);
            s.output = row_of(output, arena, output->done);
            s.scratch = (int8_t *)arena + c->scratch;
            for (uint32_t n = 0; n < c->stages[k].read_count; n++, r++) {
                const tdf_cascade_tensor *input = &tensors[r->tensor];
                const int32_t top = window_top(r, output->done), start = tdf_max(top, 0);
                s.inputs[n] = row_of(input, arena, start);
                s.input_rows = (uint16_t)(input->done - start);
                s.padding_top = (int16_t)(start - top);
            }
            if (s.output_rows > 0) {
                c->stages[k].run(&s);
            }
            output->done = output->needed = output->wanted;
        }
    }
}
