// Tapes of the standard library only: a fake denoiser's steps, drawn when they are looked at.
#pragma once

#include <map>
#include <mutex>

#include "engine/api/tape.h"

namespace orrery::fake {

class FakeTapes : public Tapes {
 public:
  // A rendering of `request` begins or goes on; drops the view's tape before unless it is kept. Returns the tape's id.
  TapeId begin(std::uint64_t view, const Request& request, int px);
  // How many steps of this very request are known already, 0 for none.
  std::int64_t known(TapeId tape) const;
  void add(TapeId tape, const TapeStep& step);
  void finish(TapeId tape);

  std::vector<TapeInfo> tapes() const override;
  Result<DeviceImage> picture(TapeId tape, std::int64_t step, TapeRow row) const override;
  Result<std::vector<float>> points(TapeId tape, std::int64_t step, TapeRow row) const override;
  Result<Request> branch(TapeId tape, std::int64_t step, const Request& changed) override;
  void rename(TapeId tape, const std::string& name) override;
  void close(TapeId tape) override;
  // Files of one line: a mark and the request.
  void save(TapeId tape, const std::string& path, std::function<void(Result<bool>)> done) override;
  void open(const std::string& path, std::function<void(Result<TapeInfo>)> done) override;
  void set_budget(std::size_t) override {}
  void set_listener(Listener listener) override;

 private:
  struct Tape {
    TapeInfo info;
    int px = 64;
  };
  void tell(const TapeInfo& info) const;

  mutable std::mutex mutex_, listening_;
  std::map<TapeId, Tape> tapes_;
  std::map<std::uint64_t, TapeId> newest_;  // by view
  TapeId last_ = 0;
  Listener listener_;
};

// The noise level after `step` of `steps`, falling from 80 to 0.
double fakeLevel(std::int64_t step, std::int64_t steps);

// What the fake denoiser shows after a step: the finished picture under its noise, or what it predicts.
DeviceImage drawStep(const Request& request, int px, std::int64_t step, double level, TapeRow row);

}  // namespace orrery::fake
