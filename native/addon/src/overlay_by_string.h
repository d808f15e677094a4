#pragma once
// Overlays on kernels whose overlay has no options of its own for contexts (before Linux 6.7).

#include "napi_util.h"

#include <vector>

namespace tsbuild {

struct Overlay {
  std::vector<int> lowers;  // top first
  int upper = -1;
  int work = -1;
  bool userxattr = false;
  bool read_only = false;
};

// A mount that is attached nowhere, made by mount(2).
Failure mount_overlay_by_string(const Overlay& overlay, UniqueFd* out);

}  // namespace tsbuild
