/* SPDX-License-Identifier: Apache-2.0 */
// ESP-IDF's main task is the application.
#include "app/app.h"

void app_main(void);

void app_main(void) {
    app_run();
}
