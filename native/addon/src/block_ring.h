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

// Frees what the ring made itself; memory that was lent to it stays its owner's.
struct BlockMemoryDeleter {
  bool is_lent = false;
  void operator()(uint8_t* memory) const {
    if (!is_lent) delete[] memory;
  }
};

struct Block {
  std::unique_ptr<uint8_t[], BlockMemoryDeleter> data;
  size_t length = 0;
  std::vector<TreePart> parts;
  std::string records;
};

class BlockRing {
 public:
  // A multiple of the tar block, so that headers never straddle two blocks of the ring.
  static constexpr size_t kBlockSize = 256 * 1024;

  // `memory`: of that many blocks, one after the other, which outlives the ring; otherwise the ring has its own.
  BlockRing(size_t blocks, size_t readers, uint8_t* memory = nullptr);

  // Producer: an empty block once one is free; null after `cancel`. Blocks come in the order of the memory, again and again. Who had to
  // wait goes on when half of the ring is free: waking up for each block would cost more than filling it.
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
  // The next block if it is there already, otherwise null, and how many are.
  Block* try_next(size_t reader);
  size_t unread(size_t reader);

  // Wakes everybody; from then on `acquire` and `next` give null.
  void cancel();
  bool cancelled();

 private:
  // Blocks that the slowest reader still has.
  uint64_t held() const;
  void end(bool* how);

  std::mutex mutex_;
  // A waiter hears of nothing but what it waits for, or that all is over.
  std::condition_variable is_free_;
  std::condition_variable is_published_;
  std::condition_variable is_released_;
  std::vector<Block> blocks_;
  std::vector<uint64_t> released_;  // per reader: blocks it is done with
  uint64_t published_ = 0;
  bool closed_ = false;
  bool cancelled_ = false;
};

}  // namespace tsbuild
