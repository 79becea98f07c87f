// What the files of this port share.
#ifndef TINYDF_MPS_CHIP_H
#define TINYDF_MPS_CHIP_H

#include <stdint.h>

// Memory, from sections.ld.
extern uint32_t stack_bottom[];
extern uint32_t stack_top[];

#define STACK_PAINT 0xC0DEFACEu

// Restarts the whole system; the RAM keeps its contents.
_Noreturn void chip_reset(void);

#endif
