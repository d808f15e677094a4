#pragma once
// The open parent directories of what is made.

#include "copy/copy_plan.h"
#include "kernel.h"
#include "parents.h"

#include <fcntl.h>
#include <string>
#include <sys/stat.h>

namespace tsbuild {

// The parents of what is made. Below an overlay they are opened where it would make the file in the end, which spares a good part of the
// time a file takes. That is sound because nothing is looked up through the overlay afterwards: directories come first.
class Targets {
 public:
  explicit Targets(const CopyPlan& plan) : plan_(plan), merged_(plan.target), direct_(plan.direct) {}

  // -1 and errno on failure; the descriptor stays ours.
  int open(const std::string& path) {
    if (plan_.direct < 0) return merged_.open(path);
    const int known = direct_.open(path);
    if (known >= 0) return known;
    const int parent = merged_.open(path);
    if (parent < 0) return -1;
    // A directory of a lower layer: any change of it copies it up.
    struct stat status;
    if (fstat(parent, &status) != 0 || chmod_nofollow(parent, "", status.st_mode & 07777) != 0) return -1;
    const int copied_up = direct_.open(path);
    // It may be reached through a link of a lower layer, which leads nowhere in the upper directory alone.
    return copied_up >= 0 ? copied_up : parent;
  }

  void forget() {
    merged_.forget();
    direct_.forget();
  }

 private:
  const CopyPlan& plan_;
  Parents merged_;
  Parents direct_;
};

}  // namespace tsbuild
