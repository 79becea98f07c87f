/* SPDX-License-Identifier: Apache-2.0 */
// One channel at a time: a batch of its rows is copied, with their padding, so that neighbours lie side by side and the
// nine weights stay in registers; then two outputs at a time. The output may lie upon the input: a row is written when
// all rows that it is made of have been copied.
#include "dot_rv32.h"
#include "window.h"

#if TDF_HAS_RV32

// Three products of one row of the window for each of two outputs. Of its inputs, the second output begins with the
// second or the third (stride 1 or 2); `more` loads those that the first does not read.
#define ROW(r, w0, w1, w2, x0, x1, x2, more)                                                                           \
    "lb t0, 0(%[" r "])\n\t"                                                                                           \
    "lb t1, 1(%[" r "])\n\t"                                                                                           \
    "lb t2, 2(%[" r "])\n\t"                                                                                           \
    "mul t4, t0, %[" w0 "]\n\t"                                                                                        \
    "add t5, t5, t4\n\t"                                                                                               \
    "mul t4, t1, %[" w1 "]\n\t"                                                                                        \
    "add t5, t5, t4\n\t"                                                                                               \
    "mul t4, t2, %[" w2 "]\n\t"                                                                                        \
    "add t5, t5, t4\n\t" more "mul t4, " x0 ", %[" w0 "]\n\t"                                                          \
    "add t6, t6, t4\n\t"                                                                                               \
    "mul t4, " x1 ", %[" w1 "]\n\t"                                                                                    \
    "add t6, t6, t4\n\t"                                                                                               \
    "mul t4, " x2 ", %[" w2 "]\n\t"                                                                                    \
    "add t6, t6, t4\n\t"
#define ROW_1(r, w0, w1, w2) ROW(r, w0, w1, w2, "t1", "t2", "t3", "lb t3, 3(%[" r "])\n\t")
#define ROW_2(r, w0, w1, w2) ROW(r, w0, w1, w2, "t2", "t3", "t0", "lb t3, 3(%[" r "])\n\tlb t0, 4(%[" r "])\n\t")

// tdf_scale_rv32 or, without `SIGN`, tdf_scale_rectified_rv32, held to int8's range, and the store.
#define SIGNED(sum)                                                                                                    \
    "srai t2, " sum ", 31\n\t"                                                                                         \
    "add t1, t1, t2\n\t"
#define RECTIFIED(sum)
#define OUTPUT(sum, SIGN)                                                                                              \
    "mul t0, " sum ", %[multiplier]\n\t"                                                                               \
    "mulhsu t1, " sum ", %[multiplier]\n\t"                                                                            \
    "srli t0, t0, 31\n\t"                                                                                              \
    "add t1, t1, t0\n\t" SIGN(sum) "add t1, t1, %[offset]\n\t"                                                         \
                                   "sra t1, t1, %[shift]\n\t"                                                          \
                                   "addi t0, t1, 128\n\t"                                                              \
                                   "srli t0, t0, 8\n\t"                                                                \
                                   "beqz t0, 2f\n\t"                                                                   \
                                   "srai t1, t1, 31\n\t"                                                               \
                                   "xori t1, t1, 127\n"                                                                \
                                   "2:\n\t"                                                                            \
                                   "sb t1, 0(%[output])\n\t"                                                           \
                                   "add %[output], %[output], %[channels]\n\t"

#define PAIRS(ROW, step, SIGN)                                                                                         \
    __asm__ volatile(                                                                                                  \
        "1:\n\t"                                                                                                       \
        "mv t5, %[bias]\n\t"                                                                                           \
        "mv t6, %[bias]\n\t" ROW("r0", "w0", "w1", "w2") ROW("r1", "w3", "w4", "w5") ROW("r2", "w6", "w7", "w8")       \
            OUTPUT("t5", SIGN) OUTPUT("t6", SIGN) "addi %[r0], %[r0], " step "\n\t"                                    \
                                                  "addi %[r1], %[r1], " step "\n\t"                                    \
                                                  "addi %[r2], %[r2], " step "\n\t"                                    \
                                                  "bne %[r0], %[end], 1b\n\t"                                          \
                                                  "lw t0, %[skip]\n\t"                                                 \
                                                  "lw t1, %[next_end]\n\t"                                             \
                                                  "lw t2, %[next_output]\n\t"                                          \
                                                  "lw t3, %[count]\n\t"                                                \
                                                  "add %[r0], %[r0], t0\n\t"                                           \
                                                  "add %[r1], %[r1], t0\n\t"                                           \
                                                  "add %[r2], %[r2], t0\n\t"                                           \
                                                  "add %[end], %[end], t1\n\t"                                         \
                                                  "add %[output], %[output], t2\n\t"                                   \
                                                  "addi t3, t3, -1\n\t"                                                \
                                                  "sw t3, %[count]\n\t"                                                \
                                                  "bnez t3, 1b\n\t"                                                    \
        : [r0] "+r"(r0), [r1] "+r"(r1), [r2] "+r"(r2), [output] "+r"(output), [end] "+r"(end), [count] "+m"(count)     \
        : [w0] "r"((int32_t)w[0]), [w1] "r"((int32_t)w[1]), [w2] "r"((int32_t)w[2]), [w3] "r"((int32_t)w[3]),          \
          [w4] "r"((int32_t)w[4]), [w5] "r"((int32_t)w[5]), [w6] "r"((int32_t)w[6]), [w7] "r"((int32_t)w[7]),          \
          [w8] "r"((int32_t)w[8]), [bias] "r"(q->bias), [multiplier] "r"(q->scaling.multiplier),                       \
          [offset] "r"(q->scaling.offset), [shift] "r"(q->scaling.shift), [channels] "r"(channels), [skip] "m"(skip),  \
          [next_end] "m"(next_end), [next_output] "m"(next_output)                                                     \
        : "t0", "t1", "t2", "t3", "t4", "t5", "t6", "memory")

// An even number of outputs, `width`, in each of `count` rows. gcc 12 would load nine inputs for each output, and some
// weights anew.
static inline void convolve_pairs(const tdf_depthwise_3x3_rv32_parameters *p, const int8_t *r0, int32_t width,
                                  int32_t count, const int8_t *w, const tdf_rv32_channel *q, int8_t *output) {
    const int32_t channels = p->channels, stride = p->window.stride_x;
    const int8_t *r1 = r0 + p->row_pixels, *r2 = r1 + p->row_pixels, *end = r0 + width * stride;
    const int32_t next_end = p->window.stride_y * p->row_pixels, skip = next_end - width * stride;
    const int32_t next_output = (p->window.output_width - width) * channels;
    const uint32_t rectified = p->rounding == TDF_SCALING_RECTIFIED;
    if (stride == 1 && rectified) {
        PAIRS(ROW_1, "2", RECTIFIED);
    } else if (stride == 1) {
        PAIRS(ROW_1, "2", SIGNED);
    } else if (rectified) {
        PAIRS(ROW_2, "4", RECTIFIED);
    } else {
        PAIRS(ROW_2, "4", SIGNED);
    }
}

#endif

// Copies `rows` rows of a channel, which begin at `pixel`, one below the other to where the image begins in them.
static inline void copy_rows(const tdf_depthwise_3x3_rv32_parameters *p, const int8_t *pixel, int32_t rows,
                             int8_t *to) {
    const int32_t channels = p->channels, width = p->window.input_width, gap = p->row_pixels - width;
    for (; rows > 0; rows--, to += gap) {
        for (int8_t *end = to + (width & ~3); to != end; to += 4) {
            to[0] = *pixel;
            pixel += channels;
            to[1] = *pixel;
            pixel += channels;
            to[2] = *pixel;
            pixel += channels;
            to[3] = *pixel;
            pixel += channels;
        }
        for (int8_t *end = to + width % 4; to != end; to++, pixel += channels) {
            *to = *pixel;
        }
    }
}

// One output, from the window that starts at `r0`.
static inline int8_t one_output(const tdf_depthwise_3x3_rv32_parameters *p, const int8_t *r0, const int8_t *w,
                                const tdf_rv32_channel *q) {
    const int8_t *r1 = r0 + p->row_pixels, *r2 = r1 + p->row_pixels;
    int32_t sum = q->bias;
    for (int32_t k = 0; k < 3; k++) {
        sum += r0[k] * w[k] + r1[k] * w[3 + k] + r2[k] * w[6 + k];
    }
    return tdf_clamp(tdf_scale_by_rv32(sum, &q->scaling, p->rounding), p->low, p->high);
}

// `count` rows of outputs of a channel, from the rows of inputs that start at `rows`.
static inline void convolve_rows(const tdf_depthwise_3x3_rv32_parameters *p, const int8_t *rows, int32_t count,
                                 const int8_t *w, const tdf_rv32_channel *q, int8_t *output) {
    const tdf_window *window = &p->window;
    int32_t first = 0;
#if TDF_HAS_RV32
    if (p->rounding != TDF_SCALING_ANY && window->output_width > 1) {
        first = window->output_width & ~1;
        convolve_pairs(p, rows, first, count, w, q, output);
    }
#endif
    if (first == window->output_width) {
        return;
    }
    for (int32_t y = 0; y < count; y++, rows += window->stride_y * p->row_pixels) {
        for (int32_t x = first; x < window->output_width; x++) {
            output[(y * window->output_width + x) * p->channels] = one_output(p, rows + x * window->stride_x, w, q);
        }
    }
}

// The rows of the window's inputs that start with row `top` of the image; those before `start` are there already.
static inline void fill_rows(const tdf_depthwise_3x3_rv32_parameters *p, const int8_t *input, int32_t top,
                             int32_t start, int32_t count, int8_t *rows) {
    const tdf_window *w = &p->window;
    const int32_t first = tdf_max(start, -top), last = tdf_min(count, w->input_height - top);
    copy_rows(p, input + (top + first) * w->input_width * p->channels, last - first,
              rows + first * p->row_pixels + w->padding_left);
    if (p->batch < w->output_height) { // else what is outside the image still is as it was filled
        memset(rows + start * p->row_pixels, p->padding_value, (size_t)(tdf_max(first - start, 0) * p->row_pixels));
        const int32_t outside = tdf_max(last, start);
        memset(rows + outside * p->row_pixels, p->padding_value, (size_t)((count - outside) * p->row_pixels));
    }
}

// The outputs of a channel from row `y` on, `batch` rows or what is left; `kept` rows of inputs are there from the
// batch before.
static TDF_HOT __attribute__((noinline)) void convolve_batch(const tdf_depthwise_3x3_rv32_parameters *p,
                                                             const int8_t *input, int32_t c, int32_t y, int32_t kept,
                                                             int8_t *rows, int8_t *output) {
    const tdf_window *w = &p->window;
    const int32_t count = tdf_min(p->batch, w->output_height - y);
    fill_rows(p, input + c, y * w->stride_y - w->padding_top, kept, (count - 1) * w->stride_y + 3, rows);
    convolve_rows(p, rows, count, p->weights + 9 * c, p->scalings + c, output + y * w->output_width * p->channels + c);
}

TDF_HOT void tdf_depthwise_3x3_rv32(const tdf_depthwise_3x3_rv32_parameters *p, const int8_t *input, int8_t *output,
                                    int8_t *scratch) {
    const tdf_window *w = &p->window;
    const int32_t pitch = p->row_pixels, batch = p->batch, batches = (w->output_height + batch - 1) / batch;
    memset(scratch, p->padding_value, (size_t)(pitch * ((batch - 1) * w->stride_y + 3)));
    if (p->by_rows) {
        for (int32_t i = 0; i < batches; i++) {
            const int32_t y = (p->backward ? batches - 1 - i : i) * batch;
            for (int32_t c = 0; c < p->channels; c++) {
                convolve_batch(p, input, c, y, 0, scratch, output);
            }
        }
        return;
    }
    const int32_t kept = 3 - w->stride_y;
    for (int32_t c = 0; c < p->channels; c++) {
        convolve_batch(p, input, c, 0, 0, scratch, output);
        for (int32_t y = batch; y < w->output_height; y += batch) {
            memmove(scratch, scratch + batch * w->stride_y * pitch, (size_t)(kept * pitch));
            convolve_batch(p, input, c, y, kept, scratch, output);
        }
    }
}
