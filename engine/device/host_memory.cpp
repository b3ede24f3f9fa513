#include "engine/device/host_memory.h"

#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace orrery {
namespace {

constexpr std::size_t kLarge = std::size_t{1} << 20, kHugePage = std::size_t{2} << 20, kPage = 4096;

std::size_t physical_bytes() { return static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

// Eight sizes to each power of two: blocks fit one another, and at most an eighth is not needed.
std::size_t size_class(std::size_t bytes) {
  const std::size_t step = std::max<std::size_t>(std::bit_floor(bytes) / 8, kPage);
  return (bytes + step - 1) / step * step;
}

// Blocks of 2 MiB and more start on a huge page. Returns nullptr when there is no memory.
void* map_block(std::size_t bytes) {
  const std::size_t slack = bytes >= kHugePage ? kHugePage : 0;
  void* raw = mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  if (slack == 0) return raw;
  char* start = static_cast<char*>(raw);
  char* aligned = start + (kHugePage - reinterpret_cast<std::uintptr_t>(start) % kHugePage) % kHugePage;
  if (aligned != start) munmap(start, static_cast<std::size_t>(aligned - start));
  if (char* end = start + bytes + slack; aligned + bytes != end) munmap(aligned + bytes, static_cast<std::size_t>(end - aligned - bytes));
  madvise(aligned, bytes, MADV_HUGEPAGE);  // only a wish
  return aligned;
}

class KeepingAllocator final : public c10::Allocator {
 public:
  explicit KeepingAllocator(c10::Allocator* small) : small_(small) {}

  c10::DataPtr allocate(std::size_t bytes) override {
    if (bytes < kLarge) {
      void* block = small_->raw_allocate(bytes);
      return {block, block, &give_back, c10::Device(c10::kCPU)};
    }
    const std::size_t size = size_class(bytes);
    void* block = take(size);
    if (block == nullptr) block = map_block(size);
    if (block == nullptr) {
      release(0);
      block = map_block(size);
    }
    // The default allocator's way of failing: every caller of LibTorch knows it.
    TORCH_CHECK(block != nullptr, "DefaultCPUAllocator: not enough memory: you tried to allocate ", bytes, " bytes.");
    const std::lock_guard lock(mutex_);
    sizes_[block] = size;
    memory_.used_bytes += size;
    memory_.most_bytes = std::max(memory_.most_bytes, memory_.used_bytes);
    return {block, block, &give_back, c10::Device(c10::kCPU)};
  }

  void copy_data(void* to, const void* from, std::size_t bytes) const override { std::memcpy(to, from, bytes); }

  void set_limit(std::size_t bytes) {
    limit_ = bytes;
    release(bytes);
  }
  HostMemory memory() {
    const std::lock_guard lock(mutex_);
    return memory_;
  }

  // Unmaps idle blocks, the longest idle first, until at most `keep_bytes` are left.
  void release(std::size_t keep_bytes) {
    std::vector<Idle> going;
    {
      const std::lock_guard lock(mutex_);
      while (memory_.kept_bytes > keep_bytes) {
        going.push_back(idle_.front());
        memory_.kept_bytes -= idle_.front().size;
        forget(idle_.begin());
      }
    }
    for (const Idle& block : going) munmap(block.at, block.size);
  }

  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }

  // Large blocks start on a page, and few small ones do: most small ones are told apart without the lock.
  void keep(void* block) {
    if (reinterpret_cast<std::uintptr_t>(block) % kPage != 0) return small_->raw_deallocate(block);
    {
      std::unique_lock lock(mutex_);
      const auto found = sizes_.find(block);
      if (found == sizes_.end()) {
        lock.unlock();
        return small_->raw_deallocate(block);
      }
      const std::size_t size = found->second;
      sizes_.erase(found);
      memory_.used_bytes -= size;
      memory_.kept_bytes += size;
      idle_.push_back({block, size});
      by_size_[size].push_back(std::prev(idle_.end()));
    }
    release(limit_);
  }

  static void give_back(void* block);

 private:
  struct Idle {
    void* at;
    std::size_t size;
  };

  void* take(std::size_t size) {
    const std::lock_guard lock(mutex_);
    const auto found = by_size_.find(size);
    if (found == by_size_.end() || found->second.empty()) return nullptr;
    const auto last = found->second.back();  // the one used last is likeliest in the cache
    void* block = last->at;
    memory_.kept_bytes -= size;
    forget(last);
    return block;
  }

  void forget(std::list<Idle>::iterator block) {
    auto& same = by_size_[block->size];
    same.erase(std::find(same.begin(), same.end(), block));
    idle_.erase(block);
  }

  c10::Allocator* small_;
  std::size_t limit_ = 0;
  std::mutex mutex_;
  HostMemory memory_;
  std::unordered_map<void*, std::size_t> sizes_;                              // of blocks that tensors hold
  std::list<Idle> idle_;                                                      // the longest idle first
  std::map<std::size_t, std::vector<std::list<Idle>::iterator>> by_size_;
};

KeepingAllocator* installed = nullptr;  // never destroyed: tensors may outlive main()

void KeepingAllocator::give_back(void* block) { installed->keep(block); }

}  // namespace

void keep_host_memory(std::size_t keep_bytes) {
  static std::once_flag once;
  std::call_once(once, [] {
    installed = new KeepingAllocator(c10::GetDefaultCPUAllocator());
    c10::SetCPUAllocator(installed, 1);
  });
  installed->set_limit(keep_bytes != 0 ? keep_bytes : physical_bytes() / 8);
}

HostMemory host_memory() { return installed != nullptr ? installed->memory() : HostMemory{}; }

void release_host_memory() {
  if (installed != nullptr) installed->release(0);
}

}  // namespace orrery
