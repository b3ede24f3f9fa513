// The job boundary: whatever was thrown, as an error a person can read.
#pragma once

#include <exception>

#include "engine/api/result.h"

namespace orrery {

// Error keeps its sentences; lack of memory, a lost device and everything else get theirs, with the exception's own text folded into
// `details`. Call it from a catch block (or with a stored exception) after everything that held memory is gone.
JobError error_of(std::exception_ptr exception);
// The same where pictures are shown as they are asked for: what is safe, if nobody said more, is the picture that was there before.
JobError live_error_of(std::exception_ptr exception);

}  // namespace orrery
