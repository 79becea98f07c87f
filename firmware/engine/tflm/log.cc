/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tflm/log.h"

#include <cstdint>

namespace tinydf {

char log_text[kLogBytes];

namespace {

std::size_t length;

// A buffer that is always terminated, and drops what does not fit.
class Text {
  public:
    Text(char *to, std::size_t size) : to_(to), size_(size) {
        if (size_ > 0) {
            to_[0] = '\0';
        }
    }

    void Put(char one) {
        if (stored_ + 1 < size_) {
            to_[stored_++] = one;
            to_[stored_] = '\0';
        }
    }

    void Put(const char *text) {
        for (text = text != nullptr ? text : "(null)"; *text != '\0'; text++) {
            Put(*text);
        }
    }

    void Put(std::uint64_t value, unsigned base) {
        char digits[20];
        std::size_t count = 0;
        do {
            digits[count++] = "0123456789abcdef"[value % base];
            value /= base;
        } while (value != 0);
        while (count > 0) {
            Put(digits[--count]);
        }
    }

    std::size_t stored() const {
        return stored_;
    }

  private:
    char *to_;
    std::size_t size_;
    std::size_t stored_ = 0;
};

// The length modifier at `format`, which is moved past it: how many bytes the argument has.
std::size_t ArgumentBytes(const char *&format) {
    std::size_t bytes = sizeof(int);
    for (; *format == 'l' || *format == 'z' || *format == 'h' || *format == 'j' || *format == 't'; format++) {
        if (*format == 'l') {
            bytes = format[1] == 'l' ? sizeof(long long) : bytes > sizeof(long) ? bytes : sizeof(long);
        } else if (*format != 'h') {
            bytes = *format == 'j' ? sizeof(std::intmax_t) : sizeof(std::size_t);
        }
    }
    return bytes;
}

void PutSigned(Text &text, std::int64_t value) {
    if (value < 0) {
        text.Put('-');
    }
    text.Put(value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value), 10);
}

} // namespace

std::size_t log_format(char *to, std::size_t size, const char *format, std::va_list arguments) {
    Text text(to, size);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            text.Put(*format);
            continue;
        }
        do {
            format++;
        } while (*format == '-' || *format == '+' || *format == '#' || *format == '.' ||
                 (*format >= '0' && *format <= '9'));
        const bool wide = ArgumentBytes(format) > sizeof(int);
        switch (*format) {
        case 's':
            text.Put(va_arg(arguments, const char *));
            break;
        case 'c':
            text.Put(static_cast<char>(va_arg(arguments, int)));
            break;
        case 'd':
        case 'i':
            PutSigned(text, wide ? va_arg(arguments, long long) : va_arg(arguments, int));
            break;
        case 'u':
        case 'x':
        case 'X':
            text.Put(wide ? va_arg(arguments, unsigned long long) : va_arg(arguments, unsigned),
                     *format == 'u' ? 10 : 16);
            break;
        case 'p':
            text.Put(reinterpret_cast<std::uintptr_t>(va_arg(arguments, void *)), 16);
            break;
        case 'f':
        case 'g':
        case 'e':
            (void)va_arg(arguments, double);
            text.Put('?');
            break;
        case '\0':
            return text.stored();
        default:
            text.Put(*format);
            break;
        }
    }
    return text.stored();
}

void log_clear() {
    length = 0;
    log_text[0] = '\0';
}

// Appends a piece: line ends become "; " when something follows, what is not printable becomes "?".
static void Append(const char *piece) {
    static bool line_ended;
    if (length == 0) {
        line_ended = false;
    }
    for (; *piece != '\0'; piece++) {
        if (*piece == '\r' || *piece == '\n') {
            line_ended = length > 0;
            continue;
        }
        if (*piece == ' ' && (length == 0 || line_ended)) {
            continue;
        }
        if (line_ended && length + 3 < kLogBytes) {
            log_text[length++] = ';';
            log_text[length++] = ' ';
        }
        line_ended = false;
        if (length + 1 < kLogBytes) {
            log_text[length++] = *piece >= ' ' && *piece <= '~' ? *piece : '?';
        }
        log_text[length] = '\0';
    }
}

static void Say(const char *format, std::va_list arguments) {
    char piece[kLogBytes];
    log_format(piece, sizeof piece, format, arguments);
    Append(piece);
}

void log_say(const char *format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    Say(format, arguments);
    va_end(arguments);
}

} // namespace tinydf

// TFLM's own (tensorflow/lite/micro/debug_log.h) would bring printf.
extern "C" void DebugLog(const char *format, va_list arguments) {
    tinydf::Say(format, arguments);
}

extern "C" int DebugVsnprintf(char *buffer, size_t size, const char *format, va_list arguments) {
    return static_cast<int>(tinydf::log_format(buffer, size, format, arguments));
}
