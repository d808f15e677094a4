// copyEntries: columns of JavaScript as the plan of a copy.

#include "copy/copier.h"
#include "entries/entry_states.h"
#include "entries/columns.h"
#include "fence.h"
#include "module.h"
#include "napi_util.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

namespace tsbuild {
namespace {

// A typed array's elements and their number; false when it is not of that type.
bool get_typed(napi_env env, napi_value value, napi_typedarray_type type, const void** data, size_t* length) {
  bool is_typed = false;
  napi_is_typedarray(env, value, &is_typed);
  napi_typedarray_type found = napi_int8_array;
  void* elements = nullptr;
  if (!is_typed || napi_get_typedarray_info(env, value, &found, length, &elements, nullptr, nullptr) != napi_ok) return false;
  *data = elements;
  return found == type;
}

// The next of the names that end in NUL; `at` goes behind it.
std::string next_name(const uint8_t* names, size_t size, size_t* at) {
  const auto* start = reinterpret_cast<const char*>(names) + *at;
  const size_t length = strnlen(start, size - *at);
  *at += length + 1;
  return {start, length};
}

constexpr uint8_t kHasTime = 1;
constexpr uint8_t kMayLink = 2;
constexpr uint8_t kPlain = 4;
constexpr uint8_t kWantsDigest = 8;

// Names and flags of the entries of a tree, which is copied from one directory into another; of files whose state says that they are to be
// read a digest is wanted.
napi_value js_name_copies(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int64_t count = args.integer(1, 0);
  PathBelow from(args.bytes(2));
  PathBelow to(args.bytes(3));
  if (!args.ok) return nullptr;
  void* data = nullptr;
  size_t size = 0;
  Columns tree;
  if (napi_get_arraybuffer_info(env, args[0], &data, &size) != napi_ok || !tree.open(data, size, static_cast<size_t>(count))) {
    return throw_type_error(env, "nameCopies takes the columns of a tree");
  }
  void* states = nullptr;
  size_t state_count = 0;
  if (!args.absent(4) && (napi_get_buffer_info(env, args[4], &states, &state_count) != napi_ok || state_count != tree.count())) {
    return throw_type_error(env, "nameCopies takes a state for each entry");
  }
  std::string names;
  std::string flags;
  for (size_t i = 0; i < tree.count(); i++) {
    if (S_ISSOCK(tree.mode(i))) continue;
    names.append(from.of(tree.path(i))) += '\0';
    names.append(to.of(tree.path(i))) += '\0';
    const bool wants_digest = states != nullptr && tree.is_regular(i) && static_cast<const uint8_t*>(states)[i] == kToRead;
    flags += static_cast<char>((tree.is_regular(i) && tree.nlink(i) == 1 ? kPlain : 0) | (wants_digest ? kWantsDigest : 0));
  }
  napi_value result = nullptr;
  napi_create_object(env, &result);
  set_property(env, result, "names", make_buffer(env, names.data(), names.size()));
  set_property(env, result, "flags", make_buffer(env, flags.data(), flags.size()));
  return result;
}

// Undefined when no entry wants one.
napi_value make_digests(napi_env env, const CopyPlan& plan) {
  const auto wants = [](const CopyEntry& entry) { return entry.wants_digest; };
  if (std::none_of(plan.entries.begin(), plan.entries.end(), wants)) return make_undefined(env);
  std::string digests;
  digests.reserve(sizeof(Sha256Digest) * plan.entries.size());
  for (const CopyEntry& entry : plan.entries) digests.append(reinterpret_cast<const char*>(entry.digest.data()), entry.digest.size());
  return make_buffer(env, digests.data(), digests.size());
}

napi_value js_copy_entries(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  auto plan = std::make_shared<CopyPlan>();
  plan->source = args.fd(0);
  plan->target = args.fd(1);
  plan->mode_mask = static_cast<uint32_t>(args.integer(6, 0, 07777));
  plan->xattrs = args.boolean(7);
  if (!args.absent(8)) plan->earlier = args.fd(8);
  if (!args.absent(9)) plan->direct = args.fd(9);
  plan->verbatim = args.boolean(10);
  if (!args.ok) return nullptr;
  const void* names = nullptr;
  const void* numbers = nullptr;
  const void* times = nullptr;
  const void* flags = nullptr;
  size_t size = 0;
  size_t count = 0;
  if (!get_typed(env, args[2], napi_uint8_array, &names, &size) || !get_typed(env, args[5], napi_uint8_array, &flags, &count)) {
    return throw_type_error(env, "copyEntries takes columns");
  }
  size_t number_count = 0;
  size_t time_count = 0;
  const bool whole = get_typed(env, args[3], napi_float64_array, &numbers, &number_count) && get_typed(env, args[4], napi_bigint64_array, &times, &time_count);
  if (!whole || number_count != 3 * count || time_count != count) return throw_type_error(env, "copyEntries takes columns of the same length");
  plan->entries.resize(count);
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    if (at >= size) return throw_type_error(env, "copyEntries takes columns of the same length");
    CopyEntry& entry = plan->entries[i];
    entry.from = next_name(static_cast<const uint8_t*>(names), size, &at);
    if (at >= size) return throw_type_error(env, "copyEntries takes columns of the same length");
    entry.to = next_name(static_cast<const uint8_t*>(names), size, &at);
    const auto* attributes = static_cast<const double*>(numbers) + 3 * i;
    entry.mode = attributes[0], entry.uid = attributes[1], entry.gid = attributes[2];
    entry.may_link = plan->earlier >= 0 && (static_cast<const uint8_t*>(flags)[i] & kMayLink) != 0;
    entry.is_plain = (static_cast<const uint8_t*>(flags)[i] & kPlain) != 0;
    entry.wants_digest = (static_cast<const uint8_t*>(flags)[i] & kWantsDigest) != 0;
    entry.has_time = (static_cast<const uint8_t*>(flags)[i] & kHasTime) != 0;
    entry.time = static_cast<const int64_t*>(times)[i];
  }
  if (at < size) return throw_type_error(env, "A path holds a NUL byte");
  // A thread of its own, because a fence cannot be taken down again.
  const auto work = [plan] {
    fence_thread({plan->source, plan->earlier}, {plan->target, plan->direct, plan->earlier});
    return copy_entries(plan.get());
  };
  return run_on_own_thread(env, "tsbuild:copy", work, [plan](napi_env calling) { return make_digests(calling, *plan); });
}

}  // namespace
}  // namespace tsbuild

void register_copy(napi_env env, napi_value exports) {
  using namespace tsbuild;
  export_function(env, exports, "nameCopies", js_name_copies);
  export_function(env, exports, "copyEntries", js_copy_entries);
}
