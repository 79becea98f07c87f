/* SPDX-License-Identifier: Apache-2.0 */
// The application, as the ports see it.
#ifndef TINYDF_APP_H
#define TINYDF_APP_H

#include "link/wire.h"

// Runs the application; does not return. The port calls it once memory and stack are ready.
_Noreturn void app_run(void);

// Tells the host that the processor stopped on exception number `exception`. For a port's fault handlers: returns when
// the message is sent.
void app_report_fault(uint32_t exception, const wire_fault *fault);

#endif
