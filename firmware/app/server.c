/* SPDX-License-Identifier: Apache-2.0 */
#include "app/server.h"

#include <string.h>

#include "app/arena.h"
#include "link/crc32.h"

#define MAX_OUTPUT_BYTES (WIRE_MAX_PAYLOAD - sizeof(wire_result))
#define PAGE_LAYERS      ((WIRE_MAX_PAYLOAD - sizeof(wire_profile_answer)) / sizeof(uint32_t))

_Static_assert(WIRE_MAX_RANK == ENGINE_MAX_RANK, "a tensor's shape fits the wire");
_Static_assert(sizeof(wire_hello) <= WIRE_MAX_PAYLOAD, "HELLO fits a frame");

// The input that is being received. The bytes themselves are in the engine's input tensor.
typedef struct {
    uint32_t sample;
    uint32_t received; // bytes held, from the first on
} input_state;

// The sample that is being judged, crop by crop.
typedef struct {
    uint32_t sample;
    uint32_t crops; // judged
    int32_t steps;  // output[1] - output[0], summed over them
} judgement;

// The last result, kept so that a lost answer can be given again without running the model again.
typedef struct {
    bool valid;
    uint32_t input_crc32;
    wire_result head;
    uint8_t output[MAX_OUTPUT_BYTES];
} kept_result;

typedef struct {
    bool valid;
    uint32_t run;
    uint32_t ticks[WIRE_MAX_LAYERS];
} kept_profile;

static struct {
    const port_description *port;
    const frame_receiver *receiver;
    const engine_description *model;
    engine_status engine;
    uint32_t arena_bytes; // given to the engine
    uint32_t session;     // 0 is none
    wire_header request;  // that is being served
    input_state input;
    judgement judged;
    kept_result result;
    kept_profile profile;
    uint8_t payload[WIRE_MAX_PAYLOAD]; // of the answer
    uint8_t encoded[WIRE_ENCODED_BYTES];
} server;

// Sends the first `length` bytes of server.payload. A host that does not take them asks again.
static void send(wire_message type, size_t length) {
    const wire_header header = {
        .version = WIRE_VERSION,
        .type = (uint8_t)type,
        .session = server.request.session,
        .sequence = server.request.sequence,
        .length = (uint16_t)length,
    };
    (void)port_write(server.encoded, frame_encode(&header, server.payload, server.encoded));
}

static void send_error(wire_error_code code, uint32_t detail) {
    const wire_error error = {.code = (uint8_t)code, .detail = detail};
    memcpy(server.payload, &error, sizeof error);
    send(WIRE_ERROR, sizeof error);
}

// `text` may be NULL. The rest of `to`, and its last byte, are NUL already.
static size_t copy_text(char *to, size_t size, const char *text) {
    size_t length = 0;
    for (; text != NULL && length + 1 < size && text[length] != '\0'; length++) {
        to[length] = text[length];
    }
    return length;
}

// What the engine said goes with its status.
static void send_engine_error(engine_status status) {
    const wire_error error = {.code = WIRE_ERROR_ENGINE, .detail = (uint32_t)status};
    memcpy(server.payload, &error, sizeof error);
    char *text = (char *)server.payload + sizeof error;
    send(WIRE_ERROR, sizeof error + copy_text(text, sizeof server.payload - sizeof error, server.model->message));
}

void server_send_fault(uint32_t exception, const wire_fault *fault) {
    const wire_error error = {.code = WIRE_ERROR_FAULT, .detail = exception};
    memcpy(server.payload, &error, sizeof error);
    memcpy(server.payload + sizeof error, fault, sizeof *fault);
    send(WIRE_ERROR, sizeof error + sizeof *fault);
}

static void forget_input(void) {
    server.input.received = 0;
}

static void forget_all(void) {
    forget_input();
    server.judged = (judgement){0};
    server.result.valid = false;
    server.profile.valid = false;
}

static wire_tensor describe_tensor(const engine_tensor *tensor) {
    wire_tensor described = {
        .rank = tensor->rank, .scale = tensor->scale, .zero_point = tensor->zero_point, .bytes = tensor->bytes};
    memcpy(described.shape, tensor->shape, sizeof described.shape);
    return described;
}

static void send_hello(void) {
    wire_hello hello = {
        .input = describe_tensor(&server.model->input),
        .output = describe_tensor(&server.model->output),
        .threshold_steps = server.model->threshold_steps,
        .layer_count = server.model->layer_count,
        .clock_hz = server.port->clock_hz,
        .counter_unit = (uint8_t)server.port->counter_unit,
        .reset_cause = (uint8_t)server.port->reset_cause,
        .boot = (uint8_t)server.port->boot,
        .engine_status = (uint8_t)server.engine,
        .buffer_bytes = WIRE_MAX_PAYLOAD,
        .credit_window = WIRE_ENCODED_BYTES,
        .arena_bytes = server.arena_bytes,
        .stack_bytes = server.port->stack_bytes,
        .dropped_frames = server.receiver->dropped,
        .arena_used = server.model->arena_used,
    };
    copy_text(hello.board, sizeof hello.board, server.port->board);
    copy_text(hello.build_id, sizeof hello.build_id, TINYDF_BUILD_ID);
    copy_text(hello.engine, sizeof hello.engine, server.model->engine);
    copy_text(hello.library, sizeof hello.library, server.model->library);
    copy_text(hello.engine_message, sizeof hello.engine_message, server.model->message);
    memcpy(hello.library_sha256, server.model->library_sha256, sizeof hello.library_sha256);
    memcpy(hello.unique_id, server.port->unique_id, sizeof hello.unique_id);
    memcpy(hello.model_sha256, server.model->model_sha256, sizeof hello.model_sha256);
    memcpy(server.payload, &hello, sizeof hello);
    send(WIRE_HELLO, sizeof hello);
}

static void answer_hello(const frame *request) {
    if (request->header.session == 0) {
        send_error(WIRE_ERROR_SESSION, 0);
        return;
    }
    if (request->header.session != server.session) {
        server.session = request->header.session;
        forget_all();
    }
    send_hello();
}

// An output that does not fit a RESULT is no model's for this firmware.
static engine_status start_engine(uint32_t arena_bytes) {
    server.arena_bytes = arena_bytes;
    if (server.model->output.bytes > MAX_OUTPUT_BYTES) {
        return ENGINE_MODEL_INVALID;
    }
    return engine_init(arena_prepare(arena_bytes), arena_bytes);
}

static void answer_arena(const frame *request) {
    wire_arena arena;
    memcpy(&arena, request->payload, sizeof arena);
    if (arena.bytes > ARENA_BYTES) {
        send_error(WIRE_ERROR_RANGE, ARENA_BYTES);
        return;
    }
    forget_all();
    server.engine = start_engine(arena.bytes);
    send_hello();
}

static void answer_chunk(const frame *request) {
    wire_chunk chunk;
    memcpy(&chunk, request->payload, sizeof chunk);
    const uint32_t count = request->header.length - (uint32_t)sizeof chunk;
    if (chunk.sample != server.input.sample) {
        server.input = (input_state){.sample = chunk.sample};
    }
    input_state *input = &server.input;
    const uint32_t size = server.model->input.bytes;
    if (chunk.offset > size || count > size - chunk.offset) {
        send_error(WIRE_ERROR_RANGE, size);
        return;
    }
    if (chunk.offset > input->received) {
        send_error(WIRE_ERROR_OFFSET, input->received);
        return;
    }
    const uint32_t held = input->received - chunk.offset; // bytes of this chunk that are there already
    if (count > held) {
        memcpy(engine_input() + input->received, request->payload + sizeof chunk + held, count - held);
        input->received += count - held;
    }
    const wire_chunk_answer answer = {.sample = input->sample, .received = input->received};
    memcpy(server.payload, &answer, sizeof answer);
    send(WIRE_CHUNK, sizeof answer);
}

static void send_result(void) {
    const size_t output_bytes = server.model->output.bytes;
    memcpy(server.payload, &server.result.head, sizeof server.result.head);
    memcpy(server.payload + sizeof server.result.head, server.result.output, output_bytes);
    send(WIRE_RESULT, sizeof server.result.head + output_bytes);
}

// True if all of the sample's input is there as the host sent it; otherwise answers why not.
static bool input_is_complete(const wire_infer *infer) {
    const uint32_t size = server.model->input.bytes;
    const bool held = infer->sample == server.input.sample;
    if (!held || server.input.received != size) {
        send_error(WIRE_ERROR_INCOMPLETE, held ? server.input.received : 0);
        return false;
    }
    const uint32_t crc = crc32(0, (const uint8_t *)engine_input(), size);
    if (crc != infer->input_crc32) {
        forget_input();
        send_error(WIRE_ERROR_CHECKSUM, crc);
        return false;
    }
    return true;
}

// True if that crop's turn has come; otherwise answers which one's has.
static bool crop_is_next(const wire_infer *infer) {
    judgement *judged = &server.judged;
    if (infer->crop == 0 || infer->sample != judged->sample) {
        *judged = (judgement){.sample = infer->sample};
    }
    if (infer->crop != judged->crops) {
        send_error(WIRE_ERROR_CROP, judged->crops);
        return false;
    }
    return true;
}

// The verdict by this output and those of the crops before it: the mean score against the threshold, in integers. A
// model with one output, which is no detector, scores 0.
static bool judge(const int8_t *output) {
    judgement *judged = &server.judged;
    judged->steps += server.model->output.bytes > 1 ? output[1] - output[0] : 0;
    judged->crops++;
    return judged->steps > server.model->threshold_steps * (int32_t)judged->crops;
}

static void answer_infer(const frame *request) {
    wire_infer infer;
    memcpy(&infer, request->payload, sizeof infer);
    kept_result *result = &server.result;
    const bool given = result->valid && result->head.sample == infer.sample && result->head.crop == infer.crop;
    if (given && result->input_crc32 == infer.input_crc32) {
        send_result();
        return;
    }
    if (!crop_is_next(&infer) || !input_is_complete(&infer)) {
        return;
    }
    result->valid = false;
    forget_input(); // the inference may overwrite it
    const uint32_t begin = port_ticks();
    const engine_status status = engine_invoke();
    const uint32_t end = port_ticks();
    if (status != ENGINE_OK) {
        send_engine_error(status);
        return;
    }
    result->head = (wire_result){
        .sample = infer.sample,
        .crop = infer.crop,
        .ticks = end - begin,
        .peak_stack_bytes = port_peak_stack(),
        .fake = judge(engine_output()),
        .arena_intact = arena_intact(),
    };
    memcpy(result->output, engine_output(), server.model->output.bytes);
    result->input_crc32 = infer.input_crc32;
    result->valid = true;
    send_result();
}

// True if the ticks of that run are there; otherwise answers why not.
static bool run_profile(uint32_t run) {
    if (server.profile.valid && server.profile.run == run) {
        return true;
    }
    if (server.model->layer_count > WIRE_MAX_LAYERS) {
        send_error(WIRE_ERROR_LAYERS, WIRE_MAX_LAYERS);
        return false;
    }
    forget_input();
    server.profile.valid = false;
    const engine_status status = engine_profile(port_ticks, server.profile.ticks);
    if (status != ENGINE_OK) {
        send_engine_error(status);
        return false;
    }
    server.profile.run = run;
    server.profile.valid = true;
    return true;
}

static void answer_profile(const frame *request) {
    wire_profile profile;
    memcpy(&profile, request->payload, sizeof profile);
    if (!run_profile(profile.run)) {
        return;
    }
    const uint16_t layers = server.model->layer_count;
    const size_t left = profile.first_layer < layers ? (size_t)(layers - profile.first_layer) : 0;
    const size_t bytes = (left < PAGE_LAYERS ? left : PAGE_LAYERS) * sizeof(uint32_t);
    const wire_profile_answer answer = {.run = profile.run, .first_layer = profile.first_layer, .layer_count = layers};
    memcpy(server.payload, &answer, sizeof answer);
    if (bytes > 0) {
        memcpy(server.payload + sizeof answer, server.profile.ticks + profile.first_layer, bytes);
    }
    send(WIRE_PROFILE, sizeof answer + bytes);
}

static bool length_fits(const wire_header *header) {
    switch (header->type) {
    case WIRE_HELLO:
        return header->length == 0;
    case WIRE_CHUNK:
        return header->length > sizeof(wire_chunk);
    case WIRE_INFER:
        return header->length == sizeof(wire_infer);
    case WIRE_ARENA:
        return header->length == sizeof(wire_arena);
    default:
        return header->length == sizeof(wire_profile);
    }
}

static bool is_request(uint8_t type) {
    return type == WIRE_HELLO || type == WIRE_CHUNK || type == WIRE_INFER || type == WIRE_PROFILE || type == WIRE_ARENA;
}

static bool wants_engine(uint8_t type) {
    return type != WIRE_HELLO && type != WIRE_ARENA;
}

// True if the request may be served; otherwise answers why not.
static bool admit(const wire_header *header) {
    if (header->version != WIRE_VERSION) {
        send_error(WIRE_ERROR_VERSION, WIRE_VERSION);
    } else if (!is_request(header->type)) {
        send_error(WIRE_ERROR_TYPE, header->type);
    } else if (header->type != WIRE_HELLO && (server.session == 0 || header->session != server.session)) {
        send_error(WIRE_ERROR_SESSION, 0);
    } else if (!length_fits(header)) {
        send_error(WIRE_ERROR_LENGTH, header->length);
    } else if (header->type != WIRE_HELLO && server.port->boot != WIRE_BOOT_OK) {
        send_error(WIRE_ERROR_BOOT, server.port->boot);
    } else if (wants_engine(header->type) && server.engine != ENGINE_OK) {
        send_engine_error(server.engine);
    } else {
        return true;
    }
    return false;
}

void server_start(const port_description *port, const frame_receiver *receiver) {
    server.port = port;
    server.receiver = receiver;
    server.model = engine_describe();
    server.engine = start_engine(ARENA_BYTES);
}

void server_handle(const frame *request) {
    server.request = request->header;
    if (!admit(&request->header)) {
        return;
    }
    switch (request->header.type) {
    case WIRE_HELLO:
        answer_hello(request);
        break;
    case WIRE_CHUNK:
        answer_chunk(request);
        break;
    case WIRE_INFER:
        answer_infer(request);
        break;
    case WIRE_ARENA:
        answer_arena(request);
        break;
    default:
        answer_profile(request);
        break;
    }
}
