// The recorded cases of the augmentation pipe (vectors/ada).
#pragma once

#include "engine/parity/case.h"

namespace orrery {

// Throws Error(bad_input) for a case of another form.
void run_ada_case(parity::Case& reference);

}  // namespace orrery
