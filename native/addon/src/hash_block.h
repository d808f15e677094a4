#pragma once
// Both hashes of a layer over one block: that of the stream, and that of the file whose bytes are in it.

#include "block_ring.h"
#include "sha256.h"

#include <algorithm>
#include <mutex>

namespace tsbuild {

// A stream that is hashed with another one, as far as there are bytes of both.
class HashedAlong {
 public:
  struct Span {
    Sha256* hash;
    const uint8_t* data;
    size_t size;
  };

  virtual ~HashedAlong() = default;
  // To be held during the calls of the other two.
  virtual std::unique_lock<std::mutex> hold() = 0;
  // The next bytes, empty when none are there.
  virtual Span waiting() = 0;
  // So many of them went into the hash, one or more.
  virtual void hashed(size_t bytes) = 0;
};

inline void hash_content(const uint8_t* data, size_t size, Sha256* stream, Sha256* content, HashedAlong* along) {
  while (along != nullptr && size >= 64) {
    const HashedAlong::Span beside = along->waiting();
    const size_t both = std::min(size, beside.size) / 64 * 64;
    if (both == 0) break;
    stream->update_both_beside(content, data, beside.hash, beside.data, both);
    along->hashed(both);
    data += both, size -= both;
  }
  stream->update_both(content, data, size);
}

// `on_record(part)` is called where an entry begins; `content` is then to stand at the beginning of a new hash.
template <typename OnRecord>
void hash_block(const Block& block, Sha256* stream, Sha256* content, OnRecord on_record, HashedAlong* along = nullptr) {
  std::unique_lock<std::mutex> held;
  if (along != nullptr) held = along->hold();
  const uint8_t* data = block.data.get();
  size_t done = 0;
  for (const TreePart& part : block.parts) {
    if (part.kind == TreePart::Kind::kRecord) {
      on_record(part);
      continue;
    }
    // What is between the contents of files goes into the stream's hash alone.
    stream->update(data + done, part.offset - done);
    hash_content(data + part.offset, part.length, stream, content, along);
    done = part.offset + part.length;
  }
  stream->update(data + done, block.length - done);
}

}  // namespace tsbuild
