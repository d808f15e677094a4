/* Runs a fuzz target over files instead of mutated inputs, for compilers without libFuzzer: replay FILE... */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int count, char **arguments) {
  for (int i = 1; i < count; i++) {
    FILE *stream = fopen(arguments[i], "rb");
    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0) {
      perror(arguments[i]);
      return 1;
    }
    long size = ftell(stream);
    uint8_t *data = malloc((size_t)size + 1);
    rewind(stream);
    if (data == NULL || fread(data, 1, (size_t)size, stream) != (size_t)size) {
      perror(arguments[i]);
      return 1;
    }
    fclose(stream);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
  }
  printf("%d inputs, no finding\n", count - 1);
  return 0;
}
