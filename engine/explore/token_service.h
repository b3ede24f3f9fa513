// The token service: what a model of tokens thinks at a step of a tape, and its codebook, computed on the live lane's thread.
#pragma once

#include <deque>
#include <mutex>

#include "engine/api/tokens.h"
#include "engine/explore/live_lane.h"
#include "engine/explore/model_source.h"
#include "engine/explore/tape_store.h"

namespace orrery {

class TokenService : public Tokens {
 public:
  // All must outlive the service's calls.
  TokenService(ModelSource& source, LiveLane& lane, TapeStore& tapes) : source_(source), lane_(lane), tapes_(tapes) {}

  // Of a masked model, the distribution of a token that came in round r is the one it was drawn from: of the tokens as they were after round
  // r - 1; of one that is unknown, that of the tokens as they are. One evaluation for all rounds together, kept for the steps looked at last.
  Result<TokenLook> look(TapeId tape, std::int64_t step, int candidates) override;
  Result<Codebook> codebook(const Request& request) override;

 private:
  ModelSource& source_;
  LiveLane& lane_;
  TapeStore& tapes_;
  std::mutex mutex_;
  std::deque<TokenLook> looks_;  // the last asked for first
};

}  // namespace orrery
