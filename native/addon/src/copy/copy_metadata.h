#pragma once
// Attributes of what is copied: those it shall have, and giving them to it.

#include "copy/copy_plan.h"
#include "napi_util.h"
#include "override_stat.h"

#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace tsbuild {

// What the target shall have; `stat.device` when an empty file stands for a device.
struct CopyMetadata {
  OverrideStat stat;
  timespec mtime;
  std::vector<std::pair<std::string, std::string>> xattrs;
};

// `source`: descriptor to read attributes from, -1 for kinds that have none.
CopyMetadata wanted_metadata(const CopyPlan& plan, const CopyEntry& entry, int source);

// For a regular file or directory; `fd` may be O_PATH. The order matters: a change of owner clears set-id bits and
// capabilities, and every change but the last the time.
Failure set_metadata(int fd, const CopyEntry& entry, const CopyMetadata& metadata);

// As set_metadata, of a regular file that this thread has just made, opened for writing: calls that would change nothing are left out.
Failure set_file_metadata(int fd, const CopyEntry& entry, const CopyMetadata& metadata);

// Bits to make a file with that is to have these in the end: all of them where nobody could do more with it meanwhile.
mode_t mode_to_begin_with(const CopyMetadata& metadata);

}  // namespace tsbuild
