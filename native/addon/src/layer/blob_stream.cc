#include "layer/blob_stream.h"

#include "kernel.h"

#include <system_error>

namespace tsbuild {

Failure BlobStream::publish(size_t length) {
  if (block_ == nullptr) return reason();
  block_->length = length;
  block_ = nullptr;
  ring_.publish();
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { write_all_blocks(); });
    } catch (const std::system_error& error) {
      return {error.code().value(), "pthread_create", {}, {}};
    }
  }
  block_ = ring_.acquire();
  return block_ == nullptr ? reason() : Failure{};
}

Failure BlobStream::finish(size_t length, Sha256Digest* digest) {
  if (block_ == nullptr) return reason();
  block_->length = length;
  block_ = nullptr;
  ring_.publish();
  ring_.close();
  // Most blobs fit in one block: no thread is started for those.
  if (thread_.joinable()) {
    thread_.join();
  } else {
    write_all_blocks();
  }
  if (ring_.cancelled()) return reason();
  *digest = hash_.finish();
  return {};
}

void BlobStream::stop() {
  ring_.cancel();
  if (thread_.joinable()) thread_.join();
  block_ = nullptr;
  file_.reset();
  // Who takes bytes along holds this while it looks at them, and finds none from now on.
  const auto held = hold();
  memory_.give_back();
}

HashedAlong::Span BlobStream::waiting() {
  hashed_ = ring_.try_next(kHash);
  if (hashed_ == nullptr) return {&hash_, nullptr, 0};
  return {&hash_, hashed_->data.get() + offset_, hashed_->length - offset_};
}

void BlobStream::hashed(size_t bytes) {
  offset_ += bytes;
  if (offset_ < hashed_->length) return;
  offset_ = 0;
  ring_.release(kHash);
}

void BlobStream::write_all_blocks() {
  while (const Block* block = ring_.next(kWrite)) {
    if (!write_all(file_.get(), block->data.get(), block->length)) {
      failure_ = fail("write");
      ring_.cancel();
      return;
    }
    size_ += block->length;
    ring_.release(kWrite);
    // With half of the ring free nobody waits for room.
    hash_down_to(memory_.blocks() / 2);
  }
  hash_down_to(0);
}

void BlobStream::hash_down_to(size_t most) {
  while (ring_.unread(kHash) > most) {
    const auto held = hold();
    const Span span = waiting();
    if (span.data == nullptr) return;
    span.hash->update(span.data, span.size);
    hashed(span.size);
  }
}

Failure BlobStream::reason() {
  if (thread_.joinable()) thread_.join();
  return failure_ ? failure_ : Failure{ECANCELED, "write", {}, {}};
}

}  // namespace tsbuild
