/* SPDX-License-Identifier: Apache-2.0 */
// Layers that run together, some rows at a time, so that the tensors between them never exist whole.
//
// Each step, the last layer makes a stripe: `stripe_rows` rows. Before it, each layer makes the rows that others want
// for that and that are not there yet: no row is made twice. Of a tensor between layers only as many rows are kept as
// are still read; when its buffer is full, those move to its start. The compiler works out the very same schedule, to
// know how many rows that is, and that no output lies upon what is still to be read
// (tinydf/compiler/fusion/schedule.py).
#ifndef TINYDF_CASCADE_H
#define TINYDF_CASCADE_H

#include "kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

// For code that runs a few times a layer: gcc makes it small.
#define TDF_COLD __attribute__((cold))

#define TDF_CASCADE_TENSORS 12

// What one layer works on in one step. Of the last input there are `input_rows` rows; its first window starts
// `padding_top` rows above them.
typedef struct {
    const int8_t *inputs[2]; // where their rows start
    int8_t *output;
    int8_t *scratch;
    uint16_t input_rows;
    uint16_t output_rows;
    int16_t padding_top;
} tdf_stripe;

// What a cascade reads or writes, and how far it is.
typedef struct {
    int32_t offset;    // of its buffer in the arena
    int32_t row_bytes; // 0 for what all rows read whole
    int32_t height;    // rows
    int32_t rows;      // that the buffer holds
    int32_t done;      // rows that are there: at first all of an input, none of what the cascade makes
    int32_t wanted;    // rows that shall be there; at first as many
    int32_t needed;    // the first row that is still read; at first as many
    int32_t first;     // the row at the buffer's start; at first 0
} tdf_cascade_tensor;

// What a layer reads: for row y of its output, `reach` rows from y * stride - padding_top on.
typedef struct {
    uint8_t tensor; // number among the cascade's tensors
    uint8_t stage;  // whose output that is
    int16_t stride;
    int16_t padding_top;
    int16_t reach;
} tdf_cascade_read;

typedef struct {
    void (*run)(const tdf_stripe *); // the layer's kernel
    uint32_t read_count;             // one or two, with that of windows last
} tdf_cascade_stage;

typedef struct {
    // [tensor_count], up to TDF_CASCADE_TENSORS, as they are at first: each stage's output first
    const tdf_cascade_tensor *tensors;
    const tdf_cascade_read *reads;   // [read_count], those of the first stage first
    const tdf_cascade_stage *stages; // [stage_count], in the order in which they run
    uint32_t tensor_count;
    uint32_t read_count;
    uint32_t stage_count;
    int32_t stripe_rows;
    int32_t scratch; // offset in the arena
} tdf_cascade;

// Runs a cascade's layers in the arena.
void tdf_run_cascade(const tdf_cascade *c, uint8_t *arena);

#ifdef __cplusplus
}
#endif

#endif
