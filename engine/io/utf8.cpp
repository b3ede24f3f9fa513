#include "engine/io/utf8.h"

namespace orrery::io {
namespace {

// The code point at text[at], or -1; moves `at` behind it.
long next_code(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 4;
  if (more == 4 || more >= text.size() - at) return -1;
  long code = more == 0 ? lead : lead & (0x3f >> more);
  for (std::size_t k = 1; k <= more; ++k) {
    const auto next = static_cast<unsigned char>(text[at + k]);
    if ((next & 0xc0) != 0x80) return -1;
    code = code << 6 | (next & 0x3f);
  }
  if (more == 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) return -1;
  if (more == 3 && (code < 0x10000 || code > 0x10ffff)) return -1;
  at += more + 1;
  return code;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();)
    if (next_code(text, at) < 0) return false;
  return true;
}

std::string utf8_from_latin1(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 0x3f));
    }
  }
  return out;
}

bool latin1_from_utf8(std::string_view text, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const long code = next_code(text, at);
    if (code < 0 || code > 255) return false;
    out += static_cast<char>(code);
  }
  return true;
}

}  // namespace orrery::io
