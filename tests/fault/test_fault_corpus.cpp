// S4's short form: every reader of bytes, on seeds as the program writes them and hostile ones, on each regression in fuzz/corpus, on every beginning
// of small seeds and on mutations of them. All are read or refused with a whole sentence, within 2 s and 512 MB.
//   --seeds FOLDER writes the seeds as files for libFuzzer: FOLDER/<reader>/<number>.
#include <sys/resource.h>

#include <QtTest>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <ctime>
#include <random>

#include "engine/io/atomic_file.h"
#include "field.h"
#include "fuzz/readers.h"

using namespace orrery::fault;
namespace fs = std::filesystem;

namespace {

double peak_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e3;
}

// Of this process: the machine may be busy with other things.
double cpu_s() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Bits, bytes, numbers, pieces: what a mutation-based fuzzer does, from a fixed beginning.
std::string mutated(const std::vector<std::string>& seeds, std::mt19937_64& chance) {
  std::string bytes = seeds[chance() % seeds.size()];
  for (int left = 1 + static_cast<int>(chance() % 4); left > 0 && !bytes.empty(); --left) {
    const std::size_t at = chance() % bytes.size(), count = 1 + chance() % std::min<std::size_t>(16, bytes.size() - at);
    switch (chance() % 6) {
      case 0: bytes[at] = static_cast<char>(bytes[at] ^ 1 << chance() % 8); break;
      case 1: bytes[at] = static_cast<char>(chance()); break;
      case 2: bytes.erase(at, count); break;
      case 3: bytes.insert(at, bytes.substr(at, count)); break;
      case 4: {
        static constexpr const char* numbers[] = {"0", "-1", "18446744073709551615", "9223372036854775807", "1e999", "4294967296"};
        bytes.replace(at, count, numbers[chance() % 6]);
        break;
      }
      default: {
        const std::string& other = seeds[chance() % seeds.size()];
        const std::size_t from = other.empty() ? 0 : chance() % other.size();
        bytes.replace(at, count, other.substr(from, count));
      }
    }
  }
  return bytes;
}

}  // namespace

class TestFaultCorpus : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void every_reader_data() {
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < readers().size(); ++i) QTest::newRow(readers()[i].name.c_str()) << static_cast<int>(i);
  }
  void every_reader() {
    QFETCH(int, index);
    const Reader& reader = readers()[static_cast<std::size_t>(index)];
    std::vector<std::string> all = seeds(reader.name);
    int taken = 0, refused = 0, findings = 0;
    double longest_s = 0.0;
    const double before_mb = peak_mb();
    const auto read = [&](const std::string& bytes, const std::string& what) {
      const double begin_s = cpu_s();
      try {
        (reader.read(bytes) ? taken : refused) += 1;
      } catch (const std::exception& error) {
        const std::string kept = QDir::tempPath().toStdString() + "/orrery-finding-" + reader.name;
        std::ofstream(kept, std::ios::binary) << bytes;
        if (++findings <= 5) QTest::qFail(qPrintable(QString::fromStdString(what + ": " + error.what() + "; the input is in " + kept)), __FILE__, __LINE__);
      }
      longest_s = std::max(longest_s, cpu_s() - begin_s);
    };
    std::string corpus = ORRERY_TEST_DIR "/fault/fuzz/corpus/";
    corpus += reader.name;
    if (fs::exists(corpus))
      for (const auto& entry : fs::directory_iterator(corpus)) all.push_back(orrery::io::read_file(entry.path()));
    for (std::size_t i = 0; i < all.size(); ++i) read(all[i], "seed " + std::to_string(i));
    QVERIFY(taken > 0);
    for (const auto& seed : all)
      for (std::size_t size = 0; size < std::min<std::size_t>(seed.size(), 1500); ++size) read(seed.substr(0, size), "the first " + std::to_string(size) + " bytes of a seed");
    std::mt19937_64 chance(static_cast<std::uint64_t>(index));
    const int mutations = setting("MUTATIONS", 3000);
    for (int i = 0; i < mutations; ++i) read(mutated(all, chance), "mutation " + std::to_string(i));
    const double grown_mb = peak_mb() - before_mb;
    QVERIFY2(longest_s < 2.0, qPrintable(QString::number(longest_s)));
    QVERIFY2(grown_mb < 512.0, qPrintable(QString::number(grown_mb)));
    QCOMPARE(findings, 0);
    QVERIFY(refused > 10);
    char figures[120];
    std::snprintf(figures, sizeof figures, "longest %.0f ms, %.0f MB more memory at most", longest_s * 1e3, grown_mb);
    report_row("S4", reader.name, std::to_string(taken + refused) + " inputs: " + std::to_string(taken) + " read, " + std::to_string(refused) + " refused in words, 0 else; " + figures, "100 % read or refused, < 2 s, < 512 MB");
    qInfo("%d read, %d refused, %s", taken, refused, figures);
  }
};

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--seeds") {
    for (const auto& reader : readers()) {
      fs::create_directories(std::string(argv[2]) + "/" + reader.name);
      int number = 0;
      for (const auto& seed : seeds(reader.name)) std::ofstream(std::string(argv[2]) + "/" + reader.name + "/" + std::to_string(number++), std::ios::binary) << seed;
    }
    return 0;
  }
  QCoreApplication app(argc, argv);
  TestFaultCorpus test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_fault_corpus.moc"
