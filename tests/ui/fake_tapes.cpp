#include "fake_tapes.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "fake_studio.h"
#include "fake_tokens.h"

namespace orrery::fake {
namespace {

constexpr const char* kTapeMark = "orrery_fake_tape\n";

double grain(std::size_t at, std::int64_t seed) {
  std::uint64_t h = (at + 1) * 0x9e3779b97f4a7c15ull ^ static_cast<std::uint64_t>(seed + 7) * 0xc2b2ae3d27d4eb4full;
  h ^= h >> 31, h *= 0x7fb5d329728ea185ull, h ^= h >> 27;
  return static_cast<double>(h >> 40) / static_cast<double>(1ull << 24) - 0.5;
}

// The request as it is at a step.
Request settled(const Request& request, std::int64_t step) {
  Request out{request.model, request.values};
  for (const auto& branch : request.branches) {
    if (branch.step >= step) continue;
    for (const auto& [id, value] : branch.values) out.values[id] = value;
  }
  return out;
}

}  // namespace

double fakeLevel(std::int64_t step, std::int64_t steps) {
  if (step >= steps) return 0.0;
  const double part = static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(1, steps));
  return std::pow(std::pow(80.0, 1.0 / 7.0) * (1.0 - part) + std::pow(0.002, 1.0 / 7.0) * part, 7.0);
}

DeviceImage drawStep(const Request& request, int px, std::int64_t step, double level, TapeRow row) {
  const Request now = settled(request, step);
  if (isTokens(now)) return drawTokens(now, px, step);
  const DeviceImage clean = drawRequest(now, px);
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(px) * px * 4);
  const auto* from = static_cast<const std::uint8_t*>(clean.data);
  const std::int64_t seed = request.get<std::int64_t>("seed", 0);
  const double share = level / (1.0 + level), blur = row == TapeRow::prediction ? 0.6 * share : share;
  const bool nothing = row != TapeRow::state && step == 0;
  for (std::size_t i = 0; i < pixels->size(); ++i) {
    if (i % 4 == 3) {
      (*pixels)[i] = nothing ? 0 : 255;
      continue;
    }
    double value = from[i] / 255.0;
    const double noise = 0.5 + 0.7 * grain(i, seed);
    if (row == TapeRow::prediction) value = value * (1.0 - blur) + 0.5 * blur;
    if (row == TapeRow::state) value = value * (1.0 - share) + noise * share;
    if (row == TapeRow::difference) value = std::abs(value - 0.5) * share;
    if (row == TapeRow::noise) value = noise;
    (*pixels)[i] = static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 1.0) * 255.0));
  }
  return {DeviceImage::Where::host, pixels->data(), px, px, static_cast<std::size_t>(px) * 4, nullptr, pixels};
}

TapeId FakeTapes::begin(std::uint64_t view, const Request& request, int px) {
  std::vector<TapeInfo> said;
  TapeId id = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [other, tape] : tapes_) {
      if (tape.info.request == request && tape.info.complete) id = other;
    }
    if (const auto old = newest_.find(view); old != newest_.end() && old->second != id && tapes_.count(old->second) && !tapes_[old->second].info.kept) {
      said.push_back(tapes_[old->second].info);
      said.back().steps.clear();
      tapes_.erase(old->second);
    }
    if (id == 0) {
      id = ++last_;
      Tape tape;
      tape.px = px;
      TapeInfo& info = tape.info;
      info.id = id;
      info.request = request;
      info.model_name = "fake";
      info.model_hash = "hash of " + request.model;
      info.rows = {TapeRow::state, TapeRow::prediction, TapeRow::difference, TapeRow::noise};
      if (!request.branches.empty()) {
        Request trunk = request;
        trunk.branches.pop_back();
        info.branch_step = request.branches.back().step;
        for (const auto& [other, candidate] : tapes_) {
          if (candidate.info.request != trunk) continue;
          info.parent = other;
          info.steps.assign(candidate.info.steps.begin(), candidate.info.steps.begin() + std::min<std::ptrdiff_t>(info.branch_step + 1, static_cast<std::ptrdiff_t>(candidate.info.steps.size())));
        }
      }
      for (int number = 1; info.name.empty(); ++number) {
        const std::string name = "tape " + std::to_string(number);
        if (std::none_of(tapes_.begin(), tapes_.end(), [&](const auto& entry) { return entry.second.info.name == name; })) info.name = name;
      }
      tapes_[id] = tape;
    }
    newest_[view] = id;
  }
  for (const auto& info : said) tell(info);
  return id;
}

std::int64_t FakeTapes::known(TapeId tape) const {
  const std::lock_guard lock(mutex_);
  const auto found = tapes_.find(tape);
  return found == tapes_.end() ? 0 : static_cast<std::int64_t>(found->second.info.steps.size());
}

void FakeTapes::add(TapeId tape, const TapeStep& step) {
  TapeInfo info;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tapes_.find(tape);
    if (found == tapes_.end()) return;
    found->second.info.steps.push_back(step);
    found->second.info.memory_bytes += 4096;
    info = found->second.info;
  }
  tell(info);
}

void FakeTapes::finish(TapeId tape) {
  TapeInfo info;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tapes_.find(tape);
    if (found == tapes_.end()) return;
    found->second.info.complete = true;
    info = found->second.info;
  }
  tell(info);
}

std::vector<TapeInfo> FakeTapes::tapes() const {
  const std::lock_guard lock(mutex_);
  std::vector<TapeInfo> list;
  for (const auto& [id, tape] : tapes_) list.push_back(tape.info);
  return list;
}

Result<DeviceImage> FakeTapes::picture(TapeId tape, std::int64_t step, TapeRow row) const {
  Request request;
  int px = 0;
  double level = 0.0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tapes_.find(tape);
    if (found == tapes_.end()) return JobError{ErrorCode::wrong_use, "This tape is not there any more.", "Nothing was changed.", "Choose another one."};
    if (step < 0 || step >= static_cast<std::int64_t>(found->second.info.steps.size())) return JobError{ErrorCode::wrong_use, "The tape has no such step.", "Nothing was changed.", "Choose another one."};
    request = found->second.info.request;
    px = found->second.px;
    level = found->second.info.steps[static_cast<std::size_t>(step)].level;
  }
  return drawStep(request, px, step, level, row);
}

Result<std::vector<float>> FakeTapes::points(TapeId, std::int64_t, TapeRow) const { return std::vector<float>{}; }

Result<Request> FakeTapes::branch(TapeId tape, std::int64_t step, const Request&) {
  const std::lock_guard lock(mutex_);
  const auto found = tapes_.find(tape);
  if (found == tapes_.end()) return JobError{ErrorCode::wrong_use, "This tape is not there any more.", "Nothing was changed.", "Choose another one."};
  TapeInfo& info = found->second.info;
  if (step < 0 || step + 1 >= static_cast<std::int64_t>(info.steps.size())) return JobError{ErrorCode::wrong_use, "The tape cannot branch there.", "Nothing was changed.", "Choose an earlier step."};
  info.kept = true;
  Request out = info.request;
  std::erase_if(out.branches, [&](const BranchPoint& branch) { return branch.step > step; });
  out.branches.push_back({step, {}});
  return out;
}

void FakeTapes::rename(TapeId tape, const std::string& name) {
  TapeInfo info;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tapes_.find(tape);
    if (found == tapes_.end()) return;
    found->second.info.name = name;
    found->second.info.kept = true;
    info = found->second.info;
  }
  tell(info);
}

void FakeTapes::close(TapeId tape) {
  TapeInfo info;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tapes_.find(tape);
    if (found == tapes_.end()) return;
    info = found->second.info;
    info.steps.clear();
    tapes_.erase(found);
  }
  tell(info);
}

void FakeTapes::save(TapeId tape, const std::string& path, std::function<void(Result<bool>)> done) {
  Request request;
  {
    const std::lock_guard lock(mutex_);
    if (!tapes_.count(tape)) return done(JobError{ErrorCode::wrong_use, "This tape is not there any more.", "Nothing was changed.", "Choose another one."});
    request = tapes_[tape].info.request;
  }
  std::ofstream file(path, std::ios::binary);
  file << kTapeMark << request_to_json(request);
  file.close();
  if (!file) return done(JobError{ErrorCode::disk_full, "The tape could not be written.", "Nothing was changed.", "Choose another place."});
  done(true);
}

void FakeTapes::open(const std::string& path, std::function<void(Result<TapeInfo>)> done) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto request = text.rfind(kTapeMark, 0) == 0 ? request_from_json(text.substr(std::string(kTapeMark).size())) : Result<Request>(JobError{ErrorCode::bad_input, "no mark"});
  if (!request) return done(JobError{ErrorCode::bad_input, path + " cannot be used as a tape: it is damaged.", "Nothing was changed.", "Choose a tape that Orrery saved."});
  TapeInfo info;
  {
    const std::lock_guard lock(mutex_);
    Tape tape;
    tape.info.id = ++last_;
    tape.info.name = "opened";
    tape.info.request = request.value();
    tape.info.model_hash = "hash of " + request.value().model;
    tape.info.rows = {TapeRow::state, TapeRow::prediction};
    tape.info.complete = tape.info.kept = true;
    for (int i = 0; i <= 8; ++i) tape.info.steps.push_back({i, fakeLevel(i, 8), 1.0, i * 10.0});
    tapes_[tape.info.id] = tape;
    info = tape.info;
  }
  tell(info);
  done(info);
}

void FakeTapes::set_listener(Listener listener) {
  const std::lock_guard lock(listening_);
  listener_ = std::move(listener);
}

void FakeTapes::tell(const TapeInfo& info) const {
  const std::lock_guard lock(listening_);
  if (listener_) listener_(info);
}

}  // namespace orrery::fake
