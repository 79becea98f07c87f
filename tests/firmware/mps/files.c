/* SPDX-License-Identifier: Apache-2.0 */
// Runs a compiled model over the inputs in a file of the host, by semihosting, on QEMU's MPS boards: argument-free, it
// reads TEST_DIRECTORY/inputs and writes TEST_DIRECTORY/outputs.
#include <stdio.h>
#include <stdlib.h>

#include "model_aot.h"

#define CPACR (*(volatile uint32_t *)0xE000ED88u)

extern uint32_t bss_start[], bss_end[], stack_top[];

int main(void);
void initialise_monitor_handles(void); // of newlib's librdimon
void Reset_Handler(void);
void _init(void);
void _fini(void);

static TDF_ARENA(arena, MODEL_AOT_ARENA_BYTES);

void _init(void) {}

void _fini(void) {}

static void fault(void) {
    exit(99);
}

typedef union {
    const void *stack;
    void (*handler)(void);
} vector;

__attribute__((section(".vectors"), used)) static const vector vectors[8] = {
    {.stack = stack_top}, {.handler = Reset_Handler}, {.handler = fault}, {.handler = fault},
    {.handler = fault},   {.handler = fault},         {.handler = fault}, {.handler = fault},
};

__attribute__((noinline)) void Reset_Handler(void) {
    CPACR |= 0xFu << 20; // the FPU, and MVE where there is one
    __asm volatile("dsb\n isb" ::: "memory");
    for (uint32_t *word = bss_start; word < bss_end; word++) {
        *word = 0;
    }
    initialise_monitor_handles();
    exit(main());
}

int main(void) {
    FILE *inputs = fopen(TEST_DIRECTORY "/inputs", "rb"), *outputs = fopen(TEST_DIRECTORY "/outputs", "wb");
    if (inputs == NULL || outputs == NULL) {
        return 1;
    }
    const uint32_t input_bytes = model_aot.input.bytes, output_bytes = model_aot.output.bytes;
    while (fread(tdf_input(&model_aot, arena), 1, input_bytes, inputs) == input_bytes) {
        tdf_run(&model_aot, arena);
        if (fwrite(tdf_output(&model_aot, arena), 1, output_bytes, outputs) != output_bytes) {
            return 2;
        }
    }
    return fclose(outputs);
}
