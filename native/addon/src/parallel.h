#pragma once
// The two shapes of work on several threads: over a list, and over a queue that grows.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "napi_util.h"

namespace tsbuild {

// The failure of the lowest position seen so far; a worker asks `stop` before it goes on.
class FirstFailure {
 public:
  void set(size_t position, Failure failure) {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (failure_ && position >= position_) return;
    position_ = position;
    failure_ = std::move(failure);
    stop_ = true;
  }
  bool stop() const { return stop_; }
  Failure take() { return std::move(failure_); }

 private:
  std::mutex mutex_;
  std::atomic<bool> stop_{false};
  size_t position_ = 0;
  Failure failure_;
};

// Call `body(worker)` on `count` threads, this one included, and wait for all. With fewer threads than asked for when the
// system gives no more.
template <typename Body>
void on_threads(unsigned count, Body body) {
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < count; i++) {
    try {
      threads.emplace_back(body, i);
    } catch (const std::system_error&) {
      break;
    }
  }
  body(0u);
  for (std::thread& thread : threads) thread.join();
}

// `make_worker()` gives each thread a callable `Failure(size_t index)` with state of its own (buffers, cached descriptors);
// together they are called for every index below `count`, neighbours mostly by the same thread.
template <typename MakeWorker>
Failure parallel_for(size_t count, MakeWorker make_worker) {
  constexpr size_t kChunk = 32;
  std::atomic<size_t> next{0};
  FirstFailure first;
  const size_t chunks = (count + kChunk - 1) / kChunk;
  const auto threads = static_cast<unsigned>(chunks < batch_threads() ? chunks : batch_threads());
  on_threads(threads == 0 ? 1 : threads, [&](unsigned) {
    auto work = make_worker();
    while (!first.stop()) {
      const size_t start = next.fetch_add(kChunk);
      if (start >= count) return;
      const size_t end = start + kChunk < count ? start + kChunk : count;
      for (size_t i = start; i < end && !first.stop(); i++) {
        if (Failure failure = work(i)) first.set(i, std::move(failure));
      }
    }
  });
  return first.take();
}

// Work that makes more work. `run` is called for each item on any thread and may `add`; returns when none is left.
template <typename Item>
class WorkQueue {
 public:
  void add(Item item) {
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      items_.push_back(std::move(item));
      unfinished_++;
    }
    changed_.notify_one();
  }

  template <typename Run>
  Failure drain(Run run) {
    FirstFailure first;
    on_threads(batch_threads(), [&](unsigned) {
      for (;;) {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [&] { return !items_.empty() || unfinished_ == 0; });
        if (items_.empty()) return;
        // The newest first keeps the queue short: depth before breadth.
        Item item = std::move(items_.back());
        items_.pop_back();
        lock.unlock();
        if (!first.stop()) {
          if (Failure failure = run(item)) first.set(0, std::move(failure));
        }
        lock.lock();
        if (--unfinished_ == 0) changed_.notify_all();
      }
    });
    return first.take();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Item> items_;
  size_t unfinished_ = 0;
};

}  // namespace tsbuild
