/*
 * tsbuild-start.node: what src/loader.ts needs around the program: its source and its compiled code as they stand in the page cache, and a
 * way out. Read, each of the two were a megabyte copied twice, page by page into fresh memory. It is an addon of its own, since loading the
 * large one takes as long as it spares.
 *
 *   text(path)  the file as a string of one byte a character (the bundle is ASCII)
 *   bytes(path) the file as a Uint8Array; it cannot be written
 *   end(status) ends the process at once, as _exit(2) does: no thread is joined, nothing is torn down or flushed
 *
 * The first two give undefined when that cannot be done, whatever the reason; the caller then reads. The maps last as long as the process: as with
 * a shared library, whoever replaces such a file must put a new one in its place.
 */
#define NAPI_VERSION 8
#include <fcntl.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* In every Node 20.19 and newer, but declared only from version 10 of Node-API on, which those of 20 do not take for an addon's. */
extern napi_status node_api_create_external_string_latin1(napi_env env, char *text, size_t length, napi_finalize finalize, void *hint,
                                                          napi_value *result, bool *copied) __attribute__((weak));

enum { PATH_SIZE = 4096 };

struct map {
  void *start; /* NULL: nothing is mapped */
  size_t size;
};

static struct map map_file(const char *path, int flags) {
  struct map map = {NULL, 0};
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return map;
  struct stat status;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    void *start = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | flags, fd, 0);
    if (start != MAP_FAILED) map = (struct map){start, (size_t)status.st_size};
  }
  close(fd);
  return map;
}

static struct map map_argument(napi_env env, napi_callback_info info, int flags) {
  napi_value argument;
  size_t count = 1, length;
  char path[PATH_SIZE];
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok) return (struct map){NULL, 0};
  if (napi_get_value_string_utf8(env, argument, path, sizeof path, &length) != napi_ok) return (struct map){NULL, 0};
  return map_file(path, flags);
}

static napi_value text(napi_env env, napi_callback_info info) {
  if (node_api_create_external_string_latin1 == NULL) return NULL;
  struct map map = map_argument(env, info, 0);
  napi_value string = NULL;
  bool copied;
  if (map.start == NULL) return NULL;
  if (node_api_create_external_string_latin1(env, map.start, map.size, NULL, NULL, &string, &copied) != napi_ok) return NULL;
  return string;
}

static napi_value bytes(napi_env env, napi_callback_info info) {
  /* All of it will be read: its pages are entered at once, instead of by a fault for every sixteen. */
  struct map map = map_argument(env, info, MAP_POPULATE);
  napi_value buffer, array = NULL;
  if (map.start == NULL) return NULL;
  if (napi_create_external_arraybuffer(env, map.start, map.size, NULL, NULL, &buffer) != napi_ok) return NULL;
  if (napi_create_typedarray(env, napi_uint8_array, map.size, buffer, 0, &array) != napi_ok) return NULL;
  return array;
}

static napi_value end(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  int32_t status;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_int32(env, argument, &status) != napi_ok) return NULL;
  _exit(status);
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"text", NULL, text, NULL, NULL, NULL, napi_default, NULL},
      {"bytes", NULL, bytes, NULL, NULL, NULL, napi_default, NULL},
      {"end", NULL, end, NULL, NULL, NULL, napi_default, NULL},
  };
  return napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) == napi_ok ? exports : NULL;
}
