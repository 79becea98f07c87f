/* SPDX-License-Identifier: Apache-2.0 */
/* Linked into the firmware, so that a test finds it there. */
extern const char tinydf_boards_example[];
__attribute__((constructor)) static void keep(void) {
    __asm__ volatile("" : : "r"(tinydf_boards_example));
}
const char tinydf_boards_example[] = "linked from another package";
