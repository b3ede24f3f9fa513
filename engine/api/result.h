// Errors as a person reads them. Inside the engine code throws Error; job and lane boundaries catch once and hand over JobError.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace orrery {

enum class ErrorCode {
  wrong_use,      // a misspelt option, key or verb: nothing was started
  bad_input,      // a file or value from outside that cannot be used
  interrupted,    // stopped by a person or signal, state saved
  cancelled,      // given up on request, nothing kept
  disk_full,
  out_of_memory,
  not_a_number,
  device_lost,
  failed,         // everything else
};

// One clear sentence each; `details` is folded away by default (an exception's text, a path, a log line).
struct JobError {
  ErrorCode code = ErrorCode::failed;
  std::string what_happened = {};
  std::string what_is_safe = {};
  std::string what_to_do = {};
  std::string details = {};

  bool operator==(const JobError&) const = default;
};

// Exit codes of the program: 0 done, 2 wrong use, 3 bad input, 4 interrupted (state saved), 5 failed.
constexpr int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::wrong_use: return 2;
    case ErrorCode::bad_input: return 3;
    case ErrorCode::interrupted:
    case ErrorCode::cancelled: return 4;
    default: return 5;
  }
}

class Error : public std::runtime_error {
 public:
  explicit Error(JobError error) : std::runtime_error(error.what_happened), error_(std::move(error)) {}
  Error(ErrorCode code, std::string what_happened, std::string what_is_safe = {}, std::string what_to_do = {}, std::string details = {})
      : Error(JobError{code, std::move(what_happened), std::move(what_is_safe), std::move(what_to_do), std::move(details)}) {}

  const JobError& error() const { return error_; }

 private:
  JobError error_;
};

// A value or the reason there is none.
template <class T>
class Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(JobError error) : state_(std::move(error)) {}

  explicit operator bool() const { return std::holds_alternative<T>(state_); }
  T& value() { return std::get<T>(state_); }
  const T& value() const { return std::get<T>(state_); }
  const JobError& error() const { return std::get<JobError>(state_); }

 private:
  std::variant<T, JobError> state_;
};

}  // namespace orrery
