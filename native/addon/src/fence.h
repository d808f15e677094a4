#pragma once
// An extra fence around threads that handle hostile names: Landlock (landlock(7)). Their paths are opened beneath a root already; should
// that ever fail, the kernel refuses what lies outside.

#include <vector>

namespace tsbuild {

// Restrict the calling thread, and the threads it starts from then on: files are opened for reading, and directories listed, only below
// `readable`; made, changed, renamed and removed only below `writable`, which may be read too. What is open already stays usable. There is
// no way back, so the thread has to end with its work. Descriptors below 0 are passed over; O_PATH ones will do.
//
// False where the kernel has no Landlock that allows hard links between directories (Linux 5.19), or a filter forbids it: the thread goes
// on as before.
bool fence_thread(const std::vector<int>& readable, const std::vector<int>& writable);

// The version of Landlock that the kernel offers; 0: none.
int landlock_version();

}  // namespace tsbuild
