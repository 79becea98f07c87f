/* SPDX-License-Identifier: Apache-2.0 */
// The int8 kernels that generated code calls with constants; NAME.c has `tdf_NAME`. Tensors are NHWC with a batch of
// one; zero points and scales are already folded into the parameters by the compiler (docs/explanation/compiler.md).
// Arithmetic is TFLM's, bit for bit.
//
// What holds for every kernel, where its own comment does not say otherwise:
//
// - `parameters` is constant. What it points to starts at a multiple of 4 and overlaps no tensor. Sizes are at least 1.
// - `input`, `first`, `second`, `other` and `output` are whole int8 tensors at any address. Nothing beyond them is read
//   or written, and only `output` is written.
// - `scratch` starts at a multiple of 4, has the bytes that the comment says, and overlaps nothing. Its contents do not
//   matter, before or after. It may be NULL where it has no bytes.
// - A multiplier is in Q0.31, 0 or 2^30 to 2^31 - 1. A shift is a power of two from -31 to 30, negative to the right.
// - An offset is minus a zero point, -127 to 128. A zero point, `padding_value`, `low` and `high` are steps of the
//   tensor's scale, -128 to 127, and `low` <= `high`.
// - A `window` moves over an image of 1 to 32767 rows, columns and channels.
//
// A comment says in these words how tensors may lie upon each other:
//
// - "Apart": not at all.
// - "In place": `output` may start where the named tensor starts, if both have the same size.
// - "Forward": `output` may overlap `input` if it starts at least so many bytes before it, or wholly beside it. The
//   kernel writes from front to back, N pixels at a time; the fewest bytes follow from N and the window
//   (Window.overlap in tinydf/compiler/ir/window.py). "Backward": likewise after it, with `backward` 1.
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
    int16_t zero_point;        // the output's
    int8_t low;                // of the output
    int8_t high;               // of the output
} tdf_requantisation;

// A window that slides over an image: a pixel outside the image counts as `padding_value`.
typedef struct {
    uint16_t input_height;  // rows
    uint16_t input_width;   // columns
    uint16_t output_height; // rows
    uint16_t output_width;  // columns
    uint8_t kernel_height;  // rows, 1 to 255
    uint8_t kernel_width;   // columns, 1 to 255
    uint8_t stride_y;       // rows, 1 to 255
    uint8_t stride_x;       // columns, 1 to 255
    uint8_t dilation_y;     // rows from tap to tap, 1 to 255
    uint8_t dilation_x;     // columns from tap to tap, 1 to 255
    int16_t padding_top;    // rows above the image, at least 0
    int16_t padding_left;   // columns to its left, at least 0
} tdf_window;

// Convolution of [input_height, input_width, input_channels] to [output_height, output_width, output_channels].
// weights [output_channels, kernel_height, kernel_width, input_channels / groups]; bias [output_channels] with the
// input's zero point folded in; scratch [input_channels] bytes if any window leaves the image.
// Forward, N = 1.
typedef struct {
    tdf_window window;
    uint16_t input_channels;  // a multiple of `groups`
    uint16_t output_channels; // likewise
    uint16_t groups;          // 1, or more for a grouped convolution
    int8_t padding_value;     // the input's zero point
    const int8_t *weights;
    const int32_t *bias;
    tdf_requantisation requantisation;
} tdf_conv_2d_parameters;
void tdf_conv_2d(const tdf_conv_2d_parameters *parameters, const int8_t *input, int8_t *output, int8_t *scratch);

// Convolution by a 1x1 kernel with stride 1, and fully connected layers: each of `pixels` pixels alone.
// weights [output_channels, input_channels]; bias [output_channels] with the input's zero point folded in.
// Forward, N = 1.
typedef struct {
    uint32_t pixels;          // of input and output
    uint32_t input_channels;  // of a pixel
    uint32_t output_channels; // of a pixel
    const int8_t *weights;
    const int32_t *bias;
    tdf_requantisation requantisation;
} tdf_pointwise_parameters;
void tdf_pointwise(const tdf_pointwise_parameters *parameters, const int8_t *input, int8_t *output);

// What turns the sums of two output channels into outputs, for the kernels of the DSP extension.
typedef struct {
    int32_t bias[2]; // with the input's zero point folded in
    tdf_scaling scaling[2];
} tdf_dsp_channels;

// A dot product for every output channel, for the DSP extension. weights [output_channels / 2 rounded up, groups, 8],
// packed as dot_dsp.h says, with zeros where there is no channel; channels [output_channels / 2 rounded up]; rounding
// is one of TDF_SCALING_ANY, TDF_SCALING_SIGNED, TDF_SCALING_RECTIFIED.
typedef struct {
    uint16_t groups;          // of four inputs
    uint16_t output_channels; // of a group
    uint16_t pitch;           // bytes from a pixel's outputs to the next one's
    int8_t low;               // of the output
    int8_t high;              // of the output
    uint8_t rounding;         // TDF_SCALING_...
    const int8_t *weights;
    const tdf_dsp_channels *channels;
} tdf_dot_parameters;

// `tdf_add`, or its difference, of two tensors of one shape as one rounding, which the compiler has proved to be as
// good: (first * first_factor + second * second_factor + offset) >> shift, held to the range.
// In place of `first` or `second`.
typedef struct {
    uint32_t count;        // elements of each tensor
    int32_t first_factor;  // any; the sums of all inputs fit 32 bits
    int32_t second_factor; // likewise
    int32_t offset;        // likewise
    uint8_t shift;         // to the right, 0 to 22
    int8_t low;            // of the output
    int8_t high;           // of the output
} tdf_add_linear_parameters;
void tdf_add_linear(const tdf_add_linear_parameters *parameters, const int8_t *first, const int8_t *second,
                    int8_t *output);

// The same for the first `count` elements.
// In place of `first` or `second`.
void tdf_add_linear_run(const tdf_add_linear_parameters *parameters, uint32_t count, const int8_t *first,
                        const int8_t *second, int8_t *output);

// `tdf_add_linear` of [rows, channels] and [channels], the latter first if `repeat_first` is 1; `add.count` channels.
// In place of the larger of `first` and `second`; apart from the other.
typedef struct {
    uint32_t rows;        // of the larger tensor
    uint8_t repeat_first; // 0 or 1
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
    uint8_t swap; // 0 or 1
} tdf_fused_add;

// `tdf_pointwise` for the DSP extension; scratch [24 * groups], and besides, with `sum`, 3 * output_channels.
// Forward or backward, N = 3; with `sum`, in place of `other`, which is then apart from `input`. `other` has the
// output's size; it is NULL without `sum`.
typedef struct {
    uint32_t pixels;          // of input and output
    uint32_t input_channels;  // of a pixel, up to 65535
    uint8_t backward;         // 1: from the last pixel to the first
    const tdf_fused_add *sum; // or NULL
    tdf_dot_parameters dot;
} tdf_pointwise_dsp_parameters;
void tdf_pointwise_dsp(const tdf_pointwise_dsp_parameters *parameters, const int8_t *input, const int8_t *other,
                       int8_t *output, int8_t *scratch);

// `tdf_conv_2d` for the DSP extension, without dilation or groups; scratch [24 * dot.groups], and besides, if a window
// leaves the image, 3 * kernel_width * input_channels, and with `sum`, 3 * output_channels.
// Forward or backward, N = 3; with `sum`, in place of `other`, which is then apart from `input`. `other` has the
// output's size; it is NULL without `sum`.
typedef struct {
    tdf_window window;
    uint16_t input_channels;  // of a pixel
    int8_t padding_value;     // the input's zero point
    uint8_t backward;         // 1: from the last pixel to the first
    const tdf_fused_add *sum; // or NULL
    tdf_dot_parameters dot;
} tdf_conv_2d_dsp_parameters;
void tdf_conv_2d_dsp(const tdf_conv_2d_dsp_parameters *parameters, const int8_t *input, const int8_t *other,
                     int8_t *output, int8_t *scratch);

// Four inputs of a window: where they are from its first byte on, and the weights of two output channels for them, the
// even and the odd ones as halves.
typedef struct {
    int32_t offset;  // bytes
    int32_t even[2]; // 16 bits each, in pairs
    int32_t odd[2];  // likewise
} tdf_few_step;

// `tdf_conv_2d` for the DSP extension with few outputs, without dilation or groups. Each row of a window is whole
// words, the last filled up with weights of zero. steps [output_channels / 2 rounded up, count]; bias, with the input's
// zero point folded in, and scaling [output_channels rounded up to 2]; scratch [4 * count].
// Forward, N = 2, or a row of the output if there are more than two output channels.
typedef struct {
    tdf_window window;
    uint16_t input_channels;  // of a pixel
    uint16_t output_channels; // of a pixel
    uint16_t count;           // of the words of a window
    uint8_t rounding;         // as in tdf_dot_parameters
    int8_t padding_value;     // the input's zero point
    int8_t low;               // of the output
    int8_t high;              // of the output
    const tdf_few_step *steps;
    const int32_t *bias;
    const tdf_scaling *scaling;
} tdf_conv_2d_few_dsp_parameters;
void tdf_conv_2d_few_dsp(const tdf_conv_2d_few_dsp_parameters *parameters, const int8_t *input, int8_t *output,
                         int8_t *scratch);

// `tdf_conv_2d` with groups or dilation for the DSP extension; input and output are [.., groups * group_inputs] and
// [.., dot.pitch], and `dot` is that of the first group, whose weights and channels the other groups' follow. Scratch
// [24 * dot.groups], and besides, if a window leaves the image, [group_inputs].
// Forward, N = 3.
typedef struct {
    tdf_window window;
    uint16_t groups;       // 1 or more
    uint16_t group_inputs; // channels
    int8_t padding_value;  // the input's zero point
    uint8_t leaves_image;  // whether some window does
    tdf_dot_parameters dot;
} tdf_grouped_conv_2d_dsp_parameters;
void tdf_grouped_conv_2d_dsp(const tdf_grouped_conv_2d_dsp_parameters *parameters, const int8_t *input, int8_t *output,
                             int8_t *scratch);

// One pixel's `tdf_pointwise` for the DSP extension: a fully connected layer. weights [output_channels / 4 rounded up,
// inputs / 4 rounded up, 16], packed as dense_dsp.c says; channels [output_channels / 2 rounded up to an even number].
// Apart.
typedef struct {
    uint32_t inputs; // up to 65535
    tdf_dot_parameters dot;
} tdf_dense_dsp_parameters;
void tdf_dense_dsp(const tdf_dense_dsp_parameters *parameters, const int8_t *input, int8_t *output);

// Depthwise convolution: output channel c reads input channel c / depth_multiplier.
// weights [kernel_height, kernel_width, output_channels]; bias [output_channels] with the input's zero point folded
// in; scratch [input_channels] bytes if any window leaves the image.
// Forward, N = 1.
typedef struct {
    tdf_window window;
    uint16_t input_channels;   // of a pixel
    uint16_t depth_multiplier; // output channels of each input channel
    int8_t padding_value;      // the input's zero point
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
// In place of `input` if not by rows, with strides of 1; else forward or backward, N = `batch` rows.
typedef struct {
    tdf_window window;
    uint16_t channels;    // of a pixel
    uint16_t row_pixels;  // of a row with its padding: as many as all outputs read; even
    uint16_t batch;       // output rows done at a time
    uint16_t slots;       // input rows kept, unpacked: at least (batch - 1) * stride_y + 3
    uint8_t by_rows;      // 1: all channels of a batch before the next; 0: all batches of four channels
    uint8_t backward;     // by rows: from the last batch to the first
    int8_t padding_value; // the input's zero point
    int8_t low;           // of the output
    int8_t high;          // of the output
    uint8_t rounding;     // as in tdf_dot_parameters
    const int8_t *weights;
    const int32_t *bias;
    const tdf_scaling *scaling;
} tdf_depthwise_3x3_dsp_parameters;
void tdf_depthwise_3x3_dsp(const tdf_depthwise_3x3_dsp_parameters *parameters, const int8_t *input, int8_t *output,
                           int8_t *scratch);

// Any `tdf_depthwise_conv_2d` for the DSP extension: for what the 3x3 one does not take. weights
// [kernel_height, kernel_width, channels * multiplier rounded up to 4]; bias, without the input's zero point, and
// scaling [channels * multiplier rounded up to 4].
// Forward, N = a row of the output.
typedef struct {
    tdf_window window;
    uint16_t channels;   // of the input
    uint16_t multiplier; // output channels of each
    int32_t offset;      // minus the input's zero point, in both halves
    int8_t low;          // of the output
    int8_t high;         // of the output
    uint8_t rounding;    // TDF_SCALING_...
    const int8_t *weights;
    const int32_t *bias;
    const tdf_scaling *scaling;
} tdf_depthwise_dsp_parameters;
void tdf_depthwise_dsp(const tdf_depthwise_dsp_parameters *parameters, const int8_t *input, int8_t *output);

// What turns the sum of an output channel into an output, for RV32.
typedef struct {
    int32_t bias; // with the input's zero point folded in
    tdf_scaling scaling;
} tdf_rv32_channel;

// A dot product for every output channel, for RV32. weights [output_channels / 4 rounded up, inputs, 4], with zeros
// where there is no channel, and no channel with -128 at inputs 2k and 2k + 1; channels [output_channels rounded up to
// 4].
typedef struct {
    uint16_t inputs;          // rounded up to 4, with weights of zero
    uint16_t output_channels; // of a group
    int8_t low;               // of the output
    int8_t high;              // of the output
    uint8_t rounding;         // as in tdf_dot_parameters, but the range may be any
    const int8_t *weights;
    const tdf_rv32_channel *channels;
} tdf_dot_rv32_parameters;

// `tdf_pointwise` for RV32; scratch [8 * dot.inputs].
// Forward or backward, N = 4.
typedef struct {
    uint32_t pixels;         // of input and output
    uint32_t input_channels; // of a pixel, up to 32767
    uint8_t backward;        // 1: from the last pixel to the first
    tdf_dot_rv32_parameters dot;
} tdf_pointwise_rv32_parameters;
void tdf_pointwise_rv32(const tdf_pointwise_rv32_parameters *parameters, const int8_t *input, int8_t *output,
                        int8_t *scratch);

// `tdf_conv_2d` for RV32, without dilation or groups; scratch [8 * dot.inputs], and besides, if a window leaves the
// image, 4 * kernel_width * input_channels.
// Forward or backward, N = 4.
typedef struct {
    tdf_window window;
    uint16_t input_channels; // of a pixel
    int8_t padding_value;    // the input's zero point
    uint8_t backward;        // 1: from the last pixel to the first
    tdf_dot_rv32_parameters dot;
} tdf_conv_2d_rv32_parameters;
void tdf_conv_2d_rv32(const tdf_conv_2d_rv32_parameters *parameters, const int8_t *input, int8_t *output,
                      int8_t *scratch);

// One pixel's `tdf_pointwise` for RV32: a fully connected layer.
// Apart.
typedef struct {
    uint32_t inputs; // up to 32767
    tdf_dot_rv32_parameters dot;
} tdf_dense_rv32_parameters;
void tdf_dense_rv32(const tdf_dense_rv32_parameters *parameters, const int8_t *input, int8_t *output);

// `tdf_depthwise_conv_2d` of a 3x3 kernel with strides of 1 or 2, without dilation or depth multiplier, for RV32;
// unless by rows, it may work in place where the output has the input's size. weights [channels, 9]; scratch
// [((batch - 1) * stride_y + 3) * row_pixels].
// In place of `input` if not by rows, with strides of 1; else forward or backward, N = `batch` rows.
typedef struct {
    tdf_window window;
    uint16_t channels;                // of a pixel
    uint16_t row_pixels;              // of a row with its padding
    uint16_t batch;                   // output rows done at a time
    uint8_t by_rows;                  // 1: all channels of a batch before the next; 0: all batches of a channel
    uint8_t backward;                 // by rows: from the last batch to the first
    int8_t padding_value;             // the input's zero point
    int8_t low;                       // of the output
    int8_t high;                      // of the output
    uint8_t rounding;                 // as in tdf_dot_parameters
    const int8_t *weights;            // [channels, 9]
    const tdf_rv32_channel *scalings; // [channels]
} tdf_depthwise_3x3_rv32_parameters;
void tdf_depthwise_3x3_rv32(const tdf_depthwise_3x3_rv32_parameters *parameters, const int8_t *input, int8_t *output,
                            int8_t *scratch);

// Any `tdf_depthwise_conv_2d` for RV32; weights [kernel_height, kernel_width, channels * multiplier]; scratch
// [channels] if a window leaves the image.
// Forward, N = 1.
typedef struct {
    tdf_window window;
    uint16_t channels;                // of the input
    uint16_t multiplier;              // output channels of each
    uint8_t leaves_image;             // whether some window does: 0 or 1
    int8_t padding_value;             // the input's zero point
    int8_t low;                       // of the output
    int8_t high;                      // of the output
    uint8_t rounding;                 // as in tdf_dot_parameters
    const int8_t *weights;            // [kernel_height, kernel_width, channels * multiplier]
    const tdf_rv32_channel *scalings; // [channels * multiplier]
} tdf_depthwise_rv32_parameters;
void tdf_depthwise_rv32(const tdf_depthwise_rv32_parameters *parameters, const int8_t *input, int8_t *output,
                        int8_t *scratch);

// `tdf_conv_2d` in groups, or with dilation, for RV32; `dot` is the first group's, and the others' weights and channels
// follow; scratch [8 * dot.inputs], and besides, if a window leaves the image, group_inputs.
// Forward, N = 4.
typedef struct {
    tdf_window window;
    uint16_t groups;       // 1 or more
    uint16_t group_inputs; // channels
    uint8_t leaves_image;  // whether some window does: 0 or 1
    int8_t padding_value;  // the input's zero point
    tdf_dot_rv32_parameters dot;
} tdf_grouped_conv_2d_rv32_parameters;
void tdf_grouped_conv_2d_rv32(const tdf_grouped_conv_2d_rv32_parameters *parameters, const int8_t *input,
                              int8_t *output, int8_t *scratch);

// What turns the sums of four output channels into outputs, for MVE; shifts are negative, to the right, or 0.
typedef struct {
    int32_t bias[4];       // with the input's zero point folded in
    int32_t multiplier[4]; // Q0.31
    int32_t shift[4];      // -31 to 0
} tdf_mve_channels;

// A dot product for every output channel, for MVE. `blocks` holds for each four channels what dot_mve.h says.
typedef struct {
    uint16_t inputs;          // up to 32767
    uint16_t output_channels; // up to 32767
    int16_t zero_point;       // the output's
    int8_t low;               // of the output
    int8_t high;              // of the output
    uint8_t rectified;        // 1: `low` is not below the zero point; else no shift is 0
    const int32_t *blocks;    // [output_channels / 4 rounded up, inputs rounded up to 16, and 12]
} tdf_dot_mve_parameters;

// One pixel's `tdf_pointwise` for MVE: a fully connected layer.
// Apart.
void tdf_dense_mve(const tdf_dot_mve_parameters *parameters, const int8_t *input, int8_t *output);

// `tdf_pointwise` for MVE; scratch [2, dot.inputs rounded up to 16].
// Forward or backward, N = 2.
typedef struct {
    uint32_t pixels;  // of input and output
    uint8_t backward; // 1: from the last pixel to the first
    tdf_dot_mve_parameters dot;
} tdf_pointwise_mve_parameters;
void tdf_pointwise_mve(const tdf_pointwise_mve_parameters *parameters, const int8_t *input, int8_t *output,
                       int8_t *scratch);

// `tdf_conv_2d` for MVE, without dilation or groups; scratch [2, dot.inputs rounded up to 16] and 16.
// Forward or backward, N = 2.
typedef struct {
    tdf_window window;
    uint16_t input_channels; // of a pixel
    int8_t padding_value;    // the input's zero point
    uint8_t backward;        // 1: from the last pixel to the first
    tdf_dot_mve_parameters dot;
} tdf_conv_2d_mve_parameters;
void tdf_conv_2d_mve(const tdf_conv_2d_mve_parameters *parameters, const int8_t *input, int8_t *output,
                     int8_t *scratch);

// `tdf_depthwise_conv_2d` without dilation for MVE. Unless by rows, it may work in place where the output has the
// input's size, the strides are 1 and there is no multiplier. scratch [8, plane_bytes].
// In place of `input` if not by rows, with strides of 1; else forward, N = a row of the output.
typedef struct {
    tdf_window window;
    uint16_t channels;    // of the input
    uint16_t multiplier;  // output channels of each
    uint16_t plane_bytes; // `slots` for each pixel of a row with its padding, and what is read from the last window on
    uint8_t slots;        // 2 * kernel_height - 1
    uint8_t groups;       // of sixteen bytes in which an output's inputs are: 1 to 3
    uint8_t by_rows;      // 1: all channels of an output row before the next; 0: all rows of eight channels
    uint8_t rectified;    // as in tdf_dot_mve_parameters
    int8_t padding_value; // the input's zero point
    int8_t low;           // of the output
    int8_t high;          // of the output
    int16_t zero_point;   // the output's
    // [output channels / 4 rounded up, 16 * groups + 12]: weights [groups, 4, 16], as their inputs lie, and
    // tdf_mve_channels.
    const int32_t *blocks;
} tdf_depthwise_mve_parameters;
void tdf_depthwise_mve(const tdf_depthwise_mve_parameters *parameters, const int8_t *input, int8_t *output,
                       int8_t *scratch);

// Largest, or mean, of each window, per channel; pixels outside the image do not count.
// Forward, N = 1; likewise all of these.
typedef struct {
    tdf_window window;
    uint16_t channels; // of a pixel
    int8_t low;        // of the output
    int8_t high;       // of the output
} tdf_pool_parameters;
void tdf_average_pool_2d(const tdf_pool_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_average_pool_2d_dsp(const tdf_pool_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_average_pool_2d_mve(const tdf_pool_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_max_pool_2d(const tdf_pool_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_max_pool_2d_dsp(const tdf_pool_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_max_pool_2d_mve(const tdf_pool_parameters *parameters, const int8_t *input, int8_t *output);

// Mean or sum over the middle axis: [outer, middle, inner] to [outer, inner].
// output = clamp(requantise(sum - offset, multiplier, shift) + zero_point), offset = middle * input zero point.
// Apart.
typedef struct {
    uint32_t outer;  // elements of each axis
    uint32_t middle; // up to 2^22 - 1
    uint32_t inner;
    int32_t offset; // middle * the input's zero point
    int32_t multiplier;
    int8_t shift;
    int16_t zero_point; // the output's
} tdf_reduce_parameters;
void tdf_reduce(const tdf_reduce_parameters *parameters, const int8_t *input, int8_t *output);

// `tdf_reduce` where the axes that are summed are not neighbours: up to two that stay (outer) and two that go (middle),
// each with its stride in the input.
// Apart.
typedef struct {
    uint32_t outer[2];          // elements of each axis
    uint32_t outer_strides[2];  // elements
    uint32_t middle[2];         // whose product is up to 2^22 - 1
    uint32_t middle_strides[2]; // elements
    int32_t offset;             // their product * the input's zero point
    int32_t multiplier;
    int8_t shift;
    int16_t zero_point; // the output's
} tdf_reduce_apart_parameters;
void tdf_reduce_apart(const tdf_reduce_apart_parameters *parameters, const int8_t *input, int8_t *output);

// `tdf_reduce` for the DSP extension.
// Apart.
void tdf_reduce_dsp(const tdf_reduce_parameters *parameters, const int8_t *input, int8_t *output);

// `tdf_reduce` for MVE; the shift is not to the left.
// Apart.
void tdf_reduce_mve(const tdf_reduce_parameters *parameters, const int8_t *input, int8_t *output);

#define TDF_BROADCAST_RANK 4

// Two inputs and an output of the given shape; a stride of 0 repeats an input along an axis.
typedef struct {
    uint32_t shape[TDF_BROADCAST_RANK];         // elements of each axis
    int32_t first_strides[TDF_BROADCAST_RANK];  // elements, 0 or more
    int32_t second_strides[TDF_BROADCAST_RANK]; // likewise
} tdf_broadcast;

// first + second, or first - second where subtract is 1.
// In place of an input of the output's size.
typedef struct {
    tdf_broadcast broadcast;
    int16_t first_offset;  // minus the zero point
    int16_t second_offset; // likewise
    int16_t zero_point;    // the output's
    int8_t first_shift;    // -31 to 0
    int8_t second_shift;   // -31 to 0
    int8_t shift;          // -31 to 0
    int8_t low;            // of the output
    int8_t high;           // of the output
    int8_t subtract;       // 0 or 1
    int32_t first_multiplier;
    int32_t second_multiplier;
    int32_t multiplier;
} tdf_add_parameters;
void tdf_add(const tdf_add_parameters *parameters, const int8_t *first, const int8_t *second, int8_t *output);

// `tdf_add` of two tensors of one shape for MVE: first * factor + sign * second. `first` is the one with the larger
// scale (or any of two equals), whose factor is a half. No shift is to the left.
// In place of `first` or `second`.
typedef struct {
    uint32_t count;        // elements of each tensor
    int32_t first_factor;  // 2^19; negative if it is subtracted
    int32_t first_offset;  // minus its zero point, times the factor
    int32_t second_offset; // minus its zero point, times 2^20
    int32_t second_multiplier;
    int32_t multiplier;
    int8_t second_shift; // -31 to 0
    int8_t shift;        // -31 to 0
    int8_t sign;         // 1, or -1 if the second is subtracted
    int16_t zero_point;  // the output's
    int8_t low;          // of the output
    int8_t high;         // of the output
} tdf_add_mve_parameters;
void tdf_add_mve(const tdf_add_mve_parameters *parameters, const int8_t *first, const int8_t *second, int8_t *output);

// `tdf_add` of [rows, channels] and [channels] for MVE, the latter first if `repeat_first` is 1; `add.count` channels.
// In place of the larger of `first` and `second`; apart from the other.
typedef struct {
    uint32_t rows;        // of the larger tensor
    uint8_t repeat_first; // 0 or 1
    tdf_add_mve_parameters add;
} tdf_add_channels_mve_parameters;
void tdf_add_channels_mve(const tdf_add_channels_mve_parameters *parameters, const int8_t *first, const int8_t *second,
                          int8_t *output);

// first * second.
// In place of an input of the output's size.
typedef struct {
    tdf_broadcast broadcast;
    int16_t first_offset;  // minus the zero point
    int16_t second_offset; // likewise
    int16_t zero_point;    // the output's
    int8_t shift;
    int8_t low;  // of the output
    int8_t high; // of the output
    int32_t multiplier;
} tdf_multiply_parameters;
void tdf_multiply(const tdf_multiply_parameters *parameters, const int8_t *first, const int8_t *second, int8_t *output);

// `tdf_multiply` of [rows, channels] by [channels] for the DSP extension: products shifted left by `left` are
// multiplied by `multiplier` (in Q0.32) and rounded; `offset` is added, and if `shift` is not 0, the sum is shifted
// right by it, a half away from zero (`offset` is then half a step and the zero point, shifted left by `shift`).
// In place of `first`, or of `second` if `rows` is 1.
typedef struct {
    uint32_t rows;      // of the first tensor
    uint32_t channels;  // of both
    int32_t multiplier; // Q0.32, less 2^32 where it is above a half
    int32_t offset;
    int16_t first_offset;  // minus the zero point
    int16_t second_offset; // likewise
    int8_t low;            // of the output
    int8_t high;           // of the output
    uint8_t left;          // 1 to 14
    uint8_t shift;         // to the right, 0 to 22
} tdf_multiply_dsp_parameters;
void tdf_multiply_dsp(const tdf_multiply_dsp_parameters *parameters, const int8_t *first, const int8_t *second,
                      int8_t *output);

// `tdf_multiply` of [rows, channels] by [channels] for MVE: products are shifted left by `left`, multiplied, and
// shifted by `shift`, which is not to the left.
// In place of `first`, or of `second` if `rows` is 1.
typedef struct {
    uint32_t rows;         // of the first tensor
    uint32_t channels;     // of both
    int16_t first_offset;  // minus the zero point
    int16_t second_offset; // likewise
    int16_t zero_point;    // the output's
    int8_t left;           // 0 to 14
    int8_t shift;          // -31 to 0
    int8_t low;            // of the output
    int8_t high;           // of the output
    int32_t multiplier;
} tdf_multiply_mve_parameters;
void tdf_multiply_mve(const tdf_multiply_mve_parameters *parameters, const int8_t *first, const int8_t *second,
                      int8_t *output);

// The maximum, or the minimum, of two inputs of one scale.
// In place of an input of the output's size.
void tdf_maximum(const tdf_broadcast *parameters, const int8_t *first, const int8_t *second, int8_t *output);
void tdf_minimum(const tdf_broadcast *parameters, const int8_t *first, const int8_t *second, int8_t *output);

// `tdf_maximum`, or `tdf_minimum`, of two tensors of one shape for the DSP extension.
// In place of `first` or `second`.
typedef struct {
    uint32_t count;  // elements of each tensor
    uint8_t minimum; // 1; 0: the maximum
} tdf_extremum_dsp_parameters;
void tdf_extremum_dsp(const tdf_extremum_dsp_parameters *parameters, const int8_t *first, const int8_t *second,
                      int8_t *output);
void tdf_extremum_mve(const tdf_extremum_dsp_parameters *parameters, const int8_t *first, const int8_t *second,
                      int8_t *output);

// Parametric ReLU: the first input where it is not negative, else first * second (the slope).
// In place of an input of the output's size.
typedef struct {
    tdf_broadcast broadcast;
    int16_t first_offset;  // minus the zero point
    int16_t second_offset; // likewise
    int16_t zero_point;    // the output's
    int8_t positive_shift; // of values from 0 on
    int8_t negative_shift; // of values below 0, times the slope
    int32_t positive_multiplier;
    int32_t negative_multiplier;
} tdf_prelu_parameters;
void tdf_prelu(const tdf_prelu_parameters *parameters, const int8_t *first, const int8_t *second, int8_t *output);

// What values on one side of zero are multiplied by: with `left`, they are shifted left by so much, multiplied by
// `product.multiplier` (in Q0.32), and `product.offset` is added; else they are scaled by `product`.
typedef struct {
    tdf_scaling product;
    uint8_t left; // 0 to 14
} tdf_prelu_side;

// `tdf_prelu` of [rows, channels] by [channels] for the DSP extension.
// In place of `first`, or of `second` if `rows` is 1.
typedef struct {
    uint32_t rows;           // of the first tensor
    uint32_t channels;       // of both
    int16_t first_offset;    // minus the zero point
    int16_t second_offset;   // likewise
    tdf_prelu_side positive; // of values from 0 on
    tdf_prelu_side negative; // of values below 0, times the slope
} tdf_prelu_dsp_parameters;
void tdf_prelu_dsp(const tdf_prelu_dsp_parameters *parameters, const int8_t *first, const int8_t *second,
                   int8_t *output);

// The same for MVE; shifts besides `left` are not to the left.
// In place of `first`, or of `second` if `rows` is 1.
typedef struct {
    uint32_t rows;         // of the first tensor
    uint32_t channels;     // of both
    int16_t first_offset;  // minus the zero point
    int16_t second_offset; // likewise
    int16_t zero_point;    // the output's
    uint8_t positive_left; // 0 to 14
    uint8_t negative_left; // 0 to 14
    int8_t positive_shift; // -31 to 0
    int8_t negative_shift; // -31 to 0
    int32_t positive_multiplier;
    int32_t negative_multiplier;
} tdf_prelu_mve_parameters;
void tdf_prelu_mve(const tdf_prelu_mve_parameters *parameters, const int8_t *first, const int8_t *second,
                   int8_t *output);

// Any function of one int8: output[i] = table[input[i]], the input read as unsigned: the table holds the results of
// 0 ... 127, then of -128 ... -1. Input and output may be one buffer.
// In place of `input`.
typedef struct {
    uint32_t count;      // elements
    const int8_t *table; // [256]
} tdf_lookup_parameters;
void tdf_lookup(const tdf_lookup_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_lookup_mve(const tdf_lookup_parameters *parameters, const int8_t *input, int8_t *output);

#define TDF_COPY_RANK 5

// Every change of layout: element (i, j, ...) of `shape` goes from input[input_offset + i * input_strides[0] + ...]
// to output[output_offset + i * output_strides[0] + ...].
// Apart.
typedef struct {
    uint32_t shape[TDF_COPY_RANK];         // elements of each axis
    int32_t input_strides[TDF_COPY_RANK];  // elements, of either sign
    int32_t output_strides[TDF_COPY_RANK]; // likewise
    int32_t input_offset;                  // elements
    int32_t output_offset;                 // elements
} tdf_copy_parameters;
void tdf_copy(const tdf_copy_parameters *parameters, const int8_t *input, int8_t *output);

// `count` bytes of `value`.
typedef struct {
    uint32_t count; // bytes
    int8_t value;   // -128 to 127
} tdf_fill_parameters;
void tdf_fill(const tdf_fill_parameters *parameters, int8_t *output);

// Copies runs of `inner` bytes: run i of the output is run indices[i] of the input; `outer` times, each reading
// `input_runs` runs and writing `count`.
// Apart.
typedef struct {
    uint32_t outer;
    uint32_t count;         // runs
    uint32_t input_runs;    // runs
    uint32_t inner;         // bytes
    const int32_t *indices; // [count], 0 to input_runs - 1
} tdf_gather_parameters;
void tdf_gather(const tdf_gather_parameters *parameters, const int8_t *input, int8_t *output);

// Resizes an image of [any, input_width, channels]. Of output row y, `rows` tells the input row (nearest), or two rows
// and how far the output lies from the first in 1024ths (bilinear); `columns` likewise.
// Apart.
typedef struct {
    uint16_t input_width;   // pixels
    uint16_t output_height; // pixels
    uint16_t output_width;  // pixels
    uint16_t channels;      // of a pixel
    const int16_t *rows;    // [output_height], or [output_height, 3]
    const int16_t *columns; // [output_width], or [output_width, 3]
} tdf_resize_parameters;
void tdf_resize_nearest(const tdf_resize_parameters *parameters, const int8_t *input, int8_t *output);
void tdf_resize_bilinear(const tdf_resize_parameters *parameters, const int8_t *input, int8_t *output);

// Softmax over the last axis. exponentials[d] is exp of d steps below the row's largest, in Q0.31; differences of
// `count` steps and more give exactly zero.
// In place of `input`.
typedef struct {
    uint32_t rows;
    uint32_t depth;              // 1 to 4095
    uint32_t count;              // 1 to 256
    const int32_t *exponentials; // [count], Q0.31
} tdf_softmax_parameters;
void tdf_softmax(const tdf_softmax_parameters *parameters, const int8_t *input, int8_t *output);

#ifdef __cplusplus
}
#endif

#endif
