// Detached trainers and those who watch them: either side may die, be slow, or talk nonsense.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QtTest>
#include <cstring>
#include <fstream>

#include "engine/jobs/attach.h"
#include "engine/jobs/boundary.h"
#include "engine/jobs/control_server.h"
#include "engine/jobs/detached_job.h"
#include "engine/jobs/frames.h"
#include "engine/jobs/messages.h"
#include "engine/jobs/snapshot_broadcast.h"
#include "engine/train/run_lock.h"
#include "toy_run.h"

using namespace orrery;
namespace fs = std::filesystem;

namespace {

// A detached trainer, as the command line makes it: until told to stop, or `steps`.
int trainer_main(const std::string& run, double steps) {
  DetachedJob job("toy", {}, {});
  try {
    fs::create_directories(run);
    RunLock lock(run);
    lock.announce(job.open_control(run));
    RunSetup setup = toy::setup(run);
    setup.threads = 1;
    setup.until = {steps, Until::Unit::steps};
    setup.folder.create_parts();
    RunSettings settings;
    settings.publish_s = 0.02;
    SnapshotBroadcast viewers(job);
    TrainingRun training(setup, settings, job, &viewers);
    training.go();
    if (training.stopped()) throw Error(ErrorCode::interrupted, "Stopped.");
    job.end_well(run);
    return 0;
  } catch (...) {
    const JobError error = error_of(std::current_exception());
    job.end_badly(error);
    return exit_code(error.code);
  }
}

int watcher_main(const std::string& run) {
  toy::Job job;
  try {
    run_attach(AttachJob{run}, job);
    return 0;
  } catch (const Error& error) {
    return exit_code(error.error().code);
  }
}

pid_t start(const char* role, const std::string& run, const char* steps = "1e9") {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that fails leaves no trainer behind
    ::execl("/proc/self/exe", "test_attach", role, run.c_str(), steps, static_cast<char*>(nullptr));
    ::_exit(127);
  }
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool eventually(const std::function<bool()>& ready, double seconds = 120.0) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    if (ready()) return true;
    ::usleep(2000);
  }
  return false;
}

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(descriptor);
    return -1;
  }
  return descriptor;
}

// True when the other side closes the connection.
bool closed_by_peer(int descriptor) {
  timeval limit{5, 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  char bytes[4096];
  while (true) {
    const ssize_t count = ::recv(descriptor, bytes, sizeof bytes, 0);
    if (count == 0) return true;
    if (count < 0) return errno == ECONNRESET;
  }
}

std::int64_t step_of(const std::string& run) {
  const auto points = read_stats(run + "/stats.jsonl");
  return points.empty() ? 0 : points.back().step;
}

// An attached job on a thread of its own.
struct Watch {
  toy::Job job;
  std::string made;
  std::optional<JobError> error;
  std::thread thread;
  explicit Watch(const std::string& run) {
    thread = std::thread([this, run] {
      try {
        made = run_attach(AttachJob{run}, job);
      } catch (const Error& e) {
        error = e.error();
      }
    });
  }
  void join() { thread.join(); }
};

}  // namespace

class TestAttach : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  std::string place(const char* name) const { return folder_.filePath(name).toStdString(); }

 private Q_SLOTS:
  void frames_cut_a_stream() {
    jobs::FrameReader reader;
    const std::string stream = jobs::framed("one") + jobs::framed("") + jobs::framed(std::string(70000, 'x'));
    std::vector<std::string> got;
    for (const char c : stream) {
      reader.add({&c, 1});
      while (const auto message = reader.next()) got.push_back(*message);
    }
    QCOMPARE(got.size(), std::size_t{3});
    QCOMPARE(got[2].size(), std::size_t{70000});
    QVERIFY_EXCEPTION_THROWN(jobs::framed(std::string((1 << 20) + 1, 'x')), std::length_error);
    reader.add(std::string("\x00\x10\x00\x01", 4));  // one byte above the limit
    QVERIFY(!reader.next() && reader.broken());
    reader.add(jobs::framed("late"));
    QVERIFY(!reader.next());
  }

  void messages_survive_the_wire() {
    JobStatus status;
    status.title = "t\xff";  // not UTF-8: replaced, not fatal
    status.state = JobState::paused;
    status.fraction = 0.25;
    status.eta_s = 12.5;
    status.numbers = {{"kimg", 1.0 / 3.0}, {"bad", std::numeric_limits<double>::infinity()}};
    status.error = JobError{ErrorCode::disk_full, "a", "b", "c", std::string(50000, 'd')};
    const auto back = jobs::parse_message(jobs::status_message(status));
    QVERIFY(back && back->status);
    QCOMPARE(back->status->state, JobState::paused);
    QCOMPARE(back->status->numbers.at("kimg"), 1.0 / 3.0);
    QCOMPARE(back->status->numbers.count("bad"), std::size_t{0});
    QCOMPARE(back->status->error->code, ErrorCode::disk_full);
    for (int v = 0; v < 7; ++v) QCOMPARE(static_cast<int>(*jobs::parse_message(jobs::verb_message(static_cast<JobVerb>(v)))->verb), v);
    QCOMPARE(*jobs::parse_message(jobs::watching_message(true))->watching, true);
    QVERIFY(*jobs::parse_message(jobs::snapshot_message(jobs::SnapshotNews::passing))->snapshot == jobs::SnapshotNews::passing);
    for (const char* bad : {"{\"watching\":1}", "{\"snapshot\":\"../x\"}", "", "{}", "[]", "1", "{\"verb\":\"explode\"}", "{\"verb\":1}", "{\"status\":{}}", "{\"stats\":{\"step\":1e300}}", "{\"status\":[[[[", "\xff\xfe",
                            R"({"status":{"title":1,"state":"running","fraction":0,"message":"","numbers":{},"result_path":""}})",
                            R"({"status":{"title":"","state":"flying","fraction":0,"message":"","numbers":{},"result_path":""}})"}) {
      QVERIFY2(!jobs::parse_message(bad), bad);
    }
    QVERIFY(!jobs::parse_message("{\"status\":" + std::string(200000, '[')));
    QVERIFY(!jobs::parse_message("{\"status\":" + std::string(200000, '[') + std::string(200000, ']') + "}"));
  }

  void long_paths_get_a_short_socket() {
    const std::string shallow = place("s");
    QCOMPARE(jobs::control_socket_path(shallow), shallow + "/control.sock");
    std::string deep = place("deep");
    while (deep.size() < 150) deep += "/0123456789";
    fs::create_directories(deep);
    qputenv("XDG_RUNTIME_DIR", folder_.path().toUtf8());
    const std::string path = jobs::control_socket_path(deep);
    QVERIFY2(path.size() <= 107 && path.find(folder_.path().toStdString()) == 0, path.c_str());
    {
      jobs::ControlServer server(deep);
      QCOMPARE(server.path(), path);
      const int client = connect_to(path);
      QVERIFY(client >= 0);
      ::close(client);
    }
    QVERIFY(!fs::exists(path));
    qputenv("XDG_RUNTIME_DIR", "");
    qputenv("XDG_STATE_HOME", QByteArray("/") + QByteArray(120, 'x'));
    QVERIFY_EXCEPTION_THROWN(jobs::ControlServer server(deep), Error);  // nowhere short enough: said, not fatal to training
    DetachedJob job("t", {}, {});
    QCOMPARE(job.open_control(deep), std::string());
    QVERIFY(!job.note().empty());
    qunsetenv("XDG_STATE_HOME");
    qunsetenv("XDG_RUNTIME_DIR");
  }

  void watched_from_start_to_end() {
    const std::string run = place("whole");
    const pid_t trainer = start("--trainer", run, "2000");
    QVERIFY(eventually([&] { return fs::exists(run + "/control.sock") && step_of(run) > 0; }));
    Watch watch(run);
    QVERIFY(eventually([&] { return watch.job.status().state == JobState::running && watch.job.status().numbers.count("kimg"); }));
    watch.job.say(JobVerb::pause);
    QVERIFY(eventually([&] { return watch.job.status().state == JobState::paused; }));
    const auto held = step_of(run);
    ::usleep(100000);
    QCOMPARE(step_of(run), held);
    watch.job.say(JobVerb::resume);
    QCOMPARE(wait_for(trainer), 0);
    watch.join();
    QVERIFY2(!watch.error, watch.error ? watch.error->what_happened.c_str() : "");
    QCOMPARE(watch.made, run);
    // Every line of the file arrived, once and in order, those before the attaching too.
    const auto points = read_stats(run + "/stats.jsonl");
    QCOMPARE(watch.job.points.size(), points.size());
    for (std::size_t i = 0; i < points.size(); ++i) QCOMPARE(watch.job.points[i].step, points[i].step);
    QVERIFY(!fs::exists(run + "/control.sock"));
  }

  // Passing snapshots are made only while somebody looks, and whoever looks is told.
  void who_looks_gets_passing_snapshots() {
    const std::string run = place("looked at"), live = run + "/live.safetensors";
    const pid_t trainer = start("--trainer", run);
    QVERIFY(eventually([&] { return fs::exists(run + "/control.sock") && step_of(run) > 20; }));
    const int plain = connect_to(run + "/control.sock"), looking = connect_to(run + "/control.sock");
    QVERIFY(plain >= 0 && looking >= 0);
    ::usleep(200000);
    QVERIFY(!fs::exists(live));
    const auto say = [&](const std::string& message) { return ::send(looking, message.data(), message.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(message.size()); };
    QVERIFY(say(jobs::framed(jobs::watching_message(true))));
    // Counts the news of snapshots that arrive within a while.
    const auto news = [](int descriptor, jobs::FrameReader& reader, double seconds) {
      int passing = 0, kept = 0;
      eventually([&] {
        char bytes[4096];
        const ssize_t count = ::recv(descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
        if (count > 0) reader.add({bytes, static_cast<std::size_t>(count)});
        while (const auto text = reader.next()) {
          const auto message = jobs::parse_message(*text);
          if (message && message->snapshot) ++(*message->snapshot == jobs::SnapshotNews::kept ? kept : passing);
        }
        return passing >= 3 && kept >= 1;
      }, seconds);
      return std::pair{passing, kept};
    };
    jobs::FrameReader reader, other;
    const auto [passing, kept] = news(looking, reader, 60);
    QVERIFY(passing >= 3 && kept >= 1);
    QVERIFY(fs::exists(live));
    QCOMPARE(io::read_safetensors(live).metadata.at("orrery.system"), std::string("toy"));
    QCOMPARE(news(plain, other, 0.2), (std::pair{0, 0}));
    QVERIFY(say(jobs::framed(jobs::verb_message(JobVerb::stop_and_save))));
    QCOMPARE(wait_for(trainer), 4);
    QVERIFY(!fs::exists(live));
    ::close(plain);
    ::close(looking);
  }

  void stop_by_the_watcher() {
    const std::string run = place("stop");
    const pid_t trainer = start("--trainer", run);
    QVERIFY(eventually([&] { return step_of(run) > 0; }));
    Watch watch(run);
    QVERIFY(eventually([&] { return watch.job.status().state == JobState::running; }));
    watch.job.say(JobVerb::stop_and_save);
    QCOMPARE(wait_for(trainer), 4);
    watch.join();
    QCOMPARE(watch.made, run);  // an orderly end
    QVERIFY(Checkpoints(run + "/checkpoints").newest()->step > 0);
  }

  void killed_trainer_is_noticed() {
    const std::string run = place("killed");
    const pid_t trainer = start("--trainer", run);
    QVERIFY(eventually([&] { return step_of(run) > 20; }));
    Watch watch(run);
    QVERIFY(eventually([&] { return watch.job.status().state == JobState::running; }));
    ::kill(trainer, SIGKILL);
    wait_for(trainer);
    watch.join();
    QVERIFY(watch.error.has_value());
    QCOMPARE(watch.error->code, ErrorCode::failed);
    QVERIFY2(watch.error->what_happened.find("The run ended unexpectedly at step ") == 0, watch.error->what_happened.c_str());
    QVERIFY(watch.error->what_is_safe.find("checkpoint of step 0") != std::string::npos);
    Watch nobody(run);
    nobody.join();
    QCOMPARE(nobody.error->code, ErrorCode::bad_input);
  }

  void killed_and_leaving_watchers_disturb_nothing() {
    const std::string run = place("watchers");
    const pid_t trainer = start("--trainer", run);
    QVERIFY(eventually([&] { return step_of(run) > 0; }));
    for (int i = 0; i < 5; ++i) {
      const pid_t watcher = start("--watcher", run);
      ::usleep(20000 * static_cast<unsigned>(i));
      ::kill(watcher, SIGKILL);
      wait_for(watcher);
    }
    Watch watch(run);
    QVERIFY(eventually([&] { return watch.job.status().state == JobState::running; }));
    watch.job.say(JobVerb::cancel);  // only stops watching
    watch.join();
    QCOMPARE(watch.error->code, ErrorCode::cancelled);
    const auto before = step_of(run);
    QVERIFY(eventually([&] { return step_of(run) > before + 24; }));
    ::kill(trainer, SIGKILL);
    wait_for(trainer);
  }

  void garbage_and_slow_clients_are_dropped_alone() {
    const std::string run = place("garbage");
    const pid_t trainer = start("--trainer", run);
    QVERIFY(eventually([&] { return step_of(run) > 0; }));
    const std::string path = run + "/control.sock";
    const int good = connect_to(path), slow = connect_to(path), half = connect_to(path);
    QVERIFY(good >= 0 && slow >= 0 && half >= 0);
    const std::string nonsense[] = {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("\xff\xff\xff\xff", 4), jobs::framed("{\"verb\":\"explode\"}"), jobs::framed("not json"),
                                    jobs::framed(std::string(100000, '['))};
    for (const auto& bytes : nonsense) {
      const int client = connect_to(path);
      QVERIFY(::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0);
      QVERIFY2(closed_by_peer(client), bytes.substr(0, 20).c_str());
      ::close(client);
    }
    // `slow` reads nothing, `half` sends half a message and falls silent: training goes on, `good` is served.
    QCOMPARE(::send(half, "\0\0\0\x20{\"ve", 8, MSG_NOSIGNAL), ssize_t{8});
    const auto before = step_of(run);
    QVERIFY(eventually([&] { return step_of(run) > before + 60; }));
    const std::string stop = jobs::framed(jobs::verb_message(JobVerb::stop_without_saving));
    QCOMPARE(::send(good, stop.data(), stop.size(), MSG_NOSIGNAL), static_cast<ssize_t>(stop.size()));
    QCOMPARE(wait_for(trainer), 4);
    for (const int client : {good, slow, half}) ::close(client);
  }

  void slow_clients_cost_bounded_memory() {
    const std::string run = place("flood");
    fs::create_directories(run);
    jobs::ControlServer server(run);
    const int slow = connect_to(server.path());
    QVERIFY(eventually([&] { return server.clients() == 1; }));
    const StatsPoint point{1, 1.0, 1.0, {{std::string(1000, 'n'), 1.0}}};
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 5000; ++i) server.send(point);  // 5 MB nobody reads
    QVERIFY(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
    QVERIFY(eventually([&] { return server.clients() == 0; }));
    ::close(slow);
  }

  void moved_run_folders_are_found() {
    const std::string run = place("before"), moved = place("after");
    const pid_t trainer = start("--trainer", run);
    QVERIFY(eventually([&] { return step_of(run) > 0; }));
    fs::rename(run, moved);
    Watch watch(moved);
    QVERIFY(eventually([&] { return watch.job.status().state == JobState::running; }));
    watch.job.say(JobVerb::stop_without_saving);
    QCOMPARE(wait_for(trainer), 4);
    watch.join();
    QCOMPARE(watch.error->code, ErrorCode::cancelled);
  }
};

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--trainer") return trainer_main(argv[2], std::atof(argv[3]));
  if (argc == 4 && std::string(argv[1]) == "--watcher") return watcher_main(argv[2]);
  QCoreApplication app(argc, argv);
  TestAttach test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_attach.moc"
