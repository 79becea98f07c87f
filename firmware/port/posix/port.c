/* SPDX-License-Identifier: Apache-2.0 */
// The host as a board: the application behind a pseudo-terminal.
//
//     firmware.elf [LINK]
//
// prints the terminal's path; with LINK, makes a symbolic link of that name to it, and removes it at the end.
#define _GNU_SOURCE
#include "port/port.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"

#define READ_WAIT_MS  5
#define WRITE_WAIT_MS 1000

static int terminal = -1;     // the board's end
static const char *link_path; // NULL if none was asked for
static volatile sig_atomic_t ended;

static port_description description = {
    .board = TINYDF_BOARD_NAME,
    .unique_id = "TINYDF-HOST.",
    .clock_hz = 1000000000u, // of the counter: nothing else is known of a host's clock
    .counter_unit = WIRE_COUNTER_NANOSECONDS,
    .reset_cause = WIRE_RESET_UNKNOWN,
    .boot = WIRE_BOOT_OK,
};

_Noreturn static void die(const char *what) {
    perror(what);
    exit(EXIT_FAILURE);
}

static void on_signal(int number) {
    (void)number;
    ended = 1;
}

static void remove_link(void) {
    if (link_path != NULL) {
        (void)unlink(link_path);
    }
}

static void make_link(const char *target) {
    char old[2];
    if (readlink(link_path, old, sizeof old) >= 0) { // left by a run that was killed
        (void)unlink(link_path);
    }
    if (symlink(target, link_path) != 0) {
        const char *path = link_path;
        link_path = NULL; // not ours to remove
        die(path);
    }
}

static void open_terminal(void) {
    terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) {
        die("pseudo-terminal");
    }
    const char *path = ptsname(terminal);
    // Held open for good: the board's end must not see a hang-up each time that a host closes the port.
    const int host_end = path == NULL ? -1 : open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw;
    if (host_end < 0 || tcgetattr(host_end, &raw) != 0) {
        die("pseudo-terminal");
    }
    cfmakeraw(&raw);
    if (tcsetattr(host_end, TCSANOW, &raw) != 0) {
        die("pseudo-terminal");
    }
    if (link_path != NULL) {
        make_link(path);
    }
    printf("%s\n", link_path != NULL ? link_path : path);
    fflush(stdout);
}

const port_description *port_init(void) {
    open_terminal();
    return &description;
}

static bool wait_for(short events, int limit_ms) {
    struct pollfd wanted = {.fd = terminal, .events = events};
    const bool ready = poll(&wanted, 1, limit_ms) > 0 && (wanted.revents & events) != 0;
    if (ended) {
        exit(EXIT_SUCCESS);
    }
    return ready;
}

size_t port_read(uint8_t *bytes, size_t capacity) {
    const ssize_t count = wait_for(POLLIN, READ_WAIT_MS) ? read(terminal, bytes, capacity) : 0;
    return count > 0 ? (size_t)count : 0;
}

bool port_write(const uint8_t *bytes, size_t count) {
    while (count > 0) {
        const ssize_t written = wait_for(POLLOUT, WRITE_WAIT_MS) ? write(terminal, bytes, count) : -1;
        if (written <= 0) {
            return false;
        }
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

uint32_t port_ticks(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
}

void port_alive(void) {}

uint32_t port_peak_stack(void) {
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 2) {
        fprintf(stderr, "usage: %s [LINK]\n", argv[0]);
        return 2;
    }
    link_path = argc == 2 ? argv[1] : NULL;
    const struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)atexit(remove_link);
    app_run();
}
