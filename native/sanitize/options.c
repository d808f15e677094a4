/*
 * What the sanitized launcher is told without an environment: the sandbox's environment is the image's, and a plan is never freed.
 * A report ends the process at once, with a status that no test takes for an answer of the launcher.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void) {
  return "detect_leaks=0:exitcode=99";
}

const char *__ubsan_default_options(void) {
  return "print_stacktrace=1:exitcode=99";
}
