#pragma once
// A reader of gzip files (RFC 1952) that is given its input piece by piece: one member after another, each with its checksum.

#include "gzip/inflate.h"

namespace tsbuild {

class Gunzip : private ByteSink {
 public:
  // What is decoded goes to `sink`, which must outlive this.
  explicit Gunzip(ByteSink* sink) : sink_(sink), inflate_(this) {}
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  // The sink has all that these bytes bring when this returns. Throws LayerError (kInvalid), and what the sink throws.
  void feed(const uint8_t* data, size_t size);
  // No more will come. Throws LayerError when a member has not ended.
  void finish() const;

 private:
  enum class State { kFixed, kExtraLength, kExtra, kName, kComment, kHeaderSum, kBody, kTrailer };

  void bytes(const uint8_t* data, size_t size) override;
  void header(uint8_t byte);
  void trailer(uint8_t byte);
  // On to the next part of the header that the flags announce.
  void next_part(State from);
  void enter(State state);

  ByteSink* const sink_;
  Inflate inflate_;
  State state_ = State::kFixed;
  size_t at_ = 0;  // bytes of the state's own
  bool first_ = true;
  uint8_t flags_ = 0;
  uint32_t number_ = 0;  // little-endian, being read
  uint32_t extra_left_ = 0;
  uint32_t header_sum_ = 0;
  uint32_t sum_ = 0;
  uint32_t size_ = 0;  // modulo 2^32
};

}  // namespace tsbuild
