#pragma once
// The attribute `user.containers.override_stat`: what a file would be, had its maker been allowed to make it so. Written
// "uid:gid:octalmode", with ":block-MAJOR-MINOR" or ":char-MAJOR-MINOR" where an empty file stands for a device.
// containers/storage and fuse-overlayfs write and read the same.

#include <cstdint>
#include <optional>
#include <string>

namespace tsbuild {

inline constexpr char kOverrideStat[] = "user.containers.override_stat";

struct OverrideStat {
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t mode = 0;  // permission bits, 07777
  char device = 0;    // 'b', 'c', or 0
  uint32_t major = 0;
  uint32_t minor = 0;
};

// Nothing when the text is not of that form.
std::optional<OverrideStat> parse_override_stat(const std::string& text);
std::string format_override_stat(const OverrideStat& stat);

}  // namespace tsbuild
