#pragma once
// The open parent directory of one path after the other.

#include "kernel.h"

#include <fcntl.h>
#include <string>
#include <utility>

namespace tsbuild {

// Opens the parent directories of paths within a root and keeps the last one: lists come sorted. One per thread.
class Parents {
 public:
  explicit Parents(int root) : root_(root) {}

  // -1 and errno on failure; the descriptor stays ours.
  int open(const std::string& path) {
    std::string parent = parent_of(path);
    if (fd_ && parent == last_) return fd_.get();
    fd_.reset(open_at2(root_, parent.empty() ? "." : parent.c_str(), O_PATH | O_DIRECTORY, 0, kInRoot));
    last_ = std::move(parent);
    return fd_.get();
  }

  // After something was replaced: a name on the way may lead elsewhere now.
  void forget() { fd_.reset(); }

 private:
  const int root_;
  std::string last_;
  UniqueFd fd_;
};

}  // namespace tsbuild
