/* SPDX-License-Identifier: Apache-2.0 */
#include "dot_mve.h"

// `rows` runs of bytes, `pitch` bytes apart, one after the other. Runs of up to sixteen bytes are written sixteen at a
// time, each over the rest of the one before.
static inline void copy_runs(int8_t *to, const int8_t *from, uint32_t run, uint32_t rows, uint32_t pitch) {
#if TDF_HAS_MVE
    if (run <= TDF_MVE_LANES) {
        __asm__ volatile("vctp.8 %[run]\n\t"
                         "dls lr, %[rows]\n\t"
                         "1:\n\t"
                         "vpst\n\t"
                         "vldrbt.u8 q0, [%[from]]\n\t"
                         "add %[from], %[from], %[pitch]\n\t"
                         "vstrb.8 q0, [%[to]]\n\t"
                         "add %[to], %[to], %[run]\n\t"
                         "le lr, 1b\n\t"
                         : [from] "+r"(from), [to] "+r"(to)
                         : [run] "r"(run), [rows] "r"(rows), [pitch] "r"(pitch)
                         : "lr", "q0", "cc", "memory");
        return;
    }
#endif
    for (; rows > 0; rows--) {
        tdf_copy_bytes(to, from, run);
        to += run;
        from += pitch;
    }
}

// What is the same for all windows.
typedef struct {
    int32_t channels;
    int32_t run;      // bytes of a window's row
    int32_t pitch;    // of the image's
    int32_t last_top; // where a window still lies within the image
    int32_t last_left;
} steps;

// The window that starts at (top, left), gathered in `column`.
static inline void gather_column(const tdf_conv_2d_mve_parameters *p, const steps *s, const int8_t *input, int32_t top,
                                 int32_t left, int8_t *column) {
    const tdf_window *w = &p->window;
    if (top >= 0 && left >= 0 && top <= s->last_top && left <= s->last_left) {
        const int8_t *from = input + top * s->pitch + left * s->channels;
        copy_runs(column, from, (uint32_t)s->run, w->kernel_height, (uint32_t)s->pitch);
        return;
    }
    const int32_t before = tdf_max(-left, 0), end = tdf_min(w->input_width - left, w->kernel_width);
    const int32_t above = tdf_max(-top, 0), below = tdf_min(w->input_height - top, w->kernel_height);
    tdf_fill_bytes(column, p->padding_value, (uint32_t)(w->kernel_height * s->run));
    if (end <= before) {
        return;
    }
    for (int32_t y = above; y < below; y++) {
        tdf_copy_bytes(column + y * s->run + before * s->channels,
                       input + (top + y) * s->pitch + (left + before) * s->channels,
                       (uint32_t)((end - before) * s->channels));
    }
}

TDF_HOT void tdf_conv_2d_mve(const tdf_conv_2d_mve_parameters *p, const int8_t *input, int8_t *output,
                             int8_t *scratch) {
    const tdf_window *w = &p->window;
    const uint32_t outputs = p->dot.output_channels, width = w->output_width;
    const uint32_t pixels = (uint32_t)w->output_height * width, rounds = (pixels + 1) / 2;
    const int32_t channels = p->input_channels;
    const steps s = {channels, w->kernel_width * channels, w->input_width * channels,
                     w->input_height - w->kernel_height, w->input_width - w->kernel_width};
    int8_t *second = scratch + tdf_whole_groups(p->dot.inputs);
    for (uint32_t round = 0; round < rounds; round++) {
        const uint32_t i = 2 * (p->backward ? rounds - 1 - round : round);
        const uint32_t other = i + 1 < pixels ? 1 : 0, y = i / width, x = i % width;
        const int32_t top = (int32_t)(y * w->stride_y) - w->padding_top;
        const int32_t left = (int32_t)(x * w->stride_x) - w->padding_left;
        gather_column(p, &s, input, top, left, scratch);
        if (x + 1 < width) {
            gather_column(p, &s, input, top, left + w->stride_x, second);
        } else if (other) {
            gather_column(p, &s, input, top + w->stride_y, -w->padding_left, second);
        }
        tdf_dot_mve(&p->dot, scratch, other ? second : scratch, other * outputs, output + (size_t)i * outputs);
    }
}
