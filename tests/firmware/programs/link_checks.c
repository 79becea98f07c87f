/* SPDX-License-Identifier: Apache-2.0 */
// Checks of firmware/link that need C alone, run under the sanitizers: every payload size there and back, every single
// bit flipped, every way to cut a frame short. Prints what failed and exits with 1.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/crc32.h"
#include "link/frame.h"

static void require(bool condition, const char *what, size_t where) {
    if (!condition) {
        printf("%s (%zu)\n", what, where);
        exit(EXIT_FAILURE);
    }
}

static size_t push_all(frame_receiver *receiver, const uint8_t *bytes, size_t count, frame *whole) {
    size_t frames = 0;
    for (size_t i = 0; i < count; i++) {
        frames += frame_push(receiver, bytes[i], whole);
    }
    return frames;
}

static size_t make(uint8_t *encoded, uint8_t *payload, size_t length, uint8_t fill) {
    memset(payload, fill, WIRE_MAX_PAYLOAD);
    const wire_header header = {
        .version = WIRE_VERSION, .type = WIRE_CHUNK, .session = 7, .sequence = 9, .length = (uint16_t)length};
    return frame_encode(&header, payload, encoded);
}

static void check_every_size(void) {
    static uint8_t encoded[WIRE_ENCODED_BYTES], payload[WIRE_MAX_PAYLOAD];
    static frame_receiver receiver;
    for (unsigned fill = 0; fill < 256; fill += 85) { // 0, 85, 170, 255
        for (size_t length = 0; length <= WIRE_MAX_PAYLOAD; length++) {
            frame whole;
            const size_t count = make(encoded, payload, length, (uint8_t)fill);
            require(count <= WIRE_ENCODED_BYTES, "an encoded frame is too long", length);
            require(memchr(encoded + 1, 0, count - 1) == encoded + count - 1, "a zero within a frame", length);
            require(push_all(&receiver, encoded, count, &whole) == 1, "a frame did not come back", length);
            require(whole.header.length == length, "another length came back", length);
            require(memcmp(whole.payload, payload, length) == 0, "another payload came back", length);
        }
    }
    require(receiver.dropped == 0, "whole frames were dropped", receiver.dropped);
}

static void check_every_flip(void) {
    static uint8_t encoded[WIRE_ENCODED_BYTES], payload[WIRE_MAX_PAYLOAD];
    static frame_receiver receiver;
    frame whole;
    const size_t count = make(encoded, payload, 300, 3);
    for (size_t bit = 8; bit < (count - 1) * 8; bit++) { // not the delimiters
        encoded[bit / 8] ^= (uint8_t)(1u << bit % 8);
        require(push_all(&receiver, encoded, count, &whole) == 0, "a damaged frame was taken", bit);
        encoded[bit / 8] ^= (uint8_t)(1u << bit % 8);
        require(push_all(&receiver, encoded, count, &whole) == 1, "the frame after a damaged one was lost", bit);
    }
}

static void check_every_cut(void) {
    static uint8_t encoded[WIRE_ENCODED_BYTES], payload[WIRE_MAX_PAYLOAD];
    static frame_receiver receiver;
    frame whole;
    const size_t count = make(encoded, payload, 700, 0x41);
    for (size_t cut = 0; cut < count - 1; cut++) {
        require(push_all(&receiver, encoded, cut, &whole) == 0, "a cut frame was taken", cut);
        require(push_all(&receiver, encoded, count, &whole) == 1, "the frame after a cut one was lost", cut);
    }
}

static void check_endless_frame(void) {
    static frame_receiver receiver;
    frame whole;
    for (size_t i = 0; i < 100000; i++) {
        require(!frame_push(&receiver, (uint8_t)(1 + i % 255), &whole), "a frame without end was taken", i);
    }
    require(!frame_push(&receiver, 0, &whole) && receiver.dropped == 1, "a frame without end was not dropped", 0);
}

int main(void) {
    require(crc32(0, (const uint8_t *)"123456789", 9) == 0xCBF43926u, "the check value of CRC-32", 0);
    check_every_size();
    check_every_flip();
    check_every_cut();
    check_endless_frame();
    return EXIT_SUCCESS;
}
