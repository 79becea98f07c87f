/* SPDX-License-Identifier: Apache-2.0 */
// Frames on the line: 0x00 COBS(header | payload | CRC-32) 0x00. See docs/reference/protocol.md.
#ifndef TINYDF_FRAME_H
#define TINYDF_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/wire.h"

// A frame whose CRC-32 and length were right. `payload` has header.length bytes.
typedef struct {
    wire_header header;
    const uint8_t *payload;
} frame;

// Takes frames out of the stream of bytes, one byte at a time. All zero is the start.
typedef struct {
    uint8_t bytes[WIRE_FRAME_BYTES]; // decoded so far
    size_t length;                   // of what is decoded
    uint8_t code;                    // of the COBS block that is being read; 0 before the first
    uint8_t block_left;              // bytes of that block still to come
    bool broken;                     // the frame cannot be right: skip to its end
    uint32_t dropped;                // frames that were damaged
} frame_receiver;

// Takes the next byte. True if it ended a whole frame, which is then in `whole` until the next call.
bool frame_push(frame_receiver *receiver, uint8_t byte, frame *whole);

// Writes a frame with both delimiters to `encoded`, and returns its size. `header->length`, at most WIRE_MAX_PAYLOAD,
// is the size of the payload.
size_t frame_encode(const wire_header *header, const uint8_t *payload, uint8_t encoded[WIRE_ENCODED_BYTES]);

#endif
