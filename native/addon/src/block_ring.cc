#include "block_ring.h"

#include <algorithm>

namespace tsbuild {

BlockRing::BlockRing(size_t blocks, size_t readers, uint8_t* memory) : blocks_(blocks), released_(readers, 0) {
  if (memory == nullptr) return;
  for (size_t i = 0; i < blocks; i++) blocks_[i].data = {memory + i * kBlockSize, BlockMemoryDeleter{true}};
}

uint64_t BlockRing::held() const { return published_ - *std::min_element(released_.begin(), released_.end()); }

Block* BlockRing::acquire() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (held() == blocks_.size()) is_free_.wait(lock, [this] { return cancelled_ || held() <= blocks_.size() / 2; });
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
  std::unique_lock<std::mutex> lock(mutex_);
  published_++;
  lock.unlock();
  is_published_.notify_all();
}

void BlockRing::close() { end(&closed_); }

Block* BlockRing::next(size_t reader) {
  std::unique_lock<std::mutex> lock(mutex_);
  is_published_.wait(lock, [&] { return cancelled_ || closed_ || released_[reader] < published_; });
  if (cancelled_ || released_[reader] == published_) return nullptr;
  return &blocks_[released_[reader] % blocks_.size()];
}

Block* BlockRing::next_after(size_t reader, size_t other) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto ended = [&] { return closed_ && released_[reader] == published_; };
  is_released_.wait(lock, [&] { return cancelled_ || ended() || released_[reader] < released_[other]; });
  if (cancelled_ || ended()) return nullptr;
  return &blocks_[released_[reader] % blocks_.size()];
}

void BlockRing::release(size_t reader) {
  std::unique_lock<std::mutex> lock(mutex_);
  released_[reader]++;
  const bool has_room = held() <= blocks_.size() / 2;
  lock.unlock();
  is_released_.notify_all();
  if (has_room) is_free_.notify_all();
}

Block* BlockRing::try_next(size_t reader) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (cancelled_ || released_[reader] == published_) return nullptr;
  return &blocks_[released_[reader] % blocks_.size()];
}

size_t BlockRing::unread(size_t reader) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return published_ - released_[reader];
}

void BlockRing::cancel() { end(&cancelled_); }

void BlockRing::end(bool* how) {
  std::unique_lock<std::mutex> lock(mutex_);
  *how = true;
  lock.unlock();
  is_published_.notify_all();
  is_released_.notify_all();
  is_free_.notify_all();
}

bool BlockRing::cancelled() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return cancelled_;
}

}  // namespace tsbuild
