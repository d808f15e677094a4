#pragma once
// Overlays on kernels whose overlay has no options of its own for contexts (before Linux 6.7), and what those before 6.15 lack to clone.

#include "napi_util.h"

#include <string>
#include <vector>

namespace tsbuild {

struct Overlay {
  std::vector<int> lowers;  // top first
  int upper = -1;
  int work = -1;
  bool userxattr = false;
  bool read_only = false;
  std::string label;  // SELinux context of every file in it; empty: none
};

// A mount that is attached nowhere, made by mount(2).
Failure mount_overlay_by_string(const Overlay& overlay, UniqueFd* out);

// What `path` leads to in a mount that is attached nowhere, as another one. `mount` is no mount afterwards: nothing can be cloned from it.
Failure clone_inside_detached(int mount, const std::string& path, UniqueFd* out);

}  // namespace tsbuild
