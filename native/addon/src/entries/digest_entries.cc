// What a digest over a tree asks of every entry: loops over columns, so that JavaScript makes no object for each.
//
// Of each entry there are 32 bytes of digest and a state (entry_states.h). A record of the stat cache is laid out as
// src/context/stat-cache.ts says.

#include "entries/columns.h"
#include "entries/entry_states.h"
#include "entries/hash_file.h"
#include "kernel.h"
#include "module.h"
#include "parallel.h"
#include "parents.h"
#include "sha256.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <memory>

namespace tsbuild {
namespace {

constexpr size_t kDigestBytes = sizeof(Sha256Digest);
constexpr size_t kFixedBytes = 8 * 5 + 4 + kDigestBytes;  // of a record, behind its path
constexpr size_t kLeastRecordBytes = 64;                  // as in src/context/stat-cache.ts
// So much is read sooner than a thread of the pool begins: the first job of a process makes four.
constexpr size_t kLittleCount = 8;
constexpr double kLittleBytes = 16 * 1024;

struct View {
  uint8_t* data = nullptr;
  size_t size = 0;
};

bool get_view(napi_env env, napi_value value, View* out) {
  void* data = nullptr;
  if (napi_get_buffer_info(env, value, &data, &out->size) != napi_ok) return false;
  out->data = static_cast<uint8_t*>(data);
  return true;
}

// `count` entries in an ArrayBuffer.
bool get_columns(napi_env env, napi_value data, int64_t count, Columns* out, View* bytes = nullptr) {
  View view;
  void* start = nullptr;
  if (napi_get_arraybuffer_info(env, data, &start, &view.size) != napi_ok) return false;
  view.data = static_cast<uint8_t*>(start);
  if (bytes != nullptr) *bytes = view;
  return out->open(view.data, view.size, static_cast<size_t>(count));
}

napi_value wrong_columns(napi_env env) { return throw_type_error(env, "The columns do not belong together"); }

// Whether a record's numbers are those of the entry; they are little-endian, as every processor is that tsbuild runs on.
bool is_same(const uint8_t* fixed, const Columns& entries, size_t i) {
  const double numbers[3] = {entries.dev(i), entries.ino(i), entries.size(i)};
  const int64_t times[2] = {entries.mtime(i), entries.ctime(i)};
  const uint32_t mode = entries.mode(i);
  return memcmp(fixed, numbers, 24) == 0 && memcmp(fixed + 24, times, 16) == 0 && memcmp(fixed + 40, &mode, 4) == 0;
}

// The length of the path of the record at `at`, or SIZE_MAX where no whole record is.
size_t path_length(const View& records, size_t at) {
  if (at + 2 > records.size) return SIZE_MAX;
  const size_t length = records.data[at] | records.data[at + 1] << 8;
  return at + 2 + length + kFixedBytes > records.size ? SIZE_MAX : length;
}

// Both are in the order of paths: one pass over both. Returns where the next record to look at is.
size_t find_known(const View& records, size_t at, const View& used, const Columns& entries, PathBelow* paths, uint8_t* digests, uint8_t* states) {
  for (size_t i = 0; i < entries.count(); i++) {
    if (!entries.has_contents(i)) states[i] = kKnown;
    if (states[i] == kKnown) continue;
    const std::string& path = paths->of(entries.path(i));
    for (size_t length; (length = path_length(records, at)) != SIZE_MAX; at += 2 + length + kFixedBytes) {
      const int order = std::string_view(reinterpret_cast<const char*>(records.data) + at + 2, length).compare(path);
      if (order > 0) break;
      if (order < 0) continue;
      if (at / kLeastRecordBytes < used.size) used.data[at / kLeastRecordBytes] = 1;
      const uint8_t* fixed = records.data + at + 2 + length;
      if (!is_same(fixed, entries, i)) break;
      memcpy(digests + i * kDigestBytes, fixed + 44, kDigestBytes);
      states[i] = kKnown;
      break;
    }
  }
  return at;
}

napi_value js_find_digests(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  View records, used, digests, states;
  Columns entries;
  const int64_t at = args.integer(1, 0);
  const int64_t count = args.integer(4, 0);
  std::string directory = args.bytes(5);
  if (!args.ok) return nullptr;
  const bool fit = get_view(env, args[0], &records) && get_view(env, args[2], &used) && get_columns(env, args[3], count, &entries) &&
                   get_view(env, args[6], &digests) && get_view(env, args[7], &states);
  if (!fit || states.size != entries.count() || digests.size != kDigestBytes * states.size) return wrong_columns(env);
  PathBelow paths(std::move(directory));
  return make_number(env, static_cast<double>(find_known(records, static_cast<size_t>(at), used, entries, &paths, digests.data, states.data)));
}

// --- reading ---

struct Reading {
  std::string directory;
  std::string bytes;  // of the columns: JavaScript may move on meanwhile
  Columns entries;
  std::vector<size_t> wanted;
  std::string digests;
  std::vector<uint8_t> has_attributes;  // of `wanted`

  bool is_little() const {
    double size = 0;
    for (const size_t i : wanted) size += entries.is_regular(i) ? entries.size(i) : 0;
    return wanted.size() <= kLittleCount && size <= kLittleBytes;
  }

  Failure read_all(int root) {
    has_attributes.resize(wanted.size());
    return parallel_for(wanted.size(), [this, root] {
      return [this, paths = PathBelow(directory), reader = FileHasher(root)](size_t at) mutable {
        const size_t i = wanted[at];
        const std::string& path = paths.of(entries.path(i));
        bool attributes = false;
        Sha256Digest digest = {};
        const Failure failure = entries.is_regular(i) ? reader.hash(path, &digest) : reader.look_for_attributes(path, &attributes);
        has_attributes[at] = attributes;
        memcpy(&digests[i * kDigestBytes], digest.data(), kDigestBytes);
        return failure;
      };
    });
  }
};

napi_value make_read(napi_env env, const Reading& reading) {
  napi_value result = nullptr, found = nullptr;
  napi_create_object(env, &result);
  napi_create_array(env, &found);
  uint32_t next = 0;
  for (size_t at = 0; at < reading.wanted.size(); at++) {
    if (reading.has_attributes[at] != 0) napi_set_element(env, found, next++, make_number(env, static_cast<double>(reading.wanted[at])));
  }
  set_property(env, result, "digests", make_buffer(env, reading.digests.data(), reading.digests.size()));
  set_property(env, result, "withAttributes", found);
  return result;
}

napi_value js_hash_entries(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int root = args.fd(0);
  const int64_t count = args.integer(2, 0);
  const auto reading = std::make_shared<Reading>();
  reading->directory = args.bytes(3);
  reading->digests = args.bytes(4);
  if (!args.ok) return nullptr;
  View columns, states;
  Columns given;
  const bool fit = get_columns(env, args[1], count, &given, &columns) && get_view(env, args[5], &states);
  if (!fit || states.size != given.count() || reading->digests.size() != kDigestBytes * states.size) return wrong_columns(env);
  reading->bytes.assign(reinterpret_cast<const char*>(columns.data), columns.size);
  reading->entries.open(reading->bytes.data(), reading->bytes.size(), given.count());
  for (size_t i = 0; i < states.size; i++) {
    if (states.data[i] == kToRead) reading->wanted.push_back(i);
  }
  const auto work = [reading, root] { return reading->read_all(root); };
  const auto result = [reading](napi_env calling) { return make_read(calling, *reading); };
  return reading->is_little() ? run_here(env, work, result) : run_on_pool(env, "tsbuild:hash", work, result);
}

// What a copy gave, 32 bytes for each entry that is no socket: fills in the digests of files that were to be read.
napi_value js_take_digests(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  Columns entries;
  View copied, digests, states;
  const int64_t count = args.integer(2, 0);
  if (!args.ok) return nullptr;
  const bool fit = get_view(env, args[0], &copied) && get_columns(env, args[1], count, &entries) && get_view(env, args[3], &digests) && get_view(env, args[4], &states);
  if (!fit || states.size != entries.count() || digests.size != kDigestBytes * states.size) return wrong_columns(env);
  size_t at = 0;
  for (size_t i = 0; i < entries.count(); i++) {
    if (S_ISSOCK(entries.mode(i))) continue;
    if (at + kDigestBytes > copied.size) return wrong_columns(env);
    constexpr uint8_t kNone[kDigestBytes] = {};
    if (states.data[i] == kToRead && memcmp(copied.data + at, kNone, kDigestBytes) != 0) {
      memcpy(digests.data + i * kDigestBytes, copied.data + at, kDigestBytes);
      states.data[i] = kTaken;
    }
    at += kDigestBytes;
  }
  return make_number(env, static_cast<double>(at));
}

// --- records of what was read ---

void append(std::string* out, const void* data, size_t size) { out->append(static_cast<const char*>(data), size); }

void append_record(std::string* out, const std::string& path, const Columns& entries, size_t i, const uint8_t* digest) {
  const uint8_t length[2] = {static_cast<uint8_t>(path.size()), static_cast<uint8_t>(path.size() >> 8)};
  const double numbers[3] = {entries.dev(i), entries.ino(i), entries.size(i)};
  const int64_t times[2] = {entries.mtime(i), entries.ctime(i)};
  const uint32_t mode = entries.mode(i);
  append(out, length, 2);
  out->append(path);
  append(out, numbers, 24);
  append(out, times, 16);
  append(out, &mode, 4);
  append(out, digest, kDigestBytes);
}

napi_value js_stat_records(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  Columns entries;
  View digests, states;
  const int64_t count = args.integer(1, 0);
  std::string directory = args.bytes(2);
  const int64_t racy_from = args.big(5);
  if (!args.ok) return nullptr;
  const bool fit = get_columns(env, args[0], count, &entries) && get_view(env, args[3], &digests) && get_view(env, args[4], &states);
  if (!fit || states.size != entries.count() || digests.size != kDigestBytes * states.size) return wrong_columns(env);
  PathBelow paths(std::move(directory));
  std::string out;
  for (size_t i = 0; i < entries.count(); i++) {
    if (states.data[i] == kKnown || std::max(entries.mtime(i), entries.ctime(i)) > racy_from) continue;
    const std::string& path = paths.of(entries.path(i));
    if (path.size() <= UINT16_MAX) append_record(&out, path, entries, i, digests.data + i * kDigestBytes);
  }
  return make_buffer(env, out.data(), out.size());
}

// --- the text that is hashed ---

void append_number(std::string* out, uint64_t number, unsigned base) {
  char digits[24];
  char* start = digits + sizeof digits;
  do *--start = static_cast<char>('0' + number % base);
  while ((number /= base) != 0);
  out->append(start, static_cast<size_t>(digits + sizeof digits - start));
}

// Its length in bytes, then each byte as the code point of its value, in UTF-8.
void append_name(std::string* out, std::string_view name) {
  append_number(out, name.size(), 10);
  *out += ':';
  for (const char c : name) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x80) *out += static_cast<char>(0xc0 | byte >> 6);
    *out += static_cast<char>(byte < 0x80 ? byte : 0x80 | (byte & 0x3f));
  }
}

void append_entry(std::string* out, const Columns& entries, size_t i, bool owners, const uint8_t* digest) {
  const uint32_t mode = entries.mode(i);
  out->append("\nentry ");
  append_name(out, entries.path(i));
  *out += ' ';
  append_number(out, S_ISLNK(mode) ? mode & S_IFMT : mode, 8);
  *out += ' ';
  if (owners) {
    append_number(out, entries.uid(i), 10);
    *out += ':';
    append_number(out, entries.gid(i), 10);
  }
  *out += ' ';
  append_number(out, entries.is_regular(i) ? static_cast<uint64_t>(entries.size(i)) : 0, 10);
  *out += ' ';
  append_number(out, entries.rdev_major(i), 10);
  *out += ':';
  append_number(out, entries.rdev_minor(i), 10);
  *out += ' ';
  append_name(out, entries.link(i));
  *out += ' ';
  if (entries.is_regular(i)) append(out, digest, kDigestBytes);
}

napi_value js_describe_entries(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  Columns entries;
  View digests;
  const int64_t count = args.integer(1, 0);
  const bool owners = args.boolean(3);
  const auto from = static_cast<size_t>(args.integer(4, 0));
  const auto to = static_cast<size_t>(args.integer(5, 0));
  if (!args.ok) return nullptr;
  const bool fit = get_columns(env, args[0], count, &entries) && get_view(env, args[2], &digests);
  if (!fit || digests.size != kDigestBytes * entries.count() || to > entries.count()) return wrong_columns(env);
  std::string out;
  for (size_t i = from; i < to; i++) {
    if (!S_ISSOCK(entries.mode(i))) append_entry(&out, entries, i, owners, digests.data + i * kDigestBytes);
  }
  return make_buffer(env, out.data(), out.size());
}

}  // namespace
}  // namespace tsbuild

void register_digest_entries(napi_env env, napi_value exports) {
  using namespace tsbuild;
  export_function(env, exports, "findDigests", js_find_digests);
  export_function(env, exports, "hashEntries", js_hash_entries);
  export_function(env, exports, "takeDigests", js_take_digests);
  export_function(env, exports, "statRecords", js_stat_records);
  export_function(env, exports, "describeEntries", js_describe_entries);
}
