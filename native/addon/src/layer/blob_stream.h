#pragma once
// The bytes of a blob on their way into its file and through its digest.

#include "block_ring.h"
#include "hash_block.h"
#include "lent_memory.h"
#include "napi_util.h"
#include "sha256.h"

#include <mutex>
#include <thread>

namespace tsbuild {

// A thread writes what is published. Whoever hashes the tar meanwhile takes the blob's bytes along, which costs half of what they cost
// alone; the thread hashes what is left over, so that nobody waits for a tar that does not come.
class BlobStream : public HashedAlong {
 public:
  BlobStream(UniqueFd file, LentMemory memory)
      : file_(std::move(file)), memory_(std::move(memory)), ring_(memory_.blocks(), kReaders, memory_.data()), block_(ring_.acquire()) {}
  ~BlobStream() override { stop(); }

  // So many bytes of the block being filled are there; waits until the next one may be filled.
  Failure publish(size_t length);
  // With the last bytes. The digest of all when they are written.
  Failure finish(size_t length, Sha256Digest* digest);
  void stop();
  uint64_t size() const { return size_; }

  std::unique_lock<std::mutex> hold() override { return std::unique_lock<std::mutex>(hashing_); }
  Span waiting() override;
  void hashed(size_t bytes) override;

 private:
  enum Reader : size_t { kWrite, kHash, kReaders };

  void write_all_blocks();
  // Hash until no more than `most` blocks wait for it.
  void hash_down_to(size_t most);
  // Why the ring is cancelled.
  Failure reason();

  UniqueFd file_;
  LentMemory memory_;
  BlockRing ring_;
  Block* block_;  // being filled; null once nothing more may be
  std::thread thread_;
  std::mutex hashing_;  // held by who moves `kHash`
  Sha256 hash_;
  const Block* hashed_ = nullptr;  // the block that `kHash` is at,
  size_t offset_ = 0;              // and what is hashed of it
  uint64_t size_ = 0;
  Failure failure_;
};

}  // namespace tsbuild
