#include "engine/jobs/attach.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <set>
#include <thread>

#include "engine/api/result.h"
#include "engine/jobs/control_server.h"
#include "engine/jobs/frames.h"
#include "engine/jobs/messages.h"
#include "engine/systems/model.h"
#include "engine/train/checkpoints.h"
#include "engine/train/run_folder.h"
#include "engine/train/run_lock.h"
#include "engine/train/snapshot_sink.h"
#include "engine/train/stats_file.h"

namespace orrery {
namespace fs = std::filesystem;
namespace {

class Connection {
 public:
  ~Connection() { close(); }
  bool open(const std::string& path) {
    sockaddr_un address{};
    if (path.empty() || path.size() >= sizeof address.sun_path) return false;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) return false;
    if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
    close();
    return false;
  }
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
    reader_ = {};
  }
  bool is_open() const { return descriptor_ >= 0; }

  // Waits a little for something to read; false when the other side is gone.
  bool read() {
    pollfd waiting{descriptor_, POLLIN, 0};
    if (::poll(&waiting, 1, 50) <= 0) return true;
    char bytes[16384];
    const ssize_t count = ::recv(descriptor_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    if (count == 0) return false;
    reader_.add({bytes, static_cast<std::size_t>(count)});
    return true;
  }
  std::optional<std::string> next() { return reader_.next(); }
  bool broken() const { return reader_.broken(); }

  bool write(const std::string& bytes) {  // a few dozen bytes: they fit the socket's buffer unless the other side hangs
    return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(bytes.size());
  }

 private:
  int descriptor_ = -1;
  jobs::FrameReader reader_;
};

class Watcher {
 public:
  Watcher(std::string run, JobContext& job, SnapshotSink* sink) : folder_{std::move(run)}, job_(job), sink_(sink) {}

  std::string watch() {
    job_.set_state(JobState::preparing);
    if (!connect()) {
      throw Error(ErrorCode::bad_input, "Nobody trains in " + folder_.path + " now.", "The run was not touched.", "Go on with it by --resume.");
    }
    catch_up();
    while (true) {
      forward_verbs();
      if (!connection_.read() || connection_.broken() || !hear()) {
        connection_.close();
        if (ended_) return finish();
        reconnect();
        continue;
      }
      if (ended_) return finish();
      tell_whether_watched();
      look_for_snapshots();
    }
  }

 private:
  bool connect() {
    const auto trainer = RunLock::holder(folder_.path);
    if (!trainer) return false;
    told_ = false;
    // The folder may have been moved since the trainer wrote where it listens.
    return connection_.open(jobs::control_socket_path(folder_.path)) || connection_.open(trainer->socket);
  }

  // The trainer may have dropped us for being slow; if it is alive it takes us back. One that is about to end is given a moment.
  void reconnect() {
    for (int attempt = 0; attempt < 20; ++attempt) {
      if (!RunLock::holder(folder_.path)) break;
      if (connect()) return catch_up();
      if (job_.cancel_requested()) forward_verbs();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    const Checkpoints checkpoints(folder_.checkpoints());
    const auto saved = checkpoints.newest_step();
    throw Error(ErrorCode::failed, "The run ended unexpectedly at step " + std::to_string(step_) + ".",
                saved ? "The checkpoint of step " + std::to_string(*saved) + " is safe." : "Nothing of it was saved yet.",
                "Resume to go on from there.", "the trainer's process is gone");
  }

  // What stats.jsonl holds beyond what was passed on already.
  void catch_up() {
    for (const auto& point : read_stats(folder_.stats())) pass_on(point);
  }

  void pass_on(const StatsPoint& point) {
    if (point.step <= last_point_) return;
    last_point_ = point.step;
    step_ = std::max(step_, point.step);
    last_values_ = point.values;
    job_.stats(point);
  }

  void forward_verbs() {
    while (const auto verb = job_.next_verb()) {
      if (*verb == JobVerb::cancel) {
        throw Error(ErrorCode::cancelled, "The run is no longer watched.", "Training goes on.", "Attach again whenever you like.");
      }
      if (connection_.is_open()) connection_.write(jobs::framed(jobs::verb_message(*verb)));
    }
  }

  // False when what came is not what a trainer says.
  bool hear() {
    while (const auto text = connection_.next()) {
      const auto message = jobs::parse_message(*text);
      if (!message) return false;
      if (message->stats) {
        // Gone back after a NaN, or resumed: points come again.
        if (message->stats->step <= last_point_) last_point_ = message->stats->step - 1;
        pass_on(*message->stats);
      }
      if (message->status) mirror(*message->status);
      if (message->snapshot) take(*message->snapshot);
    }
    return !connection_.broken();
  }

  // The trainer makes passing snapshots only while somebody looks.
  void tell_whether_watched() {
    if (sink_ == nullptr || !connection_.is_open()) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - asked_ < std::chrono::milliseconds(500)) return;
    asked_ = now;
    const bool watched = sink_->watched(folder_.path);
    if (watched == told_) return;
    told_ = watched;
    connection_.write(jobs::framed(jobs::watching_message(watched)));
  }

  void take(jobs::SnapshotNews news) {
    if (sink_ == nullptr) return;
    if (news == jobs::SnapshotNews::kept) {
      looked_ = {};  // look at once
      return;
    }
    try {
      sink_->publish(folder_.path, load_model(folder_.live()), last_values_, /*keep=*/false);
    } catch (const Error&) {
      // Replaced while it was read, or gone: the next one will do.
    }
  }

  void mirror(const JobStatus& status) {
    if (const auto step = status.numbers.find("step"); step != status.numbers.end()) step_ = static_cast<std::int64_t>(step->second);
    if (status.finished()) {
      ended_ = true;
      last_ = status;
      return;
    }
    for (const auto& [name, value] : status.numbers) job_.number(name, value);
    job_.eta(status.eta_s);
    job_.progress(status.fraction, status.message);
    if (status.error != last_.error) job_.problem(status.error);
    if (status.state != JobState::queued) job_.set_state(status.state);
    last_ = status;
  }

  std::string finish() {
    look_for_snapshots();
    if (last_.state == JobState::done) return folder_.path;
    if (last_.error) throw Error(*last_.error);
    throw Error(last_.state == JobState::cancelled ? ErrorCode::cancelled : ErrorCode::failed, "The run ended at step " + std::to_string(step_) + ".");
  }

  void look_for_snapshots() {
    const auto now = std::chrono::steady_clock::now();
    if (sink_ == nullptr || (!ended_ && now - looked_ < std::chrono::seconds(1))) return;
    looked_ = now;
    std::set<std::string> present;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder_.path + "/snapshots", missing)) {
      if (entry.path().extension() == ".safetensors") present.insert(entry.path().string());
    }
    if (!first_look_done_) {  // those that were there before belong to whoever opens the run
      seen_ = present;
      first_look_done_ = true;
      if (!present.empty()) seen_.erase(*present.rbegin());
    }
    for (const auto& path : present) {
      if (!seen_.insert(path).second) continue;
      try {
        sink_->publish(folder_.path, load_model(path), last_values_, /*keep=*/true);
      } catch (const Error&) {
        // Replaced or removed while it was read; the next one will do.
      }
    }
  }

  RunFolder folder_;
  JobContext& job_;
  SnapshotSink* sink_;
  Connection connection_;
  JobStatus last_;
  bool ended_ = false, first_look_done_ = false, told_ = false;
  std::int64_t step_ = 0, last_point_ = -1;
  std::map<std::string, double> last_values_;
  std::set<std::string> seen_;
  std::chrono::steady_clock::time_point looked_{}, asked_{};
};

}  // namespace

std::string run_attach(const AttachJob& attach, JobContext& job, SnapshotSink* sink) { return Watcher(attach.run, job, sink).watch(); }

}  // namespace orrery
