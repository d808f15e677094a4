#include "gzip/gunzip.h"

#include "gzip/crc32.h"
#include "layer_error.h"

namespace tsbuild {
namespace {

// RFC 1952 section 2.3.
constexpr uint8_t kMagic[2] = {0x1f, 0x8b};
constexpr uint8_t kDeflate = 8;
constexpr size_t kFixedBytes = 10;
constexpr uint8_t kHasHeaderSum = 2;
constexpr uint8_t kHasExtra = 4;
constexpr uint8_t kHasName = 8;
constexpr uint8_t kHasComment = 16;
constexpr uint8_t kReserved = 0xe0;

// The words in brackets are zlib's.
[[noreturn]] void damaged(const char* what) { throw_invalid({}, std::string("the gzip stream is damaged (") + what + ")"); }

}  // namespace

void Gunzip::feed(const uint8_t* data, size_t size) {
  const uint8_t* in = data;
  const uint8_t* const end = data + size;
  for (;;) {
    if (state_ == State::kBody) {
      const bool ended = inflate_.feed(&in, end);
      if (!ended) break;
      enter(State::kTrailer);
    }
    uint8_t byte = 0;
    if (!inflate_.spare(&byte)) {
      if (in == end) break;
      byte = *in++;
    }
    if (state_ == State::kTrailer) {
      trailer(byte);
    } else {
      header(byte);
    }
  }
  inflate_.flush();
}

void Gunzip::finish() const {
  if (first_ || state_ != State::kFixed || at_ != 0) throw_invalid({}, "the gzip stream ends too early");
}

void Gunzip::bytes(const uint8_t* data, size_t size) {
  sum_ = crc32(sum_, data, size);
  size_ += static_cast<uint32_t>(size);
  sink_->bytes(data, size);
}

void Gunzip::enter(State state) {
  state_ = state;
  at_ = 0;
  number_ = 0;
}

void Gunzip::header(uint8_t byte) {
  if (state_ != State::kHeaderSum) header_sum_ = crc32(state_ == State::kFixed && at_ == 0 ? 0 : header_sum_, &byte, 1);
  const size_t at = at_++;
  switch (state_) {
    case State::kFixed:
      if (at < sizeof kMagic && byte != kMagic[at]) {
        if (first_) damaged("incorrect header check");
        throw_invalid({}, "the gzip stream is followed by something else");
      }
      if (at == 2 && byte != kDeflate) damaged("unknown compression method");
      if (at == 3 && (byte & kReserved) != 0) damaged("unknown header flags set");
      if (at == 3) flags_ = byte;
      if (at + 1 == kFixedBytes) next_part(State::kFixed);
      break;
    case State::kExtraLength:
      extra_left_ = at == 0 ? byte : extra_left_ | uint32_t{byte} << 8;
      if (at == 1 && extra_left_ > 0) enter(State::kExtra);
      else if (at == 1) next_part(State::kExtra);
      break;
    case State::kExtra:
      if (--extra_left_ == 0) next_part(State::kExtra);
      break;
    case State::kName:
    case State::kComment:
      if (byte == 0) next_part(state_);
      break;
    case State::kHeaderSum:
      number_ |= uint32_t{byte} << (8 * at);
      if (at == 1 && number_ != (header_sum_ & 0xffff)) damaged("header crc mismatch");
      if (at == 1) next_part(State::kHeaderSum);
      break;
    case State::kBody:
    case State::kTrailer:
      break;
  }
}

void Gunzip::next_part(State from) {
  if (from < State::kExtraLength && (flags_ & kHasExtra) != 0) return enter(State::kExtraLength);
  if (from < State::kName && (flags_ & kHasName) != 0) return enter(State::kName);
  if (from < State::kComment && (flags_ & kHasComment) != 0) return enter(State::kComment);
  if (from < State::kHeaderSum && (flags_ & kHasHeaderSum) != 0) return enter(State::kHeaderSum);
  inflate_.reset();
  sum_ = 0;
  size_ = 0;
  enter(State::kBody);
}

void Gunzip::trailer(uint8_t byte) {
  number_ |= uint32_t{byte} << (8 * (at_ % 4));
  at_++;
  if (at_ == 4) {
    if (number_ != sum_) damaged("incorrect data check");
    number_ = 0;
  } else if (at_ == 8) {
    if (number_ != size_) damaged("incorrect length check");
    first_ = false;
    enter(State::kFixed);
  }
}

}  // namespace tsbuild
