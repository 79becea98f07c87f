/* SPDX-License-Identifier: Apache-2.0 */
// What a board has not of C++'s run time, and TFLM refers to: no heap, no end of the program.
#include <cstddef>
#include <cstdlib>

extern "C" {
void *__dso_handle;

// Destructors of static objects: the program does not end.
int __cxa_atexit(void (*)(void *), void *, void *) {
    return 0;
}

[[noreturn]] void __cxa_pure_virtual(void) {
    std::abort();
}
}

// Of objects with a virtual destructor; none is ever on a heap.
void operator delete(void *) noexcept {
    std::abort();
}

void operator delete(void *, std::size_t) noexcept {
    std::abort();
}
