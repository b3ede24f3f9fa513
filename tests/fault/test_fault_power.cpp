// R3: a save of each kind of file is recorded and replayed up to every point, with what was not synced lost, torn or out of order. Whatever
// the disk holds then, the reader finds the old file or the new one, and the new one once the save had been confirmed.
#include <ATen/Parallel.h>
#include <fcntl.h>
#include <unistd.h>

#include <QtTest>

#include "kinds.h"
#include "replay.h"

using namespace orrery::fault;

namespace {

std::size_t hash_of(const Tree& tree) {
  std::size_t hash = 0;
  const auto mix = [&](const std::string& text) { hash = hash * 1099511628211u ^ std::hash<std::string>()(text); };
  for (const auto& name : tree.folders) mix(name);
  for (const auto& [name, bytes] : tree.files) mix(name), mix(bytes);
  return hash;
}

}  // namespace

class TestFaultPower : public QObject {
  Q_OBJECT

  std::vector<FileKind> kinds_;
  std::int64_t states_ = 0, bad_ = 0;

 private Q_SLOTS:
  void initTestCase() {
    at::set_num_threads(1);
    kinds_ = file_kinds();
  }

  // The test of the test: who does not sync the file, or the folder, or does it too late, is found out; who does, is not.
  void careless_writers_are_found_out() {
    const Scratch scratch;
    const std::string folder = scratch.path() + "/at";
    const auto broken = [&](bool sync_file, bool sync_folder) {
      const Tree old{{}, {{"file", "the old text"}}};
      write_tree(old, folder);
      in_process(folder, {Kind::none, 0, false, false, true}, [&] {
        const int file = ::open((folder + "/.part").c_str(), O_WRONLY | O_CREAT, 0600);
        if (::write(file, "the new text", 12) != 12) throw std::runtime_error("not written");
        if (sync_file) ::fsync(file);
        ::close(file);
        ::rename((folder + "/.part").c_str(), (folder + "/file").c_str());
        if (!sync_folder) return;
        const int at = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
        ::fsync(at);
        ::close(at);
      });
      const Replay replay(old, folder, {fault_log(), fault_plan()->log_bytes});
      std::mt19937_64 chance(1);
      for (std::size_t point = 0; point <= replay.calls(); ++point)
        for (int i = 0; i < 100; ++i) {
          const auto files = replay.state(point, Replay::Which::some, chance).files;
          const auto found = files.find("file");
          const std::string now = found == files.end() ? "nothing" : found->second;
          if ((now != "the old text" && now != "the new text") || (replay.confirmed(point) && now == "the old text")) return true;
        }
      return false;
    };
    QVERIFY(broken(false, false) && broken(false, true) && broken(true, false));
    QVERIFY(!broken(true, true));
  }

  void every_point_data() {
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < kinds_.size(); ++i) QTest::newRow(kinds_[i].name.c_str()) << static_cast<int>(i);
  }
  void every_point() {
    QFETCH(int, index);
    const FileKind& kind = kinds_[static_cast<std::size_t>(index)];
    const int wanted = setting("STATES", 800);
    const Scratch scratch;
    const std::string folder = scratch.path() + "/at", found = scratch.path() + "/found";
    write_tree({}, folder);
    kind.make_old(folder);
    const Tree old = read_tree(folder);
    int states = 0, bad = 0, fresh = 0, stale = 0;
    std::size_t distinct = 0, points = 0;
    for (const bool no_tmpfile : {false, true}) {
      write_tree(old, folder);
      QCOMPARE(in_process(folder, {Kind::none, 0, false, no_tmpfile, true}, [&] { kind.save(folder); }).how, Outcome::How::saved);
      const Replay replay(old, folder, {fault_log(), fault_plan()->log_bytes});
      std::mt19937_64 chance(static_cast<std::uint64_t>(index) * 2 + no_tmpfile);
      QVERIFY2(replay.state(replay.calls(), Replay::Which::all, chance) == read_tree(folder), "the record does not explain what is on the disk");
      points += replay.calls() + 1;
      // Equal folders are opened once.
      std::map<std::size_t, std::string> looked;
      const int each = std::max(3, wanted / static_cast<int>(replay.calls() + 1));
      for (std::size_t point = 0; point <= replay.calls(); ++point) {
        for (int i = 0; i < each; ++i) {
          const Tree tree = replay.state(point, i == 0 ? Replay::Which::all : i == 1 ? Replay::Which::none : Replay::Which::some, chance);
          std::string& now = looked[hash_of(tree)];
          if (now.empty()) {
            write_tree(tree, found);
            now = kind.look(found);
            for (const auto& [name, bytes] : tree.files)
              if (!kind.is_final(name) && !is_temporary(name) && name.find(".part") == std::string::npos) now = "junk: " + name;
          }
          ++states;
          (now == "new" ? fresh : stale) += 1;
          const bool lost = kind.durable && replay.confirmed(point) && now != "new";
          if ((now == "old" || now == "new") && !lost) continue;
          if (++bad <= 5) QTest::qFail(qPrintable(QString("after call %1 of %2%3: %4").arg(point).arg(replay.calls()).arg(no_tmpfile ? " without O_TMPFILE" : "", lost ? "confirmed and lost" : now.c_str())), __FILE__, __LINE__);
        }
      }
      distinct += looked.size();
    }
    states_ += states;
    bad_ += bad;
    QCOMPARE(bad, 0);
    QVERIFY(fresh > 0 && stale > 0 && distinct > 3);
    report_row("R3", kind.name, std::to_string(states) + " states (" + std::to_string(distinct) + " different folders) at " + std::to_string(points) + " points: " + std::to_string(stale) + " old, " +
               std::to_string(fresh) + " new, " + std::to_string(bad) + " bad", "0 bad states in >= 10,000 over all kinds");
    qInfo("%d states, %zu distinct", states, distinct);
  }

  void there_were_enough() {
    QVERIFY(states_ >= 10000);
    report_row("R3", "~ all kinds", std::to_string(states_) + " states, " + std::to_string(bad_) + " bad", ">= 10,000 states, 0 bad");
  }
};

QTEST_GUILESS_MAIN(TestFaultPower)
#include "test_fault_power.moc"
