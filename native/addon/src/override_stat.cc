#include "override_stat.h"

#include <charconv>
#include <cstdio>
#include <string_view>
#include <vector>

namespace tsbuild {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  size_t start = 0;
  for (size_t at = text.find(separator); at != std::string_view::npos; at = text.find(separator, start)) {
    parts.push_back(text.substr(start, at - start));
    start = at + 1;
  }
  parts.push_back(text.substr(start));
  return parts;
}

bool parse_number(std::string_view text, int base, uint32_t* out) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *out, base);
  return !text.empty() && result.ec == std::errc() && result.ptr == end;
}

}  // namespace

std::optional<OverrideStat> parse_override_stat(const std::string& text) {
  const std::vector<std::string_view> parts = split(text, ':');
  OverrideStat stat;
  if (parts.size() < 3 || parts.size() > 4) return std::nullopt;
  if (!parse_number(parts[0], 10, &stat.uid) || !parse_number(parts[1], 10, &stat.gid)) return std::nullopt;
  if (!parse_number(parts[2], 8, &stat.mode)) return std::nullopt;
  stat.mode &= 07777;
  if (parts.size() == 3) return stat;
  const std::vector<std::string_view> device = split(parts[3], '-');
  // Other types ("file", "dir") say what the file is anyway.
  if (device[0] != "block" && device[0] != "char") return stat;
  if (device.size() != 3 || !parse_number(device[1], 10, &stat.major) || !parse_number(device[2], 10, &stat.minor)) return std::nullopt;
  stat.device = device[0] == "block" ? 'b' : 'c';
  return stat;
}

std::string format_override_stat(const OverrideStat& stat) {
  char text[96];
  int length = snprintf(text, sizeof text, "%u:%u:%04o", stat.uid, stat.gid, stat.mode);
  if (stat.device != 0) {
    length += snprintf(text + length, sizeof text - static_cast<size_t>(length), ":%s-%u-%u", stat.device == 'b' ? "block" : "char",
                       stat.major, stat.minor);
  }
  return std::string(text, static_cast<size_t>(length));
}

}  // namespace tsbuild
