// The int8 kernels that generated code calls with constants; NAME.c has `tdf_NAME`. Tensors are NHWC with a batch of
// one; zero points and scales are already folded into the parameters by the compiler
// (docs/explanation/compiler.md). Arithmetic is TFLM's, bit for bit.
#ifndef TINYDF_KERNELS_H
#define TINYDF_KERNELS_H

#include "dsp.h"
#include "kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

// How an int32 sum becomes an int8 output, per output channel:
// clamp(requantise(sum, multiplier[c], shift[c]) + zero_point, low, high).
typedef struct {
    const int32_t *multiplier; // [channels], at least 0
    const int8_t *shift;       // [channels], powers of two, negative to the right
    int16_t zero_point;
    int8_t low;
    int8_t high;
} tdf_requantisation;

// A window that slides over an image: a pixel outside the image counts as `padding_value`.
typedef struct {
    uint16_t input_height;
    uint16_t input_width;
    uint16_t output_height;
    uint16_t output_width;
    uint8_t kernel_height;
    uint8_t kernel_width;
    uint8_t stride_y;
    uint8_t stride_x;
    uint8_t dilation_y;
    uint8_t dilation_x;
    int16_t padding_top;
    int16_t padding_left;
} tdf_window;

// Convolution of [input_height, input_width, input_channels] to [output_height, output_width, output_channels].
// weights [output_channels, kernel_height, kernel_width, input_channels / groups]; bias [output_channels] with the
// input's zero point folded in; scratch [input_channels] bytes if any window leaves the image.
typedef struct {
    tdf_window window;
    uint16_t input_channels;
    uint16_t output_channels;
    uint16_t groups;
    int8_t padding_value; // the input's zero point
    const int8_t *weights;
    const int32_t *bias;
    tdf_requantisation requantisation;
} tdf_conv_2d_parameters;
void tdf_conv_2d(const tdf_conv_2d_parameters *parameters, const int8_t *input, int8_t *output, int8_t *scratch);

// Convolution by a 1x1 kernel with stride 1, and fully connected layers: each of `pixels` pixels alone.
// weights [output_channels, input_channels]; bias [output_channels] with the input's zero point folded in.
typedef struct {
    uint32_t pixels;
    uint32_t input_channels;
    uint32_t output_channels;
    const int8_t *weights;
    const int32_t *bias;
    tdf_requantisation requantisation;
} tdf_pointwise_parameters;
void tdf_pointwise(const tdf_pointwise_parameters *parameters, const int8_t *input, int8_t *output);

// What turns the sums of two output channels into outputs, for the kernels of the DSP extension.
typedef struct {
    int32_t bias[2];
    tdf_scaling scaling[2];
} tdf_dsp_channels;

// A dot product for every output channel, for the DSP extension. weights [output_channels / 2 rounded up, groups, 8],
// packed as dot_dsp.h says, with zeros where there is no channel; channels [output_channels / 2 rounded up]; rounding
// is one of TDF_SCALING_ANY, TDF_SCALING_SIGNED, TDF_SCALING_RECTIFIED.
typedef struct {
    uint16_t groups; // of four inputs
    uint16_t output_channels;
    uint16_t pitch; // bytes from a pixel's outputs to the next one's
    int8_t low;
    int8_t high;
    uint8_t rounding;
    const int8_t *weights;
    const tdf_dsp_channels *channels;
} tdf_dot_parameters;

// `tdf_add`, or its difference, of two tensors of one shape as one rounding, which the compiler has proved to be as
// good: (first * first_factor + second * second_factor + offset) >> shift, held to the range.
typedef struct {
    uint32_t count;
    int32_t first_factor;
    int32_t second_factor;
    int32_t offset;
    uint8_t shift;
    int8_t low;
    int8_t high;
} tdf_add_linear_parameters;
void tdf_add_linear(const tdf_add_linear_parameters *parameters, const int8_t *first, const int8_t *second,
                    int8_t *output);

// The same for the first `count` elements.
void tdf_add_linear_run(const tdf_add_linear_parameters *parameters, uint32_t count, const int8_t *first,
                        const int8_t *second, int8_t *output);

// `tdf_add_linear` of [rows, channels] and [channels], the latter first if `repeat_first` is 1; `add.count` channels.
typedef struct {
    uint32_t rows;
    uint8_t repeat_first;
    tdf_add_linear_parameters add;
} tdf_add_channels_linear_parameters;
void tdf_add_channels_linear(const tdf_add_channels_linear_parameters *parameters, const int8_t *first,
                             const int8_t *second, int8_t *output);

typedef void tdf_add_run(const tdf_add_linear_parameters *parameters, uint32_t count, const int8_t *first,
                         const int8_t *second, int8_t *output);

// A convolution whose output is not kept, but added to another tensor of its shape. `swap`: that one comes first. `run`
// is tdf_add_linear_run, pointed to so that only models with such a sum link it.
typedef struct {
    tdf_add_run *run;
    tdf_add_linear_parameters add;
    uint8_t swap;
} tdf_fused_add;

// `tdf_pointwise` for the DSP extension; scratch [24 * groups], and besides, with `sum`, 3 * output_channels.
typedef struct {
    uint32_t pixels;
    uint32_t input_channels;
    uint8_t backward;         // 1: from the last pixel to the first
    const tdf_fused_add *sum; // or NULL
    tdf_dot_parameters dot;
} tdf_pointwise_dsp_parameters;
void tdf_pointwise_dsp(const tdf_pointwise_dsp_parameters *parameters, const int8_t *input, const int8_t *other,
                       int8_t *output, int8_t *scratch);

// `tdf_conv_2d` for the DSP extension, without dilation or groups; scratch [24 * dot.groups], and besides, if a window
// leaves the image, 3 * kernel_width * input_channels, and with `sum`, 3 * output_channels.
typedef struct {
    tdf_window window;
    uint16_t input_channels;
    int8_t padding_value;
    uint8_t backward;
    const tdf_fused_add *sum; // or NULL
    tdf_dot_parameters dot;
} tdf_conv_2d_dsp_parameters;
void tdf_conv_2d_dsp(const tdf_conv_2d_dsp_parameters *parameters, const int8_t *input, const int8_t *other,
                     int8_t *output, int8_t *scratch);

// Four inputs of a window: where they are from its first byte on, and the weights of two output channels for them, the
// even and the odd ones as halves.
typedef struct {
    int32_t offset;
    int32_t even[2];
    int32_t odd[2];
} tdf_few_step;

// `tdf_conv_2d` for the DSP extension with few outputs, without dilation or groups. Each row of a window is whole
// words, the last filled up with weights of zero. steps [output_channels / 2 rounded up, count]; bias, with the input's
// zero point folded in, and scaling [output_channels rounded up to 2]; scratch [4 * count].
typedef struct {
    tdf_window window;
    uint16_t input_channels;
    uint16_t output_channels;
    uint16_t count;   // of the words of a window
    uint8_t rounding; // as in tdf_dot_parameters
    int8_t padding_value;
    int8_t low;
    int8_t high;
    const tdf_few_step *steps;
    const int32_t *bias;
    const tdf_scaling *scaling;
} tdf_conv_2d_few_dsp_parameters;
void tdf_conv_2d_few_dsp(const tdf_conv_2d_few_dsp_parameters *parameters, const int8_t *input, int8_t *output,
                         int8_t *scratch);

// `tdf_conv_2d` with groups or dilation for the DSP extension; input and output are [.., groups * group_inputs] and
// [.., dot.pitch], and `dot` is that of the first group, whose weights and channels the other groups' follow. Scratch
// [24 * dot.groups], and besides, if a window leaves the image, [group_inputs].
typedef struct {
    tdf_window window;
    uint16_t groups;
    uint16_t group_inputs; // channels
    int8_t padding_value;
    uint8_t leaves_image; // whether some window does
    tdf_dot_parameters dot;
} tdf_grouped_conv_2d_dsp_parameters;
void tdf_grouped_conv_2d_dsp(const tdf_grouped_conv_2d_dsp_parameters *parameters, const int8_t *input, int8_t *output,
                             int8_t *scratch);

// One pixel's `tdf_pointwise` for the DSP extension: a fully connected layer. weights [output_channels / 4 rounded up,
// inputs / 4 rounded up, 16], packed as dense_dsp.c says; channels [output_channels / 2 rounded up to an even number].
typedef struct {
    uint32_t inputs;
    tdf_dot_parameters dot;
} tdf_dense_dsp_parameters;
void tdf_dense_dsp(const tdf_dense_dsp_parameters *parameters, const int8_t *input, int8_t *output);

// Depthwise convolution: output channel c reads input channel c / depth_multiplier.
// weights [kernel_height, kernel_width, output_channels]; bias [output_channels] with the input's zero point folded
// in; scratch [input_channels] bytes if any window leaves the image.
typedef struct {
    tdf_window window;
    uint16_t input_channels;
    uint16_t depth_multiplier;
    int8_t padding_value; // the input's zero point
    const int8_t *weights;
    const int32_t *bias;
    tdf_requantisation requantisation;
} tdf_depthwise_conv_2d_parameters;
void tdf_depthwise_conv_2d(const tdf_depthwise_conv_2d_parameters *parameters, const int8_t *input, int8_t *output,
                           int8_t *scratch);

// `tdf_depthwise_conv_2d` of a 3x3 kernel with a horizontal stride of 1 or 2, without dilation or depth multiplier, for
// the DSP extension. Unless by rows, it may work in place where the output has the input's size. weights [channels
// rounded up to 4, 12]: three rows of three, each followed by a 0; scaling [channels rounded up to 4]; bias likewise;
// scratch [8 * slots * row_pixels + 176].
typedef struct {
    tdf_window window;
    uint16_t channels;
    uint16_t row_pixels; // of a row with its padding: as many as all outputs read; even
    uint16_t batch;      // output rows done at a time
    uint16_t slots;      // input rows kept, unpacked: at least (batch - 1) * stride_y + 3
    uint8_t by_rows;     // 1: all channels of a batch before the next; 0: all batches of four channels
    uint8_t backward;    // by rows: from the last batch to the first
    int8_t padding_value;
    int8_t low;
    int8_t high;
    uint8_t rounding; // as in tdf_dot_parameters
    const int8_t *weights;
    const int32_t *bias;
    const tdf_scaling *scaling;
} tdf_depthwise_3x3_dsp_parameters;
void tdf_depthwise_3x3_dsp(const tdf_depthwise_3x3_dsp_parameters *parameters, const int8_t *input, int8_t *output,
                           int8_t *scratch);

// Any `tdf_depthwise_conv_2d` for the DSP extension: for what the 3x3 one does not take. weights
// [kernel_height, kernel_width, channels * multiplier rounded up to 4]; bias, without the input's zero point, and
// scaling [channels * multiplier rounded up to 4].
typedef struct {
    tdf_window window;
    uint16_t channels;   // of the input
    uint16_t multiplier; // output channels of each
    int32_t offset;      // minus the input's zero point, in both halves
    int8_t low;
    int8_t high;
    uint8_t rounding;
    const int8_t *weights;
    const int32_t *bias;
    const tdf_scaling *scaling;
} tdf_depthwise_dsp_parameters;
void tdf_depthwise_dsp(const tdf_depthwise_dsp_parameters *parameters, const int8_t *input, int8_t *output);

// What turns the sum of an output channel into an output, for RV32.
typedef struct {
    int32_t bias;
    tdf_scaling scaling;
} tdf_rv32_channel;

// A dot product for every output channel, for RV32. weights [output_channels / 4 rounded up, inputs, 4], with zeros
// where there is no channel, and no channel with -128 at inputs 2k and 2k + 1; channels [output_channels rounded up to
// 4].
typedef struct {
    uint16_t inputs; // rounded up to 4, with weights of zero
    uint16_t output_channels;
    int8_t low;
    int8_t high;
    uint8_t rounding; // as in tdf_dot_parameters, but the range may be any
    const int8_t *weights;
    const tdf_rv32_channel *channels;
} tdf_dot_rv32_parameters;

// `tdf_pointwise` for RV32; scratch [8 * dot.inputs].
typedef struct {
    uint32_t pixels;
    uint32_t input_channels;
    uint8_t backward; // 1: from the last pixel to the first
    tdf_dot_rv32_parameters dot;
} tdf_pointwise_rv32_parameters;
void tdf_pointwise_rv32(const tdf_pointwise_rv32_parameters *parameters, const int8_t *input, int8_t *output,
                        int8_t *scratch);

// `tdf_conv_2d` for RV32, without dilation or groups; scratch [8 * dot.inputs], and besides, if a window leaves the
// image, 4 * kernel_width * input_channels.
typedef struct {
    tdf_window window;
    uint16_t input_channels;
    int8_t padding_value;
    uint8_t backward;
    tdf_dot_rv32_parameters dot;
} tdf_conv_2d_rv32_parameters;
void tdf_conv_2d_rv32(const tdf_conv_2d_rv32_parameters *parameters, const int8_t *input, int8_t *output,
                      int8_t *scratch);

// One pixel's `tdf_pointwise` for RV32: a fully connected layer.
typedef struct {
    uint32_t inputs;
    tdf_dot_rv32_parameters dot;
} tdf_dense_rv32_parameters;
void tdf_dense_rv32(const tdf_dense_rv32_parameters *parameters, const int8_t *input, int8_t *output);

// `tdf_depthwise_conv_2d` of a 3x3 kernel with strides of 1 or 2, without dilation or depth multiplier, for RV32;
// unless by rows, it may work in place where the output has the input's size. weights [channels, 9]; scratch
// [((batch - 1) * stride_y + 3) * row_pixels].
typedef struct {
    tdf_window window;
    uint16_t channels;
    uint16_t row_pixels; // of a row with its padding
    uint16_t batch;      // output rows done at a time
    uint8_t by_rows;     // 1: all channels of a batch before the next; 0: all batches of a channel
    uint8_t backward;    // by rows: from the last batch to the first
    int8_t padding_value;
    int8_t low;
    int8_t high;
    uint8_t rounding; // as in tdf_dot_parameters
    const int8_t *weights;
    const tdf_rv32_channel *scalings; // [channels]
} tdf_depthwise_3x3_rv32_parameters;
void tdf_depthwise_3x3_rv32(const tdf_depthwise_3x3_rv32_parameters *parameters, const int8_t *input, int8_t *output,
                            int8_t *scratch);

// Any `tdf_depthwise_conv_2d` for RV32; weights [kernel_height, kernel_width, channels * multiplier]; scratch
// [channels] if a window leaves the image.
typedef struct {
    tdf_window window;
    uint16_t channels;   // of the input
    uint16_t multiplier; // output channels of each
    uint8_t leaves_image;
    int8_t padding_value;
    int8_t low;
    int8_t high;
    uint8_t rounding; // as in tdf_dot_parameters
    const int8_t *weights;
    const tdf_rv32_channel *scalings; // [channels * multiplier]
} tdf_depthwise_rv32_parameters;
void tdf_depthwise_rv32(const tdf_depthwise_rv32_parameters *parameters, const int8_t *input, int8_t *output,
                        int8_t *scratch);

// `tdf_conv_2d` in groups, or with dilation, for RV32; `dot` is the first group's, and the others' weights and channels
// follow; scratch [8 * dot.inputs], and besides, if a window leaves the image, group_inputs.
typedef struct {
    tdf_window window;
    uint16_t groups;
    uint16_t group_inputs;
    uint8_t leaves_image;
    int8_t padding_value;
    tdf_dot_rv32_parameters dot;
} tdf_grouped_conv_2d_rv32_parameters;
void tdf_grouped_conv_2d_rv32(const tdf_grouped_conv_2d_rv32_parameters *parameters, const int8_t *input,
                              int8_t *output, int8_t *scratch);

// What turns the sums of four output channels into outputs, for MVE; shifts are negative, to the right, or 0.
typedef struct {
    int32_t bias[4];
    int32_t multiplier[4];
    int32_t shift[4];
} tdf_mve_channels;

// A dot product for every output channel, for MVE. `blocks` holds for each four channels what dot_mve.h says.
typedef struct {
    uint16_t inputs;
    uint16_t output_channels;
    int16_t zero_point;
    int8_t low;
    int8_t high;
    uint8_t rectified;     // 1: `low` is not below the zero point; else no shift is 0
    const int32_t *blocks; // [output_channels / 4 rounded up, inputs rounded up to 16, and 12]
} tdf_dot_mve_parameters;

// One pixel's `tdf_pointwise` for MVE: a fully connected layer.
void tdf_dense_mve(const tdf_dot_mve_parameters *parameters, const int8_t *input, int8_t *output);

// `tdf_pointwise` for MVE; scratch [2, dot.inputs rounded up to 16].
typedef struct {
    uint32_t pixels;
    uint8_t backward; // 1: from the last pixel to the first
    tdf_dot_mve_parameters dot;
} tdf_pointwise_mve_parameters;
void tdf_pointwise_mve(const tdf_pointwise_mve_parameters *parameters, const int8_t *input, int8_t *output,
                       int8_t *scratch);

// `tdf_conv_2d` for MVE, without dilation or groups; scratch [2, dot.inputs rounded up to 16] and 16.
typedef struct {
    tdf_window window;
    uint16_t input_channels;
    int8_t padding_value;
    uint8_t backward;
    tdf_dot_mve_parameters dot;
} tdf_conv_2d_mve_parameters;
void tdf_conv_2d_mve(const tdf_conv_2d_mve_parameters *parameters, const int8_t *input, int8_t *output,
                     int8_t *scratch);

// `tdf_depthwise_conv_2d` without dilation for MVE. Unless by rows, it may work in place where the output has the
// input's size, the strides are 1 and there is no multiplier. scratch [8, plane_bytes].
typedef struct {
    tdf_window window;
    uint16_t channels;    // of the input
    uint16_t multiplier;  // output channels of each
    uint16_t plane_bytes; // `slots` for each pixel of a row with its padding, and what is read from the last window on
    uint8_t slots;        // 2 * kernel_height - 1
    uint8_t groups;       // of sixteen bytes in which an output's inputs are: 1 to 3
    uint8_t by_rows;      // 1: all channels of an output row before the next; 0: all rows of eight channels
    uint8_t rectified;    // as in tdf_dot_mve_parameters
    int8_t padding_value;
    int8_t low;
    int8_t high;
    int16_t zero_point;
    // [output channels / 4 rounded up, 16 * groups + 12]: weights [groups, 4, 16], as their inputs lie, and
    // tdf_mve_channels.
    const int32_t *blocks;
} tdf_depthwise_mve_parameters;
void tdf_depthwise_mve(const tdf_depthwise_mve_parameters *parameters, const int8_t *input, int8_t *output,
                       int8_t *scratch);

// Largest, or mean, of each window, per channel; pixels outside the image do not count.
typedef struct {
    tdf_window window;
    uint16_t channels;
    int8_t low;
    int8_t high;
} tdf_pool_parameters;
void tdf_average_pool_2d(const tdf_pool_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_average_pool_2d_dsp(const tdf_pool_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_average_pool_2d_mve(const tdf_pool_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_max_pool_2d(const tdf_pool_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_max_pool_2d_dsp(const tdf_pool_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_max_pool_2d_mve(const tdf_pool_parameters *parameters, const int8_t *input, int8_t *output);

// Mean or sum over the middle axis: [outer, middle, inner] to [outer, inner].
// output = clamp(requantise(sum - offset, multiplier, shift) + zero_point), offset = middle * input zero point.
typedef struct {
    uint32_t outer;
    uint32_t middle;
    uint32_t inner;
    int32_t offset;
    int32_t multiplier;
    int8_t shift;
    int16_t zero_point;
} tdf_reduce_parameters;
void tdf_reduce(const tdf_reduce_parameters *parameters, const int8_t *input, int8_t *output);

// `tdf_reduce` where the axes that are summed are not neighbours: up to two that stay (outer) and two that go (middle),
// each with its stride in the input.
typedef struct {
    uint32_t outer[2];
    uint32_t outer_strides[2];
    uint32_t middle[2];
    uint32_t middle_strides[2];
    int32_t offset;
    int32_t multiplier;
    int8_t shift;
    int16_t zero_point;
} tdf_reduce_apart_parameters;
void tdf_reduce_apart(const tdf_reduce_apart_parameters *parameters, const int8_t *input, int8_t *output);

// `tdf_reduce` for the DSP extension.
void tdf_reduce_dsp(const tdf_reduce_parameters *parameters, const int8_t *input, int8_t *output);

// `tdf_reduce` for MVE; the shift is not to the left.
void tdf_reduce_mve(const tdf_reduce_parameters *parameters, const int8_t *input, int8_t *output);

#define TDF_BROADCAST_RANK 4

// Two inputs and an output of the given shape; a stride of 0 repeats an input along an axis.
typedef struct {
    uint32_t shape[TDF_BROADCAST_RANK];
    int32_t first_strides[TDF_BROADCAST_RANK];
    int32_t second_strides[TDF_BROADCAST_RANK];
} tdf_broadcast;

// first + second, or first - second where subtract is 1.
typedef struct {
    tdf_broadcast broadcast;
    int16_t first_offset; // minus the zero point
    int16_t second_offset;
    int16_t zero_point; // the output's
    int8_t first_shift;
    int8_t second_shift;
    int8_t shift;
    int8_t low;
    int8_t high;
    int8_t subtract;
    int32_t first_multiplier;
    int32_t second_multiplier;
    int32_t multiplier;
} tdf_add_parameters;
void tdf_add(const tdf_add_parameters *parameters, const int8_t *first, const int8_t *second, int8_t *output);

// `tdf_add` of two tensors of one shape for MVE: first * factor + sign * second. `first` is the one with the larger
// scale (or any of two equals), whose factor is a half. No shift is to the left.
typedef struct {
    uint32_t count;
    int32_t first_factor;  // 2^19; negative if it is subtracted
    int32_t first_offset;  // minus its zero point, times the factor
    int32_t second_offset; // minus its zero point, times 2^20
    int32_t second_multiplier;
    int32_t multiplier;
    int8_t second_shift;
    int8_t shift;
    int8_t sign; // 1, or -1 if the second is subtracted
    int16_t zero_point;
    int8_t low;
    int8_t high;
} tdf_add_mve_parameters;
void tdf_add_mve(const tdf_add_mve_parameters *parameters, const int8_t *first, const int8_t *second, int8_t *output);

// `tdf_add` of [rows, channels] and [channels] for MVE, the latter first if `repeat_first` is 1; `add.count` channels.
typedef struct {
    uint32_t rows;
    uint8_t repeat_first;
    tdf_add_mve_parameters add;
} tdf_add_channels_mve_parameters;
void tdf_add_channels_mve(const tdf_add_channels_mve_parameters *parameters, const int8_t *first, const int8_t *second,
                          int8_t *output);

// first * second.
typedef struct {
    tdf_broadcast broadcast;
    int16_t first_offset;
    int16_t second_offset;
    int16_t zero_point;
    int8_t shift;
    int8_t low;
    int8_t high;
    int32_t multiplier;
} tdf_multiply_parameters;
void tdf_multiply(const tdf_multiply_parameters *parameters, const int8_t *first, const int8_t *second, int8_t *output);

// `tdf_multiply` of [rows, channels] by [channels] for the DSP extension: products shifted left by `left` are
// multiplied by `multiplier` (in Q0.32) and rounded; `offset` is added, and if `shift` is not 0, the sum is shifted
// right by it, a half away from zero (`offset` is then half a step and the zero point, shifted left by `shift`).
typedef struct {
    uint32_t rows;
    uint32_t channels;
    int32_t multiplier;
    int32_t offset;
    int16_t first_offset;
    int16_t second_offset;
    int8_t low;
    int8_t high;
    uint8_t left;
    uint8_t shift;
} tdf_multiply_dsp_parameters;
void tdf_multiply_dsp(const tdf_multiply_dsp_parameters *parameters, const int8_t *first, const int8_t *second,
                      int8_t *output);

// `tdf_multiply` of [rows, channels] by [channels] for MVE: products are shifted left by `left`, multiplied, and
// shifted by `shift`, which is not to the left.
typedef struct {
    uint32_t rows;
    uint32_t channels;
    int16_t first_offset;
    int16_t second_offset;
    int16_t zero_point;
    int8_t left;
    int8_t shift;
    int8_t low;
    int8_t high;
    int32_t multiplier;
} tdf_multiply_mve_parameters;
void tdf_multiply_mve(const tdf_multiply_mve_parameters *parameters, const int8_t *first, const int8_t *second,
                      int8_t *output);

// The maximum, or the minimum, of two inputs of one scale.
void tdf_maximum(const tdf_broadcast *parameters, const int8_t *first, const int8_t *second, int8_t *output);
void tdf_minimum(const tdf_broadcast *parameters, const int8_t *first, const int8_t *second, int8_t *output);

// `tdf_maximum`, or `tdf_minimum`, of two tensors of one shape for the DSP extension.
typedef struct {
    uint32_t count;
    uint8_t minimum; // 1; 0: the maximum
} tdf_extremum_dsp_parameters;
void tdf_extremum_dsp(const tdf_extremum_dsp_parameters *parameters, const int8_t *first, const int8_t *second,
                      int8_t *output);
void tdf_extremum_mve(const tdf_extremum_dsp_parameters *parameters, const int8_t *first, const int8_t *second,
                      int8_t *output);

// Parametric ReLU: the first input where it is not negative, else first * second (the slope).
typedef struct {
    tdf_broadcast broadcast;
    int16_t first_offset;
    int16_t second_offset;
    int16_t zero_point;
    int8_t positive_shift;
    int8_t negative_shift;
    int32_t positive_multiplier;
    int32_t negative_multiplier;
} tdf_prelu_parameters;
void tdf_prelu(const tdf_prelu_parameters *parameters, const int8_t *first, const int8_t *second, int8_t *output);

// What values on one side of zero are multiplied by: with `left`, they are shifted left by so much, multiplied by
// `product.multiplier` (in Q0.32), and `product.offset` is added; else they are scaled by `product`.
typedef struct {
    tdf_scaling product;
    uint8_t left;
} tdf_prelu_side;

// `tdf_prelu` of [rows, channels] by [channels] for the DSP extension.
typedef struct {
    uint32_t rows;
    uint32_t channels;
    int16_t first_offset;
    int16_t second_offset;
    tdf_prelu_side positive;
    tdf_prelu_side negative;
} tdf_prelu_dsp_parameters;
void tdf_prelu_dsp(const tdf_prelu_dsp_parameters *parameters, const int8_t *first, const int8_t *second,
                   int8_t *output);

// The same for MVE; shifts besides `left` are not to the left.
typedef struct {
    uint32_t rows;
    uint32_t channels;
    int16_t first_offset;
    int16_t second_offset;
    int16_t zero_point;
    uint8_t positive_left;
    uint8_t negative_left;
    int8_t positive_shift;
    int8_t negative_shift;
    int32_t positive_multiplier;
    int32_t negative_multiplier;
} tdf_prelu_mve_parameters;
void tdf_prelu_mve(const tdf_prelu_mve_parameters *parameters, const int8_t *first, const int8_t *second,
                   int8_t *output);

// Any function of one int8: output[i] = table[input[i]], the input read as unsigned: the table holds the results of
// 0 ... 127, then of -128 ... -1. Input and output may be one buffer.
typedef struct {
    uint32_t count;
    const int8_t *table; // [256]
} tdf_lookup_parameters;
void tdf_lookup(const tdf_lookup_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_lookup_mve(const tdf_lookup_parameters *parameters, const int8_t *input, int8_t *output);

#define TDF_COPY_RANK 5

// Every change of layout: element (i, j, ...) of `shape` goes from input[input_offset + i * input_strides[0] + ...]
// to output[output_offset + i * output_strides[0] + ...].
typedef struct {
    uint32_t shape[TDF_COPY_RANK];
    int32_t input_strides[TDF_COPY_RANK];
    int32_t output_strides[TDF_COPY_RANK];
    int32_t input_offset;
    int32_t output_offset;
} tdf_copy_parameters;
void tdf_copy(const tdf_copy_parameters *parameters, const int8_t *input, int8_t *output);

// `count` bytes of `value`.
typedef struct {
    uint32_t count;
    int8_t value;
} tdf_fill_parameters;
void tdf_fill(const tdf_fill_parameters *parameters, int8_t *output);

// Copies runs of `inner` bytes: run i of the output is run indices[i] of the input; `outer` times, each reading
// `input_runs` runs and writing `count`.
typedef struct {
    uint32_t outer;
    uint32_t count;
    uint32_t input_runs;
    uint32_t inner;
    const int32_t *indices; // [count]
} tdf_gather_parameters;
void tdf_gather(const tdf_gather_parameters *parameters, const int8_t *input, int8_t *output);

// Resizes an image of [any, input_width, channels]. Of output row y, `rows` tells the input row (nearest), or two rows
// and how far the output lies from the first in 1024ths (bilinear); `columns` likewise.
typedef struct {
    uint16_t input_width;
    uint16_t output_height;
    uint16_t output_width;
    uint16_t channels;
    const int16_t *rows;    // [output_height], or [output_height, 3]
    const int16_t *columns; // [output_width], or [output_width, 3]
} tdf_resize_parameters;
void tdf_resize_nearest(const tdf_resize_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_resize_bilinear(const tdf_resize_parameters *parameters, const int8_t *input, int8_t *output);

// Softmax over the last axis. exponentials[d] is exp of d steps below the row's largest, in Q0.31; differences of
// `count` steps and more give exactly zero.
typedef struct {
    uint32_t rows;
    uint32_t depth;
    uint32_t count;
    const int32_t *exponentials; // [count]
} tdf_softmax_parameters;
void tdf_softmax(const tdf_softmax_parameters *parameters, const int8_t *input, int8_t *output);

#ifdef __cplusplus
}
#endif

#endif
