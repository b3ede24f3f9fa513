// A model of tokens of the standard library only, beside the fake Studio's others: "starter:tokens", 8 x 8 tokens of 16 codes, made in six rounds. With a
// photo its tokens are those of the photo; its error map is darker on the left.
#pragma once

#include <atomic>
#include <memory>

#include "engine/api/model.h"
#include "engine/api/tokens.h"
#include "fake_tapes.h"

namespace orrery::fake {

inline constexpr int kTokenSide = 8, kTokenCodes = 16, kTokenRounds = 6;

bool isTokens(const Request& request);
ModelInfo tokenModel();
// The token of a cell, pinned or of the seed; and the round it comes in, 0 where it is pinned.
int tokenCode(const Request& request, int cell);
int tokenRound(const Request& request, int cell);
// Each cell in its code's colour; grey where its round is after `round`.
DeviceImage drawTokens(const Request& request, int px, std::int64_t round);

class FakeTokens : public Tokens {
 public:
  explicit FakeTokens(const FakeTapes& tapes) : tapes_(tapes) {}
  Result<TokenLook> look(TapeId tape, std::int64_t step, int candidates) override;
  Result<Codebook> codebook(const Request& request) override;
  std::atomic<int> looks{0};

 private:
  const FakeTapes& tapes_;
};

}  // namespace orrery::fake
