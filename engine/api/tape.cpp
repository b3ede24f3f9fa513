#include "engine/api/tape.h"

namespace orrery {
namespace {

constexpr const char* kRows[] = {"state", "prediction", "difference", "noise"};

}  // namespace

const char* tape_row_name(TapeRow row) { return kRows[static_cast<int>(row)]; }

std::optional<TapeRow> tape_row_from_name(const std::string& name) {
  for (int i = 0; i < 4; ++i) {
    if (name == kRows[i]) return static_cast<TapeRow>(i);
  }
  return std::nullopt;
}

}  // namespace orrery
