// R2: for each kind of file, each fault, once and for good: the k-th system call of a save goes wrong, for k = 1, 2, ... until the save
// comes through without meeting it. Afterwards the file is the old or the new one by its real reader, "saved" is true, nothing lies about
// under a final name, and the next start and save clear the rest away.
#include <ATen/Parallel.h>
#include <fcntl.h>
#include <unistd.h>

#include <QtTest>
#include <filesystem>

#include "engine/api/result.h"
#include "field.h"
#include "kinds.h"

using namespace orrery::fault;

namespace {

struct FaultCase {
  Kind kind;
  bool forever;
  const char* name;
};
constexpr FaultCase faults[] = {{Kind::eio, false, "EIO once"},
                                {Kind::eio, true, "EIO for good"},
                                {Kind::enospc, false, "ENOSPC once"},
                                {Kind::enospc, true, "ENOSPC for good"},
                                {Kind::short_write, false, "short write once"},
                                {Kind::short_write, true, "short writes for good"},
                                {Kind::eintr, false, "EINTR once"},
                                {Kind::eintr, true, "EINTR at every call"},
                                {Kind::kill, false, "SIGKILL"}};

using Runner = Outcome(const std::string&, const Switches&, const std::function<void()>&);

struct Counts {
  int points = 0, refused = 0, killed = 0, saved = 0, bad = 0;
};

}  // namespace

class TestFaultCalls : public QObject {
  Q_OBJECT

  std::vector<FileKind> kinds_;
  int moves_ = 0;

  // One fault at one call. Returns whether it was met.
  bool one(const FileKind& kind, const Tree& old, const FaultCase& fault, int k, bool no_tmpfile, const std::string& folder, Counts& counts) {
    const std::string where = kind.name + ", " + fault.name + " at call " + std::to_string(k) + (no_tmpfile ? " without O_TMPFILE" : "") + ": ";
    const auto bad = [&](const std::string& what) {
      ++counts.bad;
      if (counts.bad <= setting("SHOWN", 5)) QTest::qFail(qPrintable(QString::fromStdString(where + what)), __FILE__, __LINE__);
    };
    write_tree(old, folder);
    // Where a process may die, or must not remember what it could not clear away, it is another one.
    const bool lasting = fault.forever && (fault.kind == Kind::eio || fault.kind == Kind::enospc);
    const auto run = fault.kind == Kind::kill || lasting ? static_cast<Runner*>(in_child) : in_process;
    const Outcome outcome = run(folder, {fault.kind, k, fault.forever, no_tmpfile, false}, [&] { kind.save(folder); });
    const bool met = fault_plan()->fired > 0;
    ++counts.points;
    const std::string now = kind.look(folder);
    if (now != "old" && now != "new") bad("afterwards " + now);
    switch (outcome.how) {
      case Outcome::How::saved:
        ++counts.saved;
        if (now != "new") bad("a false \"saved\": it is " + now);
        break;
      case Outcome::How::refused: {
        ++counts.refused;
        if (outcome.happened.empty() || outcome.safe.empty() || outcome.todo.empty()) bad("not a whole sentence: " + outcome.happened + "|" + outcome.safe + "|" + outcome.todo);
        if (outcome.happened.find(folder) == std::string::npos) bad("which file? " + outcome.happened);
        if (now == "new" && outcome.happened.find("did not confirm") == std::string::npos) bad("the new file is there, but: " + outcome.happened);
        if (fault.kind == Kind::eintr || fault.kind == Kind::short_write) bad("this is no reason to fail: " + outcome.happened);
        break;
      }
      case Outcome::How::killed:
        ++counts.killed;
        if (fault.kind != Kind::kill) bad("killed");
        break;
      case Outcome::How::broken: bad(outcome.happened); break;
    }
    for (const auto& [name, bytes] : read_tree(folder).files) {
      if (kind.is_final(name)) continue;
      if (name.find(".part") != std::string::npos) continue;  // frames that can be recovered
      // Only who was killed, or may not remove anything for good, may leave a temporary.
      if (!is_temporary(name) || !(lasting || outcome.how == Outcome::How::killed)) bad("junk: " + name);
    }
    // The next start, and a save: everything is as if nothing had happened.
    // Where something has to be swept, under another name: this process has looked after the folder of this one already.
    const bool left = age_temporaries(folder) > 0;
    const std::string later = left ? folder + std::to_string(++moves_) : folder;
    if (left) std::filesystem::rename(folder, later);
    const Outcome again = in_process(later, {}, [&] {
      kind.open_again(later);
      kind.save(later);
    });
    // A new sequence never goes over another one.
    if (again.how != Outcome::How::saved && !(now == "new" && kind.name.starts_with("sequence"))) bad("the next save: " + again.happened);
    if (kind.look(later) != "new") bad("after the next save " + kind.look(later));
    for (const auto& [name, bytes] : read_tree(later).files)
      if (!kind.is_final(name)) bad("not swept: " + name);
    if (left) std::filesystem::remove_all(later);
    return met;
  }

 private Q_SLOTS:
  void initTestCase() {
    at::set_num_threads(1);  // children are forked: no pool of threads may be waiting in the parent
    kinds_ = file_kinds();
  }

  // The test of the test: a writer that writes in place, or forgets to look at what write() says, is found out.
  void careless_writers_are_found_out() {
    const Scratch scratch;
    const std::string folder = scratch.path() + "/at", path = folder + "/file";
    const auto broken = [&](Kind kind, bool looks) {
      for (int k = 1; k < 20; ++k) {
        write_tree({{}, {{"file", "the old text"}}}, folder);
        const Outcome outcome = in_child(folder, {kind, k, false, false, false}, [&] {
          const int file = ::open(path.c_str(), O_WRONLY | O_TRUNC);
          const ssize_t done = ::write(file, "the new text", 12);
          const bool closed = ::close(file) == 0;
          if (looks && (done != 12 || !closed)) throw orrery::Error(orrery::ErrorCode::failed, path + " could not be written.", "-", "-");
        });
        const auto now = read_tree(folder).files["file"];
        if (now != "the old text" && now != "the new text") return true;
        if (outcome.how == Outcome::How::saved && now != "the new text") return true;
        if (fault_plan()->fired == 0) return false;
      }
      return false;
    };
    for (const Kind kind : {Kind::eio, Kind::enospc, Kind::short_write, Kind::kill}) QVERIFY(broken(kind, true) && broken(kind, false));
  }

  void every_call_of_every_save_data() {
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < kinds_.size(); ++i) QTest::newRow(kinds_[i].name.c_str()) << static_cast<int>(i);
  }
  void every_call_of_every_save() {
    QFETCH(int, index);
    const FileKind& kind = kinds_[static_cast<std::size_t>(index)];
    const Scratch scratch;
    const std::string folder = scratch.path() + "/at";
    write_tree({}, folder);
    const Outcome begun = in_child([&] { kind.make_old(folder); });
    QVERIFY2(begun.how == Outcome::How::saved, begun.happened.c_str());
    QCOMPARE(QString::fromStdString(kind.look(folder)), QString("old"));
    const Tree old = read_tree(folder);
    Counts counts;
    int calls = 0;
    // All kinds go through one writer: how it does without O_TMPFILE is seen at three of them; the long form does it for all.
    const bool both = setting("ALL", 0) > 0 || kind.name == "small file" || kind.name.starts_with("checkpoint") || kind.name.starts_with("store");
    for (const bool no_tmpfile : {false, true}) {
      if (no_tmpfile && !both) continue;
      for (const auto& fault : faults) {
        int k = 1;
        while (one(kind, old, fault, k, no_tmpfile, folder, counts)) QVERIFY2(++k < 1000, "no end of calls");
        if (fault.kind == Kind::eio && !fault.forever) calls = std::max(calls, k - 1);
      }
    }
    QCOMPARE(counts.bad, 0);
    QVERIFY2(calls >= 3 && counts.refused > 0 && counts.killed > 2, qPrintable(QString("%1 calls").arg(calls)));
    report_row("R2", kind.name,
               std::to_string(counts.points) + " faults at " + std::to_string(calls) + " calls: " + std::to_string(counts.saved) + " saved, " + std::to_string(counts.refused) + " refused, " +
                   std::to_string(counts.killed) + " killed; old or new in all, " + std::to_string(counts.bad) + " false \"saved\"",
               "100 % old or new, 0 false \"saved\"");
    qInfo("%d faults, %d calls", counts.points, calls);
  }
};

QTEST_GUILESS_MAIN(TestFaultCalls)
#include "test_fault_calls.moc"
