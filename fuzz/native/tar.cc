// Fuzz target: the tar reader. The same bytes in one piece and in many must give the same entries and the same error, and what
// reaches the sink keeps the promises of tar_parser.h.
//
// Byte 0 of an input: bit 0 asks for the two closing blocks, bit 1 repairs the checksums of headers (which mutation breaks at once);
// byte 1 is the size of the pieces; the archive follows.

#include "tar_parser.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace tsbuild;

void demand(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "TarParser: %s\n", what);
  abort();
}

class Recorder : public ArchiveSink {
 public:
  void begin(const ArchiveEntry& entry) override {
    demand(!open_, "an entry begins inside another");
    demand(entry.name.find('\0') == std::string::npos && entry.link_name.find('\0') == std::string::npos, "a NUL in a name");
    demand(entry.type >= '0' && entry.type <= '6', "an unknown type");
    demand(entry.mtime_nanoseconds < 1'000'000'000, "more nanoseconds than a second has");
    demand(entry.mode <= 07777, "a mode with more than permissions");
    open_ = true;
    at_ = 0;
    entry_size_ = entry.size;
    log_ += "begin " + entry.name + "|" + entry.type + "|" + entry.link_name + "|" + std::to_string(entry.size) + "|" + std::to_string(entry.mtime_seconds);
    for (const auto& [name, value] : entry.xattrs) log_ += "|" + name + "=" + value;
    if (entry.sparse) {
      uint64_t end = 0;
      for (const SparseRegion& region : *entry.sparse) {
        demand(region.offset >= end && region.length <= entry.size && region.offset <= entry.size - region.length, "a region outside of its file");
        end = region.offset + region.length;
      }
    }
    log_ += "\n";
  }
  void content(uint64_t offset, const uint8_t* data, size_t size) override {
    demand(open_, "content outside of an entry");
    demand(offset >= at_ && size <= entry_size_ && offset <= entry_size_ - size, "content outside of its file");
    if (offset != at_) log_ += "@" + std::to_string(offset) + ":";
    log_.append(reinterpret_cast<const char*>(data), size);
    at_ = offset + size;
  }
  void end() override {
    demand(open_, "an end without a beginning");
    open_ = false;
    log_ += "end\n";
  }
  std::string log_;

 private:
  bool open_ = false;
  uint64_t at_ = 0;
  uint64_t entry_size_ = 0;
};

std::string parse(const std::string& archive, size_t piece, bool require_end) {
  Recorder sink;
  try {
    TarParser parser(&sink, require_end);
    for (size_t at = 0; at < archive.size(); at += piece) {
      parser.feed(reinterpret_cast<const uint8_t*>(archive.data()) + at, std::min(piece, archive.size() - at));
    }
    parser.finish();
  } catch (const LayerError& error) {
    demand(error.fault == LayerFault::kInvalid, "an error that is not about the archive");
    sink.log_ += "error " + error.reason;
  }
  return sink.log_;
}

void repair_checksums(std::string* archive) {
  for (size_t at = 0; at + kTarBlock <= archive->size(); at += kTarBlock) {
    TarHeader header;
    memcpy(&header, archive->data() + at, sizeof header);
    if (memcmp(header.magic, "ustar", 5) != 0) continue;
    snprintf(header.checksum, sizeof header.checksum, "%06o", static_cast<unsigned>(tar_checksum(header).as_unsigned) & 0777777);
    memcpy(archive->data() + at, &header, sizeof header);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  std::string archive(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (data[0] & 2) repair_checksums(&archive);
  const bool require_end = data[0] & 1;
  const std::string whole = parse(archive, archive.size() + 1, require_end);
  demand(whole == parse(archive, data[1] + size_t{1}, require_end), "pieces are read differently from the whole");
  return 0;
}
