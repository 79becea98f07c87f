/* SPDX-License-Identifier: Apache-2.0 */
// CRC-32 of IEEE 802.3, the one of zlib.
#ifndef TINYDF_CRC32_H
#define TINYDF_CRC32_H

#include <stddef.h>
#include <stdint.h>

// The CRC-32 of what `crc` is the CRC-32 of (0 for nothing), followed by `count` bytes.
uint32_t crc32(uint32_t crc, const uint8_t *bytes, size_t count);

#endif
