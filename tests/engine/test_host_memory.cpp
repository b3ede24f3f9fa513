#include <ATen/ATen.h>
#include <QtTest>

#include <atomic>
#include <thread>

#include "engine/device/host_memory.h"

namespace {
constexpr std::int64_t kMiB = 1 << 20;
at::Tensor bytes(std::int64_t count) { return at::empty({count}, at::kByte); }
}  // namespace

class TestHostMemory : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() {
    QCOMPARE(orrery::host_memory().used_bytes, std::size_t{0});
    orrery::keep_host_memory(64 * kMiB);
  }
  void init() {
    orrery::keep_host_memory(64 * kMiB);
    orrery::release_host_memory();
  }

  void a_freed_block_serves_the_next_tensor_of_its_size() {
    const void* first = bytes(10 * kMiB).const_data_ptr();
    QVERIFY(orrery::host_memory().kept_bytes >= 10 * kMiB);
    const at::Tensor again = bytes(10 * kMiB - 5000);
    QCOMPARE(again.const_data_ptr(), first);
    QCOMPARE(orrery::host_memory().kept_bytes, std::size_t{0});
    QVERIFY(bytes(10 * kMiB).const_data_ptr() != first);
  }

  void small_blocks_are_left_alone() {
    const auto before = orrery::host_memory().used_bytes;
    const at::Tensor small = bytes(kMiB - 1);
    QCOMPARE(orrery::host_memory().used_bytes, before);
    QCOMPARE(bytes(0).numel(), std::int64_t{0});
  }

  void no_more_than_the_limit_lies_idle() {
    { const at::Tensor a = bytes(30 * kMiB), b = bytes(31 * kMiB), c = bytes(20 * kMiB), d = bytes(9 * kMiB); }
    QVERIFY(orrery::host_memory().kept_bytes <= std::size_t{64 * kMiB});
    QVERIFY(orrery::host_memory().kept_bytes >= std::size_t{9 * kMiB});
    bytes(100 * kMiB);
    QVERIFY(orrery::host_memory().kept_bytes <= std::size_t{64 * kMiB});
    orrery::release_host_memory();
    QCOMPARE(orrery::host_memory().kept_bytes, std::size_t{0});
    QCOMPARE(orrery::host_memory().used_bytes, std::size_t{0});
  }

  void every_size_can_be_written_to_its_end() {
    for (std::int64_t size = kMiB; size < 40 * kMiB; size = size * 5 / 4 + 4097) {
      at::Tensor t = bytes(size).fill_(7);
      QCOMPARE(t[size - 1].item<int>(), 7);
      QCOMPARE(reinterpret_cast<std::uintptr_t>(t.const_data_ptr()) % 64, std::uintptr_t{0});
    }
  }

  void threads_and_storages_that_move_between_them() {
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int k = 0; k < 4; ++k) {
      threads.emplace_back([k, &wrong] {
        for (int i = 0; i < 50; ++i) {
          const at::Tensor t = at::full({(1 + i % 5) * kMiB}, k, at::kByte);
          std::thread([t = t.clone(), k, &wrong] { wrong += t.ne(k).any().item<bool>(); }).join();
          wrong += t.ne(k).any().item<bool>();
        }
      });
    }
    for (auto& t : threads) t.join();
    QCOMPARE(wrong.load(), 0);
    QCOMPARE(orrery::host_memory().used_bytes, std::size_t{0});
  }

  void too_much_is_an_error_not_a_crash() {
    QVERIFY_EXCEPTION_THROWN(bytes(std::int64_t{1} << 50), c10::Error);
    QCOMPARE(orrery::host_memory().used_bytes, std::size_t{0});
  }

  void most_counts_what_was_held_at_once() {
    const auto before = orrery::host_memory().most_bytes;
    { const at::Tensor a = bytes(static_cast<std::int64_t>(before) + 3 * kMiB); }
    QVERIFY(orrery::host_memory().most_bytes >= before + 3 * kMiB);
  }
};

QTEST_GUILESS_MAIN(TestHostMemory)
#include "test_host_memory.moc"
