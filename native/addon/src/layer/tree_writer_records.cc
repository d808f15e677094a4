// TreeWriter: the content digest of what is written.

#include "layer/tree_writer.h"

#include <algorithm>

namespace tsbuild {

void TreeWriter::begin_record(const std::string& path, const ArchiveEntry& found) {
  if (!is_layer_) return;
  constexpr char kTypes[] = "fhlcbdp";  // by typeflag '0' to '6'
  TreeRecord tree;
  tree.path = path;
  tree.type = found.sparse ? 's' : kTypes[found.type - '0'];
  if (found.type == '2') tree.target = found.link_name;
  if (found.type == '1') {
    // As it would be written: without "./". One that leads out is refused in a moment.
    clean_path(found.link_name, &tree.target);
  } else {
    tree.mode = found.type == '2' ? 0 : found.mode;
    tree.uid = static_cast<uint64_t>(found.uid);
    tree.gid = static_cast<uint64_t>(found.gid);
    tree.size = found.size;
    tree.major = found.major;
    tree.minor = found.minor;
    for (const auto& [name, value] : found.xattrs) {
      if (is_layer_xattr(name)) tree.xattrs.emplace_back(name, name == "security.capability" ? portable_capability(value) : value);
    }
  }
  if (found.sparse) {
    // Not the zeros of its holes, which may be exabytes: the map, then the data.
    for (const SparseRegion& region : *found.sparse) tree.target += std::to_string(region.offset) + "," + std::to_string(region.length) + ";";
  }
  const std::string bytes = encode_record(tree);
  begin_recorded(bytes, path, order_key(tree));
}

void TreeWriter::mark_record(char type, const std::string& path) {
  TreeRecord mark;
  mark.type = type;
  mark.path = path;
  const std::string bytes = encode_record(mark);
  const std::string key = order_key(mark);
  begin_recorded(bytes, key, key);
}

void TreeWriter::begin_recorded(const std::string& record, std::string path, std::string key) {
  Sha256 hash;
  hash.update(record.data(), record.size());
  recorded_ = {std::move(key), hash.finish(), has_content(record[0]), files_};
  if (recorded_.has_content) {
    if (listener_ != nullptr) listener_->file_begins();
    files_++;
  }
  record_path_ = std::move(path);
  recording_ = true;
}

void TreeWriter::end_record() {
  if (!recording_) return;
  recording_ = false;
  // The last entry of a name counts.
  records_[record_path_] = std::move(recorded_);
}

Sha256Digest TreeWriter::tree_digest(const std::vector<Sha256Digest>& contents) {
  std::vector<const Recorded*> order;
  order.reserve(records_.size());
  for (const auto& [path, recorded] : records_) order.push_back(&recorded);
  std::sort(order.begin(), order.end(), [](const Recorded* a, const Recorded* b) { return a->key < b->key; });
  TreeDigest tree;
  for (const Recorded* recorded : order) {
    tree.add(recorded->record);
    if (recorded->has_content) tree.add(contents[recorded->content]);
  }
  return tree.finish();
}

}  // namespace tsbuild
