// LayerWalk: its entries as a tar stream in the blocks of the ring, with what they mean to the content digest.

#include "layer/layer_walk.h"

#include "kernel.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace tsbuild {
namespace {

constexpr char kOpaqueName[] = ".wh..wh..opq";  // image-spec layer.md
// Modes of the marks: as containers/storage writes them.
constexpr uint32_t kMarkMode = 0600;
// Below this a hole saves less than asking for it costs.
constexpr off_t kSparseFrom = 128 * 1024;

}  // namespace

void LayerWalk::throw_changed(const std::string& path) {
  throw LayerError{LayerFault::kChanged, path, "\"" + path + "\" changed while it was read", {}};
}

void LayerWalk::mark(char type, const std::string& path) {
  TarEntry found;
  found.mode = kMarkMode;
  found.name = type == 'o' ? path + "/" + kOpaqueName : path;
  if (type == 'w') found.name.insert(path.rfind('/') + 1, kWhiteoutPrefix);
  // The kernel shares one file between whiteouts, so its time says nothing.
  found.mtime_seconds = 0;
  const std::string header = encode_tar_header(found);
  put(header.data(), header.size());
  TreeRecord mark;
  mark.type = type;
  mark.path = path;
  record(mark);
}

void LayerWalk::entry(const TarEntry& found) {
  const std::string header = encode_tar_header(found);
  put(header.data(), header.size());
  TreeRecord tree;
  tree.path = found.name == "./" ? "" : found.name;
  if (!tree.path.empty() && tree.path.back() == '/') tree.path.pop_back();
  constexpr char kTypes[] = "fhlcbdp";  // by typeflag '0' to '6'
  tree.type = kTypes[found.type - '0'];
  tree.target = found.link_name;
  if (tree.type != 'h') {
    tree.mode = tree.type == 'l' ? 0 : found.mode;
    tree.uid = found.uid;
    tree.gid = found.gid;
    tree.size = found.size;
    tree.major = found.major;
    tree.minor = found.minor;
    tree.xattrs = found.xattrs;
  }
  record(tree);
}

void LayerWalk::record(const TreeRecord& tree) {
  entries_++;
  const std::string bytes = encode_record(tree);
  Block* block = room();
  block->parts.push_back({TreePart::Kind::kRecord, static_cast<uint32_t>(block->records.size()), static_cast<uint32_t>(bytes.size())});
  block->records += bytes;
}

void LayerWalk::content(int fd, const struct stat& status, const std::string& path) {
  const off_t size = status.st_size;
  const bool sparse = size >= kSparseFrom && status.st_blocks * 512 < size;
  off_t at = 0;
  off_t data_start = 0;
  off_t data_end = sparse ? 0 : size;
  while (at < size) {
    if (at >= data_end) {
      data_start = lseek(fd, at, SEEK_DATA);
      if (data_start < 0 && errno != ENXIO) throw_system("lseek", path);
      if (data_start < 0) data_start = size;
      data_end = data_start < size ? lseek(fd, data_start, SEEK_HOLE) : size;
      if (data_end < 0) throw_system("lseek", path);
    }
    Block* block = room();
    uint8_t* target = block->data.get() + block->length;
    const off_t space = static_cast<off_t>(BlockRing::kBlockSize - block->length);
    off_t count = std::min(space, (at < data_start ? data_start : data_end) - at);
    count = std::min(count, size - at);
    if (at < data_start) {
      memset(target, 0, static_cast<size_t>(count));
    } else {
      count = retry_eintr([&] { return pread(fd, target, static_cast<size_t>(count), at); });
      if (count < 0) throw_system("pread", path);
      if (count == 0) throw_changed(path);
    }
    block->parts.push_back({TreePart::Kind::kContent, static_cast<uint32_t>(block->length), static_cast<uint32_t>(count)});
    block->length += static_cast<size_t>(count);
    bytes_ += static_cast<uint64_t>(count);
    at += count;
  }
  put_zeros(tar_padding(static_cast<uint64_t>(size)));
  struct stat after;
  if (fstat(fd, &after) != 0) throw_system("fstat", path);
  // Shorter was seen above; longer would have lost its end. What is listed may be a user's own file, to which something is appended.
  if (after.st_size != size && wanted_ == nullptr) throw_changed(path);
}

void LayerWalk::put(const void* data, size_t length) {
  const auto* from = static_cast<const uint8_t*>(data);
  while (length > 0) {
    Block* block = room();
    const size_t count = std::min(length, BlockRing::kBlockSize - block->length);
    memcpy(block->data.get() + block->length, from, count);
    block->length += count;
    bytes_ += count;
    from += count;
    length -= count;
  }
}

void LayerWalk::put_zeros(size_t length) {
  constexpr uint8_t kZeros[2 * kTarBlock] = {};
  put(kZeros, length);
}

Block* LayerWalk::room() {
  if (block_ != nullptr && block_->length == BlockRing::kBlockSize) publish();
  if (block_ == nullptr) block_ = ring_->acquire();
  if (block_ == nullptr) throw Cancelled();
  return block_;
}

void LayerWalk::publish() {
  ring_->publish();
  block_ = nullptr;
}

}  // namespace tsbuild
