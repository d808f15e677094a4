#include "copy/copy_metadata.h"

#include "kernel.h"

#include <cerrno>
#include <cmath>
#include <fcntl.h>
#include <unistd.h>

namespace tsbuild {
namespace {

bool is_copied_xattr(const std::string& name, bool verbatim) {
  if (!verbatim && (name == kOverrideStat || name.compare(0, 13, "user.overlay.") == 0)) return false;
  if (verbatim && name.compare(0, 16, "trusted.overlay.") == 0) return true;
  return name.compare(0, 5, "user.") == 0 || name == "security.capability";
}

// Attributes that cannot be read are left out, as those the file system does not have.
void read_xattrs(int source, bool verbatim, CopyMetadata* metadata) {
  std::vector<std::string> names;
  list_xattrs(source, &names);
  for (const std::string& name : names) {
    std::string value;
    if (name == kOverrideStat && !verbatim) {
      // The source's own attributes are those recorded there.
      if (!get_xattr(source, name.c_str(), &value)) continue;
      if (const auto recorded = parse_override_stat(value)) {
        const uint32_t mode = metadata->stat.mode;
        metadata->stat = *recorded;
        metadata->stat.mode = mode;
      }
    } else if (is_copied_xattr(name, verbatim) && get_xattr(source, name.c_str(), &value)) {
      metadata->xattrs.emplace_back(name, std::move(value));
    }
  }
}

Failure set_xattrs(int fd, const CopyEntry& entry, const CopyMetadata& metadata) {
  for (const auto& [name, value] : metadata.xattrs) {
    // The target's file system has no such attributes, or this user may not give a file capabilities.
    if (set_xattr(fd, name.c_str(), value) != 0 && errno != ENOTSUP && errno != EPERM) return fail("setxattr", entry.to);
  }
  return {};
}

}  // namespace

CopyMetadata wanted_metadata(const CopyPlan& plan, const CopyEntry& entry, int source) {
  CopyMetadata metadata = {};
  metadata.stat.uid = entry.status.st_uid;
  metadata.stat.gid = entry.status.st_gid;
  metadata.stat.mode = entry.status.st_mode & 07777;
  metadata.mtime = entry.status.st_mtim;
  if (plan.xattrs && source >= 0) read_xattrs(source, plan.verbatim, &metadata);
  if (!std::isnan(entry.uid)) metadata.stat.uid = static_cast<uint32_t>(entry.uid);
  if (!std::isnan(entry.gid)) metadata.stat.gid = static_cast<uint32_t>(entry.gid);
  if (!std::isnan(entry.mode)) metadata.stat.mode = static_cast<uint32_t>(entry.mode);
  metadata.stat.mode &= plan.mode_mask;
  if (entry.has_time) metadata.mtime = to_timespec(entry.time);
  return metadata;
}

mode_t mode_to_begin_with(const CopyMetadata& metadata) {
  const bool is_ours = metadata.stat.uid == geteuid() && metadata.stat.gid == getegid() && metadata.stat.device == 0;
  return is_ours && metadata.stat.mode <= 0777 ? metadata.stat.mode : 0600;
}

Failure set_file_metadata(int fd, const CopyEntry& entry, const CopyMetadata& metadata) {
  struct stat status;
  if (fstat(fd, &status) != 0) return fail("fstat", entry.to);
  bool owned = status.st_uid == metadata.stat.uid && status.st_gid == metadata.stat.gid;
  if (!owned) {
    owned = fchown(fd, metadata.stat.uid, metadata.stat.gid) == 0;
    if (!owned && errno != EINVAL && errno != EPERM) return fail("fchown", entry.to);
  }
  // Set-id bits did not survive a change of the owner.
  const bool has_mode = (status.st_mode & 07777) == metadata.stat.mode && metadata.stat.mode <= 0777;
  if (!has_mode && fchmod(fd, metadata.stat.mode) != 0) return fail("fchmod", entry.to);
  if (!owned || metadata.stat.device != 0) {
    if (set_xattr(fd, kOverrideStat, format_override_stat(metadata.stat)) != 0) return fail("setxattr", entry.to);
  }
  if (Failure failure = set_xattrs(fd, entry, metadata)) return failure;
  const timespec times[2] = {metadata.mtime, metadata.mtime};
  return futimens(fd, times) == 0 ? Failure{} : fail("futimens", entry.to);
}

Failure set_metadata(int fd, const CopyEntry& entry, const CopyMetadata& metadata) {
  const bool owned = fchownat(fd, "", metadata.stat.uid, metadata.stat.gid, AT_EMPTY_PATH) == 0;
  if (!owned && errno != EINVAL && errno != EPERM) return fail("fchownat", entry.to);
  if (chmod_nofollow(fd, "", metadata.stat.mode) != 0) return fail("fchmodat", entry.to);
  if (!owned || metadata.stat.device != 0) {
    if (set_xattr(fd, kOverrideStat, format_override_stat(metadata.stat)) != 0) return fail("setxattr", entry.to);
  } else if (S_ISDIR(entry.status.st_mode) && !entry.fresh && remove_xattr(fd, kOverrideStat) != 0) {
    return fail("removexattr", entry.to);  // of the directory that was there before
  }
  if (Failure failure = set_xattrs(fd, entry, metadata)) return failure;
  const timespec times[2] = {metadata.mtime, metadata.mtime};
  return utimensat(fd, "", times, AT_EMPTY_PATH) == 0 ? Failure{} : fail("utimensat", entry.to);
}

}  // namespace tsbuild
