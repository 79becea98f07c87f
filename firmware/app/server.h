/* SPDX-License-Identifier: Apache-2.0 */
// Serves the requests of docs/reference/protocol.md, one at a time.
#ifndef TINYDF_SERVER_H
#define TINYDF_SERVER_H

#include "engine/engine.h"
#include "link/frame.h"
#include "port/port.h"

// Begins with no session, and starts the engine. `receiver` counts the frames that were dropped. Both pointers stay in
// use.
void server_start(const port_description *port, const frame_receiver *receiver);

// Serves one request, and sends its answer.
void server_handle(const frame *request);

// Sends an ERROR FAULT with the header of the request that is being served.
void server_send_fault(uint32_t exception, const wire_fault *fault);

#endif
