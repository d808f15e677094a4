#include "tree_digest.h"

namespace tsbuild {
namespace {

constexpr std::string_view kMagic = "tsbuild tree 2\n";

void put_number(std::string* out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) out->push_back(static_cast<char>(value >> (8 * i)));
}

void put_text(std::string* out, std::string_view text) {
  put_number(out, text.size(), 4);
  out->append(text);
}

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

}  // namespace

std::string encode_record(const TreeRecord& record) {
  std::string out;
  out.reserve(64 + record.path.size() + record.target.size());
  out.push_back(record.type);
  put_text(&out, record.path);
  put_number(&out, record.mode, 4);
  put_number(&out, record.uid, 8);
  put_number(&out, record.gid, 8);
  put_number(&out, record.size, 8);
  put_number(&out, record.major, 4);
  put_number(&out, record.minor, 4);
  put_text(&out, record.target);
  put_number(&out, record.xattrs.size(), 4);
  for (const auto& [name, value] : record.xattrs) {
    put_text(&out, name);
    put_text(&out, value);
  }
  return out;
}

std::string order_key(const TreeRecord& record) {
  switch (record.type) {
    case 'd': return record.path.empty() ? std::string() : record.path + "/";
    // NUL sorts before every name of the directory and can stand in none.
    case 'o': return (record.path.empty() ? std::string() : record.path + "/") + std::string("\0", 1);
    case 'w': {
      const size_t slash = record.path.rfind('/');
      const size_t name = slash == std::string::npos ? 0 : slash + 1;
      return record.path.substr(0, name) + std::string("\0", 1) + record.path.substr(name);
    }
    default: return record.path;
  }
}

bool is_layer_xattr(std::string_view name) {
  if (name == "security.capability") return true;
  return starts_with(name, "user.") && !starts_with(name, "user.overlay.") && name != "user.containers.override_stat";
}

std::string portable_capability(const std::string& value) {
  // linux/capability.h: struct vfs_ns_cap_data is a version 2 one with a 4-byte root id after it.
  constexpr size_t kVersion2Size = 20;
  constexpr size_t kVersion3Size = 24;
  constexpr char kVersion2 = 0x02;
  constexpr char kVersion3 = 0x03;
  if (value.size() != kVersion3Size || value[3] != kVersion3) return value;
  std::string out = value.substr(0, kVersion2Size);
  out[3] = kVersion2;
  return out;
}

TreeDigest::TreeDigest() { total_.update(kMagic.data(), kMagic.size()); }

void TreeDigest::begin(const void* record, size_t length) {
  end();
  Sha256 hash;
  hash.update(record, length);
  add(hash.finish());
  open_ = has_content(*static_cast<const char*>(record));
}

void TreeDigest::end() {
  if (!open_) return;
  add(content_.finish());
  open_ = false;
}

Sha256Digest TreeDigest::finish() {
  end();
  return total_.finish();
}

std::string to_hex(const Sha256Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const uint8_t byte : digest) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

}  // namespace tsbuild
