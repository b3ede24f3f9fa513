// The readers of bytes from outside, one function each: for the corpus that the tests read.
#pragma once

#include <string>
#include <vector>

namespace orrery::fault {

struct Reader {
  std::string name;
  // Whether the bytes were taken; false: refused with an Error. Whatever else happens is a finding.
  bool (*read)(const std::string& bytes);
};
const std::vector<Reader>& readers();

// Inputs to begin from: files as the program writes them, and hostile ones made by hand.
std::vector<std::string> seeds(const std::string& reader);

}  // namespace orrery::fault
