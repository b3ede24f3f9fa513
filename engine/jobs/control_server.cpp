#include "engine/jobs/control_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/api/result.h"
#include "engine/io/sha256.h"
#include "engine/jobs/frames.h"
#include "engine/jobs/messages.h"

namespace orrery::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t path_limit = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t most_clients = 16;
constexpr std::size_t backlog_limit_bytes = std::size_t{1} << 20;

struct Client {
  int descriptor = -1;
  FrameReader reader;
  std::string unsent;
  bool watching = false;
  bool wants_status = true;  // the newest status has not been handed to it yet
  bool dead = false;
};

bool same_user(int descriptor) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

std::string private_folder() {
  std::string folder;
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && *runtime == '/') folder = runtime;
  else if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') folder = state;
  else if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') folder = std::string(home) + "/.local/state";
  return folder.empty() ? folder : folder + "/orrery";
}

}  // namespace

std::string control_socket_path(const std::string& run) {
  const std::string absolute = fs::absolute(run).lexically_normal().string();
  const std::string usual = (fs::path(absolute) / "control.sock").string();
  if (usual.size() <= path_limit) return usual;
  const std::string folder = private_folder();
  return folder.empty() ? std::string() : folder + "/run-" + io::sha256_hex(absolute).substr(0, 16) + ".sock";
}

struct ControlServer::Impl {
  std::string path;
  int listener = -1, wake = -1;
  ino_t inode = 0;  // of the socket file: a later trainer's must not be removed
  std::thread thread;
  std::atomic<bool> stop{false};
  std::atomic<int> connected{0}, watching{0};

  std::mutex mutex;  // everything below but `clients`, which is the thread's own
  std::string newest_status;
  bool status_changed = false;
  std::deque<std::string> stats, snapshots;
  std::deque<JobVerb> verbs;
  std::vector<Client> clients;

  void ring() const {
    const std::uint64_t one = 1;
    if (::write(wake, &one, sizeof one) < 0) { /* full counter: the thread is awake already */ }
  }

  void accept_clients() {
    while (true) {
      const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor < 0) return;
      if (clients.size() >= most_clients || !same_user(descriptor)) {
        ::close(descriptor);
        continue;
      }
      Client client;
      client.descriptor = descriptor;
      clients.push_back(std::move(client));
    }
  }

  void hear(Client& client) {
    char bytes[4096];
    while (true) {
      const ssize_t count = ::recv(client.descriptor, bytes, sizeof bytes, 0);
      if (count == 0) client.dead = true;
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) client.dead = true;
      if (count <= 0) return;
      client.reader.add({bytes, static_cast<std::size_t>(count)});
      while (const auto text = client.reader.next()) {
        const auto message = parse_message(*text);
        if (message && message->watching) {
          client.watching = *message->watching;
          continue;
        }
        if (!message || !message->verb) {  // garbage: whatever this is, it is not one of ours
          client.dead = true;
          return;
        }
        const std::lock_guard lock(mutex);
        if (verbs.size() < 64) verbs.push_back(*message->verb);
      }
      if (client.reader.broken()) {
        client.dead = true;
        return;
      }
    }
  }

  void tell(Client& client) {
    while (!client.unsent.empty()) {
      const ssize_t count = ::send(client.descriptor, client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) client.dead = true;
      if (count <= 0) return;
      client.unsent.erase(0, static_cast<std::size_t>(count));
    }
  }

  // Hands new messages to the clients' buffers.
  void distribute() {
    std::deque<std::string> points, news;
    std::string status;
    {
      const std::lock_guard lock(mutex);
      points.swap(stats);
      news.swap(snapshots);
      status = newest_status;
      if (status_changed) {
        for (auto& client : clients) client.wants_status = true;
      }
      status_changed = false;
    }
    for (auto& client : clients) {
      for (const auto& point : points) client.unsent += point;
      if (client.watching) {
        for (const auto& one : news) client.unsent += one;
      }
      // A status only when the ones before have gone out: a slow client gets fewer, not older ones.
      if (client.wants_status && !status.empty() && client.unsent.size() < 16384) {
        client.unsent += status;
        client.wants_status = false;
      }
      if (client.unsent.size() > backlog_limit_bytes) client.dead = true;
      if (!client.dead) tell(client);
    }
  }

  void bury() {
    for (auto& client : clients) {
      if (client.dead) ::close(client.descriptor);
    }
    std::erase_if(clients, [](const Client& client) { return client.dead; });
    connected = static_cast<int>(clients.size());
    watching = static_cast<int>(std::count_if(clients.begin(), clients.end(), [](const Client& client) { return client.watching; }));
  }

  void run() {
    std::vector<pollfd> polls;
    while (!stop) {
      polls.assign({{listener, POLLIN, 0}, {wake, POLLIN, 0}});
      for (const auto& client : clients) {
        polls.push_back({client.descriptor, static_cast<short>(POLLIN | (client.unsent.empty() ? 0 : POLLOUT)), 0});
      }
      if (::poll(polls.data(), polls.size(), 1000) < 0 && errno != EINTR) return;
      if (polls[1].revents != 0) {
        std::uint64_t count = 0;
        if (::read(wake, &count, sizeof count) < 0) { /* nothing rang after all */ }
      }
      for (std::size_t i = 0; i < clients.size(); ++i) {
        if (polls[i + 2].revents != 0) hear(clients[i]);
      }
      if (polls[0].revents != 0) accept_clients();
      distribute();
      bury();
    }
    say_goodbye();
  }

  void say_goodbye() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    distribute();
    while (std::chrono::steady_clock::now() < end) {
      bool waiting = false;
      for (auto& client : clients) {
        if (!client.dead) tell(client);
        waiting = waiting || (!client.dead && (!client.unsent.empty() || client.wants_status));
      }
      if (!waiting) break;
      distribute();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    for (auto& client : clients) ::close(client.descriptor);
    clients.clear();
  }
};

ControlServer::ControlServer(const std::string& run) : impl_(std::make_unique<Impl>()) {
  impl_->path = control_socket_path(run);
  const auto fail = [this](const std::string& what) {
    const int code = errno;
    if (impl_->listener >= 0) ::close(impl_->listener);
    if (impl_->wake >= 0) ::close(impl_->wake);
    throw Error(ErrorCode::failed, "No control socket can be made for this run: " + what + ": " + std::strerror(code) + ".", "Training itself is not affected.",
                "Without it no window can attach; signals still work.");
  };
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (impl_->path.empty() || impl_->path.size() > path_limit) {
    errno = ENAMETOOLONG;
    fail("its path");
  }
  std::memcpy(address.sun_path, impl_->path.c_str(), impl_->path.size() + 1);
  std::error_code ignored;
  const fs::path folder = fs::path(impl_->path).parent_path();
  if (!fs::exists(folder, ignored)) {
    fs::create_directories(folder, ignored);
    ::chmod(folder.c_str(), 0700);
  }
  ::unlink(impl_->path.c_str());  // of a trainer that was killed: the run's lock is ours
  impl_->listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (impl_->listener < 0) fail("socket");
  if (::bind(impl_->listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
  ::chmod(impl_->path.c_str(), 0600);
  struct stat made{};
  if (::stat(impl_->path.c_str(), &made) == 0) impl_->inode = made.st_ino;
  if (::listen(impl_->listener, 8) != 0) fail("listen");
  impl_->wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (impl_->wake < 0) fail("eventfd");
  impl_->thread = std::thread([this] { impl_->run(); });
}

ControlServer::~ControlServer() {
  impl_->stop = true;
  impl_->ring();
  impl_->thread.join();
  ::close(impl_->listener);
  ::close(impl_->wake);
  struct stat there{};
  if (::stat(impl_->path.c_str(), &there) == 0 && there.st_ino == impl_->inode) ::unlink(impl_->path.c_str());
}

const std::string& ControlServer::path() const { return impl_->path; }
int ControlServer::clients() const { return impl_->connected; }
bool ControlServer::watched() const { return impl_->watching > 0; }

void ControlServer::send(const JobStatus& status) {
  std::string message = framed(status_message(status));
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->newest_status = std::move(message);
    impl_->status_changed = true;
  }
  impl_->ring();
}

void ControlServer::send(const StatsPoint& point) {
  std::string message = framed(stats_message(point));
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->connected == 0) return;  // whoever comes later reads stats.jsonl
    impl_->stats.push_back(std::move(message));
  }
  impl_->ring();
}

void ControlServer::send(SnapshotNews news) {
  if (impl_->watching == 0) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->snapshots.push_back(framed(snapshot_message(news)));
  }
  impl_->ring();
}

std::optional<JobVerb> ControlServer::next_verb() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->verbs.empty()) return std::nullopt;
  const JobVerb verb = impl_->verbs.front();
  impl_->verbs.pop_front();
  return verb;
}

}  // namespace orrery::jobs
