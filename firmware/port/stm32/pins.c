/* SPDX-License-Identifier: Apache-2.0 */
// General-purpose I/O, alike in all families (RM0433 11.4, RM0390 7.4, RM0410 6.4, RM0432 8.5, RM0456 13.4).
#include "port/cortex_m/core.h"
#include "port/stm32/chip.h"

#define GPIO_MODER(port)    REGISTER((port) + 0x00u)
#define GPIO_OSPEEDR(port)  REGISTER((port) + 0x08u)
#define GPIO_PUPDR(port)    REGISTER((port) + 0x0Cu)
#define GPIO_AFR(port, pin) REGISTER((port) + 0x20u + 4u * ((pin) / 8u))

#define MODER_ALTERNATE 2u
#define OSPEEDR_MEDIUM  1u
#define PUPDR_UP        1u

static void set_field(volatile uint32_t *address, uint32_t bits, uint32_t position, uint32_t value) {
    *address = (*address & ~(((1u << bits) - 1u) << position)) | value << position;
}

// The function first: the pin changes hands by the last write.
void pin_alternate(uint32_t port, uint32_t pin, uint32_t function, bool pull_up) {
    set_field(&GPIO_AFR(port, pin), 4, pin % 8u * 4u, function);
    set_field(&GPIO_OSPEEDR(port), 2, pin * 2u, OSPEEDR_MEDIUM);
    set_field(&GPIO_PUPDR(port), 2, pin * 2u, pull_up ? PUPDR_UP : 0);
    set_field(&GPIO_MODER(port), 2, pin * 2u, MODER_ALTERNATE);
}
