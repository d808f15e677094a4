#pragma once
// A decoder of raw deflate streams (RFC 1951) that is given its input piece by piece. It believes nothing: every code, length and
// distance is checked before it is used.

#include "gzip/huffman_table.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tsbuild {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  // The bytes are there during the call only.
  virtual void bytes(const uint8_t* data, size_t size) = 0;
};

class Inflate {
 public:
  explicit Inflate(ByteSink* sink);

  // A new stream begins.
  void reset();
  // Decodes up to the stream's end or the end of the input, whose bytes it takes over. What is decoded reaches the sink in larger
  // pieces. True at the stream's end; what was taken over beyond it is in `spare`. Throws LayerError (kInvalid), and what the sink throws.
  bool feed(const uint8_t** in, const uint8_t* end);
  // Gives the sink what it has not been given yet.
  void flush();
  // After the stream's end: a byte that was taken over already. False when there is none.
  bool spare(uint8_t* byte);

 private:
  enum class State { kBlock, kStoredLength, kStored, kCounts, kCodeLengths, kLengths, kSymbols, kEnd };
  enum class Symbols { kInput, kBlockDone };

  void fill(const uint8_t** in, const uint8_t* end);
  bool block();
  bool stored_length();
  bool stored(const uint8_t** in, const uint8_t* end);
  bool counts();
  bool code_lengths(const uint8_t** in, const uint8_t* end);
  bool lengths(const uint8_t** in, const uint8_t* end);
  Symbols symbols(const uint8_t** in, const uint8_t* end);
  bool fast_symbols(const uint8_t** in, const uint8_t* end);
  bool one_symbol(bool* block_end);
  void make_room(size_t wanted);
  uint32_t take(unsigned count);

  ByteSink* const sink_;
  State state_ = State::kBlock;
  bool last_ = false;

  // Input that was taken over and not used: `count_` bits, those above them are 0.
  uint64_t bits_ = 0;
  unsigned count_ = 0;

  // The window and what is decoded behind it; [given_, out_) has not reached the sink, and nothing before begin_ is of this stream.
  std::unique_ptr<uint8_t[]> buffer_;
  uint8_t* out_;
  uint8_t* given_;
  uint8_t* begin_;

  size_t stored_left_ = 0;
  unsigned literal_count_ = 0;
  unsigned distance_count_ = 0;
  unsigned code_length_count_ = 0;
  unsigned lengths_read_ = 0;
  uint8_t code_lengths_[19] = {};
  uint8_t lengths_[320] = {};
  CodeLengthTable length_codes_;
  LiteralTable own_literals_;
  DistanceTable own_distances_;
  const LiteralTable* literals_ = nullptr;
  const DistanceTable* distances_ = nullptr;
};

}  // namespace tsbuild
