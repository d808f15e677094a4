#pragma once
// The attribute `user.containers.override_stat`: whose a file would be, had its maker been allowed to give it away. Its mode completes
// the form and is not read: permission bits can always be set, so those of the file itself are true, whatever chmod came later. Written
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
