#pragma once
// Copy listed entries from one tree into another.
//
// Three phases, so that threads do not change the result: directories, links and special files in order; regular files on
// several threads; then hard links, and the metadata of directories from the last to the first (a directory's time changes
// whenever something is made in it). Of several entries for one target path only the last is made.

#include "copy/copy_plan.h"
#include "napi_util.h"

namespace tsbuild {

Failure copy_entries(CopyPlan* plan);

}  // namespace tsbuild
