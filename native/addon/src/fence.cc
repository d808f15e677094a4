// JavaScript cannot restrict its own threads, which outlive every piece of work. What is exported tells whether the fence holds:
// probeFence(inside, outside): {version, holds}, after trying on a thread of its own to make a file in the directory `outside`

#include "fence.h"

#include "module.h"
#include "parallel.h"

#include <atomic>
#include <fcntl.h>
#include <memory>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tsbuild {
namespace {

// linux/landlock.h: headers older than the kernel lack the later ones. A system call of one number on every architecture.
constexpr long kCreateRuleset = 444;
constexpr long kAddRule = 445;
constexpr long kRestrictSelf = 446;
constexpr unsigned kVersionOnly = 1;   // LANDLOCK_CREATE_RULESET_VERSION
constexpr int kPathBeneath = 1;        // LANDLOCK_RULE_PATH_BENEATH
constexpr uint64_t kExecute = 1u << 0;
constexpr uint64_t kWriteFile = 1u << 1;
constexpr uint64_t kReadFile = 1u << 2;
constexpr uint64_t kReadDirectory = 1u << 3;
constexpr uint64_t kFirst = (1u << 13) - 1;  // all of version 1: the four above, removing, and making each kind of file
constexpr uint64_t kRefer = 1u << 13;        // version 2: links and renames between directories
constexpr uint64_t kTruncate = 1u << 14;     // version 3
constexpr uint64_t kIoctlDevice = 1u << 15;  // version 5
constexpr uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDevice;
constexpr uint64_t kNetwork = 3;             // version 4: binding and connecting TCP sockets
constexpr uint64_t kScopes = 3;              // version 6: abstract sockets of others, signals to others

struct RulesetAttributes {
  uint64_t files;
  uint64_t network;
  uint64_t scopes;
};

struct [[gnu::packed]] PathBeneath {
  uint64_t allowed;
  int32_t parent;
};

constexpr int kLeastVersion = 2;

bool allow(int ruleset, int fd, uint64_t access) {
  struct stat status;
  if (fd < 0) return true;
  if (fstat(fd, &status) != 0) return false;
  // The others make no sense for a file, which the kernel refuses.
  const PathBeneath rule = {S_ISDIR(status.st_mode) ? access : access & kOfFiles, fd};
  return syscall(kAddRule, ruleset, kPathBeneath, &rule, 0) == 0;
}

// On a fenced thread: whether neither it nor one it starts can make a file in `outside`, while `inside` stays open to both.
bool fence_holds(int inside, int outside) {
  if (!fence_thread({}, {inside})) return false;
  constexpr char kName[] = ".tsbuild-fence";
  std::atomic<bool> holds{true};
  on_threads(2, [&](unsigned worker) {
    const std::string name = kName + std::to_string(worker);
    const auto make = [&](int directory) {
      const UniqueFd file(openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
      return static_cast<bool>(file);
    };
    const bool made_outside = make(outside);
    const bool refused = !made_outside && errno == EACCES;
    const bool made_inside = make(inside);
    if (made_outside) unlinkat(outside, name.c_str(), 0);
    if (made_inside) unlinkat(inside, name.c_str(), 0);
    if (!refused || !made_inside) holds = false;
  });
  return holds;
}

napi_value js_probe_fence(napi_env env, napi_callback_info info) {
  Arguments args(env, info);
  const int inside = args.fd(0);
  const int outside = args.fd(1);
  if (!args.ok) return nullptr;
  const auto holds = std::make_shared<bool>(false);
  const auto work = [=]() -> Failure {
    *holds = fence_holds(inside, outside);
    return {};
  };
  return run_on_own_thread(env, "tsbuild:fence", work, [holds](napi_env result_env) {
    napi_value result = nullptr;
    napi_create_object(result_env, &result);
    set_property(result_env, result, "version", make_number(result_env, landlock_version()));
    set_property(result_env, result, "holds", make_boolean(result_env, *holds));
    return result;
  });
}

}  // namespace

int landlock_version() {
  // No attributes and this flag: the answer is no descriptor but the version.
  const long version = syscall(kCreateRuleset, nullptr, 0, kVersionOnly);
  return version < 0 ? 0 : static_cast<int>(version);
}

bool fence_thread(const std::vector<int>& readable, const std::vector<int>& writable) {
  const int version = landlock_version();
  if (version < kLeastVersion) return false;
  RulesetAttributes attributes = {kFirst | kRefer, 0, 0};
  if (version >= 3) attributes.files |= kTruncate;
  if (version >= 4) attributes.network = kNetwork;
  if (version >= 5) attributes.files |= kIoctlDevice;
  if (version >= 6) attributes.scopes = kScopes;
  // A kernel knows the attributes of its version, and takes longer ones as long as the rest is 0.
  const UniqueFd ruleset(static_cast<int>(syscall(kCreateRuleset, &attributes, sizeof attributes, 0)));
  if (!ruleset) return false;
  for (const int fd : readable) {
    if (!allow(ruleset.get(), fd, kReadFile | kReadDirectory)) return false;
  }
  for (const int fd : writable) {
    if (!allow(ruleset.get(), fd, attributes.files & ~(kExecute | kIoctlDevice))) return false;
  }
  // Without CAP_SYS_ADMIN the kernel wants this; it belongs to the thread alone, and a thread of ours starts no programs.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return syscall(kRestrictSelf, ruleset.get(), 0) == 0;
}

}  // namespace tsbuild

void register_fence(napi_env env, napi_value exports) {
  tsbuild::export_function(env, exports, "probeFence", tsbuild::js_probe_fence);
}
