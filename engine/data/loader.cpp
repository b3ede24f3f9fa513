#include "engine/data/loader.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "engine/api/result.h"
#include "engine/data/shuffle.h"

namespace orrery::data {
namespace {

// Copies [C, H, W], each row reversed where `mirrored`.
void copy_picture(const std::uint8_t* from, std::uint8_t* to, std::int64_t rows, std::int64_t width, bool mirrored) {
  if (!mirrored) {
    std::memcpy(to, from, static_cast<std::size_t>(rows * width));
    return;
  }
  for (std::int64_t r = 0; r < rows; ++r) std::reverse_copy(from + r * width, from + (r + 1) * width, to + r * width);
}

}  // namespace

struct Loader::Impl {
  std::shared_ptr<const Store> store;
  LoaderOptions options;
  std::int64_t count, classes, picture_bytes, rows, width;

  // The first pictures of the store, as many as the budget holds. A picture is decoded into its place by one thread, then published.
  enum : std::uint8_t { missing, busy, ready };
  std::int64_t cached_count = 0;
  at::Tensor cache;
  std::unique_ptr<std::atomic<std::uint8_t>[]> cache_state;

  mutable std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::set<std::int64_t> broken;                                             // pictures that could not be read
  std::map<std::uint64_t, std::shared_ptr<std::vector<std::uint32_t>>> orders;  // of the epochs in use
  struct Job {
    bool taken = false, done = false;
    Batch batch;
    std::exception_ptr error;
  };
  std::map<std::int64_t, std::shared_ptr<Job>> jobs;  // batches ahead, by step
  std::vector<std::thread> threads;

  Impl(std::shared_ptr<const Store> s, LoaderOptions o) : store(std::move(s)), options(o) {
    count = store->size();
    if (count < 1 || count > INT32_MAX) throw Error(ErrorCode::bad_input, "The data set " + store->info().name + " has no pictures.");
    if (options.batch < 1) throw Error(ErrorCode::wrong_use, "A batch needs at least one picture.");
    classes = static_cast<std::int64_t>(store->class_names().size());
    rows = std::int64_t{store->channels()} * store->height_px();
    width = store->width_px();
    picture_bytes = rows * width;
    cached_count = std::clamp<std::int64_t>(options.cache_bytes / picture_bytes, 0, count);
    if (cached_count > 0) cache = at::empty({cached_count, picture_bytes}, at::kByte);  // pages come with the pictures
    cache_state = std::make_unique<std::atomic<std::uint8_t>[]>(static_cast<std::size_t>(cached_count));
    for (int i = 0; i < std::max(1, options.threads); ++i) threads.emplace_back([this] { work(); });
  }

  ~Impl() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    for (auto& thread : threads) thread.join();
  }

  std::int64_t index_at(std::uint64_t position) {
    const std::uint64_t epoch = position / static_cast<std::uint64_t>(count);
    std::shared_ptr<std::vector<std::uint32_t>> order;
    {
      std::lock_guard lock(mutex);
      if (const auto found = orders.find(epoch); found != orders.end()) order = found->second;
    }
    if (!order) {
      order = std::make_shared<std::vector<std::uint32_t>>(epoch_order(options.seed, epoch, static_cast<std::uint32_t>(count)));
      std::lock_guard lock(mutex);
      orders[epoch] = order;
      // Epochs as short as a batch come in numbers; long ones are needed two at a time, when a batch lies across their border.
      while (orders.size() > 4) orders.erase(orders.begin()->first < epoch ? orders.begin() : std::prev(orders.end()));
    }
    return (*order)[position % static_cast<std::uint64_t>(count)];
  }

  // Writes picture `index` to `to`; false when it cannot be read.
  bool fetch(std::int64_t index, std::uint8_t* to, bool mirrored) {
    if (index < cached_count) {
      auto& state = cache_state[static_cast<std::size_t>(index)];
      std::uint8_t* place = cache.data_ptr<std::uint8_t>() + index * picture_bytes;
      const auto now_is = [&](std::uint8_t what) {
        state.store(what, std::memory_order_release);
        state.notify_all();
      };
      for (std::uint8_t was = state.load(std::memory_order_acquire); was != ready; was = state.load(std::memory_order_acquire)) {
        if (was == busy) {
          state.wait(busy, std::memory_order_acquire);  // another thread decodes it
          continue;
        }
        if (!state.compare_exchange_strong(was, busy)) continue;
        try {
          std::memcpy(place, store->picture(index).data_ptr(), static_cast<std::size_t>(picture_bytes));
        } catch (const Error&) {
          now_is(missing);
          return false;
        } catch (...) {
          now_is(missing);
          throw;
        }
        now_is(ready);
      }
      return copy_picture(place, to, rows, width, mirrored), true;
    }
    try {
      const at::Tensor picture = store->picture(index);
      copy_picture(picture.data_ptr<std::uint8_t>(), to, rows, width, mirrored);
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  Batch make(std::int64_t step) {
    Batch batch;
    batch.pictures = at::empty({options.batch, store->channels(), store->height_px(), store->width_px()}, at::kByte);
    if (classes > 0) batch.labels = at::empty({options.batch, classes}, at::kFloat);
    batch.indices.resize(static_cast<std::size_t>(options.batch));
    const std::uint64_t mirror_key = mix64(options.seed, 0x6D6972726F72);  // "mirror"
    for (std::int64_t i = 0; i < options.batch; ++i) {
      const std::uint64_t position = static_cast<std::uint64_t>(step) * static_cast<std::uint64_t>(options.batch) + static_cast<std::uint64_t>(i);
      const bool mirrored = options.mirror && (mix64(mirror_key, position) & 1);
      std::int64_t index = index_at(position);
      std::uint8_t* to = batch.pictures.data_ptr<std::uint8_t>() + i * picture_bytes;
      for (std::int64_t tries = 0; is_broken(index) || !fetch(index, to, mirrored); ++tries) {
        mark_broken(index);
        if (tries == count) throw Error(ErrorCode::bad_input, "None of the pictures of " + store->info().name + " can be read any more.", "What was trained so far is safe.", "Put the file back and resume.");
        index = (index + 1) % count;
      }
      batch.indices[static_cast<std::size_t>(i)] = index;
      if (classes > 0) {
        const std::vector<float> weights = store->label_weights(index);
        std::copy(weights.begin(), weights.end(), batch.labels.data_ptr<float>() + i * classes);
      }
    }
    return batch;
  }

  bool is_broken(std::int64_t index) const {
    std::lock_guard lock(mutex);
    return broken.contains(index);
  }
  void mark_broken(std::int64_t index) {
    std::lock_guard lock(mutex);
    broken.insert(index);
  }

  void run(std::int64_t step, Job& job) {
    try {
      job.batch = make(step);
    } catch (...) {
      job.error = std::current_exception();
    }
    {
      std::lock_guard lock(mutex);
      job.done = true;
    }
    changed.notify_all();
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      const auto next = std::find_if(jobs.begin(), jobs.end(), [](const auto& job) { return !job.second->taken; });
      if (stopping) return;
      if (next == jobs.end()) {
        changed.wait(lock);
        continue;
      }
      const auto [step, job] = *next;
      job->taken = true;
      lock.unlock();
      run(step, *job);
      lock.lock();
    }
  }

  Batch batch(std::int64_t step) {
    const std::int64_t ahead = static_cast<std::int64_t>(threads.size()) + 1;
    std::unique_lock lock(mutex);
    std::erase_if(jobs, [&](const auto& job) { return job.first < step || job.first > step + ahead; });
    for (std::int64_t s = step; s <= step + ahead; ++s) {
      auto& job = jobs[s];
      if (!job) job = std::make_shared<Job>();
    }
    const auto job = jobs[step];
    const bool mine = !std::exchange(job->taken, true);
    lock.unlock();
    changed.notify_all();
    if (mine) run(step, *job);
    lock.lock();
    changed.wait(lock, [&] { return job->done; });
    jobs.erase(step);
    if (job->error) std::rethrow_exception(job->error);
    return std::move(job->batch);
  }
};

Loader::Loader(std::shared_ptr<const Store> store, LoaderOptions options) : impl_(std::make_unique<Impl>(std::move(store), options)) {}
Loader::~Loader() = default;

Batch Loader::batch(std::int64_t step) {
  if (step < 0) throw Error(ErrorCode::wrong_use, "A run has no step before its first.");
  return impl_->batch(step);
}

std::int64_t Loader::unreadable() const {
  std::lock_guard lock(impl_->mutex);
  return static_cast<std::int64_t>(impl_->broken.size());
}

}  // namespace orrery::data
