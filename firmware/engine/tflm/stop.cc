/* SPDX-License-Identifier: Apache-2.0 */
// What TFLM calls when it finds itself in a state that it rules out: assert, and abort in its TFLITE_CHECK. newlib's
// own would print by stdio, which wants a heap. The board goes on: HELLO tells what was asserted.
#include "engine/tflm/stop.h"

#include "engine/tflm/log.h"

namespace tinydf {

std::jmp_buf stop_escape;
bool stop_guarded;

// No frame of TFLM between here and the engine has a destructor that frees anything: there is no heap.
[[noreturn]] static void Stop() {
    if (stop_guarded) {
        stop_guarded = false;
        std::longjmp(stop_escape, 1);
    }
    __builtin_trap(); // outside any inference: the fault handler tells where
}

[[noreturn]] static void StopAt(const char *expression, const char *file, int line) {
    log_say("%s:%d: assertion failed: %s\n", file, line, expression);
    Stop();
}

} // namespace tinydf

extern "C" {
#ifdef __NEWLIB__
[[noreturn]] void __assert_func(const char *file, int line, const char *, const char *expression) {
    tinydf::StopAt(expression, file, line);
}

[[noreturn]] void abort(void) {
    tinydf::log_say("the library called abort()\n");
    tinydf::Stop();
}
#else
[[noreturn]] void __assert_fail(const char *expression, const char *file, unsigned line, const char *) noexcept {
    tinydf::StopAt(expression, file, static_cast<int>(line));
}
#endif
}
