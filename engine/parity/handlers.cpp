#include "engine/parity/handlers.h"

namespace orrery::parity {

const std::map<std::string, Handler>& handlers() {
  static const std::map<std::string, Handler> table{
      // {"name", run_name_case},
  };
  return table;
}

}  // namespace orrery::parity
