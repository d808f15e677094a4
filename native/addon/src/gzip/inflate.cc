#include "gzip/inflate.h"

#include "layer_error.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace tsbuild {
namespace {

constexpr size_t kWindow = 32768;
// As much is decoded before the sink gets it: small enough that it is still in the cache then.
constexpr size_t kRoom = 128 * 1024;
constexpr size_t kLongestMatch = 258;
// Matches are copied in larger units than bytes, beyond their end.
constexpr size_t kCopyUnit = 16;
constexpr size_t kSlack = kLongestMatch + 2 * kCopyUnit;
constexpr size_t kWord = sizeof(uint64_t);
// What an iteration of the fast loop reads at most, and the refill before the first.
constexpr size_t kFastInput = 4 * kWord;

constexpr uint32_t kEndOfBlock = 256;
constexpr size_t kLiteralSymbols = 288;
constexpr size_t kDistanceSymbols = 32;

using LiteralSymbols = std::array<HuffmanEntry, kLiteralSymbols>;
using DistanceSymbols = std::array<HuffmanEntry, kDistanceSymbols>;

// RFC 1951 section 3.2.5: lengths from 3 on, four of each number of extra bits from the ninth symbol on; 258 has one of its own.
constexpr LiteralSymbols make_literal_symbols() {
  LiteralSymbols symbols{};
  for (uint32_t i = 0; i < kEndOfBlock; i++) symbols[i] = huffman_entry(HuffmanKind::kLiteral, i, 0);
  symbols[kEndOfBlock] = kBlockEnd;
  uint32_t base = 3;
  for (uint32_t i = 0; i < 28; i++) {
    const uint32_t extra = i < 8 ? 0 : i / 4 - 1;
    symbols[kEndOfBlock + 1 + i] = huffman_entry(HuffmanKind::kBase, base, extra);
    base += 1u << extra;
  }
  symbols[285] = huffman_entry(HuffmanKind::kBase, kLongestMatch, 0);
  symbols[286] = symbols[287] = kInvalidCode;
  return symbols;
}

constexpr DistanceSymbols make_distance_symbols() {
  DistanceSymbols symbols{};
  uint32_t base = 1;
  for (uint32_t i = 0; i < 30; i++) {
    const uint32_t extra = i < 4 ? 0 : i / 2 - 1;
    symbols[i] = huffman_entry(HuffmanKind::kBase, base, extra);
    base += 1u << extra;
  }
  symbols[30] = symbols[31] = kInvalidCode;
  return symbols;
}

constexpr auto kLiteralSymbolEntries = make_literal_symbols();
constexpr auto kDistanceSymbolEntries = make_distance_symbols();

constexpr std::array<HuffmanEntry, 19> make_code_length_symbols() {
  std::array<HuffmanEntry, 19> symbols{};
  for (uint32_t i = 0; i < symbols.size(); i++) symbols[i] = huffman_entry(HuffmanKind::kLiteral, i, 0);
  return symbols;
}

constexpr auto kCodeLengthSymbolEntries = make_code_length_symbols();

// RFC 1951 section 3.2.6.
struct FixedTables {
  LiteralTable literals;
  DistanceTable distances;
  FixedTables() {
    uint8_t lengths[kLiteralSymbols];
    for (size_t i = 0; i < kLiteralSymbols; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    literals.fill(lengths, kLiteralSymbols, kLiteralSymbolEntries.data(), false);
    std::fill_n(lengths, kDistanceSymbols, uint8_t{5});
    distances.fill(lengths, kDistanceSymbols, kDistanceSymbolEntries.data(), false);
  }
};

const FixedTables& fixed_tables() {
  static const FixedTables tables;
  return tables;
}

// The words are zlib's, which people find when they look for them.
[[noreturn]] void damaged(const char* what) { throw_invalid({}, std::string("the gzip stream is damaged (") + what + ")"); }

uint64_t low_bits(uint64_t bits, unsigned count) { return bits & ((uint64_t{1} << count) - 1); }

// Appends a match to what is decoded, where kSlack bytes of room are; the end of it.
inline uint8_t* copy_match(uint8_t* out, const uint8_t* begin, size_t length, size_t distance) {
  if (distance > static_cast<size_t>(out - begin)) damaged("invalid distance too far back");
  uint8_t* const stop = out + length;
  const uint8_t* from = out - distance;
  if (distance >= kCopyUnit) {
    for (; out < stop; out += kCopyUnit, from += kCopyUnit) memcpy(out, from, kCopyUnit);
  } else if (distance == 1) {
    memset(out, *from, length);
  } else {
    // A unit would overlap with what it makes: byte by byte, until as many whole repetitions lie behind as a unit has room for.
    const size_t period = kCopyUnit / distance * distance;
    const uint8_t* const first = from;
    for (; out < stop && static_cast<size_t>(out - first) < period; out++, from++) *out = *from;
    for (; out < stop; out += period) {
      uint8_t unit[kCopyUnit];
      memcpy(unit, out - period, kCopyUnit);
      memcpy(out, unit, kCopyUnit);
    }
  }
  return stop;
}

}  // namespace

Inflate::Inflate(ByteSink* sink) : sink_(sink), buffer_(new uint8_t[kWindow + kRoom + kSlack]), out_(buffer_.get()), given_(out_), begin_(out_) {}

void Inflate::reset() {
  flush();
  state_ = State::kBlock;
  last_ = false;
  begin_ = out_;
}

void Inflate::flush() {
  const uint8_t* from = given_;
  given_ = out_;
  if (out_ > from) sink_->bytes(from, static_cast<size_t>(out_ - from));
}

void Inflate::make_room(size_t wanted) {
  if (static_cast<size_t>(buffer_.get() + kWindow + kRoom - out_) >= wanted) return;
  flush();
  const size_t kept = std::min(kWindow, static_cast<size_t>(out_ - begin_));
  memmove(buffer_.get(), out_ - kept, kept);
  begin_ = buffer_.get();
  out_ = given_ = begin_ + kept;
}

bool Inflate::spare(uint8_t* byte) {
  if (count_ < 8) return false;
  *byte = static_cast<uint8_t>(take(8));
  return true;
}

uint32_t Inflate::take(unsigned count) {
  const auto value = static_cast<uint32_t>(low_bits(bits_, count));
  bits_ >>= count;
  count_ -= count;
  return value;
}

void Inflate::fill(const uint8_t** in, const uint8_t* end) {
  for (; count_ < 56 && *in < end; count_ += 8) bits_ |= uint64_t{*(*in)++} << count_;
}

// Each step says false when it needs more input than there is, and has then taken nothing.
bool Inflate::feed(const uint8_t** in, const uint8_t* end) {
  while (state_ != State::kEnd) {
    fill(in, end);
    bool done = false;
    switch (state_) {
      case State::kBlock: done = block(); break;
      case State::kStoredLength: done = stored_length(); break;
      case State::kStored: done = stored(in, end); break;
      case State::kCounts: done = counts(); break;
      case State::kCodeLengths: done = code_lengths(in, end); break;
      case State::kLengths: done = lengths(in, end); break;
      case State::kSymbols: done = symbols(in, end) == Symbols::kBlockDone; break;
      case State::kEnd: break;
    }
    if (!done) return false;
  }
  return true;
}

bool Inflate::block() {
  if (last_) {
    // The stream ends at a byte.
    take(count_ % 8);
    flush();
    state_ = State::kEnd;
    return true;
  }
  if (count_ < 3) return false;
  last_ = take(1) != 0;
  switch (take(2)) {
    case 0: state_ = State::kStoredLength; break;
    case 1:
      literals_ = &fixed_tables().literals;
      distances_ = &fixed_tables().distances;
      state_ = State::kSymbols;
      break;
    case 2: state_ = State::kCounts; break;
    default: damaged("invalid block type");
  }
  return true;
}

bool Inflate::stored_length() {
  if (count_ < 32 + count_ % 8) return false;
  take(count_ % 8);
  const uint32_t length = take(16);
  if (take(16) != (length ^ 0xffff)) damaged("invalid stored block lengths");
  stored_left_ = length;
  state_ = State::kStored;
  return true;
}

bool Inflate::stored(const uint8_t** in, const uint8_t* end) {
  uint8_t byte = 0;
  while (stored_left_ > 0 && spare(&byte)) {
    make_room(1);
    *out_++ = byte;
    stored_left_--;
  }
  while (stored_left_ > 0 && *in < end) {
    make_room(kLongestMatch);
    const auto room = static_cast<size_t>(buffer_.get() + kWindow + kRoom - out_);
    const size_t count = std::min({stored_left_, room, static_cast<size_t>(end - *in)});
    memcpy(out_, *in, count);
    out_ += count, *in += count, stored_left_ -= count;
  }
  if (stored_left_ > 0) return false;
  state_ = State::kBlock;
  return true;
}

bool Inflate::counts() {
  if (count_ < 14) return false;
  literal_count_ = take(5) + 257;
  distance_count_ = take(5) + 1;
  code_length_count_ = take(4) + 4;
  if (literal_count_ > 286 || distance_count_ > 30) damaged("too many length or distance symbols");
  memset(code_lengths_, 0, sizeof code_lengths_);
  lengths_read_ = 0;
  state_ = State::kCodeLengths;
  return true;
}

bool Inflate::code_lengths(const uint8_t** in, const uint8_t* end) {
  constexpr uint8_t kOrder[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  for (; lengths_read_ < code_length_count_; lengths_read_++) {
    fill(in, end);
    if (count_ < 3) return false;
    code_lengths_[kOrder[lengths_read_]] = static_cast<uint8_t>(take(3));
  }
  if (!length_codes_.fill(code_lengths_, 19, kCodeLengthSymbolEntries.data(), false)) damaged("invalid code lengths set");
  lengths_read_ = 0;
  state_ = State::kLengths;
  return true;
}

bool Inflate::lengths(const uint8_t** in, const uint8_t* end) {
  const unsigned wanted = literal_count_ + distance_count_;
  while (lengths_read_ < wanted) {
    fill(in, end);
    unsigned used = 0;
    const HuffmanEntry entry = length_codes_.look_up(bits_, &used);
    const uint32_t symbol = value_of(entry);
    // 16: the length before, 3 to 6 times; 17: zeros, 3 to 10; 18: zeros, 11 to 138.
    const unsigned extra = symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    if (count_ < bits_of(entry) + extra) return false;
    take(bits_of(entry));
    if (symbol < 16) {
      lengths_[lengths_read_++] = static_cast<uint8_t>(symbol);
      continue;
    }
    if (symbol == 16 && lengths_read_ == 0) damaged("invalid bit length repeat");
    const uint8_t value = symbol == 16 ? lengths_[lengths_read_ - 1] : 0;
    const unsigned times = take(extra) + (symbol == 18 ? 11 : 3);
    if (times > wanted - lengths_read_) damaged("invalid bit length repeat");
    memset(lengths_ + lengths_read_, value, times);
    lengths_read_ += times;
  }
  if (lengths_[kEndOfBlock] == 0) damaged("invalid code -- missing end-of-block");
  if (!own_literals_.fill(lengths_, literal_count_, kLiteralSymbolEntries.data(), true)) damaged("invalid literal/lengths set");
  if (!own_distances_.fill(lengths_ + literal_count_, distance_count_, kDistanceSymbolEntries.data(), true)) damaged("invalid distances set");
  literals_ = &own_literals_;
  distances_ = &own_distances_;
  state_ = State::kSymbols;
  return true;
}

Inflate::Symbols Inflate::symbols(const uint8_t** in, const uint8_t* end) {
  for (bool block_end = false;;) {
    if (static_cast<size_t>(end - *in) >= kFastInput) {
      block_end = fast_symbols(in, end);
    } else {
      fill(in, end);
      make_room(kSlack);
      if (!one_symbol(&block_end)) return Symbols::kInput;
    }
    if (block_end) {
      state_ = State::kBlock;
      return Symbols::kBlockDone;
    }
  }
}

// One literal, or one length with its distance, where the input may end within it.
bool Inflate::one_symbol(bool* block_end) {
  unsigned used = 0;
  HuffmanEntry entry = literals_->look_up(bits_, &used);
  used += bits_of(entry);
  if (used > count_) return false;
  if (kind_of(entry) == HuffmanKind::kOther) {
    if (entry >> 16 != kBlockEnd >> 16) damaged("invalid literal/length code");
    take(used);
    *block_end = true;
    return true;
  }
  if (kind_of(entry) == HuffmanKind::kLiteral) {
    take(used);
    *out_++ = static_cast<uint8_t>(value_of(entry));
    return true;
  }
  const size_t length = value_of(entry) + low_bits(bits_ >> used, extra_of(entry));
  used += extra_of(entry);
  if (used > count_) return false;
  unsigned first = 0;
  entry = distances_->look_up(bits_ >> used, &first);
  used += first + bits_of(entry);
  if (used > count_) return false;
  if (kind_of(entry) != HuffmanKind::kBase) damaged("invalid distance code");
  const size_t distance = value_of(entry) + low_bits(bits_ >> used, extra_of(entry));
  used += extra_of(entry);
  if (used > count_) return false;
  // At most 15 + 5 + 15 + 13 bits, so that 56 are always enough.
  bits_ >>= used;
  count_ -= used;
  out_ = copy_match(out_, begin_, length, distance);
  return true;
}

// As one_symbol, many times, as long as the input has kFastInput more: each refill reads a word, and nothing needs to look for the end.
// A code is looked up before the refill that its successors need, so that the two go on at once. That leaves at least 28 bits for the first
// of an iteration (56 less a distance), 26 for the third literal, 21 for a distance: a code has 15.
bool Inflate::fast_symbols(const uint8_t** in, const uint8_t* end) {
  const uint8_t* next = *in;
  const uint8_t* const safe = end - kFastInput;
  const LiteralTable& literals = *literals_;
  const DistanceTable& distances = *distances_;
  uint64_t bits = bits_;
  unsigned count = count_;
  // Members behind a pointer to bytes would be read again after each byte.
  uint8_t* out = out_;
  bool block_end = false;
  // From up to 63 bits on, at least 56 are there afterwards; those above `count` are the same that the next refill brings.
  const auto refill = [&] {
    uint64_t word;
    memcpy(&word, next, kWord);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    bits |= word << count;
    next += (63 - count) >> 3;
    count |= 56;
  };
  const auto consume = [&](unsigned used) {
    bits >>= used;
    count -= used;
  };
  const uint8_t* const full = buffer_.get() + kWindow + kRoom - kSlack;
  refill();
  while (next <= safe) {
    if (out > full) {
      out_ = out;
      make_room(kSlack);
      out = out_;
    }
    unsigned used = 0;
    HuffmanEntry entry = literals.look_up(bits, &used);
    refill();
    consume(used + bits_of(entry));
    if (kind_of(entry) == HuffmanKind::kLiteral) {
      // Often two more follow.
      *out++ = static_cast<uint8_t>(value_of(entry));
      entry = literals.look_up(bits, &used);
      consume(used + bits_of(entry));
      if (kind_of(entry) == HuffmanKind::kLiteral) {
        *out++ = static_cast<uint8_t>(value_of(entry));
        entry = literals.look_up(bits, &used);
        refill();
        consume(used + bits_of(entry));
        if (kind_of(entry) == HuffmanKind::kLiteral) {
          *out++ = static_cast<uint8_t>(value_of(entry));
          continue;
        }
      }
    }
    if (kind_of(entry) == HuffmanKind::kOther) {
      if (entry >> 16 != kBlockEnd >> 16) damaged("invalid literal/length code");
      block_end = true;
      break;
    }
    const size_t length = value_of(entry) + low_bits(bits, extra_of(entry));
    consume(extra_of(entry));
    entry = distances.look_up(bits, &used);
    refill();
    consume(used + bits_of(entry));
    if (kind_of(entry) != HuffmanKind::kBase) damaged("invalid distance code");
    const size_t distance = value_of(entry) + low_bits(bits, extra_of(entry));
    consume(extra_of(entry));
    out = copy_match(out, begin_, length, distance);
  }
  bits_ = low_bits(bits, count);
  count_ = count;
  out_ = out;
  *in = next;
  return block_end;
}

}  // namespace tsbuild
