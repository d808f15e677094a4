#include "tar_parser.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <tuple>

namespace tsbuild {
namespace {

// More than any real archive has; what comes from outside must not decide how much memory is used.
constexpr uint64_t kMostMeta = 1024 * 1024;
constexpr size_t kMostRegions = 100'000;
// A file offset is a signed 64-bit number to the kernel.
constexpr uint64_t kMostSize = INT64_MAX - kTarBlock;

// Offsets of GNU's old sparse format in a header (GNU tar manual, "Basic Tar Format").
constexpr size_t kOldSparseMap = 386;
constexpr size_t kOldSparseMapCount = 4;
constexpr size_t kOldSparseExtended = 482;
constexpr size_t kOldSparseRealSize = 483;
constexpr size_t kExtensionMapCount = 21;
constexpr size_t kExtensionExtended = 504;
constexpr size_t kRegionSize = 24;

// star's headers say "tar" here, and have times where ustar has the end of the prefix.
constexpr size_t kStarTrailer = 508;
constexpr size_t kStarPrefix = 131;

template <size_t kLength>
std::string text_of(const char (&field)[kLength], size_t length = kLength) {
  return std::string(field, strnlen(field, length));
}

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

bool is_header_only(char type) { return type >= '1' && type <= '6'; }

}  // namespace

void TarParser::invalid(const std::string& reason) const {
  throw_invalid(entry_.name, reason + " (byte " + std::to_string(offset_) + " of the archive)");
}

void TarParser::feed(const uint8_t* data, size_t size) {
  while (size > 0) {
    switch (state_) {
      case State::kHeader:
      case State::kSparseHeader:
      case State::kSparseMap: {
        const size_t count = std::min(size, kTarBlock - block_.size());
        block_.append(reinterpret_cast<const char*>(data), count);
        data += count;
        size -= count;
        offset_ += count;
        if (block_.size() < kTarBlock) break;
        if (state_ == State::kHeader) {
          header();
        } else if (state_ == State::kSparseHeader) {
          sparse_header();
        } else {
          sparse_map();
        }
        block_.clear();
        break;
      }
      case State::kMeta: {
        const auto count = static_cast<size_t>(std::min<uint64_t>(size, remaining_));
        // A global header is only skipped.
        if (meta_type_ != 'g') meta_.append(reinterpret_cast<const char*>(data), count);
        data += count;
        size -= count;
        offset_ += count;
        remaining_ -= count;
        if (remaining_ == 0) meta();
        break;
      }
      case State::kData: this->data(&data, &size); break;
      case State::kPadding: {
        const size_t count = std::min(size, padding_);
        data += count;
        size -= count;
        offset_ += count;
        padding_ -= count;
        if (padding_ == 0) state_ = State::kHeader;
        break;
      }
      case State::kEnd: offset_ += size; return;
    }
  }
}

void TarParser::finish() {
  if (state_ == State::kEnd) return;
  const bool between = state_ == State::kHeader && block_.empty() && !has_extension_;
  if (between && (one_zero_block_ || !require_end_)) return;
  if (state_ == State::kHeader) entry_.name.clear();
  invalid("the archive ends too early");
}

void TarParser::header() {
  if (zero_block()) {
    if (has_extension_) invalid("an extension header is followed by the end of the archive");
    if (one_zero_block_) state_ = State::kEnd;
    one_zero_block_ = true;
    return;
  }
  TarHeader found;
  memcpy(&found, block_.data(), sizeof found);
  entry_ = {};
  entry_.name = text_of(found.name);
  // Padding to a whole record is made of zero blocks; anything else after one is not an archive any more.
  if (one_zero_block_) invalid("an entry follows a zero block");
  int64_t checksum = 0;
  const TarChecksum sum = tar_checksum(found);
  if (!parse_tar_number(found.checksum, sizeof found.checksum, &checksum) || (checksum != sum.as_unsigned && checksum != sum.as_signed)) {
    invalid("a header has a wrong checksum");
  }
  int64_t size = 0;
  if (!parse_tar_number(found.size, sizeof found.size, &size) || size < 0 || static_cast<uint64_t>(size) > kMostSize) {
    invalid("a header has an invalid size");
  }
  switch (found.type) {
    case 'x':
    case 'X':  // Solaris before it was standard
    case 'g':
    case 'L':
    case 'K': begin_meta(found.type, static_cast<uint64_t>(size)); return;
    case 'V':  // GNU volume label: names the medium
      begin_meta('g', static_cast<uint64_t>(size));
      return;
    default: break;
  }
  entry_.size = static_cast<uint64_t>(size);
  entry(found);
}

bool TarParser::zero_block() {
  return std::all_of(block_.begin(), block_.end(), [](char byte) { return byte == '\0'; });
}

void TarParser::begin_meta(char type, uint64_t size) {
  if (type != 'g' && size > kMostMeta) invalid("an extension header is larger than 1 MiB");
  if (type != 'g') has_extension_ = true;
  meta_type_ = type;
  meta_.clear();
  remaining_ = size;
  padding_ = tar_padding(size);
  state_ = State::kMeta;
  if (size == 0) meta();
}

void TarParser::meta() {
  switch (meta_type_) {
    case 'x':
    case 'X': pax(meta_); break;
    case 'L': long_name_ = meta_.substr(0, meta_.find('\0')); break;
    case 'K': long_link_ = meta_.substr(0, meta_.find('\0')); break;
    default: break;
  }
  meta_.clear();
  state_ = padding_ > 0 ? State::kPadding : State::kHeader;
}

// "LENGTH KEY=VALUE\n" again and again, LENGTH counting the whole record.
void TarParser::pax(const std::string& records) {
  size_t at = 0;
  while (at < records.size()) {
    const char* start = records.data() + at;
    const char* end = records.data() + records.size();
    size_t length = 0;
    const auto number = std::from_chars(start, end, length);
    if (number.ec != std::errc() || number.ptr == end || *number.ptr != ' ') invalid("a PAX record has no length");
    const auto digits = static_cast<size_t>(number.ptr - start) + 1;
    if (length > records.size() - at || length < digits + 2 || start[length - 1] != '\n') invalid("a PAX record has a wrong length");
    const std::string_view body(start + digits, length - digits - 1);
    const size_t equals = body.find('=');
    if (equals == std::string_view::npos || equals == 0) invalid("a PAX record has no key");
    pax_record(std::string(body.substr(0, equals)), std::string(body.substr(equals + 1)));
    at += length;
  }
}

void TarParser::pax_record(const std::string& key, const std::string& value) {
  constexpr std::string_view kXattr = "SCHILY.xattr.";
  if (starts_with(key, kXattr)) {
    // A file's attribute may hold any bytes, none at all too.
    pax_xattr(key.substr(kXattr.size()), value);
    return;
  }
  const bool is_text = key == "path" || key == "linkpath" || key == "GNU.sparse.name";
  if (is_text && value.find('\0') != std::string::npos) invalid("a PAX record holds a name with a NUL byte");
  // An empty value takes the record back: the header's own field counts (POSIX pax, "extended header").
  const bool unset = value.empty();
  if (key == "path") {
    pax_path_ = unset ? std::nullopt : std::optional(value);
  } else if (key == "linkpath") {
    pax_link_ = unset ? std::nullopt : std::optional(value);
  } else if (key == "size") {
    pax_size_ = unset ? std::nullopt : std::optional(decimal(value, "size"));
  } else if (key == "uid") {
    pax_uid_ = unset ? std::nullopt : std::optional(static_cast<int64_t>(decimal(value, "uid")));
  } else if (key == "gid") {
    pax_gid_ = unset ? std::nullopt : std::optional(static_cast<int64_t>(decimal(value, "gid")));
  } else if (key == "mtime") {
    pax_mtime_.reset();
    if (unset) return;
    const size_t dot = value.find('.');
    const bool negative = value[0] == '-';
    auto seconds = static_cast<int64_t>(decimal(value.substr(negative ? 1 : 0, dot == std::string::npos ? dot : dot - (negative ? 1 : 0)), "mtime"));
    uint32_t nanoseconds = 0;
    if (dot != std::string::npos) {
      std::string fraction = value.substr(dot + 1, 9);
      fraction.resize(9, '0');
      nanoseconds = static_cast<uint32_t>(decimal(fraction, "mtime"));
    }
    if (negative) seconds = -seconds;
    if (negative && nanoseconds > 0) {
      seconds -= 1;
      nanoseconds = 1'000'000'000 - nanoseconds;
    }
    pax_mtime_.emplace(seconds, nanoseconds);
  } else if (starts_with(key, "GNU.sparse.")) {
    const std::string name = key.substr(strlen("GNU.sparse."));
    pax_sparse_.present = true;
    if (name == "name") {
      pax_sparse_.name = value;
    } else if (name == "size" || name == "realsize") {
      pax_sparse_.size = decimal(value, "GNU.sparse.size");
    } else if (name == "major") {
      pax_sparse_.major_version = decimal(value, "GNU.sparse.major");
    } else if (name == "offset") {
      pax_sparse_.pending_offset = decimal(value, "GNU.sparse.offset");
    } else if (name == "numbytes") {
      if (!pax_sparse_.pending_offset) invalid("GNU.sparse.numbytes comes without an offset");
      pax_sparse_.map.push_back({*pax_sparse_.pending_offset, decimal(value, "GNU.sparse.numbytes")});
      pax_sparse_.pending_offset.reset();
    } else if (name == "map") {
      pax_sparse_.map.clear();
      std::vector<uint64_t> numbers;
      for (size_t at = 0; at < value.size();) {
        const size_t comma = std::min(value.find(',', at), value.size());
        numbers.push_back(decimal(value.substr(at, comma - at), "GNU.sparse.map"));
        at = comma + 1;
      }
      if (numbers.size() % 2 != 0) invalid("GNU.sparse.map has an odd number of values");
      for (size_t i = 0; i < numbers.size(); i += 2) pax_sparse_.map.push_back({numbers[i], numbers[i + 1]});
    }
    if (pax_sparse_.map.size() > kMostRegions) invalid("a sparse file has too many regions");
  }
}

void TarParser::pax_xattr(const std::string& name, const std::string& value) {
  if (name.empty() || name.find('\0') != std::string::npos) invalid("a PAX record names no attribute");
  const auto at = std::lower_bound(pax_xattrs_.begin(), pax_xattrs_.end(), name, [](const auto& pair, const std::string& key) { return pair.first < key; });
  if (at != pax_xattrs_.end() && at->first == name) {
    at->second = value;
  } else {
    pax_xattrs_.emplace(at, name, value);
  }
}

uint64_t TarParser::decimal(const std::string& text, const char* what) {
  uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size() || value > kMostSize) {
    invalid(std::string("a PAX record has an invalid ") + what);
  }
  return value;
}

void TarParser::entry(const TarHeader& header) {
  const bool is_ustar = memcmp(header.magic, "ustar\0", 6) == 0;
  const bool is_gnu = memcmp(header.magic, "ustar ", 6) == 0;
  const bool is_star = is_ustar && memcmp(block_.data() + kStarTrailer, "tar\0", 4) == 0;
  if (is_ustar) {
    const std::string prefix = text_of(header.prefix, is_star ? kStarPrefix : sizeof header.prefix);
    if (!prefix.empty()) entry_.name = prefix + "/" + entry_.name;
  }
  const auto number = [&](const char* field, size_t length, const char* what) {
    int64_t value = 0;
    if (!parse_tar_number(field, length, &value)) invalid(std::string("a header has an invalid ") + what);
    return value;
  };
  entry_.mode = static_cast<uint32_t>(number(header.mode, sizeof header.mode, "mode")) & 07777;
  entry_.uid = number(header.uid, sizeof header.uid, "uid");
  entry_.gid = number(header.gid, sizeof header.gid, "gid");
  entry_.mtime_seconds = number(header.mtime, sizeof header.mtime, "mtime");
  entry_.link_name = text_of(header.link_name);
  entry_.type = header.type;
  if ((is_ustar || is_gnu) && (header.type == '3' || header.type == '4')) {
    const int64_t high = number(header.dev_major, sizeof header.dev_major, "device number");
    const int64_t low = number(header.dev_minor, sizeof header.dev_minor, "device number");
    // What the kernel's dev_t holds (linux/kdev_t.h).
    if (high < 0 || high > 0xfff || low < 0 || low > 0xfffff) invalid("a header has an invalid device number");
    entry_.major = static_cast<uint32_t>(high);
    entry_.minor = static_cast<uint32_t>(low);
  }
  apply_pax();
  switch (entry_.type) {
    case '\0':  // V7
    case '7':   // "contiguous": an ordinary file today
      entry_.type = '0';
      break;
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': break;
    case 'S': old_sparse(); return;
    default: {
      char text[64];
      snprintf(text, sizeof text, "an entry has the unknown type 0x%02x", static_cast<unsigned char>(entry_.type));
      invalid(text);
    }
  }
  // V7 had no type for directories.
  if (entry_.type == '0' && !entry_.name.empty() && entry_.name.back() == '/') entry_.type = '5';
  // Their size field is nonsense in some writers, and no data follows in any.
  if (is_header_only(entry_.type)) entry_.size = 0;
  start_data();
}

void TarParser::apply_pax() {
  if (pax_path_) entry_.name = *pax_path_;
  if (pax_link_) entry_.link_name = *pax_link_;
  if (pax_size_) entry_.size = *pax_size_;
  if (pax_uid_) entry_.uid = *pax_uid_;
  if (pax_gid_) entry_.gid = *pax_gid_;
  if (pax_mtime_) std::tie(entry_.mtime_seconds, entry_.mtime_nanoseconds) = *pax_mtime_;
  entry_.xattrs = std::move(pax_xattrs_);
  if (!long_name_.empty()) entry_.name = long_name_;
  if (!long_link_.empty()) entry_.link_name = long_link_;
  // GNU formats 0.1 and 1.0 put a made-up name into `path`.
  if (!pax_sparse_.name.empty()) entry_.name = pax_sparse_.name;
  if (entry_.uid < 0 || entry_.uid >= UINT32_MAX || entry_.gid < 0 || entry_.gid >= UINT32_MAX) invalid("an owner is not a 32-bit number");
}

void TarParser::start_data() {
  remaining_ = entry_.size;
  padding_ = tar_padding(entry_.size);
  if (!pax_sparse_.present || entry_.type != '0') {
    begin_sink();
    return;
  }
  if (!pax_sparse_.size) invalid("a sparse file has no size");
  if (pax_sparse_.major_version > 1) invalid("a sparse file has an unknown format");
  if (pax_sparse_.major_version == 1) {
    map_text_.clear();
    map_lines_ = 0;
    state_ = State::kSparseMap;
    return;
  }
  entry_.sparse = std::move(pax_sparse_.map);
  entry_.size = *pax_sparse_.size;
  check_sparse(remaining_);
  begin_sink();
}

void TarParser::old_sparse() {
  const char* bytes = block_.data();
  entry_.type = '0';
  remaining_ = entry_.size;
  padding_ = tar_padding(entry_.size);
  int64_t real_size = 0;
  if (!parse_tar_number(bytes + kOldSparseRealSize, 12, &real_size) || real_size < 0) invalid("a sparse file has an invalid size");
  entry_.size = static_cast<uint64_t>(real_size);
  entry_.sparse.emplace();
  add_regions(bytes + kOldSparseMap, kOldSparseMapCount);
  if (bytes[kOldSparseExtended] != 0) {
    state_ = State::kSparseHeader;
    return;
  }
  check_sparse(remaining_);
  begin_sink();
}

void TarParser::sparse_header() {
  add_regions(block_.data(), kExtensionMapCount);
  if (block_[kExtensionExtended] != 0) return;
  check_sparse(remaining_);
  begin_sink();
}

void TarParser::add_regions(const char* fields, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const char* field = fields + i * kRegionSize;
    if (field[0] == '\0') return;  // unused
    int64_t offset = 0;
    int64_t length = 0;
    if (!parse_tar_number(field, 12, &offset) || !parse_tar_number(field + 12, 12, &length) || offset < 0 || length < 0) {
      invalid("a sparse file has an invalid map");
    }
    entry_.sparse->push_back({static_cast<uint64_t>(offset), static_cast<uint64_t>(length)});
    if (entry_.sparse->size() > kMostRegions) invalid("a sparse file has too many regions");
  }
}

// Format 1.0: before the data, lines of decimal numbers (how many regions, then offset and length of each), padded to a block.
void TarParser::sparse_map() {
  if (remaining_ < kTarBlock) invalid("a sparse file has an invalid map");
  remaining_ -= kTarBlock;
  map_text_ += block_;
  map_lines_ += static_cast<uint64_t>(std::count(block_.begin(), block_.end(), '\n'));
  if (map_text_.size() > 2 * kMostMeta) invalid("the map of a sparse file is too large");
  const auto count_end = map_text_.find('\n');
  if (count_end == std::string::npos) {
    if (map_text_.size() > kTarBlock) invalid("a sparse file has an invalid map");
    return;
  }
  const uint64_t count = decimal(map_text_.substr(0, count_end), "map of a sparse file");
  if (count > kMostRegions) invalid("a sparse file has too many regions");
  if (map_lines_ < 1 + 2 * count) return;
  std::vector<SparseRegion> map;
  size_t at = count_end + 1;
  const auto next = [&] {
    const size_t end = map_text_.find('\n', at);
    const uint64_t value = decimal(map_text_.substr(at, end - at), "map of a sparse file");
    at = end + 1;
    return value;
  };
  for (uint64_t i = 0; i < count; i++) {
    const uint64_t offset = next();
    map.push_back({offset, next()});
  }
  map_text_.clear();
  entry_.sparse = std::move(map);
  entry_.size = *pax_sparse_.size;
  check_sparse(remaining_);
  begin_sink();
}

void TarParser::check_sparse(uint64_t stored) {
  uint64_t end = 0;
  uint64_t sum = 0;
  for (const SparseRegion& region : *entry_.sparse) {
    if (region.offset < end || region.offset > entry_.size || region.length > entry_.size - region.offset) {
      invalid("the regions of a sparse file overlap or leave it");
    }
    end = region.offset + region.length;
    sum += region.length;
  }
  if (sum != stored || entry_.size > kMostSize) invalid("a sparse file's map does not match its data");
}

void TarParser::begin_sink() {
  region_ = 0;
  region_done_ = 0;
  data_offset_ = 0;
  forget_extensions();
  sink_->begin(entry_);
  state_ = State::kData;
  if (remaining_ == 0) after_data();
}

void TarParser::forget_extensions() {
  has_extension_ = false;
  long_name_.clear();
  long_link_.clear();
  pax_path_.reset();
  pax_link_.reset();
  pax_size_.reset();
  pax_uid_.reset();
  pax_gid_.reset();
  pax_mtime_.reset();
  pax_xattrs_.clear();
  pax_sparse_ = {};
}

void TarParser::data(const uint8_t** data, size_t* size) {
  auto count = static_cast<size_t>(std::min<uint64_t>(*size, remaining_));
  uint64_t offset = data_offset_;
  if (entry_.sparse) {
    while (region_done_ == (*entry_.sparse)[region_].length) {
      region_++;
      region_done_ = 0;
    }
    const SparseRegion& region = (*entry_.sparse)[region_];
    count = static_cast<size_t>(std::min<uint64_t>(count, region.length - region_done_));
    offset = region.offset + region_done_;
    region_done_ += count;
  }
  sink_->content(offset, *data, count);
  *data += count;
  *size -= count;
  offset_ += count;
  data_offset_ += count;
  remaining_ -= count;
  if (remaining_ == 0) after_data();
}

void TarParser::after_data() {
  sink_->end();
  state_ = padding_ > 0 ? State::kPadding : State::kHeader;
}

}  // namespace tsbuild
