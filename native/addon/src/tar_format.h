#pragma once
// The bytes of a tar archive: ustar headers with PAX records where ustar does not reach.
// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13

#include "tree_digest.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace tsbuild {

inline constexpr size_t kTarBlock = 512;

// A header block; offsets of POSIX ustar.
struct TarHeader {
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link_name[100];
  char magic[6];
  char version[2];
  char user_name[32];
  char group_name[32];
  char dev_major[8];
  char dev_minor[8];
  char prefix[155];
  char padding[12];
};
static_assert(sizeof(TarHeader) == kTarBlock);

struct TarEntry {
  std::string name;  // a directory's ends in "/"
  char type = '0';   // typeflag
  uint32_t mode = 0;
  uint64_t uid = 0;
  uint64_t gid = 0;
  uint64_t size = 0;
  int64_t mtime_seconds = 0;
  uint32_t major = 0;
  uint32_t minor = 0;
  std::string link_name;
  Xattrs xattrs;
};

// Header of `entry`, with a PAX header before it where needed; whole tar blocks. The same entry gives the same bytes everywhere.
std::string encode_tar_header(const TarEntry& entry);

// Sum over a header block with its checksum field taken as blanks; some old writers summed signed characters.
struct TarChecksum {
  int64_t as_unsigned;
  int64_t as_signed;
};
TarChecksum tar_checksum(const TarHeader& header);

// A numeric field: octal digits among blanks and NULs, or GNU base-256. An empty field is 0. False when it is neither or
// beyond 63 bits.
bool parse_tar_number(const char* field, size_t length, int64_t* out);

// Zero bytes that fill `size` up to a whole tar block.
inline size_t tar_padding(uint64_t size) { return static_cast<size_t>((kTarBlock - size % kTarBlock) % kTarBlock); }

}  // namespace tsbuild
