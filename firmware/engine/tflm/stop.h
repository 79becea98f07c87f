/* SPDX-License-Identifier: Apache-2.0 */
// The way out of a library that stops on an assertion.
#ifndef TINYDF_TFLM_STOP_H
#define TINYDF_TFLM_STOP_H

#include <csetjmp>

namespace tinydf {

// Set by the engine around each call of the library.
extern std::jmp_buf stop_escape;
extern bool stop_guarded;

} // namespace tinydf

#endif
