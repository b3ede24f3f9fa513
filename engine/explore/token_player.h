// The player of networks that paint with tokens: which controls they have, and what picture a request means.
#pragma once

#include <memory>

#include "engine/explore/player.h"
#include "engine/systems/model.h"

namespace orrery {

// Controls:
//   seed                                 where the draws come from
//   class, class.blend                   of class-conditional priors
//   photo, photo.mask, photo.show        a photo's tokens, those under the mask made anew; what the tokenizer alone makes of it
//   photo.second.*                       another photo's, swapped or blended in
//   tokens.pinned                        tokens that stay as they are, whatever a photo has there
//   temperature, top_k, top_p            which tokens may be drawn, and how boldly
//   guidance.scale                       of priors that know the empty condition
// Where a photo's reconstruction or its error map is asked for, or only the tokenizer is trained, the prior draws nothing. A causal prior writes the grid row by row; each row is a step (state: the tokens, float64 [1, tokens], -1 where unknown; level: the share
// that is unknown), and renderings branch and go on at any row, bit for bit. While only the tokenizer is trained a seed shows one of the pictures
// it was trained on, as its codes have it. Each request is drawn alone. Cancellation is heeded before every token.
// A masked prior has its own player (engine/explore/masked_player.h), made here too.
// Throws Error(failed) when the model's network is no TokenNetwork with a prior.
std::unique_ptr<Player> make_token_player(std::shared_ptr<const Model> model);

}  // namespace orrery
