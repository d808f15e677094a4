#pragma once
// A ring of fixed blocks between one producer and several readers, each on its own thread. Every reader sees every block, and a
// block is filled again only when all have released it, so memory stays flat for a stream of any length.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tsbuild {

// What a stretch of the stream means to the content digest: the record of a new entry (`offset` into `Block::records`), or bytes
// of the current entry's file (`offset` into `Block::data`). A parser of the stream leaves kRecord parts without a record: a file begins.
struct TreePart {
  enum class Kind : uint8_t { kRecord, kContent };
  Kind kind;
  uint32_t offset;
  uint32_t length;
};

struct Block {
  std::unique_ptr<uint8_t[]> data;
  size_t length = 0;
  std::vector<TreePart> parts;
  std::string records;
};

class BlockRing {
 public:
  // A multiple of the tar block, so that headers never straddle two blocks of the ring.
  static constexpr size_t kBlockSize = 256 * 1024;

  BlockRing(size_t blocks, size_t readers);

  // Producer: an empty block once one is free; null after `cancel`.
  Block* acquire();
  // Producer: hand the acquired block to the readers.
  void publish();
  // Producer: nothing more will come.
  void close();

  // Reader: the next block; null at the end of the stream or after `cancel`. Stays valid until `release`.
  Block* next(size_t reader);
  // The same, but not before `other` has released that block: what it left in the block's parts can be read.
  Block* next_after(size_t reader, size_t other);
  void release(size_t reader);

  // Wakes everybody; from then on `acquire` and `next` give null.
  void cancel();
  bool cancelled();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Block> blocks_;
  std::vector<uint64_t> released_;  // per reader: blocks it is done with
  uint64_t published_ = 0;
  bool closed_ = false;
  bool cancelled_ = false;
};

}  // namespace tsbuild
