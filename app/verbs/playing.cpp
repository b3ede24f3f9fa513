#include "verbs/playing.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/explore/check_request.h"
#include "engine/explore/directions.h"
#include "engine/explore/picture_file.h"
#include "engine/export/read_recipe.h"

namespace orrery::app {
namespace {

std::atomic<bool> interrupted{false};
void on_signal(int) { interrupted = true; }

[[noreturn]] void wrong(const std::string& what, const std::string& what_to_do) { throw Error(ErrorCode::wrong_use, what, "Nothing was written.", what_to_do); }

std::int64_t whole(std::string_view text, const std::string& all) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) wrong("\"" + all + "\" is no list of seeds.", "Write for example --seeds 0-15,20");
  return number;
}

}  // namespace

std::unique_ptr<ModelShelf> make_shelf(const Context& context) { return std::make_unique<ModelShelf>(shelf_parts(context.device, ORRERY_ASSETS "/starters")); }

std::vector<std::int64_t> parse_seeds(const std::string& text) {
  constexpr std::int64_t kMost = 1000000;
  std::vector<std::int64_t> out;
  std::stringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto dash = part.find('-');
    const std::int64_t first = whole(std::string_view(part).substr(0, dash), text);
    const std::int64_t last = dash == std::string::npos ? first : whole(std::string_view(part).substr(dash + 1), text);
    if (last < first) wrong("\"" + part + "\" runs backwards.", "Write the smaller seed first.");
    if (last - first >= kMost || static_cast<std::int64_t>(out.size()) + last - first >= kMost) wrong("That is more than a million seeds.", "Ask for fewer at a time.");
    for (std::int64_t seed = first; seed <= last; ++seed) out.push_back(seed);
  }
  if (out.empty()) wrong("The list of seeds is empty.", "Write for example --seeds 0-15,20");
  return out;
}

std::pair<int, int> parse_grid(const std::string& text) {
  int columns = 0, rows = 0, read = 0;
  if (std::sscanf(text.c_str(), "%dx%d%n", &columns, &rows, &read) != 2 || read != static_cast<int>(text.size()) || columns < 1 || rows < 1 || columns > 10000 || rows > 10000) {
    wrong("\"" + text + "\" is no grid.", "Write for example --grid 4x4");
  }
  return {columns, rows};
}

const ControlSpec& Played::control(const std::string& id) {
  if (is_direction(id) && !find_control(info_.controls, id)) {
    directions_of(*shelf_->resolve({info_.id, {}}));
    shelf_->refresh_controls(info_.id);
    info_ = shelf_->info(info_.id);
  }
  if (const ControlSpec* spec = find_control(info_.controls, id)) return *spec;
  checked_request(info_.controls, {info_.id, {{id, false}}}, UnknownControls::refuse);
  throw Error(ErrorCode::failed, "The control \"" + id + "\" is not there.");  // not reached: the line above refuses it
}

Request Played::checked(const Request& request) {
  for (const auto& [id, value] : request.values) control(id);
  Request out = checked_request(info_.controls, request, UnknownControls::refuse);
  out.model = info_.id;
  return out;
}

void Played::set(Request& request, const std::vector<std::string>& set) {
  for (const auto& one : set) {
    const auto equals = one.find('=');
    if (equals == std::string::npos || equals == 0) wrong("--set " + one + " is not of the form control=value.", "Write for example --set truncation.psi=0.7");
    const std::string id = one.substr(0, equals);
    std::string text = one.substr(equals + 1);
    const ControlSpec& spec = control(id);
    const bool picture = spec.kind == ControlKind::photo || spec.kind == ControlKind::mask;
    if (picture && spec.unavailable.empty() && text.starts_with('@')) text = picture_value_of_file(text.substr(1), spec.kind, info_.width_px, info_.height_px);
    request.values[id] = parse_value(spec, text);
  }
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) throw Error(ErrorCode::bad_input, path + " cannot be read.", "Nothing was written.", "Choose another file.");
  return text.str();
}

Request Played::read_request(const std::string& path) {
  const auto plain = request_from_json(path.ends_with(".png") ? std::string() : read_text(path));
  return checked(plain ? plain.value() : read_recipe(path).timeline.base);
}

ConsoleJob::ConsoleJob(bool quiet) : quiet_(quiet || isatty(STDERR_FILENO) == 0) {
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESETHAND;  // a second Ctrl+C ends the program at once
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
}

ConsoleJob::~ConsoleJob() {
  if (open_) std::fputs("\r\033[K", stderr);
}

bool ConsoleJob::cancel_requested() const { return interrupted || BasicJob::cancel_requested(); }

void ConsoleJob::changed(bool important) {
  if (quiet_) return;
  const auto now = std::chrono::steady_clock::now();
  if (!important && now - printed_ < std::chrono::milliseconds(100)) return;
  printed_ = now;
  const JobStatus now_is = status();
  std::fprintf(stderr, "\r%3.0f %%  %s", 100.0 * now_is.fraction, now_is.message.c_str());
  if (now_is.eta_s) std::fprintf(stderr, "  %.0f s left", *now_is.eta_s);
  std::fputs("\033[K", stderr);
  std::fflush(stderr);
  open_ = true;
}

}  // namespace orrery::app
