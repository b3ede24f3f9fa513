// The reference cases of classifier-free guidance, one function per kind of case; the kind is told from what the case holds.
#pragma once

#include "engine/parity/case.h"

namespace orrery::cfg {

void run_algebra_case(parity::Case& reference);
void run_glide_case(parity::Case& reference);
void run_guided_toy_case(parity::Case& reference);
// Throws Error(bad_input) when the case is of no kind above.
void run_case(parity::Case& reference);

}  // namespace orrery::cfg
