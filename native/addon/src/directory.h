#pragma once
// Reading a directory by getdents64(2): whole blocks, names as bytes, no allocation per entry.

#include <cstdint>
#include <cstring>
#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "napi_util.h"

namespace tsbuild {

// Calls `each(name, type)` (type: DT_*) for every entry but "." and ".."; `fd` is open for reading. False and errno on failure.
template <typename Each>
bool for_each_name(int fd, Each each) {
  // The kernel's record, linux/dirent.h: ino 8, offset 8, length 2, type 1, then the name and a NUL.
  constexpr size_t kLengthAt = 16, kTypeAt = 18, kNameAt = 19;
  std::vector<char> block(64 * 1024);
  for (;;) {
    const long size = retry_eintr([&] { return syscall(SYS_getdents64, fd, block.data(), block.size()); });
    if (size <= 0) return size == 0;
    uint16_t length = 0;
    for (size_t at = 0; at < static_cast<size_t>(size); at += length) {
      const char* record = block.data() + at;
      memcpy(&length, record + kLengthAt, sizeof length);
      const char* name = record + kNameAt;
      if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
      each(name, static_cast<unsigned char>(record[kTypeAt]));
    }
  }
}

}  // namespace tsbuild
