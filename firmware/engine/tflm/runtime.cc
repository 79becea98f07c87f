// What a board has not of C++'s run time, and TFLM refers to: no heap, no end of the program, nowhere to print.
#include <cstdarg>
#include <cstddef>
#include <cstdlib>

extern "C" {
void *__dso_handle;

// Destructors of static objects: the program does not end.
int __cxa_atexit(void (*)(void *), void *, void *) {
    return 0;
}

// An undefined instruction: the fault handler tells where.
[[noreturn]] void abort(void) {
    __builtin_trap();
}

// TFLM's messages (tensorflow/lite/micro/debug_log.h). Its own would bring printf.
void DebugLog(const char *, va_list) {}

int DebugVsnprintf(char *buffer, size_t size, const char *, va_list) {
    if (size > 0) {
        buffer[0] = '\0';
    }
    return 0;
}
}

// Of objects with a virtual destructor; none is ever on a heap.
void operator delete(void *) noexcept {
    abort();
}

void operator delete(void *, std::size_t) noexcept {
    abort();
}
