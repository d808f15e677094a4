#pragma once
// The entries of a tree as `walk` gave them to JavaScript; the layout is described at PackedEntries in src/sys/addon.ts.

#include "napi_util.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/stat.h>

namespace tsbuild {

// Looks at bytes that belong to somebody else.
class Columns {
 public:
  // False when the bytes do not hold so many entries.
  bool open(const void* data, size_t size, size_t count);

  size_t count() const { return count_; }
  std::string_view path(size_t i) const { return {bytes_ + word(6, i), word(7, i)}; }
  std::string_view link(size_t i) const { return {bytes_ + word(6, i) + word(7, i), word(8, i)}; }
  int64_t mtime(size_t i) const { return times_[i]; }
  int64_t ctime(size_t i) const { return times_[count_ + i]; }
  double size(size_t i) const { return doubles_[i]; }
  double dev(size_t i) const { return doubles_[count_ + i]; }
  double ino(size_t i) const { return doubles_[2 * count_ + i]; }
  uint32_t mode(size_t i) const { return word(0, i); }
  uint32_t uid(size_t i) const { return word(1, i); }
  uint32_t gid(size_t i) const { return word(2, i); }
  uint32_t nlink(size_t i) const { return word(3, i); }
  uint32_t rdev_major(size_t i) const { return word(4, i); }
  uint32_t rdev_minor(size_t i) const { return word(5, i); }

  bool is_regular(size_t i) const { return S_ISREG(mode(i)); }
  bool has_contents(size_t i) const { return S_ISREG(mode(i)) || S_ISDIR(mode(i)); }

 private:
  static constexpr size_t kBytesEach = 76;
  size_t count_ = 0;
  const int64_t* times_ = nullptr;
  const double* doubles_ = nullptr;
  const uint32_t* words_ = nullptr;
  const char* bytes_ = nullptr;

  uint32_t word(size_t column, size_t i) const { return words_[column * count_ + i]; }
};

// The path of an entry below the directory that was walked, as one from the root of the tree. Keeps its memory from one to the next.
class PathBelow {
 public:
  explicit PathBelow(std::string directory) : text_(std::move(directory)), directory_(text_.size()) {}

  const std::string& of(std::string_view path) {
    text_.resize(directory_);
    if (directory_ > 0 && !path.empty()) text_ += '/';
    return text_.append(path);
  }

 private:
  std::string text_;
  const size_t directory_;
};

}  // namespace tsbuild
