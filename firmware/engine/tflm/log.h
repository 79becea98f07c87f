/* SPDX-License-Identifier: Apache-2.0 */
// What TFLM says, kept for HELLO.
#ifndef TINYDF_TFLM_LOG_H
#define TINYDF_TFLM_LOG_H

#include <cstdarg>
#include <cstddef>

namespace tinydf {

constexpr std::size_t kLogBytes = 192;

// All that was said since the last log_clear, in printable ASCII, "; " between lines; cut at kLogBytes - 1.
extern char log_text[kLogBytes];

void log_clear();

// The format is TFLM's own: see log_format.
void log_say(const char *format, ...);

// snprintf for TFLM's messages, without newlib's stdio: %s %c %d %i %u %x %p %%, with l, ll, z, h and a width, which is
// ignored; %f, %g and %e give "?". Returns the characters stored.
std::size_t log_format(char *to, std::size_t size, const char *format, std::va_list arguments);

} // namespace tinydf

#endif
