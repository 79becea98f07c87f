/* SPDX-License-Identifier: Apache-2.0 */
// What engine/tflm/log.cc makes of TFLM's messages.
#include "engine/tflm/log.h"

#include <cassert>
#include <cstdint>
#include <cstring>
#include <string>

static std::string said(const char *text) {
    const std::string kept = tinydf::log_text;
    tinydf::log_clear();
    assert(tinydf::log_text[0] == '\0');
    return kept == text ? "" : kept;
}

static std::size_t format(char *to, std::size_t size, const char *text, ...) {
    std::va_list arguments;
    va_start(arguments, text);
    const std::size_t stored = tinydf::log_format(to, size, text, arguments);
    va_end(arguments);
    return stored;
}

int main() {
    using tinydf::log_say;
    log_say("Requested: %u, available %u, missing: %u", 96u, 16u, 80u);
    log_say("\r\n");
    log_say("Node %s (number %d) failed to prepare with status %d\n", "CONV_2D", 3, -1);
    assert(said("Requested: 96, available 16, missing: 80; Node CONV_2D (number 3) failed to prepare with status -1") ==
           "");
    log_say("%ld %lld %zu %x %c%% %i %5d %-3s|", -2147483647L, -9223372036854775807LL - 1, sizeof(int), 0xbeefu, 'c', 7,
            8, "s");
    assert(said("-2147483647 -9223372036854775808 4 beef c% 7 8 s|") == "");
    log_say("%f and %s and %d", 1.5, static_cast<const char *>(nullptr), 4);
    assert(said("? and (null) and 4") == "");
    log_say("\n\n  \xc3\xa9t\t%q %");
    assert(said("??t?q ") == "");
    for (int line = 0; line < 100; line++) {
        log_say("line %d\n", line);
    }
    assert(std::strlen(tinydf::log_text) == tinydf::kLogBytes - 1);
    assert(std::strncmp(tinydf::log_text, "line 0; line 1; ", 16) == 0);
    tinydf::log_clear();

    char small[4] = {1, 1, 1, 1};
    assert(format(small, 3, "%u", 12345u) == 2 && std::strcmp(small, "12") == 0 && small[3] == 1);
    assert(format(small, 1, "x") == 0 && small[0] == '\0');
    assert(format(small, 0, "x") == 0);
    return 0;
}
