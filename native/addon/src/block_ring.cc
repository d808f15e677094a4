#include "block_ring.h"

#include <algorithm>

namespace tsbuild {

BlockRing::BlockRing(size_t blocks, size_t readers) : blocks_(blocks), released_(readers, 0) {}

Block* BlockRing::acquire() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] {
    return cancelled_ || published_ - *std::min_element(released_.begin(), released_.end()) < blocks_.size();
  });
  if (cancelled_) return nullptr;
  Block* block = &blocks_[published_ % blocks_.size()];
  lock.unlock();
  // Made at first use: most layers fit in one block.
  if (!block->data) block->data.reset(new uint8_t[kBlockSize]);
  block->length = 0;
  block->parts.clear();
  block->records.clear();
  return block;
}

void BlockRing::publish() {
  const std::lock_guard<std::mutex> lock(mutex_);
  published_++;
  changed_.notify_all();
}

void BlockRing::close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

Block* BlockRing::next(size_t reader) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return cancelled_ || closed_ || released_[reader] < published_; });
  if (cancelled_ || released_[reader] == published_) return nullptr;
  return &blocks_[released_[reader] % blocks_.size()];
}

Block* BlockRing::next_after(size_t reader, size_t other) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto ended = [&] { return closed_ && released_[reader] == published_; };
  changed_.wait(lock, [&] { return cancelled_ || ended() || released_[reader] < released_[other]; });
  if (cancelled_ || ended()) return nullptr;
  return &blocks_[released_[reader] % blocks_.size()];
}

void BlockRing::release(size_t reader) {
  const std::lock_guard<std::mutex> lock(mutex_);
  released_[reader]++;
  changed_.notify_all();
}

void BlockRing::cancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cancelled_ = true;
  changed_.notify_all();
}

bool BlockRing::cancelled() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return cancelled_;
}

}  // namespace tsbuild
