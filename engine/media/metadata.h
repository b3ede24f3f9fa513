// What files beside the pictures say about them: dataset.json, orrery.json, metadata.csv, metadata.jsonl, and x.txt beside x.png.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/media/containers.h"

namespace orrery::media {

struct Metadata {
  std::unordered_map<std::string, std::string> classes;   // by path in the container
  std::unordered_map<std::string, std::string> captions;
  std::unordered_map<std::string, Item> sidecars;         // picture's path -> its text file, read when the picture is
  bool folders_are_no_classes = false;                    // a dataset.json says all there is to say about classes
  std::vector<ImportProblem> notes;                       // lines that could not be used; no pictures, so not counted
};

// Takes the files that describe others out of `listing` and reads them. Damaged ones become notes; nothing is thrown for them.
Metadata take_metadata(const Container& container, Listing& listing);

// RFC 4180, also with a byte order mark, CRLF or LF. Rows with the line they begin on (the first is 1).
struct CsvRow {
  std::int64_t line = 0;
  std::vector<std::string> fields;
};
std::vector<CsvRow> parse_csv(std::string_view text);

// As one readable line: valid UTF-8, no line breaks, no spaces around.
std::string caption_of(std::string_view text);

}  // namespace orrery::media
