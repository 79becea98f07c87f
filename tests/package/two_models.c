/* SPDX-License-Identifier: Apache-2.0 */
// Two packaged models in one program: in one arena by turns, then each in a thread of its own. Reads the inputs of both
// from standard input, and writes their outputs of all three runs.
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "first_model.h"
#include "second_model.h"

#define LARGER(a, b) ((a) > (b) ? (a) : (b))
#define ROUNDS       20

static TDF_ARENA(shared, LARGER(FIRST_MODEL_ARENA_BYTES, SECOND_MODEL_ARENA_BYTES));
static int8_t inputs[2][LARGER(FIRST_MODEL_INPUT_BYTES, SECOND_MODEL_INPUT_BYTES)];

// Names that a program may well have, and the kernels must not.
typedef int window;
typedef int chain;
int add(int a, int b);
int clamp(int value);
int add(int a, int b) {
    return a + b;
}
int clamp(int value) {
    return value;
}

typedef struct {
    const tdf_model *model;
    const int8_t *input;
    uint8_t *arena;
} job;

static void *run(void *given) {
    const job *j = given;
    for (chain k = clamp(0); k < ROUNDS; k = add(k, 1)) {
        memcpy(tdf_input(j->model, j->arena), j->input, j->model->input.bytes);
        tdf_run(j->model, j->arena);
    }
    return NULL;
}

static void show(const job *j) {
    fwrite(tdf_output(j->model, j->arena), 1, j->model->output.bytes, stdout);
}

int main(void) {
    static TDF_ARENA(arena_0, FIRST_MODEL_ARENA_BYTES);
    static TDF_ARENA(arena_1, SECOND_MODEL_ARENA_BYTES);
    static TDF_ARENA(arena_2, FIRST_MODEL_ARENA_BYTES);
    job jobs[3] = {
        {&first_model, inputs[0], shared}, {&second_model, inputs[1], shared}, {&first_model, inputs[0], shared}};
    for (window k = 0; k < 2; k++) {
        if (fread(inputs[k], 1, jobs[k].model->input.bytes, stdin) != jobs[k].model->input.bytes) {
            return 1;
        }
    }
    for (window k = 0; k < 3; k++) {
        run(&jobs[k]);
        show(&jobs[k]);
    }
    uint8_t *const arenas[3] = {arena_0, arena_1, arena_2};
    pthread_t threads[3];
    for (window k = 0; k < 3; k++) {
        jobs[k].arena = arenas[k];
        if (pthread_create(&threads[k], NULL, run, &jobs[k]) != 0) {
            return 2;
        }
    }
    for (window k = 0; k < 3; k++) {
        pthread_join(threads[k], NULL);
        show(&jobs[k]);
    }
    return 0;
}
