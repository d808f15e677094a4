#pragma once
// Memory of a Buffer that threads of the addon fill or read in blocks, so that JavaScript sees the same bytes without a copy.

#include "block_ring.h"
#include "napi_util.h"

#include <utility>

namespace tsbuild {

// Keeps the Buffer from the garbage collector until it is given back.
class LentMemory {
 public:
  LentMemory() = default;
  LentMemory(LentMemory&& other) noexcept
      : env_(other.env_), reference_(std::exchange(other.reference_, nullptr)), data_(other.data_), blocks_(other.blocks_) {}
  LentMemory(const LentMemory&) = delete;
  LentMemory& operator=(const LentMemory&) = delete;
  ~LentMemory() { give_back(); }

  // False with a TypeError pending when `buffer` is no Buffer of two or more whole blocks.
  bool borrow(napi_env env, napi_value buffer) {
    void* data = nullptr;
    size_t size = 0;
    bool is_buffer = false;
    napi_is_buffer(env, buffer, &is_buffer);
    if (is_buffer) napi_get_buffer_info(env, buffer, &data, &size);
    if (size < 2 * BlockRing::kBlockSize || size % BlockRing::kBlockSize != 0) {
      throw_type_error(env, "memory must be a Buffer of two or more whole blocks");
      return false;
    }
    if (napi_create_reference(env, buffer, 1, &reference_) != napi_ok) return false;
    env_ = env;
    data_ = static_cast<uint8_t*>(data);
    blocks_ = size / BlockRing::kBlockSize;
    return true;
  }

  // No thread may touch the memory any more.
  void give_back() {
    if (reference_ != nullptr) napi_delete_reference(env_, std::exchange(reference_, nullptr));
  }

  uint8_t* data() const { return data_; }
  size_t blocks() const { return blocks_; }

 private:
  napi_env env_ = nullptr;
  napi_ref reference_ = nullptr;
  uint8_t* data_ = nullptr;
  size_t blocks_ = 0;
};

}  // namespace tsbuild
