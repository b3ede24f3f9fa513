#include "engine/jobs/boundary.h"

#include <c10/util/Exception.h>

#include <new>
#include <string_view>

namespace orrery {
namespace {

JobError out_of_memory(std::string details) {
  return {ErrorCode::out_of_memory, "There was not enough memory.", "Files already written are whole, and the program goes on.",
          "Try a smaller batch, fewer pictures at a time or a smaller picture size.", std::move(details)};
}

JobError device_lost(std::string details) {
  return {ErrorCode::device_lost, "The graphics processor stopped answering.", "The last checkpoint and everything saved before are safe.",
          "Restart the program, or go on with the CPU.", std::move(details)};
}

JobError unknown(std::string details) {
  return {ErrorCode::failed, "Something went wrong inside the program.", "Files already written are untouched.",
          "Try again; if it repeats, send the details and the output of: orrery doctor", std::move(details)};
}

bool mentions(std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; }

}  // namespace

JobError error_of(std::exception_ptr exception) {
  try {
    std::rethrow_exception(std::move(exception));
  } catch (const Error& error) {
    return error.error();
  } catch (const std::bad_alloc& error) {
    return out_of_memory(error.what());
  } catch (const c10::OutOfMemoryError& error) {
    return out_of_memory(error.what_without_backtrace());
  } catch (const c10::AcceleratorError& error) {
    return device_lost(error.what_without_backtrace());
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    if (mentions(text, "can't allocate memory") || mentions(text, "not enough memory") || mentions(text, "out of memory")) return out_of_memory(text);
    if (mentions(text, "CUDA error")) return device_lost(text);
    return unknown(text);
  } catch (const std::exception& error) {
    return unknown(error.what());
  } catch (...) {
    return unknown("an exception of unknown type");
  }
}

JobError live_error_of(std::exception_ptr exception) {
  JobError error = error_of(std::move(exception));
  if (error.what_is_safe.empty()) error.what_is_safe = "The last picture stays.";
  return error;
}

}  // namespace orrery
