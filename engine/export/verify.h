// Makes an export again from its recipe and compares.
#pragma once

#include <string>

#include "engine/api/export.h"
#include "engine/explore/model_shelf.h"
#include "engine/jobs/job_context.h"

namespace orrery {

// A picture, sheet, film or sequence. The model is `model_path` if given, else the opened or starter model with the recipe's SHA-256, else
// what lies at the recipe's path. Pictures and sequences are compared pixel by pixel; a film is rendered and encoded again and compared
// byte by byte, and where that differs frame by frame. `why` says what a difference comes from as far as it can be known.
// Throws Error(bad_input): no recipe, no such model, a file that cannot be read; Error(cancelled).
VerifyReport verify_export(const std::string& path, ModelShelf& shelf, JobContext& job, const std::string& model_path = {});

// Peak signal-to-noise ratio in dB of two pictures of `count` bytes each; infinity when they are equal.
double psnr_db(const std::uint8_t* a, const std::uint8_t* b, std::size_t count);

}  // namespace orrery
