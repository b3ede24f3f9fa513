#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <QtTest>
#include <cerrno>
#include <cstring>
#include <functional>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/io/cache_dir.h"
#include "engine/io/sha256.h"

using namespace orrery;
using namespace orrery::io;

namespace {

// Lets the k-th system call (counting from 1) of a save go wrong, once or from then on.
struct Fault {
  int at = 0;         // 0: never
  bool forever = false;
  int error = EIO;    // an errno; 0: a short write; -1: SIGKILL
  int count = 0;      // calls so far
  bool tmpfile = true;

  bool now() {
    ++count;
    return at > 0 && (count == at || (forever && count > at));
  }
  // What the failing call returns.
  int fail() {
    if (error == -1) ::kill(::getpid(), SIGKILL);
    errno = error;
    return -1;
  }
} fault;
FileCalls real;

// An interrupted call is never the last word: a test that interrupts forever would not end, and no kernel does that.
bool faulty() { return fault.now() && fault.error != 0; }

void install_faults() {
  FileCalls& calls = file_calls();
  calls.open = [](const char* path, int flags, mode_t mode) {
    if (!fault.tmpfile && (flags & O_TMPFILE) == O_TMPFILE) { errno = EOPNOTSUPP; return -1; }
    return faulty() ? fault.fail() : real.open(path, flags, mode);
  };
  calls.pwrite = [](int descriptor, const void* bytes, std::size_t count, off_t offset) -> ssize_t {
    if (!fault.now()) return real.pwrite(descriptor, bytes, count, offset);
    if (fault.error != 0) return fault.fail();
    if (count > 1) return real.pwrite(descriptor, bytes, count / 2, offset);
    return real.pwrite(descriptor, bytes, count, offset);
  };
  calls.fsync = [](int descriptor) { return faulty() ? fault.fail() : real.fsync(descriptor); };
  calls.close = [](int descriptor) {
    if (!faulty()) return real.close(descriptor);
    real.close(descriptor);
    return fault.fail();
  };
  calls.link_descriptor = [](int descriptor, const char* path) { return faulty() ? fault.fail() : real.link_descriptor(descriptor, path); };
  calls.rename = [](const char* from, const char* to) { return faulty() ? fault.fail() : real.rename(from, to); };
  calls.unlink = [](const char* path) { return faulty() ? fault.fail() : real.unlink(path); };
}

std::string error_of(const std::function<void()>& work, ErrorCode* code = nullptr) {
  try {
    work();
    return {};
  } catch (const Error& error) {
    if (code) *code = error.error().code;
    return error.what();
  }
}

}  // namespace

class TestAtomicFile : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void init() { fault = {}; }
  void initTestCase() { real = file_calls(); install_faults(); }

  void writes_and_reads() {
    QTemporaryDir folder;
    const std::string path = folder.filePath("a.bin").toStdString();
    write_file_atomically(path, "first");
    QCOMPARE(read_file(path), std::string("first"));
    write_file_atomically(path, std::string("\0second", 7));
    QCOMPARE(read_file(path), std::string("\0second", 7));
    write_file_atomically(path, "");
    QCOMPARE(read_file(path), std::string());
    QCOMPARE(QDir(folder.path()).entryList(QDir::Files | QDir::Hidden).size(), 1);
    QVERIFY(!error_of([&] { read_file(path + "x"); }).empty());
    QVERIFY(!error_of([&] { read_file(folder.path().toStdString()); }).empty());
    write_file_atomically(path, "12345");
    QVERIFY(error_of([&] { read_file(path, 4); }).find("more than") != std::string::npos);
  }

  void streams_and_overwrites_places() {
    QTemporaryDir folder;
    const std::string path = folder.filePath("film").toStdString();
    {
      AtomicFile file(path);
      file.write("0000");
      file.write("1111");
      file.write_at(2, "xx");
      file.write_at(10, "end");
      QCOMPARE(file.size(), std::uint64_t{13});
      char back[5] = {};
      QCOMPARE(file.read_at(1, back, 4), std::size_t{4});
      QCOMPARE(std::string(back), std::string("0xx1"));
      QCOMPARE(file.read_at(12, back, 4), std::size_t{1});
      QVERIFY(!QFile::exists(folder.filePath("film")));
      file.commit();
    }
    QCOMPARE(read_file(path), std::string("00xx1111\0\0end", 13));
    { AtomicFile file(path); file.write("given up"); }
    QCOMPARE(read_file(path), std::string("00xx1111\0\0end", 13));
    QCOMPARE(QDir(folder.path()).entryList(QDir::Files | QDir::Hidden).size(), 1);
  }

  void keeps_permissions_and_follows_links() {
    QTemporaryDir folder;
    const std::string path = folder.filePath("real").toStdString();
    const std::string link = folder.filePath("link").toStdString();
    write_file_atomically(path, "old");
    QCOMPARE(::chmod(path.c_str(), 0600), 0);
    QCOMPARE(::symlink("real", link.c_str()), 0);
    write_file_atomically(link, "new");
    QCOMPARE(read_file(path), std::string("new"));
    QVERIFY(QFileInfo(folder.filePath("link")).isSymLink());
    struct stat state {};
    ::stat(path.c_str(), &state);
    QCOMPARE(state.st_mode & 0777, mode_t{0600});
  }

  // Every single call of a save fails in every way, once and for good, with and without O_TMPFILE: afterwards the file is the old one
  // after an error, the new one after success; never anything else.
  void each_call_fails() {
    const std::string old = "the old contents", fresh = "the new contents, which are longer";
    int points = 0, reported = 0;
    for (const bool tmpfile : {true, false})
      for (const int error : {EIO, ENOSPC, EDQUOT, EINTR, 0, EROFS})
        for (const bool forever : {false, true}) {
          if (error == EINTR && forever) continue;  // interrupted calls are repeated until they are not
          for (int k = 1;; ++k) {
            QTemporaryDir folder;
            const std::string path = folder.filePath("keep").toStdString();
            fault = {};
            write_file_atomically(path, old);
            fault = {k, forever, error, 0, tmpfile};
            ErrorCode code{};
            const std::string why = error_of([&] { write_file_atomically(path, fresh); }, &code);
            const int calls = fault.count;
            fault = {};
            const std::string now = read_file(path);
            ++points;
            if (why.empty()) {
              QCOMPARE(now, fresh);
            } else {
              ++reported;
              QVERIFY2(why.find(path) != std::string::npos, why.c_str());
              if (why.find("did not confirm") == std::string::npos) QCOMPARE(now, old);
              else QCOMPARE(now, fresh);
              if ((error == ENOSPC || error == EDQUOT) && now == old) QCOMPARE(code, ErrorCode::disk_full);
              QVERIFY(error != EINTR && error != 0);
            }
            // Nothing lies about, unless the removal itself was made to fail.
            if (!forever || error == 0) QCOMPARE(QDir(folder.path()).entryList(QDir::Files | QDir::Hidden).size(), 1);
            if (calls < k) break;
          }
        }
    QVERIFY(points > 100);
    QVERIFY(reported > 50);
  }

  void killed_at_each_call() {
    const std::string old = "old", fresh = "new contents";
    for (const bool tmpfile : {true, false})
      for (int k = 1;; ++k) {
        QTemporaryDir folder;
        const std::string path = folder.filePath("keep").toStdString();
        fault = {};
        write_file_atomically(path, old);
        const pid_t child = ::fork();
        if (child == 0) {
          fault = {k, false, -1, 0, tmpfile};
          write_file_atomically(path, fresh);
          ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        const std::string now = read_file(path);
        QVERIFY(now == old || now == fresh);
        sweep_temporaries(folder.path().toStdString());
        QCOMPARE(QDir(folder.path()).entryList(QDir::Files | QDir::Hidden).size(), 1);
        if (WIFEXITED(status)) { QCOMPARE(now, fresh); break; }
        QVERIFY(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
      }
  }

  void sweeping_spares_the_living_and_the_unrelated() {
    QTemporaryDir folder;
    const auto make = [&](const QString& name) { QFile file(folder.filePath(name)); QVERIFY(file.open(QIODevice::WriteOnly)); };
    const QString mine = ".a.tmp" + QString::number(::getpid()) + ".0";
    for (const auto& name : {mine, QString(".a.tmp999999999.0"), QString(".a.tmp999999999.0x"), QString("a.tmp999999999.0"), QString(".a.tmp.0"), QString(".a.tmp999999999")}) make(name);
    QCOMPARE(sweep_temporaries(folder.path().toStdString()), 1);
    QVERIFY(!QFile::exists(folder.filePath(".a.tmp999999999.0")));
    QVERIFY(QFile::exists(folder.filePath(mine)));
    QCOMPARE(sweep_temporaries(folder.filePath("none").toStdString()), 0);
  }

  void publishes_a_part() {
    QTemporaryDir folder;
    const std::string part = folder.filePath("f.mp4.part").toStdString(), path = folder.filePath("f.mp4").toStdString();
    QFile file(QString::fromStdString(part));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("film");
    file.close();
    fault = {2, false, EIO, 0, true};
    QVERIFY(!error_of([&] { publish_file(part, path); }).empty());
    QVERIFY(QFile::exists(QString::fromStdString(part)) && !QFile::exists(QString::fromStdString(path)));
    fault = {};
    publish_file(part, path);
    QCOMPARE(read_file(path), std::string("film"));
    QVERIFY(!QFile::exists(QString::fromStdString(part)));
  }

  void says_what_is_wrong_with_the_place() {
    QTemporaryDir folder;
    QVERIFY(error_of([&] { write_file_atomically(folder.filePath("no/such/file").toStdString(), "x"); }).find("is not there") != std::string::npos);
    QVERIFY(error_of([&] { write_file_atomically(folder.path().toStdString(), "x"); }).find("is a folder") != std::string::npos);
    QVERIFY(error_of([&] { write_file_atomically("", "x"); }).find("is a folder") != std::string::npos);
    ErrorCode code{};
    const std::string why = error_of([&] { AtomicFile file(folder.filePath("huge").toStdString(), std::uint64_t{1} << 60); }, &code);
    QCOMPARE(code, ErrorCode::disk_full);
    QVERIFY2(why.find("needed") != std::string::npos && why.find("free in") != std::string::npos, why.c_str());
  }

  void cache_folder_follows_the_environment() {
    QTemporaryDir folder;
    const QByteArray before = qgetenv("ORRERY_CACHE_DIR"), base = qgetenv("XDG_CACHE_HOME"), home = qgetenv("HOME");
    qputenv("ORRERY_CACHE_DIR", folder.path().toUtf8());
    QCOMPARE(cache_dir(), folder.path().toStdString());
    QVERIFY(QDir(QString::fromStdString(cache_folder("a/b"))).exists());
    qunsetenv("ORRERY_CACHE_DIR");
    qputenv("XDG_CACHE_HOME", "/some/place");
    QCOMPARE(cache_dir(), std::string("/some/place/orrery"));
    qputenv("XDG_CACHE_HOME", "relative");
    qputenv("HOME", "/home/me");
    QCOMPARE(cache_dir(), std::string("/home/me/.cache/orrery"));
    qunsetenv("HOME");
    QVERIFY(!error_of([] { cache_dir(); }).empty());
    qputenv("HOME", home);
    if (base.isNull()) qunsetenv("XDG_CACHE_HOME"); else qputenv("XDG_CACHE_HOME", base);
    if (!before.isNull()) qputenv("ORRERY_CACHE_DIR", before);
  }

  void sha256_of_fips_180() {
    QCOMPARE(sha256_hex(""), std::string("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    QCOMPARE(sha256_hex("abc"), std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    QCOMPARE(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), std::string("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
    QCOMPARE(sha256_hex(std::string(1000000, 'a')), std::string("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
    // Pieces of every length around a block give what Qt gives for the whole.
    QByteArray text;
    for (int i = 0; i < 300; ++i) text.append(static_cast<char>(i * 7));
    for (int first = 0; first < 140; ++first) {
      Sha256 sum;
      sum.add(text.constData(), first);
      sum.add(text.constData() + first, text.size() - first - first % 70);
      QCOMPARE(QByteArray::fromStdString(sum.hex()), QCryptographicHash::hash(text.chopped(first % 70), QCryptographicHash::Sha256).toHex());
    }
    QTemporaryDir folder;
    const std::string path = folder.filePath("f").toStdString();
    write_file_atomically(path, "abc");
    QCOMPARE(sha256_of_file(path), sha256_hex("abc"));
  }
};

QTEST_GUILESS_MAIN(TestAtomicFile)
#include "test_atomic_file.moc"
