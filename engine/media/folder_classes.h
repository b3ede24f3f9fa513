// Classes from the folders that pictures lie in.
#pragma once

#include <string>
#include <vector>

namespace orrery::media {

// The folders of one dropped thing, and which class each of them turns out to be.
struct ClassFolders {
  std::string name;                   // of the dropped thing: "cats"
  bool is_place = true;               // a folder, zip or archive, as opposed to a single file
  std::vector<std::string> folders;   // with pictures in them, relative, "" for the top
  std::vector<std::string> classes;   // out: one per folder, "" for none
};

// Leading folders that hold everything are passed over, then a level that is all train, validation, val, valid, test; the next folder's
// name is the class. If no thing has classes and there are several places, their names are the classes.
void find_classes(std::vector<ClassFolders>& things);

}  // namespace orrery::media
