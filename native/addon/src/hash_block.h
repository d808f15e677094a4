#pragma once
// Both hashes of a layer over one block: that of the stream, and that of the file whose bytes are in it.

#include "block_ring.h"
#include "sha256.h"

namespace tsbuild {

// `on_record(part)` is called where an entry begins; `content` is then to stand at the beginning of a new hash.
template <typename OnRecord>
void hash_block(const Block& block, Sha256* stream, Sha256* content, OnRecord on_record) {
  const uint8_t* data = block.data.get();
  size_t done = 0;
  for (const TreePart& part : block.parts) {
    if (part.kind == TreePart::Kind::kRecord) {
      on_record(part);
      continue;
    }
    // What is between the contents of files goes into the stream's hash alone.
    stream->update(data + done, part.offset - done);
    stream->update_both(content, data + part.offset, part.length);
    done = part.offset + part.length;
  }
  stream->update(data + done, block.length - done);
}

}  // namespace tsbuild
