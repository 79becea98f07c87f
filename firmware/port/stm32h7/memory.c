// MPU and caches of the Cortex-M7.
#include "port/bare_metal/memory.h"

#include "registers.h"

// MPU_RASR, DDI 0403E B3.5.9 and table B3-13.
#define RASR_SIZE(log2)    ((uint32_t)((log2) - 1) << 1)
#define RASR_ENABLE        BIT(0)
#define RASR_NO_EXECUTE    BIT(28)
#define RASR_NO_ACCESS     (0u << 24)
#define RASR_READ_WRITE    (3u << 24)
#define RASR_READ_ONLY     (6u << 24)
#define RASR_DEVICE        BIT(16)                       // B, shareable by nature
#define RASR_WRITE_THROUGH BIT(17)                       // C
#define RASR_WRITE_BACK    (BIT(19) | BIT(17) | BIT(16)) // TEX 1, C, B: write-back, write and read allocate
#define RASR_NOT_CACHED    BIT(19)                       // TEX 1: normal memory

typedef struct {
    uint32_t base;
    uint32_t attributes;
} region;

// Every address that is not in one of these faults (the MPU's default map is off): a wild pointer is caught where it is
// used, and the core cannot read ahead into memories that are not there. Where two overlap, the later one rules.
// RM0433 2.3.2 has the map. TCMs are never cached, whatever is said here.
static void set_regions(void) {
    const region regions[] = {
        {0x08000000u, RASR_SIZE(21) | RASR_READ_ONLY | RASR_WRITE_THROUGH},                 // flash, 2 MiB
        {0x00000000u, RASR_SIZE(16) | RASR_READ_ONLY | RASR_NOT_CACHED},                    // ITCM, 64 KiB
        {0x20000000u, RASR_SIZE(17) | RASR_READ_WRITE | RASR_NOT_CACHED | RASR_NO_EXECUTE}, // DTCM, 128 KiB
        {0x24000000u, RASR_SIZE(19) | RASR_READ_WRITE | RASR_WRITE_BACK | RASR_NO_EXECUTE}, // AXI SRAM, 512 KiB
        {0x1FF00000u, RASR_SIZE(17) | RASR_READ_ONLY | RASR_NOT_CACHED | RASR_NO_EXECUTE},  // system memory: unique id
        {0x40000000u, RASR_SIZE(29) | RASR_READ_WRITE | RASR_DEVICE | RASR_NO_EXECUTE},     // peripherals
        {0x00000000u, RASR_SIZE(8) | RASR_NO_ACCESS | RASR_NO_EXECUTE},                     // null pointers
        {(uint32_t)stack_guard_start, RASR_SIZE(8) | RASR_NO_ACCESS | RASR_NO_EXECUTE},     // the stack's end
    };
    for (uint32_t number = 0; number < sizeof regions / sizeof regions[0]; number++) {
        MPU_RBAR = regions[number].base | MPU_RBAR_VALID | number;
        MPU_RASR = regions[number].attributes | RASR_ENABLE;
    }
}

// ES0392, "Reading from AXI SRAM may lead to data read corruption": on revision Y, one read at a time.
void chip_before_memory(void) {
    if (DBGMCU_IDC_REVISION(DBGMCU_IDC) == DBGMCU_IDC_REVISION_Y) {
        AXI_TARG7_FN_MOD = AXI_TARG7_FN_MOD_READ_ISS_OVERRIDE;
    }
}

static void protect_memory(void) {
    barrier();
    set_regions();
    // Not HFNMIENA: the HardFault handler runs without the MPU, and can report a broken stack.
    MPU_CTRL = MPU_CTRL_ENABLE;
    barrier();
}

// RM0433 1 and ST AN4839: L1 caches of 16 KiB; data 4 ways of 128 sets of 32 bytes.
#define DATA_WAYS      4u
#define DATA_SETS      128u
#define DCISW_WAY(way) ((way) << 30)
#define DCISW_SET(set) ((set) << 5)

static void invalidate_data_cache(void) {
    SCB_CSSELR = 0; // level 1, data
    barrier();
    for (uint32_t set = 0; set < DATA_SETS; set++) {
        for (uint32_t way = 0; way < DATA_WAYS; way++) {
            SCB_DCISW = DCISW_WAY(way) | DCISW_SET(set);
        }
    }
}

// DDI 0403E B2.2.4: what is in the caches after reset is undefined.
static void enable_caches(void) {
    SCB_ICIALLU = 0;
    invalidate_data_cache();
    barrier();
    SCB_CCR |= SCB_CCR_IC | SCB_CCR_DC;
    barrier();
}

void chip_after_memory(void) {
    protect_memory();
    enable_caches();
}
