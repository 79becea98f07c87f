#include "dot_dsp.h"

TINYDF_HOT void pointwise_dsp(const pointwise_dsp_parameters *p, const int8_t *input, int8_t *output, int8_t *scratch) {
    int32_t *pairs = (int32_t *)(void *)scratch;
    const uint32_t channels = p->input_channels;
    for (uint32_t i = 0; i < p->pixels; i += DOT_PIXELS) {
        const uint32_t count = p->pixels - i < DOT_PIXELS ? p->pixels - i : DOT_PIXELS;
        const int8_t *b = count > 1 ? input + channels : input;
        const int8_t *c = count > 2 ? b + channels : b;
        unpack_run(input, b, c, channels, pairs);
        dot_pixels(&p->dot, pairs, count, output);
        input += DOT_PIXELS * channels;
        output += DOT_PIXELS * (uint32_t)p->dot.output_channels;
    }
}
