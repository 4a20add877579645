// A model that is part of the program classifies a digit: no file at run time, no allocation per answer.
//
//   scripts/install-capi $HOME/curt && export PKG_CONFIG_PATH=$HOME/curt/lib/pkgconfig
//   cc examples/classify.c -o classify -static $(pkg-config --cflags --libs --static curt) && ./classify
//
// Without -static and --static it is linked to libcurt.so, which LD_LIBRARY_PATH must lead to unless the system knows the folder.
#include <curt.h>
#include <float.h>
#include <stdio.h>

// The bytes of a file, found from where the compiler runs, as part of the program (GCC and Clang on ELF; C23 has #embed).
#define EMBED(name, file)                                                                                                        \
    __asm__(".section .rodata\n.balign 64\n.global " #name "\n" #name ": .incbin \"" file "\"\n.global " #name "_end\n" #name    \
            "_end: .byte 0\n.previous\n");                                                                                       \
    extern const uint8_t name[], name##_end[]

EMBED(model_file, "models/lenet-300-100-gnj.curt");
EMBED(digit, "examples/digit-1.raw");

static int fail(const char *what, curt_status status) {
    char message[256];
    curt_last_error(message, sizeof message);
    fprintf(stderr, "%s: %s: %s\n", what, curt_status_name(status), message);
    return 1;
}

int main(void) {
    curt_model *model;     // shared by threads
    curt_session *session; // one per thread; running allocates nothing
    curt_status status = curt_model_from_bytes(model_file, (size_t)(model_file_end - model_file), &model);
    if (status != CURT_OK) return fail("the model", status);
    status = curt_session_new(model, NULL, &session);
    if (status != CURT_OK) return fail("the session", status);

    float scores[10];
    status = curt_session_run_u8(session, digit, 28 * 28, scores, 10); // other lengths than the model's are refused
    if (status != CURT_OK) return fail("the run", status);

    int best = 0;
    for (int i = 0; i < 10; i++) {
        if (scores[i] >= FLT_MAX || scores[i] <= -FLT_MAX) return fputs("no class: a score overflows\n", stderr), 1;
        if (scores[i] > scores[best]) best = i;
    }
    for (int row = 0; row < 28; row += 2) {
        for (int col = 0; col < 28; col++) putchar(" .+#"[digit[row * 28 + col] / 64]);
        putchar('\n');
    }
    printf("It is a %d.\n", best);
    curt_session_free(session);
    curt_model_free(model);
    return 0;
}
