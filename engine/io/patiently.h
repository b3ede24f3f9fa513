// System calls that a signal interrupts.
#pragma once

#include <cerrno>

namespace orrery::io {

// Repeats `call`, which answers -1 with an errno, for as long as it is interrupted (EINTR). Not for close(2), which Linux never repeats.
template <class Call> auto patiently(Call call) {
  decltype(call()) result;
  do result = call();
  while (result == -1 && errno == EINTR);
  return result;
}

}  // namespace orrery::io
