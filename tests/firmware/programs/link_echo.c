/* SPDX-License-Identifier: Apache-2.0 */
// Writes back, encoded again, every frame on standard input; at the end, the count of those dropped on standard error.
#include <stdio.h>

#include "link/frame.h"

int main(void) {
    static frame_receiver receiver;
    static uint8_t encoded[WIRE_ENCODED_BYTES];
    frame whole;
    for (int byte = getchar(); byte != EOF; byte = getchar()) {
        if (frame_push(&receiver, (uint8_t)byte, &whole)) {
            fwrite(encoded, 1, frame_encode(&whole.header, whole.payload, encoded), stdout);
        }
    }
    fprintf(stderr, "%u\n", (unsigned)receiver.dropped);
}
