// The player of masked token models (MaskGIT): pictures in a few rounds of unmasking.
#pragma once

#include <memory>

#include "engine/explore/player.h"
#include "engine/systems/model.h"

namespace orrery {

// Controls beyond those of every model of tokens (engine/explore/token_player.h):
//   steps, schedule, schedule.curve      rounds, and how many tokens stay masked after each
//   order                                the surest first, or cells far apart (Halton)
//   choice.temperature                   noise on what counts as sure
// Each round is a step (state: the tokens after it, float64 [1, tokens], -1 where masked; level: the masked part), and renderings branch and go on
// at any round, bit for bit. Each request is drawn alone. The network is a TokenNetwork with a masked prior.
std::unique_ptr<Player> make_masked_player(std::shared_ptr<const Model> model);

}  // namespace orrery
