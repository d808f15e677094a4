#include "tar_format.h"

#include <algorithm>
#include <cstring>

namespace tsbuild {
namespace {

constexpr uint64_t kMostIds = 07777777;         // seven octal digits
constexpr uint64_t kMostSize = 077777777777;    // eleven

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
    const unsigned first = byte(i);
    size_t more = 0;
    unsigned low = 0x80;
    unsigned high = 0xbf;
    if (first < 0x80) {
      i++;
      continue;
    }
    if (first >= 0xc2 && first <= 0xdf) {
      more = 1;
    } else if (first >= 0xe0 && first <= 0xef) {
      more = 2;
      if (first == 0xe0) low = 0xa0;
      if (first == 0xed) high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
      more = 3;
      if (first == 0xf0) low = 0x90;
      if (first == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (byte(i + 1) < low || byte(i + 1) > high) return false;
    for (size_t k = 2; k <= more; k++) {
      if (byte(i + k) < 0x80 || byte(i + k) > 0xbf) return false;
    }
    i += more + 1;
  }
  return true;
}

void put_octal(char* field, size_t length, uint64_t value) {
  field[length - 1] = '\0';
  for (size_t i = length - 1; i-- > 0; value >>= 3) field[i] = static_cast<char>('0' + (value & 7));
}

// What a reader without PAX sees: cut to the field, other than ASCII as "_".
void put_plain(char* field, size_t length, const std::string& text) {
  const size_t count = std::min(length, text.size());
  for (size_t i = 0; i < count; i++) field[i] = static_cast<unsigned char>(text[i]) < 0x80 ? text[i] : '_';
}

// Name and prefix of ustar, cut at a slash. False when the name does not fit.
bool put_name(TarHeader* header, const std::string& name) {
  if (!is_ascii(name)) return false;
  if (name.size() <= sizeof header->name) {
    memcpy(header->name, name.data(), name.size());
    return true;
  }
  // The last slash that may end the prefix, other than the one that ends a directory's name.
  const size_t from = std::min(name.size() - 2, sizeof header->prefix);
  const size_t slash = name.rfind('/', from);
  if (slash == std::string::npos || slash == 0) return false;
  const size_t rest = name.size() - slash - 1;
  if (rest > sizeof header->name) return false;
  memcpy(header->prefix, name.data(), slash);
  memcpy(header->name, name.data() + slash + 1, rest);
  return true;
}

void set_checksum(TarHeader* header) {
  // Six digits, NUL, blank: as every writer since Unix V7.
  put_octal(header->checksum, 7, static_cast<uint64_t>(tar_checksum(*header).as_unsigned));
  header->checksum[7] = ' ';
}

// "LENGTH KEY=VALUE\n", where LENGTH counts itself.
void put_record(std::string* out, const std::string& key, const std::string& value) {
  const size_t rest = key.size() + value.size() + 3;
  size_t length = rest + 1;
  while (rest + std::to_string(length).size() != length) length = rest + std::to_string(length).size();
  out->append(std::to_string(length)).append(" ").append(key).append("=").append(value).append("\n");
}

TarHeader empty_header() {
  TarHeader header;
  memset(&header, 0, sizeof header);
  memcpy(header.magic, "ustar", 6);
  memcpy(header.version, "00", 2);
  put_octal(header.mode, sizeof header.mode, 0);
  put_octal(header.uid, sizeof header.uid, 0);
  put_octal(header.gid, sizeof header.gid, 0);
  put_octal(header.size, sizeof header.size, 0);
  put_octal(header.mtime, sizeof header.mtime, 0);
  put_octal(header.dev_major, sizeof header.dev_major, 0);
  put_octal(header.dev_minor, sizeof header.dev_minor, 0);
  return header;
}

void put_header(std::string* out, const TarHeader& header) { out->append(reinterpret_cast<const char*>(&header), sizeof header); }

void put_pax(std::string* out, const TarEntry& entry, const std::string& records) {
  TarHeader header = empty_header();
  header.type = 'x';
  std::string base = entry.name;
  if (!base.empty() && base.back() == '/') base.pop_back();
  put_plain(header.name, sizeof header.name, "PaxHeaders.0/" + base.substr(base.rfind('/') + 1));
  put_octal(header.mode, sizeof header.mode, 0644);
  put_octal(header.size, sizeof header.size, records.size());
  set_checksum(&header);
  put_header(out, header);
  out->append(records);
  out->append(tar_padding(records.size()), '\0');
}

}  // namespace

std::string encode_tar_header(const TarEntry& entry) {
  TarHeader header = empty_header();
  std::string records;
  const bool long_name = !put_name(&header, entry.name);
  const bool long_link = entry.link_name.size() > sizeof header.link_name || !is_ascii(entry.link_name);
  // Readers otherwise take the values for UTF-8.
  if ((long_name && !is_utf8(entry.name)) || (long_link && !is_utf8(entry.link_name))) put_record(&records, "hdrcharset", "BINARY");
  if (long_name) {
    put_plain(header.name, sizeof header.name, entry.name);
    put_record(&records, "path", entry.name);
  }
  put_plain(header.link_name, sizeof header.link_name, entry.link_name);
  if (long_link) put_record(&records, "linkpath", entry.link_name);

  const auto put_or_record = [&](char* field, size_t length, uint64_t value, uint64_t most, const char* key) {
    if (value <= most) return put_octal(field, length, value);
    put_record(&records, key, std::to_string(value));
  };
  put_or_record(header.uid, sizeof header.uid, entry.uid, kMostIds, "uid");
  put_or_record(header.gid, sizeof header.gid, entry.gid, kMostIds, "gid");
  put_or_record(header.size, sizeof header.size, entry.size, kMostSize, "size");
  if (entry.mtime_seconds < 0 || static_cast<uint64_t>(entry.mtime_seconds) > kMostSize) {
    put_record(&records, "mtime", std::to_string(entry.mtime_seconds));
  } else {
    put_octal(header.mtime, sizeof header.mtime, static_cast<uint64_t>(entry.mtime_seconds));
  }
  for (const auto& [name, value] : entry.xattrs) put_record(&records, "SCHILY.xattr." + name, value);

  header.type = entry.type;
  put_octal(header.mode, sizeof header.mode, entry.mode & 07777);
  put_octal(header.dev_major, sizeof header.dev_major, entry.major);
  put_octal(header.dev_minor, sizeof header.dev_minor, entry.minor);
  set_checksum(&header);

  std::string out;
  if (!records.empty()) put_pax(&out, entry, records);
  put_header(&out, header);
  return out;
}

TarChecksum tar_checksum(const TarHeader& header) {
  constexpr size_t kField = offsetof(TarHeader, checksum);
  const char* bytes = reinterpret_cast<const char*>(&header);
  TarChecksum sum{0, 0};
  for (size_t i = 0; i < kTarBlock; i++) {
    const char byte = i >= kField && i < kField + sizeof header.checksum ? ' ' : bytes[i];
    sum.as_unsigned += static_cast<unsigned char>(byte);
    sum.as_signed += static_cast<signed char>(byte);
  }
  return sum;
}

bool parse_tar_number(const char* field, size_t length, int64_t* out) {
  const auto first = static_cast<unsigned char>(field[0]);
  if (first & 0x80) {
    // Base-256, big-endian two's complement; the top bit only marks the form, the next one is the sign.
    const bool negative = (first & 0x40) != 0;
    uint64_t value = negative ? ~uint64_t{0} : 0;
    for (size_t i = 0; i < length; i++) {
      unsigned byte = static_cast<unsigned char>(field[i]);
      if (i == 0) byte = negative ? byte | 0x80 : byte & 0x7f;
      const uint64_t top = value >> 55;
      if (top != (negative ? 0x1ff : 0)) return false;
      value = value << 8 | byte;
    }
    *out = static_cast<int64_t>(value);
    return true;
  }
  size_t at = 0;
  while (at < length && (field[at] == ' ' || field[at] == '\0')) at++;
  uint64_t value = 0;
  for (; at < length && field[at] >= '0' && field[at] <= '7'; at++) {
    if (value >> 60) return false;
    value = value << 3 | static_cast<uint64_t>(field[at] - '0');
  }
  // Whatever stands behind a NUL does not count.
  for (; at < length && field[at] != '\0'; at++) {
    if (field[at] != ' ') return false;
  }
  *out = static_cast<int64_t>(value);
  return true;
}

}  // namespace tsbuild
