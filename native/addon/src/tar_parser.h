#pragma once
// A push parser for tar archives from anywhere: v7, ustar, PAX, GNU long names, base-256 numbers and sparse files, star. It
// believes no length it has not bounded, and keeps nothing but the current entry.

#include "layer_error.h"
#include "tar_format.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tsbuild {

struct SparseRegion {
  uint64_t offset;
  uint64_t length;
};

struct ArchiveEntry {
  std::string name;  // as it stands in the archive
  char type = '0';   // '0' file, '1' hard link, '2' symbolic link, '3' '4' devices, '5' directory, '6' fifo
  uint32_t mode = 0;
  int64_t uid = 0;
  int64_t gid = 0;
  uint64_t size = 0;  // of the file as it will be, holes included
  int64_t mtime_seconds = 0;
  uint32_t mtime_nanoseconds = 0;
  uint32_t major = 0;
  uint32_t minor = 0;
  std::string link_name;
  Xattrs xattrs;
  std::optional<std::vector<SparseRegion>> sparse;
};

class ArchiveSink {
 public:
  virtual ~ArchiveSink() = default;
  virtual void begin(const ArchiveEntry& entry) = 0;
  // Bytes of the current entry's file, in ascending order; holes are left out.
  virtual void content(uint64_t offset, const uint8_t* data, size_t size) = 0;
  virtual void end() = 0;
};

class TarParser {
 public:
  // `require_end`: an archive without its two closing zero blocks is an error rather than a habit of its writer.
  TarParser(ArchiveSink* sink, bool require_end) : sink_(sink), require_end_(require_end) {}

  // Throws LayerError (kInvalid), and what the sink throws.
  void feed(const uint8_t* data, size_t size);
  void finish();

 private:
  enum class State { kHeader, kMeta, kSparseHeader, kSparseMap, kData, kPadding, kEnd };

  void header();
  bool zero_block();
  void begin_meta(char type, uint64_t size);
  void meta();
  void pax(const std::string& records);
  void pax_record(const std::string& key, const std::string& value);
  void pax_xattr(const std::string& name, const std::string& value);
  void entry(const TarHeader& header);
  void apply_pax();
  void start_data();
  void old_sparse();
  void sparse_header();
  void sparse_map();
  void add_regions(const char* fields, size_t count);
  void check_sparse(uint64_t stored);
  void begin_sink();
  void data(const uint8_t** data, size_t* size);
  void after_data();
  uint64_t decimal(const std::string& text, const char* what);
  [[noreturn]] void invalid(const std::string& reason) const;

  ArchiveSink* sink_;
  const bool require_end_;
  State state_ = State::kHeader;
  std::string block_;       // the part of a header block that has come
  uint64_t offset_ = 0;     // of the next byte in the archive
  bool one_zero_block_ = false;

  // Of the entry to come: what its extension headers said.
  char meta_type_ = 0;
  std::string meta_;
  uint64_t remaining_ = 0;  // bytes of meta or data still to come
  size_t padding_ = 0;
  bool has_extension_ = false;
  std::string long_name_;
  std::string long_link_;
  std::optional<std::string> pax_path_;
  std::optional<std::string> pax_link_;
  std::optional<uint64_t> pax_size_;
  std::optional<int64_t> pax_uid_;
  std::optional<int64_t> pax_gid_;
  std::optional<std::pair<int64_t, uint32_t>> pax_mtime_;
  Xattrs pax_xattrs_;
  struct {
    bool present = false;
    std::string name;
    std::optional<uint64_t> size;
    uint64_t major_version = 0;
    std::vector<SparseRegion> map;
    std::optional<uint64_t> pending_offset;
  } pax_sparse_;
  void forget_extensions();

  ArchiveEntry entry_;
  // Sparse data: region being filled and how far.
  size_t region_ = 0;
  uint64_t region_done_ = 0;
  uint64_t data_offset_ = 0;
  std::string map_text_;
  uint64_t map_lines_ = 0;
};

}  // namespace tsbuild
