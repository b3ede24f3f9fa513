// Work in order: one producer, several workers, one consumer who gets the results in the order in which the work was given.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace orrery::media {

template <class Result> class Pipeline {
 public:
  using Work = std::function<Result()>;  // must not throw

  // At most `window` pieces of work are under way or waiting for the consumer, and hold at most `most_bytes` (but one may hold more).
  Pipeline(int workers, std::size_t window, std::uint64_t most_bytes, std::function<void(Pipeline&)> produce, std::function<void()> end_worker)
      : window_(window), most_bytes_(most_bytes) {
    for (int i = 0; i < workers; ++i) {
      threads_.emplace_back([this, end_worker] {
        work();
        end_worker();
      });
    }
    threads_.emplace_back([this, produce = std::move(produce), end_worker] {
      try {
        produce(*this);
      } catch (...) {
        std::lock_guard lock(mutex_);
        error_ = std::current_exception();
      }
      end_worker();
      std::lock_guard lock(mutex_);
      produced_all_ = true;
      changed_.notify_all();
    });
  }
  ~Pipeline() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // For the producer; waits for room. False when the consumer has gone.
  bool push(Work work, std::uint64_t bytes = 0) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || (given_ - taken_ < window_ && (bytes_ == 0 || bytes_ + bytes <= most_bytes_)); });
    if (stopping_) return false;
    queue_.push_back({given_++, std::move(work), bytes});
    bytes_ += bytes;
    changed_.notify_all();
    return true;
  }

  // For the consumer: the next result, or nothing after `patience`. finished() tells whether there will be more. Rethrows what the
  // producer threw, after the results it had given work for.
  std::optional<Result> next(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return results_.contains(taken_) || is_finished(); });
    const auto found = results_.find(taken_);
    if (found == results_.end()) {
      if (is_finished() && error_) std::rethrow_exception(std::exchange(error_, nullptr));
      return std::nullopt;
    }
    Result result = std::move(found->second);
    results_.erase(found);
    ++taken_;
    changed_.notify_all();
    return result;
  }
  bool finished() {
    std::lock_guard lock(mutex_);
    return is_finished() && !error_;
  }

 private:
  struct Job {
    std::uint64_t number = 0;
    Work work;
    std::uint64_t bytes = 0;
  };
  const std::size_t window_;
  const std::uint64_t most_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;
  std::map<std::uint64_t, Result> results_;
  std::uint64_t given_ = 0, taken_ = 0, bytes_ = 0;
  bool stopping_ = false, produced_all_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> threads_;

  bool is_finished() const { return produced_all_ && taken_ == given_; }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stopping_ || !queue_.empty() || produced_all_; });
      if (stopping_ || (queue_.empty() && produced_all_)) return;
      Job job = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      Result result = job.work();
      job.work = nullptr;  // gives its bytes back before they are counted as free
      lock.lock();
      results_.emplace(job.number, std::move(result));
      bytes_ -= job.bytes;
      changed_.notify_all();
    }
  }
};

}  // namespace orrery::media
