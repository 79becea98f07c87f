/* SPDX-License-Identifier: Apache-2.0 */
// The application: frames in, commands, inference, frames out. No heap, no interrupts; one loop.
#include "app/app.h"
#include "app/server.h"

#define READ_BYTES 64

static frame_receiver receiver;

static void serve(const uint8_t *bytes, size_t count) {
    frame request;
    for (size_t i = 0; i < count; i++) {
        if (frame_push(&receiver, bytes[i], &request)) {
            server_handle(&request);
        }
    }
}

_Noreturn void app_run(void) {
    const port_description *port = port_init();
    server_start(port, &receiver);
    for (;;) {
        uint8_t bytes[READ_BYTES];
        serve(bytes, port_read(bytes, sizeof bytes));
        port_alive();
    }
}

void app_report_fault(uint32_t exception, const wire_fault *fault) {
    server_send_fault(exception, fault);
}
