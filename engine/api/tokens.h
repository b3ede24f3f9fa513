// Looking into a model of tokens: what it thinks of each token at a step of a tape, and the codes a picture can be made of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/api/frame.h"
#include "engine/api/request.h"
#include "engine/api/result.h"
#include "engine/api/tape.h"

namespace orrery {

struct TokenCandidate {
  int code = 0;
  float probability = 0.0F;
};

// One cell of the grid at a step.
struct TokenCell {
  int code = -1;                          // -1: not known yet
  std::int32_t came = -1;                 // the step it came with; 0: known from the start; -1: not known yet
  float probability = 0.0F;               // that the model gives its code, given the other tokens; 0 where the code is not known
  float entropy_bits = 0.0F;              // of the model's distribution there
  std::vector<TokenCandidate> candidates;  // the likeliest first
};

// All cells after a step of a tape, rows from the top.
struct TokenLook {
  TapeId tape = 0;
  std::int64_t step = 0;
  int rows = 0, cols = 0;
  int codes = 0;
  bool causal = false;  // in raster order: a distribution knows the tokens before it only
  std::vector<TokenCell> cells;
};

// The codes of a model. Nothing is known of how often they are used (`usage` empty) where neither the model nor its run says.
struct Codebook {
  std::string model;              // ModelInfo::id
  std::string hash;               // of the weights it belongs to
  int codes = 0;
  int columns = 0, patch_px = 0;  // of `atlas`: code i is patch (i % columns, i / columns)
  DeviceImage atlas;              // RGBA8 on the host: each code where a whole picture is made of it
  std::vector<float> usage;       // share of all tokens
  std::string usage_of;           // "1,861 pictures of emoji", "the last 20 kimg"
  std::vector<float> plane;       // x, y of each code in [-1, 1]: the two principal components of the codebook
};

// Calls may take an evaluation of the network: make them on a worker thread. No call throws.
class Tokens {
 public:
  virtual ~Tokens() = default;
  // wrong_use: the tape, the step or its model is gone, or the model has no tokens.
  virtual Result<TokenLook> look(TapeId tape, std::int64_t step, int candidates) = 0;
  // Of the request's model and snapshot.
  virtual Result<Codebook> codebook(const Request& request) = 0;
};

}  // namespace orrery
