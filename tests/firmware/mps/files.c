// Runs a compiled model over the inputs in a file of the host, by semihosting, on QEMU's MPS boards: argument-free, it
// reads TEST_DIRECTORY/inputs and writes TEST_DIRECTORY/outputs.
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"

#define CPACR (*(volatile uint32_t *)0xE000ED88u)

extern uint32_t bss_start[], bss_end[], stack_top[];

int main(void);
void initialise_monitor_handles(void); // of newlib's librdimon
void Reset_Handler(void);
void _init(void);
void _fini(void);

static _Alignas(16) uint8_t arena[1 << 20];

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
    const engine_description *d = engine_describe();
    FILE *inputs = fopen(TEST_DIRECTORY "/inputs", "rb"), *outputs = fopen(TEST_DIRECTORY "/outputs", "wb");
    if (inputs == NULL || outputs == NULL || engine_init(arena, d->arena_bytes) != ENGINE_OK) {
        return 1;
    }
    while (fread(engine_input(), 1, d->input.bytes, inputs) == d->input.bytes) {
        if (engine_invoke() != ENGINE_OK || fwrite(engine_output(), 1, d->output.bytes, outputs) != d->output.bytes) {
            return 2;
        }
    }
    return fclose(outputs);
}
