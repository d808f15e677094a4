// Fuzz target: the gzip reader. The same bytes in one piece and in many must give the same content and the same error; under the
// sanitizers nothing is read or written out of bounds.
//
// Byte 0 of an input is the size of the pieces; byte 1: bit 0 puts a header before the rest, so that mutation reaches the blocks.

#include "gzip/gunzip.h"
#include "layer_error.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace tsbuild;

constexpr size_t kMostBytes = 8 * 1024 * 1024;

struct Found : ByteSink {
  std::string content;
  std::string error;
  void bytes(const uint8_t* data, size_t size) override {
    if (content.size() < kMostBytes) content.append(reinterpret_cast<const char*>(data), std::min(size, kMostBytes - content.size()));
  }
};

Found read(const std::string& input, size_t piece) {
  Found found;
  Gunzip gunzip(&found);
  try {
    for (size_t at = 0; at < input.size(); at += piece) {
      // A copy of its own, so that reading behind its end is seen.
      const std::string part = input.substr(at, piece);
      gunzip.feed(reinterpret_cast<const uint8_t*>(part.data()), part.size());
    }
    gunzip.finish();
  } catch (const LayerError& error) {
    found.error = error.reason;
  }
  return found;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  std::string input;
  if ((data[1] & 1) != 0) input.assign("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  input.append(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Found whole = read(input, input.size() + 1);
  const Found cut = read(input, size_t{data[0]} + 1);
  if (whole.error != cut.error || (whole.error.empty() && whole.content != cut.content)) {
    fprintf(stderr, "Gunzip: in one piece \"%s\", %zu bytes; in many \"%s\", %zu bytes\n", whole.error.c_str(), whole.content.size(), cut.error.c_str(),
            cut.content.size());
    abort();
  }
  return 0;
}
