/* SPDX-License-Identifier: Apache-2.0 */
#include "link/frame.h"

#include <string.h>

#include "link/crc32.h"

#define CRC_BYTES      sizeof(uint32_t)
#define COBS_FULL_CODE 0xFFu // a block of 254 bytes with no zero after it

static void append(frame_receiver *receiver, uint8_t byte) {
    if (receiver->length == sizeof receiver->bytes) {
        receiver->broken = true;
        return;
    }
    receiver->bytes[receiver->length++] = byte;
}

static void begin_block(frame_receiver *receiver, uint8_t code) {
    if (receiver->code != 0 && receiver->code != COBS_FULL_CODE) {
        append(receiver, 0);
    }
    receiver->code = code;
    receiver->block_left = (uint8_t)(code - 1u);
}

static bool check(const frame_receiver *receiver, frame *whole) {
    const size_t overhead = sizeof(wire_header) + CRC_BYTES;
    if (receiver->broken || receiver->block_left != 0 || receiver->length < overhead) {
        return false;
    }
    memcpy(&whole->header, receiver->bytes, sizeof whole->header);
    whole->payload = receiver->bytes + sizeof(wire_header);
    if (whole->header.length != receiver->length - overhead) {
        return false;
    }
    uint32_t sent;
    memcpy(&sent, receiver->bytes + receiver->length - CRC_BYTES, CRC_BYTES);
    return sent == crc32(0, receiver->bytes, receiver->length - CRC_BYTES);
}

static bool end_frame(frame_receiver *receiver, frame *whole) {
    const bool empty = receiver->code == 0;
    const bool good = !empty && check(receiver, whole);
    if (!empty && !good) {
        receiver->dropped++;
    }
    receiver->length = 0;
    receiver->code = 0;
    receiver->block_left = 0;
    receiver->broken = false;
    return good;
}

bool frame_push(frame_receiver *receiver, uint8_t byte, frame *whole) {
    if (byte == 0) {
        return end_frame(receiver, whole);
    }
    if (receiver->block_left == 0) {
        begin_block(receiver, byte);
    } else {
        receiver->block_left--;
        append(receiver, byte);
    }
    return false;
}

typedef struct {
    uint8_t *bytes;
    size_t length;
    size_t code_at; // where the code of the block that is being written goes
} cobs_writer;

static void close_block(cobs_writer *writer) {
    writer->bytes[writer->code_at] = (uint8_t)(writer->length - writer->code_at);
    writer->code_at = writer->length++;
}

static void cobs_write(cobs_writer *writer, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    for (const uint8_t *end = next + count; next < end; next++) {
        if (writer->length - writer->code_at == COBS_FULL_CODE) {
            close_block(writer);
        }
        if (*next == 0) {
            close_block(writer);
        } else {
            writer->bytes[writer->length++] = *next;
        }
    }
}

size_t frame_encode(const wire_header *header, const uint8_t *payload, uint8_t encoded[WIRE_ENCODED_BYTES]) {
    const uint32_t crc = crc32(crc32(0, (const uint8_t *)header, sizeof *header), payload, header->length);
    cobs_writer writer = {.bytes = encoded, .length = 2, .code_at = 1};
    encoded[0] = 0;
    cobs_write(&writer, header, sizeof *header);
    cobs_write(&writer, payload, header->length);
    cobs_write(&writer, &crc, sizeof crc);
    close_block(&writer);
    encoded[writer.code_at] = 0;
    return writer.length;
}
