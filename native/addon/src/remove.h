#pragma once
// Removal of whole trees, for removeTree and for what stands in the way of a copy.

#include <string>

#include "napi_util.h"

namespace tsbuild {

// Remove `name` in the directory `dir`, with what it holds. Nothing there is success. Goes on after a failure and returns the
// first; `path` is what errors call it. Never follows a link nor enters a mount.
Failure remove_tree(int dir, const std::string& name, const std::string& path);

}  // namespace tsbuild
